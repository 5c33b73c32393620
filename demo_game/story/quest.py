"""The three steps of the story, and when each is done."""

from __future__ import annotations

from typing import NamedTuple

from demo_game.story.world import FLOATING, World


class Step(NamedTuple):
    """What the player is to do now, and a hint at how."""

    title: str
    hint: str


def step(world: World) -> Step:
    """Where the story stands."""
    flags = world.flags
    if not flags["courier_trust"]:
        return Step(
            "1  The missing courier",
            "Jory's friend Wenna, the ferrywoman, trusts no stranger yet. Ilse's willow tea may help.",
        )
    if not flags["met_courier"]:
        return Step("1  The missing courier", "Wenna vouches for you. Ask Marta, as a friend, what is in her cellar.")
    if not flags["satchel_found"]:
        return Step("2  The satchel", "Jory's satchel was pulled out of the reeds. Ask Ilse at the shrine for it.")
    if not flags["buyer_named"]:
        return Step("3  The name of the buyer", "The letter's seal is that of the mill's deed. Name him to his face.")
    if world.river_level < FLOATING:
        return Step("3  The name of the buyer", "The mill is free. Ask Osric to open the sluice.")
    return Step("Oakhollow has its river back", "The ferry floats, and everybody has a story about you.")
