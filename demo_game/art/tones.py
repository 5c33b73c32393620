"""Colours and their shades: darker is cooler, lighter is warmer, as a painter would mix them."""

from __future__ import annotations

from typing import TypeAlias

#: Red, green, blue, 0..255.
Color: TypeAlias = tuple[int, int, int]

#: What lies behind every shade and every highlight.
DUSK: Color = (34, 20, 52)
SUN: Color = (255, 240, 200)


def mix(first: Color, second: Color, share: float) -> Color:
    """`share` (0..1) of the second colour in the first."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def darker(color: Color, share: float = 0.28) -> Color:
    """The same colour in shadow."""
    return mix(color, DUSK, share)


def lighter(color: Color, share: float = 0.22) -> Color:
    """The same colour where the light falls."""
    return mix(color, SUN, share)
