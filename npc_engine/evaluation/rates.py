"""Rates and how far to trust them. Pure.

Intervals: Wilson, "Probable inference, the law of succession, and statistical inference" (1927), for one rate;
Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired data" (1998),
method 10, for the difference of two rates over the same prompts and seeds. Both hold for few lines and near 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

#: Standard deviations: 95 % for a rate that is shown, 99 % for a difference that is judged, because a run judges about
#: a hundred of them.
Z_SHOWN, Z_JUDGED = 1.960, 2.576


class Interval(NamedTuple):
    """From `low` to `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `total`."""

    count: int
    total: int

    @property
    def share(self) -> float:
        """0 to 1; 0 of nothing."""
        return self.count / self.total if self.total else 0.0

    def interval(self, z: float = Z_SHOWN) -> Interval:
        """Wilson's. Of nothing, everything is possible."""
        if not self.total:
            return Interval(0.0, 1.0)
        scale = 1.0 + z * z / self.total
        middle = (self.share + z * z / (2 * self.total)) / scale
        half = z / scale * sqrt(self.share * (1 - self.share) / self.total + (z / (2 * self.total)) ** 2)
        return Interval(max(0.0, middle - half), min(1.0, middle + half))


def rate(passes: Sequence[bool]) -> Rate:
    """How many of them."""
    return Rate(sum(passes), len(passes))


@dataclass(frozen=True, slots=True)
class Difference:
    """The rate of `after` less that of `before`, and the interval it lies in."""

    before: Rate
    after: Rate
    interval: Interval

    @property
    def share(self) -> float:
        """-1 to 1."""
        return self.after.share - self.before.share


def difference(before: Sequence[bool], after: Sequence[bool], z: float = Z_JUDGED) -> Difference:
    """Of paired observations: the same prompt and seed in both."""
    pairs = list(zip(before, after, strict=True))
    first, second = rate(before), rate(after)
    if not pairs:
        return Difference(first, second, Interval(-1.0, 1.0))
    (low_1, high_1), (low_2, high_2) = first.interval(z), second.interval(z)
    linked = _correlation(pairs)
    down_1, up_1 = first.share - low_1, high_1 - first.share
    down_2, up_2 = second.share - low_2, high_2 - second.share
    share = second.share - first.share
    below = sqrt(max(0.0, down_2**2 - 2 * linked * down_2 * up_1 + up_1**2))
    above = sqrt(max(0.0, up_2**2 - 2 * linked * up_2 * down_1 + down_1**2))
    return Difference(first, second, Interval(max(-1.0, share - below), min(1.0, share + above)))


def _correlation(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Newcombe's phi, drawn towards 0 by his correction for continuity; 0 where a rate is 0 or 1."""
    both, first, second, neither = (
        pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))
    )
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    if not margins:
        return 0.0
    product = both * neither - first * second
    return (max(0.0, product - len(pairs) / 2) if product > 0 else product) / sqrt(margins)
