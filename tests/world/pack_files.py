"""Writes small packs for tests."""

from pathlib import Path

GOOD = {
    "pack.yaml": "id: tiny\nname: Tiny\nsummary: Two people and a well.\nnever_say: [robot]\n",
    "world.yaml": "time: '6:05'\nweather: fog\nplace: well\nflags: {met: false}\nplayer: {coins: 2}\n",
    "places/well.yaml": "id: well\nname: the well\nsummary: A deep well.\nexits: {lane: north}\n",
    "places/lane.yaml": "id: lane\nname: the lane\nsummary: A lane.\nauthored: [Mud., Ruts., Hedges.]\n",
    "npcs/anna.yaml": (
        "id: anna\nname: Anna\nsummary: Draws water.\nplace: well\nnever_say: [robot, bucketless]\n"
        "relationships:\n  player: {trust: 10}\n  ben: {}\n"
        "knowledge:\n  - {id: deep, text: It is deep., when: flags.met and relation.player.trust > 5}\n"
        "actions:\n  - {name: draw, when: player.coins >= 1}\n"
        "examples:\n  - {player: Hi., reply: Hello., emotion: joy}\n"
        "authored:\n  late: [Wait., Soon., Patience.]\n  greet: []\n  offline: [Later., Later.]\n  idle: [Drip.]\n"
    ),
    "npcs/ben.yaml": "id: ben\nname: Ben\nsummary: Carries water.\n",
}


def write_pack(folder: Path, changes: dict[str, str | None] | None = None) -> Path:
    """The good pack under `folder`, with files replaced, added or (None) left out."""
    for name, text in (GOOD | (changes or {})).items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder
