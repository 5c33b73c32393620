"""How people look: what `figure` and `face` draw. The eight of Oakhollow look as their files describe them; anybody
else looks like a villager, and always like the same one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random
from zlib import crc32

from demo_game.art.tones import Color, mix

#: All that a face can show.
EMOTIONS = (
    "neutral",
    "joy",
    "trust",
    "fear",
    "surprise",
    "sadness",
    "disgust",
    "anger",
    "anticipation",
)

GREY_GLOVE: Color = (150, 154, 164)
TAR: Color = (58, 48, 48)
INK_STAIN: Color = (46, 48, 92)


@dataclass(frozen=True, slots=True)
class Look:
    """One person's appearance. `None` for a colour means that there is no such thing to draw."""

    skin: Color
    hair: Color
    top: Color
    legs: Color = (74, 60, 58)
    boots: Color | None = (66, 44, 36)
    eyes: Color = (70, 48, 38)
    #: "short" "crop" "slick" "fringe" "bald" "bun" "plaits" "long" "curly"
    hair_style: str = "short"
    #: "adult" "slender" "tall" "broad" "round" "small" "child"
    build: str = "adult"
    #: "tunic" "dress" "coat" "robe"
    garment: str = "tunic"
    rolled_sleeves: bool = False
    #: The shirt that shows at the collar and in rolled sleeves.
    shirt: Color = (226, 212, 186)
    apron: Color | None = None
    scarf: Color | None = None
    shawl: Color | None = None
    cloak: Color | None = None
    #: "none" "full" "moustache" "goatee"
    beard: str = "none"
    #: "none" "cap" "beret" "brim" "kerchief" "shawl"
    hat: str = "none"
    hat_color: Color = (120, 84, 52)
    #: Hands, by the side of the person itself.
    left_hand: Color | None = None
    right_hand: Color | None = None
    #: Any of "feather" "chain" "box" "switch" "cloudy_eye" "scars" "flour" "rag" "strap" "freckles" "lines" "goose"
    marks: frozenset[str] = frozenset()


_NAMED = {
    "marta": Look(
        skin=(226, 168, 132),
        hair=(122, 66, 42),
        top=(164, 62, 48),
        hair_style="bun",
        build="broad",
        garment="dress",
        rolled_sleeves=True,
        shirt=(238, 220, 184),
        apron=(236, 226, 204),
        eyes=(84, 96, 58),
        marks=frozenset({"feather", "lines"}),
    ),
    "vey": Look(
        skin=(232, 204, 186),
        hair=(38, 34, 44),
        top=(52, 48, 62),
        legs=(40, 38, 50),
        boots=(30, 28, 36),
        hair_style="slick",
        build="tall",
        garment="coat",
        shirt=(214, 212, 222),
        beard="goatee",
        eyes=(92, 120, 140),
        left_hand=GREY_GLOVE,
    ),
    "pip": Look(
        skin=(238, 186, 146),
        hair=(226, 170, 78),
        top=(128, 108, 62),
        legs=(154, 130, 112),
        boots=None,
        hair_style="plaits",
        build="child",
        garment="coat",
        shirt=(196, 104, 84),
        eyes=(74, 122, 88),
        marks=frozenset({"switch", "freckles", "goose"}),
    ),
    "crake": Look(
        skin=(234, 172, 150),
        hair=(112, 92, 78),
        top=(104, 46, 78),
        legs=(58, 48, 62),
        boots=(44, 36, 42),
        hair_style="fringe",
        build="round",
        garment="coat",
        beard="moustache",
        hat="beret",
        hat_color=(70, 40, 66),
        eyes=(72, 64, 80),
        left_hand=INK_STAIN,
        right_hand=INK_STAIN,
        marks=frozenset({"chain", "box"}),
    ),
    "wenna": Look(
        skin=(196, 134, 98),
        hair=(240, 238, 230),
        top=(52, 78, 112),
        legs=(92, 84, 66),
        boots=(52, 46, 44),
        hair_style="crop",
        build="tall",
        scarf=(206, 52, 44),
        eyes=(62, 116, 140),
        left_hand=TAR,
        right_hand=TAR,
        marks=frozenset({"lines"}),
    ),
    "ilse": Look(
        skin=(222, 182, 154),
        hair=(222, 220, 222),
        top=(92, 100, 128),
        hair_style="long",
        build="small",
        garment="robe",
        shawl=(152, 152, 158),
        hat="shawl",
        hat_color=(152, 152, 158),
        eyes=(58, 92, 120),
        marks=frozenset({"cloudy_eye", "lines"}),
    ),
    "bram": Look(
        skin=(206, 138, 104),
        hair=(140, 138, 138),
        top=(96, 92, 86),
        legs=(66, 58, 60),
        boots=(48, 38, 36),
        hair_style="fringe",
        build="broad",
        rolled_sleeves=True,
        shirt=(150, 140, 126),
        apron=(124, 74, 40),
        beard="full",
        eyes=(66, 74, 84),
        marks=frozenset({"scars", "lines"}),
    ),
    "osric": Look(
        skin=(236, 212, 192),
        hair=(216, 206, 190),
        top=(190, 182, 168),
        legs=(152, 142, 128),
        boots=(122, 108, 94),
        hair_style="short",
        build="slender",
        shirt=(236, 232, 222),
        apron=(240, 238, 230),
        eyes=(96, 84, 66),
        marks=frozenset({"flour", "rag"}),
    ),
    "player": Look(
        skin=(224, 164, 124),
        hair=(88, 54, 38),
        top=(152, 112, 70),
        legs=(78, 66, 70),
        boots=(84, 54, 38),
        hair_style="curly",
        cloak=(46, 106, 84),
        eyes=(62, 86, 60),
        marks=frozenset({"strap"}),
    ),
}

