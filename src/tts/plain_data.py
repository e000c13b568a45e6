"""Plain data: what JSON, YAML and checkpoints hold."""

from typing import Any

# Dictionaries, lists, strings, numbers and None (in checkpoints also tensors), nested. A recursive
# type would need a check or a cast at every access.
PlainData = dict[str, Any]
