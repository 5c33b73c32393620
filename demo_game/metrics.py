"""What the demo measures of itself: frames, polls of the client, and lines."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

#: How many frames and polls are kept: ten minutes at 60 frames a second.
KEPT = 36_000
#: How many lines are kept to be looked at; all of them are counted.
KEPT_LINES = 64


@dataclass(frozen=True, slots=True)
class LineNumbers:
    """One line of a character, from the question to its last word. Times in milliseconds since the game asked;
    `first_ms` is None if no word came before the end."""

    who: str
    kind: str
    budget_ms: int
    first_ms: float | None
    total_ms: float
    source: str
    reason: str = ""
    cached_tokens: int = 0
    prompt_tokens: int = 0


class Metrics:
    """Numbers of one run of the game, in rings of bounded length."""

    def __init__(self) -> None:
        self.frames = 0
        self.frame_ms: deque[float] = deque(maxlen=KEPT)
        self.poll_ms: deque[float] = deque(maxlen=KEPT)
        self.lines: deque[LineNumbers] = deque(maxlen=KEPT_LINES)
        self.sources: Counter[str] = Counter()

    def frame(self, work_ms: float) -> None:
        """A frame took this long to compute and draw, without the wait for the next."""
        self.frames += 1
        self.frame_ms.append(work_ms)

    def poll(self, ms: float) -> None:
        """A poll of the client took this long."""
        self.poll_ms.append(ms)

    def line(self, numbers: LineNumbers) -> None:
        """A line has ended."""
        self.lines.append(numbers)
        self.sources[numbers.source] += 1

    def clear(self) -> None:
        """Begin to count anew."""
        self.frames = 0
        for kept in (self.frame_ms, self.poll_ms, self.lines, self.sources):
            kept.clear()

    @property
    def cache_hit_share(self) -> float:
        """How much of the prompts of the kept lines the daemon had read before, 0 to 1."""
        prompt = sum(line.prompt_tokens for line in self.lines)
        return sum(line.cached_tokens for line in self.lines) / prompt if prompt else 0.0

    def summary(self) -> dict[str, Any]:
        """All of it, as values for JSON."""
        return {
            "frames": self.frames,
            "frame_ms": percentiles(self.frame_ms, 50, 95, 99),
            "poll_ms": percentiles(self.poll_ms, 50, 99),
            "lines": self.sources.total(),
            "sources": dict(self.sources),
        }


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed (nearest rank); 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def percentiles(values: Iterable[float], *percents: int) -> dict[str, float]:
    """Percentiles by name, "p50" and so on, to a thousandth."""
    kept = list(values)
    return {f"p{percent}": round(percentile(kept, percent / 100), 3) for percent in percents}


def latest(values: deque[float], count: int) -> list[float]:
    """The last `count` values, oldest first."""
    return list(islice(reversed(values), count))[::-1]