_SKINS: tuple[Color, ...] = ((238, 196, 162), (224, 170, 130), (200, 142, 104), (156, 104, 74), (118, 76, 56))
_HAIRS: tuple[Color, ...] = ((58, 42, 38), (104, 66, 40), (150, 88, 46), (206, 154, 84), (160, 154, 150), (44, 38, 44))
_CLOTHS: tuple[Color, ...] = (
    (134, 86, 62),
    (92, 112, 72),
    (84, 96, 124),
    (148, 112, 62),
    (124, 72, 82),
    (110, 104, 96),
    (74, 112, 112),
)


@lru_cache(maxsize=1024)
def look_of(npc_id: str) -> Look:
    """The look of "player", of the eight of Oakhollow, or of a villager with any other id."""
    return _NAMED.get(npc_id) or _villager(Random(crc32(npc_id.encode())))


def _villager(dice: Random) -> Look:
    woman = dice.random() < 0.5
    cloth, second = dice.sample(_CLOTHS, 2)
    return Look(
        skin=dice.choice(_SKINS),
        hair=dice.choice(_HAIRS),
        top=cloth,
        legs=mix(second, (60, 50, 54), 0.5),
        hair_style=dice.choice(("bun", "plaits", "long", "curly") if woman else ("short", "crop", "curly", "fringe")),
        build=dice.choice(("adult", "adult", "slender", "broad", "small") if woman else ("adult", "tall", "broad")),
        garment="dress" if woman else dice.choice(("tunic", "tunic", "coat")),
        rolled_sleeves=dice.random() < 0.3,
        apron=(214, 200, 174) if dice.random() < 0.3 else None,
        scarf=second if dice.random() < 0.25 else None,
        shawl=second if woman and dice.random() < 0.3 else None,
        beard="none" if woman else dice.choice(("none", "none", "full", "moustache", "goatee")),
        hat=dice.choice(("none", "kerchief")) if woman else dice.choice(("none", "none", "cap", "brim")),
        hat_color=mix(second, (120, 90, 60), 0.4),
    )
