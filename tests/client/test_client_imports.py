from __future__ import annotations

import subprocess
import sys

HEAVY = ("msgspec", "typer", "rich", "yaml", "psutil", "xllamacpp", "torch", "asyncio")
DAEMONS = ("npc_engine.wire", "npc_engine.daemon", "npc_engine.world", "npc_engine.engines", "npc_engine.cli")


def test_a_game_that_imports_the_client_gets_nothing_of_the_daemon() -> None:
    program = "import sys, npc_engine.client; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "zmq" in loaded
    assert [name for name in (*HEAVY, *DAEMONS) if name in loaded] == []
