"""What comes of what characters do. The daemon reports an action; the game decides what happens, and this is where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo_game.story.world import World


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action changes. `coins` go to the player, or from it if below 0; `item` is handed over, `told` is what
    the player reads, `event` what witnesses will speak of. `ends_talk`: the character turns away."""

    told: str
    coins: int = 0
    item: str = ""
    flag: str = ""
    river_level: int = 0
    trust_of: Mapping[str, int] | None = None
    event: str = ""
    importance: int = 5
    ends_talk: bool = False


EFFECTS: Mapping[str, Effect] = {
    "give_room_key": Effect("Marta hands you a room key.", -3, "room_key", event="The traveller took a room."),
    "serve_soup": Effect("Marta sets down soup and bread.", -1, "soup"),
    "open_cellar": Effect(
        "Under the trapdoor lies Jory Pike, the courier, feverish but alive. “Ilse,” he whispers. “My satchel.”",
        flag="met_courier",
        event="Marta took the traveller down to the cellar, to the wounded courier.",
        importance=8,
    ),
    "refuse_service": Effect("Marta turns you away.", ends_talk=True),
    "sell_knife": Effect("Bram sells you a knife.", -8, "knife", event="The traveller bought a knife from Bram."),
    "mend_gear": Effect("Bram mends your gear.", -2),
    "give_spare_key": Effect("Bram fishes a key out of the quench trough and gives it to you.", item="spare_key"),
    "turn_back_to_work": Effect("Bram turns back to the anvil.", ends_talk=True),
    "fine_player": Effect("Crake fines you one silver.", -1, event="Crake fined the traveller one silver."),
    "show_deed": Effect(
        "The deed of the mill bears no name, only a seal: a salt cask under a crown.",
        event="Crake showed the traveller the deed of the mill.",
    ),
    "arrest": Effect(
        "Crake reads out the warrant, in a very large voice.",
        event="Aldous Crake arrested Lucan Vey on the green, by warrant.",
        importance=9,
    ),
    "write_it_down": Effect("Crake writes it in the roll."),
    "give_willow_tea": Effect("Ilse hands you a cup of willow tea.", item="willow_tea"),
    "ring_bell": Effect("A bell rings out over the river.", event="A bell rang at the shrine.", importance=6),
    "give_satchel": Effect(
        "Ilse lifts the altar stone. The satchel is yours, and in it a letter of the Saltmarsh Company.",
        item="satchel",
        flag="satchel_found",
        event="Ilse gave the traveller the courier's satchel.",
        importance=8,
    ),
    "sell_flour": Effect("Osric sells you a sack of flour.", -2, "flour"),
    "drop_his_tally": Effect("Osric drops his chalk and picks it up again."),
    "open_sluice": Effect(
        "Chains rattle, and the Wend comes through.",
        river_level=4,
        event="Osric opened the sluice, and the river is rising.",
        importance=9,
    ),
    "end_the_talk": Effect("Osric hurries off to count sacks.", ends_talk=True),
    "point_at": Effect("Pip points, arm and all."),
    "lead_to": Effect("Pip runs ahead."),
    "show_loose_board": Effect("Behind the mill wheel one board is loose. A thin person could crawl through."),
    "whistle_for_duchess": Effect("Pip whistles. A goose answers."),
    "offer": Effect("Vey offers you silver, for news or for silence."),
    "show_the_door": Effect("Vey has you shown out.", ends_talk=True),
    "give_up_keys": Effect("Vey lays down the keys to the iron gate.", item="mill_keys"),
    "smooth_glove": Effect("Vey smooths the fingers of his glove."),
    "ferry_to": Effect("Wenna takes you over and back for one silver.", -1),
    "vouch_for_player": Effect(
        "Wenna will tell Marta that you can be trusted.",
        flag="courier_trust",
        trust_of={"marta": 22},
        event="Wenna vouched for the traveller.",
        importance=7,
    ),
    "lend": Effect("Wenna lends you something from the landing."),
    "coil_rope": Effect("Wenna coils her rope and turns away.", ends_talk=True),
}


def carry_out(world: World, npc: str, action: str, args: Mapping[str, str]) -> Effect | None:
    """Let it happen, if it can: nothing is sold to a player without money, and nobody hands over the same thing twice.
    Returns what came of it, or None."""
    effect = EFFECTS.get(action)
    if effect is None or world.coins + effect.coins < 0:
        return None
    item = args.get("item", "") if action == "lend" else effect.item
    if item and item in world.items:
        return Effect("You still have that.")
    if action == "arrest" and args.get("npc") != "vey":
        return None
    world.coins += effect.coins
    if item:
        world.items.append(item)
    if effect.flag:
        world.flags[effect.flag] = True
    world.river_level = max(world.river_level, effect.river_level)
    for friend, trust in (effect.trust_of or {}).items():
        world.befriend(friend, trust, once=f"{action} {friend}")
    if effect.coins < 0 and action != "fine_player":
        world.befriend(npc, 3, once=f"bought {action}")
    if action == "show_deed":
        world.given.append("saw the deed")
    if action == "arrest":
        world.called_away["vey"] = "green"
    return effect
