"""A setting of two characters and a few conversations, in the dialogue set's format."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "pack.yaml": "id: pier\nname: Pier\nsummary: A pier.\nnever_say: [computer]\n",
    "world.yaml": (
        "setting: A pier in the north.\ntime: '09:00'\nweather: fog\nplace: pier\n"
        "flags: {friend: false}\nplayer: {coins: 2}\n"
    ),
    "places/pier.yaml": (
        "id: pier\nname: the pier\nsummary: Planks.\nprops: [a rusty crane]\nsounds: [gulls]\nitems: [rope, lamp]\n"
        "authored: [Planks., Fog.]\n"
    ),
    "npcs/halda.yaml": (
        "id: halda\nname: Halda Moe\nsummary: Runs the ferry.\nplace: pier\n"
        "knowledge:\n"
        "  - {id: fare, text: The crossing costs four shillings., topics: [crossing, fare]}\n"
        "  - {id: cellar, text: She keeps smuggled brandy below., topics: [cellar], when: flags.friend, secret: true}\n"
        "actions:\n"
        "  - {name: give, args: {item: item}, asked: [Give me that.]}\n"
        "  - {name: row, when: player.coins >= 5}\n"
        "examples:\n  - {player: Morning., reply: Wet one. Mind the planks., emotion: joy}\n"
    ),
    "npcs/ole.yaml": "id: ole\nname: Ole\nsummary: Eats soup.\nplace: pier\n",
    "conversations/halda.yaml": """\
conversations:
  - name: fog on the pier
    npc: halda
    set: {npcs.halda.relation.player.trust: 80}
    events: [{text: The mail boat's horn sounds twice.}]
    turns:
      - player: Late again, your ferry?
        reply: Late? Drowned in fog, same as my breakfast.
        emotion: anger
        about: small_talk
      - player: And what is the crossing, roughly?
        reply: Four shillings, and you carry your own trunk.
        about: fact
        knows: [fare]
      - player: And what is in your cellar?
        reply: Potatoes, and a smell I have never traced.
        about: secret
      - event: {text: A gull steals a herring.}
        player: Does that happen often?
        reply: Every day God sends. That one has a name.
        about: event
      - player: Give me the rope then.
        reply: Good hemp, this one. Mind your palms.
        action: give
        args: {item: rope}
        about: action
      - other: {npc: ole, says: "Is the soup done?"}
        reply: When it sticks to the spoon, and not before.
        about: npc
      - bark: the fog
        reply: Thick as porridge, and no butter.
        about: bark
      - describe: pier
        reply: Planks vanish into white a few steps out. Somewhere below, water slaps at iron.
        about: description
      - player: ""
        reply: You there, with the wet hat, are you crossing?
        about: greeting
""",
    "conversations/ole.yaml": """\
conversations:
  - name: soup
    npc: ole
    turns:
      - player: Hungry again?
        reply: I was born at noon, and it has been noon ever since.
        emotion: joy
        about: small_talk
""",
}


def write_setting(folder: Path, **changed: str) -> Path:
    """A set with the one setting in `folder`; `changed` are texts of conversations, by their file's name."""
    for name, text in FILES.items():
        path = folder / "pier" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changed.get(path.stem, text) if "conversations" in name else text, encoding="utf-8")
    return folder
