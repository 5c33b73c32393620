"""The report of a suite: a rate for every rule, over all and by kind, beside those of another model if there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.evaluation.audition import Spoken
from npc_engine.evaluation.rates import Z_SHOWN, Difference, Rate, difference, rate
from npc_engine.evaluation.scenario_checks import CHECKS

#: A bar's height and colours in the picture: before, after.
BAR, BEFORE, AFTER = 0.38, "#b9b2a3", "#2f6f8f"


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """What a model made of a suite. `model` says which, with its adapter."""

    suite: str
    model: str
    seeds: int
    replies: Sequence[Spoken]

    def rates(self, kind: str = "") -> dict[str, Rate]:
        """By rule, of all replies or of one kind; only those that were asked. What a scenario expects is judged by its
        last reply, the other rules by all."""
        judged = [reply.checks for reply in self.replies if kind in ("", reply.kind)]
        answers = {check.name: [checks[check.name] for checks in judged if check.name in checks] for check in CHECKS}
        return {name: rate(passes) for name, passes in answers.items() if passes}

    @property
    def kinds(self) -> list[str]:
        """The kinds that were tried, in the order in which they came."""
        return list(dict.fromkeys(reply.kind for reply in self.replies))

    def against(self, before: SuiteReport) -> dict[str, Difference]:
        """How the rates differ from another model's to the same lines and seeds, with 95 % intervals."""
        own = {reply.key: reply.checks for reply in self.replies}
        others = {reply.key: reply.checks for reply in before.replies}
        shared = [key for key in own if key in others]
        differences = {}
        for check in CHECKS:
            keys = [key for key in shared if check.name in own[key] and check.name in others[key]]
            if keys:
                earlier, later = ([answers[key][check.name] for key in keys] for answers in (others, own))
                differences[check.name] = difference(earlier, later, Z_SHOWN)
        return differences

    def as_json(self) -> dict[str, Any]:
        """For a script, and for `read_report`: rates, rules and every reply."""
        scenarios = {(reply.setting, reply.scenario) for reply in self.replies}
        return {
            "suite": self.suite,
            "model": self.model,
            "seeds": self.seeds,
            "scenarios": len(scenarios),
            "rates": {name: _rate(found) for name, found in self.rates().items()},
            "by_kind": {kind: {name: _rate(found) for name, found in self.rates(kind).items()} for kind in self.kinds},
            "rules": {check.name: check.rule for check in CHECKS},
            "replies": [asdict(reply) for reply in self.replies],
        }


def read_report(data: Mapping[str, Any]) -> SuiteReport:
    """What `as_json` wrote. Raises NpcError (ENGINE_FAILED) for anything else."""
    try:
        replies = [Spoken(**reply) for reply in data["replies"]]
        return SuiteReport(data["suite"], data["model"], data["seeds"], replies)
    except (KeyError, TypeError) as error:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"this is no report of a suite: {error}") from error


def draw(report: SuiteReport, before: SuiteReport | None, path: Path) -> None:
    """Write the rates as PNG, with 95 % intervals. Raises OSError."""
    from matplotlib.figure import Figure

    rows = [check for check in CHECKS if check.name in report.rates()]
    figure = Figure(figsize=(8, 0.55 * len(rows) + 1.6), layout="constrained")
    axes = figure.subplots()
    shown = [(before, BEFORE, BAR / 2), (report, AFTER, -BAR / 2)] if before else [(report, AFTER, 0.0)]
    for subject, color, shift in shown:
        assert subject is not None
        rates = subject.rates()
        for row, check in enumerate(rows):
            if (found := rates.get(check.name)) is None:
                continue
            low, high = found.interval()
            label = subject.model if row == 0 else None
            axes.barh(row - shift, found.share, height=BAR, color=color, label=label)
            axes.plot([low, high], [row - shift] * 2, color="#222222", linewidth=1.2)
            axes.text(1.01, row - shift, f"{found.share:.0%} of {found.total}", va="center", fontsize=7)
    axes.set_yticks(range(len(rows)), [check.title for check in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=1, frameon=False, fontsize=8)
    axes.set_title(f"{report.suite}, seeds: {report.seeds}", loc="left", fontsize=10)
    figure.savefig(path, dpi=110)


def _rate(found: Rate) -> dict[str, Any]:
    return asdict(found) | {"share": found.share, "interval": found.interval()}
