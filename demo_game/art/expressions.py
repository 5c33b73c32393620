"""How each emotion moves the face of a portrait. All lengths are hundredths of the picture."""

from __future__ import annotations

from dataclasses import dataclass

from demo_game.art.brush import Point
from demo_game.art.tones import Color


@dataclass(frozen=True, slots=True)
class Expression:
    """How an emotion moves a face from its rest."""

    #: How far the ends of the brows go up, and how much higher the brow on the right is.
    brow_inner: float = 0.0
    brow_outer: float = 0.0
    brow_skew: float = 0.0
    #: How wide the eyes are open (1 at rest), and how much their lower lids cover (0..1).
    eyes: float = 1.0
    lower_lid: float = 0.0
    laughing_eyes: bool = False
    gaze: Point = (0.0, 0.0)
    iris: float = 1.0
    #: Mouth: width, how far its corners go up, how far it gapes when silent, how much higher the right corner is.
    width: float = 13.0
    smile: float = 0.6
    gape: float = 0.0
    skew: float = 0.0
    teeth: bool = False
    wavy: bool = False
    #: Cheeks 0..255, a veil over the face, and what runs down it.
    blush: int = 40
    veil: Color = (0, 0, 0)
    veil_alpha: int = 0
    tears: bool = False
    sweat: bool = False
    #: How the head moves, and the light behind it.
    head: Point = (0.0, 0.0)
    glow: Color = (196, 168, 128)


EXPRESSIONS = {
    "neutral": Expression(),
    "joy": Expression(
        brow_inner=1.6,
        brow_outer=1.0,
        laughing_eyes=True,
        width=19,
        smile=4.2,
        gape=5.5,
        teeth=True,
        blush=110,
        head=(0, -1.2),
        glow=(250, 204, 98),
    ),
    "trust": Expression(
        brow_inner=1.8,
        brow_outer=0.2,
        eyes=0.92,
        lower_lid=0.22,
        iris=1.12,
        width=16,
        smile=3.0,
        blush=105,
        head=(0.8, 0.4),
        glow=(178, 206, 130),
    ),
    "fear": Expression(
        brow_inner=6.2,
        brow_outer=-0.6,
        eyes=1.42,
        iris=0.62,
        gaze=(1.0, 0.2),
        width=13,
        smile=-2.0,
        gape=2.6,
        teeth=True,
        wavy=True,
        blush=0,
        veil=(150, 178, 220),
        veil_alpha=70,
        sweat=True,
        head=(-1.0, 1.4),
        glow=(128, 108, 168),
    ),
    "surprise": Expression(
        brow_inner=6.0,
        brow_outer=5.4,
        eyes=1.5,
        iris=0.78,
        width=8,
        smile=0.0,
        gape=8.0,
        blush=30,
        head=(0, -2.0),
        glow=(246, 226, 158),
    ),
    "sadness": Expression(
        brow_inner=5.2,
        brow_outer=-2.0,
        eyes=0.66,
        gaze=(-0.6, 1.6),
        iris=1.05,
        width=13,
        smile=-3.4,
        blush=16,
        veil=(110, 126, 190),
        veil_alpha=44,
        tears=True,
        head=(0, 2.4),
        glow=(104, 130, 172),
    ),
    "disgust": Expression(
        brow_inner=-2.8,
        brow_outer=0.4,
        brow_skew=4.4,
        eyes=0.62,
        lower_lid=0.4,
        gaze=(1.8, 0.4),
        width=15,
        smile=-3.0,
        skew=3.4,
        wavy=True,
        blush=0,
        veil=(116, 158, 60),
        veil_alpha=66,
        head=(-1.6, -0.4),
        glow=(150, 160, 84),
    ),
    "anger": Expression(
        brow_inner=-5.0,
        brow_outer=3.4,
        eyes=0.8,
        lower_lid=0.16,
        iris=0.86,
        width=17,
        smile=-3.6,
        gape=3.6,
        teeth=True,
        blush=70,
        veil=(214, 44, 30),
        veil_alpha=62,
        head=(0, 1.6),
        glow=(202, 84, 62),
    ),
    "anticipation": Expression(
        brow_inner=1.0,
        brow_outer=1.4,
        brow_skew=4.0,
        eyes=1.1,
        gaze=(2.4, -0.9),
        iris=1.06,
        width=15,
        smile=2.2,
        skew=2.8,
        blush=64,
        head=(1.2, -0.6),
        glow=(242, 168, 92),
    ),
}
