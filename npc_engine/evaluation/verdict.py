"""What the rates say about a setting, in plain words. The rules:

A rate FELL if the 99 % interval of its difference to the reference's lies below 0. It is NO WORSE if that interval ends
above the margin of -10 points. Else there are TOO FEW lines to tell. Where the reference itself reaches a rate in less
than half of its lines, the rate COMPARES NOTHING unless it fell. "Same labels" is compared with the control: two lines
of the reference with other seeds differ, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from npc_engine.evaluation.checks import CHECKS
from npc_engine.evaluation.experiment import Line
from npc_engine.evaluation.rates import Difference, difference
from npc_engine.evaluation.settings import CONTROL, REFERENCE
from npc_engine.evaluation.summary import Summary

#: By how much a rate may be lower and still count as no worse.
MARGIN = 0.10
#: Lines so much shorter or longer are mentioned: the rates do not see it.
LENGTH_MARGIN = 0.25
#: A rate that the reference itself reaches less often than this compares nothing.
LOW_RATE = 0.5
SAME_LABELS = "same labels"


class Finding(StrEnum):
    """What became of a rate."""

    FELL = "fell"
    NO_WORSE = "no worse"
    TOO_FEW = "too few lines"
    COMPARES_NOTHING = "compares nothing"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One rate of a setting against the reference's."""

    title: str
    difference: Difference
    needs: float = 0.0  # what the reference must reach

    @property
    def finding(self) -> Finding:
        """See the rules above."""
        low, high = self.difference.interval
        if high < 0.0:
            return Finding.FELL
        if self.difference.before.share < self.needs:
            return Finding.COMPARES_NOTHING
        return Finding.NO_WORSE if low > -MARGIN else Finding.TOO_FEW

    def __str__(self) -> str:
        low, high = self.difference.interval
        before, after = self.difference.before.share, self.difference.after.share
        return f"{self.title} {before:.0%} -> {after:.0%} (difference {100 * low:+.0f} to {100 * high:+.0f} points)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A setting's judgements, and what else there is to say of it."""

    setting: str
    lines: int
    judgements: Sequence[Judgement]
    remarks: Sequence[str] = field(default_factory=tuple)

    @property
    def text(self) -> str:
        """In plain words."""
        fell, unsure, idle = map(self._of, (Finding.FELL, Finding.TOO_FEW, Finding.COMPARES_NOTHING))
        too_few = [f"too few lines to tell: {_listed(unsure)}"] if unsure else []
        if fell:
            parts = [f"WORSE: {_listed(fell)}", *too_few, *self.remarks]
        elif unsure and len(unsure) + len(idle) == len(self.judgements):
            parts = ["too few lines to tell anything"]
        elif unsure:
            parts = ["no rate fell for sure", *too_few, *self.remarks]
        elif len(idle) == len(self.judgements):
            parts = ["nothing to compare, the reference itself fails"]
        else:
            parts = [f"no worse than the reference on any rate{' that compares' if idle else ''}", *self.remarks]
        return f"{self.setting} (N={self.lines}): {'. '.join(parts)}."

    def _of(self, finding: Finding) -> list[Judgement]:
        return [judgement for judgement in self.judgements if judgement.finding is finding]


def judge(by_setting: Mapping[str, Sequence[Line]], summaries: Mapping[str, Summary]) -> list[Verdict]:
    """One verdict for each setting but the reference, the control among them."""
    reference = by_key(by_setting[REFERENCE.name])
    control = by_key(by_setting[CONTROL.name])
    return [
        Verdict(name, len(lines), _judgements(reference, control, lines), _remarks(summaries, name))
        for name, lines in by_setting.items()
        if name != REFERENCE.name
    ]


def caveat(reference: Summary) -> str:
    """What makes the verdicts worth less; empty if nothing does."""
    low = [
        f"`{check.title}` ({reference.rates[check.name].share:.0%})"
        for check in CHECKS
        if reference.rates[check.name].share < LOW_RATE
    ]
    return (
        f"The reference itself seldom reaches {', '.join(low)}: no other setting can be judged by that." if low else ""
    )


def by_key(lines: Iterable[Line]) -> dict[tuple[str, str, int], Line]:
    """By what is the same in every setting."""
    return {(line.npc, line.question, line.seed): line for line in lines}


def _judgements(
    reference: Mapping[tuple[str, str, int], Line], control: Mapping[tuple[str, str, int], Line], lines: Sequence[Line]
) -> list[Judgement]:
    judgements = [
        Judgement(
            check.title,
            difference(
                [reference[key].checks[check.name] for key in by_key(lines)],
                [line.checks[check.name] for line in lines],
            ),
            needs=LOW_RATE,
        )
        for check in CHECKS
    ]
    pairs = [(control[key].same_labels, line.same_labels) for key, line in by_key(lines).items()]
    known = [(before, after) for before, after in pairs if before is not None and after is not None]
    if known:
        judgements.append(
            Judgement(SAME_LABELS, difference([before for before, _ in known], [after for _, after in known]))
        )
    return judgements


def _remarks(summaries: Mapping[str, Summary], name: str) -> list[str]:
    before, after = summaries[REFERENCE.name].words, summaries[name].words
    if abs(after - before) <= LENGTH_MARGIN * before:
        return []
    return [f"Its lines are {'shorter' if after < before else 'longer'}: {after:.1f} words, not {before:.1f}"]


def _listed(judgements: Sequence[Judgement]) -> str:
    return "; ".join(map(str, judgements))
