"""The river Wend: where its banks are. It flows from the right edge of the map to the left."""

from __future__ import annotations

from math import sin

#: The weir by the mill, from bank to bank: (x, y) of its upper and its lower end.
WEIR = ((1418, 706), (1352, 884))

#: The river's level from which the water covers the mud and the ferry floats, in painted lines.
HIGH_LEVEL = 3


def north_bank(x: float) -> float:
    """Where the grass ends, y."""
    y = 726 + 7 * sin(x / 83) + 4 * sin(x / 31 + 1)
    if x > 1380:  # the mill stands with its foot in the water
        return y + (690 - y) * min(1.0, (x - 1380) / 30)
    return y


def mud_width(x: float) -> float:
    """How much of the bed lies bare below the north bank while the river is low."""
    if x > 1360:
        return 0.0
    landing = max(0.0, 1 - abs(x - 680) / 190)
    return (13 + 3 * sin(x / 23) + 46 * landing) * min(1.0, (1360 - x) / 60)


def south_bank(x: float) -> float:
    """Where the far bank's grass begins, y."""
    return 884 + 8 * sin(x / 97 + 2) + 3 * sin(x / 29)


def is_river(x: float, y: float) -> bool:
    """Water or mud."""
    return north_bank(x) <= y <= south_bank(x)
