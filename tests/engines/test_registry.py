from __future__ import annotations

import sys

import pytest

from npc_engine.clock import FakeClock
from npc_engine.engines import registry
from npc_engine.errors import ErrorCode, NpcError

#: Of engines whose libraries come with an extra.
LIBRARIES = {"diffusion": "torch", "openvino": "openvino_genai"}


@pytest.mark.parametrize("name", sorted(registry.ENGINES))
def test_every_engine_of_the_table_can_be_made(name: str) -> None:
    if name in LIBRARIES:
        pytest.importorskip(LIBRARIES[name], reason=f"the {name} engine is an extra")
    engine = registry.create(name, FakeClock())
    assert engine.caps.name == name
    engine.close()


def test_an_unknown_engine_lists_those_there_are() -> None:
    with pytest.raises(NpcError) as caught:
        registry.create("lama", FakeClock())
    assert caught.value.code is ErrorCode.ENGINE_UNKNOWN
    assert "lama" in caught.value.message
    assert "llama, openvino, scripted" in caught.value.message


def test_a_missing_library_gives_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [module for module in sys.modules if module.startswith("npc_engine.engines.llama")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(NpcError) as caught:
        registry.create("llama", FakeClock())
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert "pip install xllamacpp" in caught.value.message
