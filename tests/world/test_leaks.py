"""Open text that gives a secret away is found; a hint, a name or an everyday word is not."""

from pathlib import Path

import pytest
from pack_files import write_pack

from npc_engine.world.leaks import leaks
from npc_engine.world.pack import load_pack

SECRET = (
    "  - {id: den, text: A wounded smuggler sleeps in the cellar under the straw., topics: [smuggler, cellar, noise],\n"
    "     when: flags.met, secret: true}\n"
)
PERSON = "id: ben\nname: Ben Straw\nsummary: Carries water.\n"


def found(folder: Path, persona: str, changes: dict[str, str | None] | None = None) -> list[str]:
    pack = load_pack(write_pack(folder, {"npcs/ben.yaml": persona, **(changes or {})}))
    lines = [str(each) for each in leaks(pack)]
    return [line.removeprefix(str(folder)).lstrip("/\\").replace("\\", "/") for line in lines]


@pytest.mark.parametrize(
    ("extra", "where"),
    [
        ("background: He keeps wine in his cellar.\nknowledge:\n" + SECRET, "4:13"),
        ("examples: [{player: Hi., reply: Mind the cellars.}]\nknowledge:\n" + SECRET, "4:33"),
        ("authored: {late: [Not now. The smuggler...]}\nknowledge:\n" + SECRET, "4:19"),
        ("knowledge:\n  - {id: open, text: The cellar is damp., topics: [damp]}\n" + SECRET, "5:22"),
        ("goals: [nurse the wounded who sleeps under there]\nknowledge:\n" + SECRET, "4:9"),
    ],
)
def test_telling_words_in_the_characters_own_text(tmp_path: Path, extra: str, where: str) -> None:
    (line,) = found(tmp_path, PERSON + extra)
    assert line.startswith(f"npcs/ben.yaml:{where}: warning: speaks of `")
    assert line.endswith("which ben's secret `den` keeps")


@pytest.mark.parametrize(
    "extra",
    [
        "background: He sleeps badly.\nknowledge:\n" + SECRET,
        "background: He is called Straw for his hair.\nknowledge:\n" + SECRET,
        "authored: {late: [{text: The cellar., when: flags.met}]}\nknowledge:\n" + SECRET,
        "background: Cellars are his trade.\nknowledge:\n  - {id: a, text: He digs., topics: [cellar]}\n" + SECRET,
        "background: Cellar work.\nknowledge:\n  - {id: den, text: The cellar., topics: [cellar]}\n",
    ],
)
def test_what_tells_nothing(tmp_path: Path, extra: str) -> None:
    assert found(tmp_path, PERSON + extra) == []


def test_what_is_seen_of_the_world_may_hint_but_not_tell(tmp_path: Path) -> None:
    persona = PERSON + "knowledge:\n" + SECRET
    lane = "id: lane\nname: the lane\nsummary: A lane.\nprops: [a cellar door]\n"
    assert found(tmp_path, persona, {"places/lane.yaml": lane}) == []
    lane = lane.replace("door", "door with a wounded hinge")
    (line,) = found(tmp_path, persona, {"places/lane.yaml": lane})
    assert line.startswith("places/lane.yaml:4:9: warning: speaks of `cellar`, `wounded`")


def test_lore_counts_for_those_who_know_it(tmp_path: Path) -> None:
    persona = PERSON + "knowledge:\n" + SECRET
    lore = "entries: [{id: a, text: A smuggler dug the cellar., keys: [dug], known_by: [anna]}]\n"
    assert found(tmp_path, persona, {"lore.yaml": lore}) == []
    assert len(found(tmp_path, persona, {"lore.yaml": lore.replace("anna", "ben")})) == 1
