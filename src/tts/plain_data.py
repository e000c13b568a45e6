"""Plain data: what JSON, YAML and checkpoints hold."""

from typing import Any

# Nested dictionaries, lists, strings, numbers and None by name. Their types are known only where
# they are read: a recursive type would ask for a check or a cast at every access.
PlainData = dict[str, Any]
