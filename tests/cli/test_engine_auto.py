"""`--engine auto`: what is chosen on which machine, and when it is found out anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from npc_engine.cli import engine_auto, machine, remembered
from npc_engine.cli.adapter_options import Adapting
from npc_engine.cli.engine_auto import LINE_MS, MARGIN, Wanted, choose, known, resolve
from npc_engine.engines.diffusion.fit import Card
from npc_engine.engines.openvino.converted import Manifest
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models import choose as models
from npc_engine.models.catalogue import Choice, Entry, by_name, catalogue
from npc_engine.worker.probe import Speed

SMALL, LARGE = by_name("qwen2.5-coder-0.5b"), by_name("qwen2.5-1.5b")


class Machine:
    """A machine with both engines and no graphics card; `speeds` are what trials find, by engine and model."""

    def __init__(self) -> None:
        self.engines = {"llama", "openvino", "diffusion"}
        self.packages = "1"
        self.cards: list[Card] = []
        self.facts = ["two cores"]
        self.here = {SMALL.name}
        self.speeds: dict[tuple[str, str], float | NpcError] = {}
        self.next_ms = {SMALL.name: LINE_MS / 4, LARGE.name: LINE_MS / 2}
        self.tried: list[tuple[str, str]] = []

    def path_of(self, entry: Entry) -> Path | None:
        return Path("models", entry.name) if entry.name in self.here else None

    def try_out(self, engine: str, model: str, wanted: Wanted) -> Speed:
        self.tried.append((engine, model))
        self.here.add(model)
        first = self.speeds.get((engine, model), 1_000.0 if engine == "llama" else 500.0)
        if isinstance(first, NpcError):
            raise first
        return Speed(first, self.next_ms.get(model, LINE_MS))


@pytest.fixture(autouse=True)
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    shown = Machine()
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(machine, "version", lambda package: shown.packages)
    monkeypatch.setattr(machine, "installed", lambda engine: engine in shown.engines)
    monkeypatch.setattr(machine, "cards", lambda: shown.cards)
    monkeypatch.setattr(machine, "hardware", lambda: shown.facts)
    monkeypatch.setattr(engine_auto, "path_of", shown.path_of)
    monkeypatch.setattr(models, "path_of", shown.path_of)
    monkeypatch.setattr(models, "hub_reachable", lambda: False)
    monkeypatch.setattr(models, "_memory_mb", lambda: 16_000)
    monkeypatch.setattr(engine_auto, "_tried", shown.try_out)
    return shown


def test_a_named_engine_is_not_second_guessed(shown: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert resolve("scripted", Wanted("any")) == ("scripted", "any")
    assert (shown.tried, capsys.readouterr().err) == ([], "")


def test_the_faster_engine_is_taken_and_explained_in_one_line(
    shown: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert resolve("auto", Wanted()) == ("openvino", SMALL.name)
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert all(part in told for part in ("openvino", SMALL.title, "1.0 s with llama", "0.5 s with openvino"))
    assert shown.tried == [("llama", SMALL.name), ("openvino", SMALL.name)]


def test_an_engine_that_is_hardly_faster_is_not_worth_its_memory(shown: Machine) -> None:
    shown.speeds["openvino", SMALL.name] = 1_000.0 * (MARGIN + 0.01)
    assert choose(Wanted()).engine == "llama"


def test_the_base_install_has_nothing_to_try(shown: Machine) -> None:
    shown.engines = {"llama"}
    choice = choose(Wanted())
    assert (choice.engine, choice.model, choice.next_line_ms) == ("llama", SMALL.name, None)
    assert "not installed" in choice.reason
    assert shown.tried == []


def test_an_engine_that_fails_is_passed_over_with_its_reason(shown: Machine) -> None:
    shown.speeds["openvino", SMALL.name] = NpcError(ErrorCode.ENGINE_FAILED, "no such instruction")
    choice = choose(Wanted())
    assert choice.engine == "llama"
    assert "no such instruction" in choice.reason


def test_a_model_that_even_llama_cannot_run_is_an_error(shown: Machine) -> None:
    shown.speeds["llama", SMALL.name] = NpcError(ErrorCode.ENGINE_FAILED, "damaged")
    with pytest.raises(NpcError, match="damaged"):
        choose(Wanted())
    assert known(Wanted()) is None


def test_a_model_too_slow_for_the_machine_makes_way_for_a_smaller_one(shown: Machine) -> None:
    shown.here = {LARGE.name}
    shown.next_ms[LARGE.name] = LINE_MS * 1.1
    assert choose(Wanted()).model == SMALL.name
    assert shown.tried == [(engine, model) for model in (LARGE.name, SMALL.name) for engine in ("llama", "openvino")]
    assert choose(Wanted(LARGE.name)).model == LARGE.name, "who asks for it gets it"


def test_a_choice_is_remembered_until_something_changes(shown: Machine, tmp_path: Path) -> None:
    adapter = tmp_path / "voice.gguf"
    adapter.write_bytes(b"Monday")
    ways = (Wanted(), Wanted(SMALL.name), Wanted(options=("weights=int4",)), Wanted(adapting=Adapting(adapter)))
    for wanted in ways:
        first = choose(wanted)
        shown.tried.clear()
        assert choose(wanted) == known(wanted) == first
        assert shown.tried == []
    adapter.write_bytes(b"Tuesday, later")
    assert known(ways[-1]) is None
    for change in ({"packages": "2"}, {"facts": ["four cores"]}, {"here": {SMALL.name, LARGE.name}}):
        assert choose(Wanted())
        vars(shown).update(change)
        assert known(Wanted()) is None, change


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": {"engine": 1}}', b"\xff"])
def test_a_damaged_memory_is_no_memory(shown: Machine, content: bytes) -> None:
    first = choose(Wanted())
    (remembered.home() / remembered.FILE).write_bytes(content)
    assert known(Wanted()) is None
    assert choose(Wanted()) == first
    assert known(Wanted()) == first


def test_only_the_latest_choices_are_kept(shown: Machine) -> None:
    for number in range(remembered.KEPT + 1):
        choose(Wanted(threads=number))
    assert known(Wanted(threads=0)) is None
    assert known(Wanted(threads=remembered.KEPT)) is not None


def test_a_home_that_cannot_be_written_is_no_obstacle(
    shown: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "file"))
    assert choose(Wanted()).engine == "openvino"


@pytest.mark.parametrize(("free", "engine"), [(60 << 30, "diffusion"), (10 << 30, "openvino")])
def test_a_card_that_holds_a_model_which_is_here_decides(shown: Machine, free: int, engine: str) -> None:
    shown.cards = [Card("A card", free, free)]
    assert choose(Wanted()).engine == "openvino", "no checkpoint is here"
    shown.here.add("diffusiongemma-26b")
    choice = choose(Wanted())
    assert choice.engine == engine
    assert ("A card" in choice.reason) is (engine == "diffusion")


def test_a_model_of_one_engine_needs_no_trial(shown: Machine, tmp_path: Path) -> None:
    assert choose(Wanted("diffusiongemma-26b")).engine == "diffusion"
    assert choose(Wanted(str(tmp_path))).engine == "diffusion"
    assert choose(Wanted("gemma-3-1b")).engine == "llama"
    assert shown.tried == []


def test_a_large_model_is_not_converted_unasked(
    shown: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.gguf"
    with path.open("wb") as file:
        file.truncate(engine_auto.CONVERTED_UNASKED_BYTES + 1)
    choice = choose(Wanted(str(path)))
    assert (choice.engine, shown.tried) == ("llama", [])
    assert f"npc-engine models convert {path}" in choice.reason

    def converted(*_: object) -> Manifest:
        return Manifest(1, [], "int8", [], [], [], [])

    monkeypatch.setattr(engine_auto, "converted", converted)
    assert choose(Wanted(str(path), threads=2)).engine == "openvino"


def test_what_nobody_knows_is_an_error(shown: Machine) -> None:
    with pytest.raises(NpcError) as caught:
        choose(Wanted("qwen2.5-codr-0.5b"))
    assert caught.value.code is ErrorCode.MODEL_UNKNOWN


def test_the_models_to_try_get_smaller(shown: Machine) -> None:
    sizes = {model.name: model.size_bytes for model in catalogue()}
    for here in ({SMALL.name}, {LARGE.name}, set[str]()):
        shown.here = here
        found: list[Choice] = models.default_models("llama")
        assert [sizes[choice.model.name] for choice in found] == sorted(
            (sizes[choice.model.name] for choice in found), reverse=True
        )
        assert not any(choice.model.test_only for choice in found)
