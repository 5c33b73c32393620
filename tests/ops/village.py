"""A small village with a secret under every kind of lock, for tests of operations.

Each secret text holds a canary, a word that stands nowhere else: wherever it is found, the secret is."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "pack.yaml": "id: hamlet\nname: Hamlet\nsummary: A well and a lane.\n",
    "world.yaml": (
        "time: '10:00'\nweather: fog\nplace: well\nsetting: A hamlet in the hills.\n"
        "flags: {gate: false, vow: false}\nplayer: {coins: 2}\nvariables: {key: 0, oath: none}\n"
    ),
    "lore.yaml": (
        "entries:\n"
        "  - {id: flood, keys: [flood], when: flags.gate, text: The flood qzlorea drowned the mill.}\n"
        "  - {id: comet, keys: [comet], when: time.period == 'night', text: The comet qzloreb is a ship.}\n"
        "  - {id: crown, always: true, when: $key >= 7, known_by: [anna, cleo], text: The crown qzlorec is glass.}\n"
        "  - {id: harvest, keys: [harvest], text: The harvest was poor.}\n"
    ),
    "places/well.yaml": (
        "id: well\nname: the well\nsummary: A deep well.\nexits: {lane: north}\nitems: [bucket, rope]\n"
        "props: [mossy stones]\n"
        "details:\n  - {text: a ladder qzdetail leads down, when: flags.gate}\n"
        "authored:\n  - A well in the fog.\n"
        "  - {text: Stars qznight stand over the well., when: time.period == 'night'}\n"
    ),
    "places/lane.yaml": "id: lane\nname: the lane\nsummary: A lane.\nexits: {well: south}\n",
    "npcs/anna.yaml": (
        "id: anna\nname: Old Anna Reed\nsummary: Draws water.\nplace: well\n"
        "relationships:\n  player: {trust: 10}\n  ben: {text: her nephew}\n"
        "knowledge:\n"
        "  - {id: cellar, topics: [cellar], when: flags.gate, text: A courier qzannaa sleeps in the cellar.}\n"
        "  - {id: ring, topics: [ring], when: relation.player.trust >= 40, text: The ring qzannab is stolen.}\n"
        "  - {id: letter, topics: [letter], when: $key > 3 and flags.vow, text: The letter qzannac names a king.}\n"
        "  - {id: well, topics: [well], text: The well has never been dry.}\n"
        "lore:\n  - {id: saint, keys: [saint], when: time.hour >= 20, text: The saint qzannad was a thief.}\n"
        "actions:\n  - {name: draw_water, safe_when_cut: true}\n"
        "  - {name: give, when: player.coins >= 1, args: {thing: item, to: npc}}\n"
        "  - {name: go, args: {where: place}}\n"
        "authored:\n  cut_off: ['...']\n  late: [Anna waits.]\n  busy: [Anna nods.]\n  idle: [Anna hums.]\n"
    ),
    "npcs/ben.yaml": (
        "id: ben\nname: Ben\nsummary: Carries water.\nplace: well\n"
        "relationships:\n  anna: {trust: 60}\n"
        "knowledge:\n"
        "  - {id: cellar, topics: [cellar], when: flags.vow, text: The cellar key qzbena hangs in the oak.}\n"
        "  - {id: ring, topics: [ring], when: relation.anna.trust > 80, text: Ben sold the ring qzbenb.}\n"
        "  - {id: oath, topics: [oath], when: $oath == 'sworn', text: The oath qzbenc binds him to the duke.}\n"
        "authored:\n  late: [Ben waits.]\n  busy: [Ben nods.]\n  idle: [Ben whistles.]\n"
    ),
    "npcs/cleo.yaml": (
        "id: cleo\nname: Cleo\nsummary: Keeps bees.\nplace: well\n"
        "authored:\n  late: [Cleo waits.]\n  busy: [Cleo nods.]\n  idle: [Cleo yawns.]\n"
    ),
    "npcs/dora.yaml": (
        "id: dora\nname: Dora\nsummary: Walks the lane.\nplace: lane\n"
        "authored:\n  late: [Dora waits.]\n  busy: [Dora nods.]\n  idle: [Dora sighs.]\n"
    ),
}
#: Each canary: whose scope its condition reads (None: nobody's), and the condition.
CANARIES = {
    "qzlorea": (None, "flags.gate"),
    "qzloreb": (None, "time.period == 'night'"),
    "qzlorec": (None, "$key >= 7"),
    "qzdetail": (None, "flags.gate"),
    "qzannaa": ("anna", "flags.gate"),
    "qzannab": ("anna", "relation.player.trust >= 40"),
    "qzannac": ("anna", "$key > 3 and flags.vow"),
    "qzannad": ("anna", "time.hour >= 20"),
    "qzbena": ("ben", "flags.vow"),
    "qzbenb": ("ben", "relation.anna.trust > 80"),
    "qzbenc": ("ben", "$oath == 'sworn'"),
}
NPCS = ("anna", "ben", "cleo", "dora")
#: Words that bring secrets up.
TOPICS = ("cellar", "ring", "letter", "saint", "oath", "flood", "comet", "crown", "harvest")


def write_village(folder: Path, changes: dict[str, str | None] | None = None) -> Path:
    """The village under `folder`, with files replaced, added or (None) left out."""
    for name, text in (FILES | (changes or {})).items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder
