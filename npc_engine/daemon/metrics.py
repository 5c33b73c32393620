"""What the front counts and times about itself; read through `health`."""

from __future__ import annotations

from collections import Counter, deque

#: Samples kept per series: at 100 requests a second about 40 seconds.
WINDOW = 4_096


def percentiles(samples: list[float], ranks: tuple[int, ...] = (50, 95, 99)) -> dict[str, float]:
    """Nearest-rank percentiles of `samples` as {"p50": ...}; zeros when there are none."""
    ordered = sorted(samples)
    last = len(ordered) - 1
    return {f"p{rank}": ordered[min(last, int(rank / 100 * len(ordered)))] if ordered else 0.0 for rank in ranks}


class Metrics:
    """Counters since the start, and recent durations in milliseconds."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self._durations: dict[str, deque[float]] = {}

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        self.counters[name] += by

    def time(self, name: str, duration_ms: float) -> None:
        """Note a duration."""
        self._durations.setdefault(name, deque(maxlen=WINDOW)).append(duration_ms)

    def summary(self) -> dict[str, object]:
        """Everything, ready for the wire."""
        durations = {
            name: {rank: round(value, 3) for rank, value in percentiles(list(samples)).items()}
            for name, samples in self._durations.items()
        }
        return {"counters": dict(self.counters), "durations_ms": durations}
