"""The lines of one setting in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from npc_engine.evaluation.checks import CHECKS
from npc_engine.evaluation.experiment import Line
from npc_engine.evaluation.rates import Rate, rate


@dataclass(frozen=True, slots=True)
class Summary:
    """`rates` are those of `CHECKS`; the others are means. `alike` is None where the reference says nothing.
    `entropy` is nats per token at the end, `ms` computing time of a line, of which the prompt's reading is no part."""

    setting: str
    lines: int
    rates: dict[str, Rate]
    same_labels: Rate
    alike: float | None
    words: float
    entropy: float
    steps: float
    ms: float


def summarise(setting: str, lines: Sequence[Line]) -> Summary:
    """`lines` are those of the setting, one at least."""
    alike = [line.alike for line in lines if line.alike is not None]
    return Summary(
        setting=setting,
        lines=len(lines),
        rates={check.name: rate([line.checks[check.name] for line in lines]) for check in CHECKS},
        same_labels=rate([line.same_labels for line in lines if line.same_labels is not None]),
        alike=fmean(alike) if alike else None,
        words=fmean(line.words for line in lines),
        entropy=fmean(line.written.entropy for line in lines),
        steps=fmean(line.written.steps for line in lines),
        ms=fmean(line.written.ms for line in lines),
    )
