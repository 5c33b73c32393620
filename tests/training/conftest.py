"""What needs torch is left out where it is not installed: it comes with the extra `training`."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("torch") is None or find_spec("gguf") is None:
    collect_ignore = ["test_adapter_served.py", "test_network.py", "test_trainer.py", "test_tree.py"]
