"""How the processes of one training share its weights."""
