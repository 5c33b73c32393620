"""A pack with one character who keeps a secret, and tests for it."""

from pathlib import Path

from npc_engine.world.pack import Pack, load_pack

FILES = {
    "pack.yaml": "id: tiny\nname: Tiny\nsummary: A well.\nnever_say: [robot]\n",
    "world.yaml": "flags: {met: false}\nplayer: {coins: 2}\nplace: well\n",
    "lore.yaml": (
        "entries:\n  - {id: saint, text: A saint dug it., keys: [saint]}\n"
        "  - {id: rumour, text: It is deep., keys: [deep], known_by: [ben]}\n"
    ),
    "places/well.yaml": "id: well\nname: the well\nsummary: Deep.\nexits: {lane: north}\nauthored: [Deep., Dark.]\n",
    "places/lane.yaml": "id: lane\nname: the lane\nsummary: A lane.\nexits: {well: south}\nauthored: [Mud., Ruts.]\n",
    "npcs/anna.yaml": (
        "id: anna\nname: Anna\nsummary: Draws water.\nplace: well\nrelationships: {player: {trust: 10}}\n"
        "knowledge:\n  - {id: den, text: A smuggler sleeps in it., topics: [noise], when: flags.met, secret: true}\n"
        "actions:\n  - {name: draw, when: player.coins >= 1}\n  - {name: leave}\n"
        "examples:\n  - {player: Hi., reply: Mind the rope., emotion: joy}\n"
    ),
    "npcs/ben.yaml": "id: ben\nname: Ben\nsummary: Carries water.\n",
}
TESTS = """\
tests:
  - name: Anna hides the smuggler
    npc: anna
    set: {player.coins: 0}
    say: What is that noise?
    expect: {locked: [den, rumour], may: [leave], may_not: [draw], never_mentions: [smuggler]}
  - name: Anna trusts a friend
    npc: anna
    set: {flags.met: true, npcs.anna.place: lane}
    events: [{text: A bell rings., npcs: [anna], importance: 7}]
    say: [Evening., "What is that noise?"]
    expect: {knows: [den], mentions: [smuggler], action: draw, emotion: [fear, joy]}
"""


def rehearsal_pack(folder: Path, tests: str = TESTS) -> Pack:
    """The pack, written under `folder` with one file of tests, and loaded."""
    for name, text in {**FILES, "tests/all.yaml": tests}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_pack(folder)
