"""Steps captured in CUDA graphs: what a step asks of the card, noted down once and told again in one call.

A step of the large model is about a thousand kernels; telling a card of each takes longer than some of them run. What
is captured finds its data in the same place each time, and is as large each time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias

import torch

log = logging.getLogger(__name__)

#: What is to be done, and what does it again.
Work: TypeAlias = Callable[[], None]
Capture: TypeAlias = Callable[[Work], Work]


class Graphs:
    """Does work by its key: the first time plainly, so that kernels are compiled; from the second time on as captured.

    `capture` None does it plainly every time, which is all that a CPU can do. Where capturing fails that is logged, and
    everything is done plainly from then on.
    """

    def __init__(self, capture: Capture | None) -> None:
        self._capture = capture
        self._seen: set[Hashable] = set()
        self._replays: dict[Hashable, Work] = {}

    @property
    def captured(self) -> int:
        """How many there are."""
        return len(self._replays)

    def run(self, key: Hashable, work: Work) -> None:
        """Do it. Work of one key must ask the same of the card every time."""
        if key in self._seen and key not in self._replays and self._capture is not None:
            self._note(key, work, self._capture)
        self._seen.add(key)
        self._replays.get(key, work)()

    def _note(self, key: Hashable, work: Work, capture: Capture) -> None:
        try:
            self._replays[key] = capture(work)
        except RuntimeError as error:
            log.warning("steps are not captured, so they take longer: %s", error)
            self._capture = None


def cuda_capture(device: torch.device) -> Capture:
    """Captures on a card. All graphs share one pool of memory: they never run at once, and what they leave behind lies
    outside of it."""
    pool: Any = torch.cuda.graph_pool_handle()

    def capture(work: Work) -> Work:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(device), torch.cuda.graph(graph, pool=pool):
            work()
        return graph.replay

    return capture
