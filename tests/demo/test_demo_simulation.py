"""Days without a window: the same seed tells the same story, and characters know what they were told."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo_game import simulate
from demo_game.simulation import chronicle, days
from demo_game.simulation.cast import EIGHT, MOST_PEOPLE, gather
from demo_game.simulation.happenings import HAPPENINGS, plan
from demo_game.simulation.neighbours import REACTIONS, TONGUES
from demo_game.simulation.rumours import OVERHEARD, SAW, TOLD, Learning, Rumour
from demo_game.simulation.small_talk import TURNS, WEATHER, Topics
from demo_game.simulation.villagers import villagers
from npc_engine.cli.main import app as engine_app
from npc_engine.world.instinct import instinct
from npc_engine.world.pack import load_pack

PLACES = ("inn", "green", "forge", "mill", "shrine", "ferry")


@pytest.mark.parametrize(("number", "seed"), [(2, 1), (24, 7), (MOST_PEOPLE, 3)])
def test_a_generated_pack_passes_the_check(number: int, seed: int, tmp_path: Path) -> None:
    cast = gather(number, seed, tmp_path / "pack")
    result = CliRunner().invoke(engine_app, ["check", str(tmp_path / "pack")])

    assert (len(cast.people), result.exit_code) == (number, 0), result.output
    assert " 0 errors" in result.output


def test_fewer_than_eight_are_the_first_of_oakhollow_and_the_others_are_absent(tmp_path: Path) -> None:
    cast = gather(3, 1, tmp_path / "pack")

    assert (tuple(cast.people), cast.absent) == (EIGHT[:3], EIGHT[3:])


def test_what_touches_somebody_is_answered_in_words_of_its_own(tmp_path: Path) -> None:
    gather(8, 1, tmp_path / "pack")
    personas = load_pack(tmp_path / "pack").npcs
    texts = {happening.id: happening.text for happening in HAPPENINGS}

    for npc, reactions in REACTIONS.items():
        own = {reply for reply, _ in reactions.values()}
        for happening, text in texts.items():
            for opener in TONGUES[npc].openers:
                felt = instinct(personas[npc], f"{opener} I heard Ned tell it at the river shrine. {text}", {})
                if happening in reactions:
                    assert (felt.lines, felt.emotion) == (reactions[happening][:1], reactions[happening][1]), happening
                else:
                    assert not own & set(felt.lines), happening


def test_a_village_of_no_size_is_refused(tmp_path: Path) -> None:
    for number in (1, MOST_PEOPLE + 1):
        with pytest.raises(ValueError, match="a village has"):
            gather(number, 1, tmp_path / "pack")


def test_villagers_depend_on_the_seed_alone_and_differ_from_each_other() -> None:
    first, again, other = (villagers(16, EIGHT, random.Random(seed)) for seed in (5, 5, 6))

    assert first == again != other
    assert len({each.name for each in first}) == len({json.dumps(each.sheet["authored"]) for each in first}) == 16
    assert all(len(each.sheet["examples"]) >= 4 and len(each.sheet["knowledge"]) >= 4 for each in first)


def test_nothing_happens_twice_before_everything_has() -> None:
    planned = plan(3, 6, random.Random(1))

    assert len({each.happening.id for each in planned}) == 18
    assert all(each.happening.hours[0] <= each.hour <= each.happening.hours[1] for each in planned)
    assert [(each.day, each.hour) for each in planned] == sorted((each.day, each.hour) for each in planned)


def test_what_happens_can_be_told() -> None:
    for happening in HAPPENINGS:
        assert happening.place in PLACES
        assert happening.text.endswith("."), "a question would not be kept"
        assert 3 <= happening.importance <= 9


def test_there_is_always_something_to_talk_about() -> None:
    topics = Topics(random.Random(1))
    for place in PLACES:
        for weather in WEATHER:
            for hour in TURNS:
                first, second = (topics.choose(place, weather, hour) for _ in range(2))
                assert first != second


def test_who_knows_already_does_not_learn_again() -> None:
    rumour = Rumour(HAPPENINGS[0], 9.0)

    assert rumour.reach(["marta"], Learning(SAW, 9.0, "green")) == ["marta"]
    assert rumour.reach(["marta", "bram"], Learning(TOLD, 12.0, "inn", "marta")) == ["bram"]
    assert rumour.learned["marta"].how == SAW
    assert rumour.way_to("bram") == ["marta", "bram"]
    assert (rumour.hours_to(0.5, 4), rumour.hours_to(1.0, 4)) == (3.0, None)


def test_the_clock() -> None:
    assert [chronicle.clock(hour) for hour in (0.0, 8.25, 25.5)] == ["00:00", "08:15", "01:30"]


def run(out: Path, *arguments: str) -> None:
    result = CliRunner().invoke(simulate.app, ["--out", str(out), *arguments])
    assert result.exit_code == 0, result.output


def test_the_same_seed_tells_the_same_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "TICKS_A_DAY", 40)  # until the afternoon
    for name in ("one", "two"):
        run(tmp_path / name, "--npcs", "10", "--seed", "4")

    text = (tmp_path / "one" / "chronicle.md").read_bytes()
    summary = json.loads((tmp_path / "one" / "summary.json").read_text(encoding="utf-8"))
    assert text == (tmp_path / "two" / "chronicle.md").read_bytes()
    assert (tmp_path / "one" / "knowledge.png").read_bytes().startswith(b"\x89PNG")
    assert summary["sources"] == {"model": summary["lines"]}, "nothing was late"
    assert {SAW, TOLD} <= {how for rumour in summary["rumours"] for how in rumour["how"]} <= {SAW, TOLD, OVERHEARD}
    assert summary["memory"]["known_without_being_told"] == summary["memory"]["forgotten"] == 0


def test_an_unknown_engine_is_an_error_in_words(tmp_path: Path) -> None:
    result = CliRunner().invoke(simulate.app, ["--engine", "steam", "--out", str(tmp_path)])

    assert result.exit_code == 1
    assert "steam" in result.output
