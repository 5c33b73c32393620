"""The report: tables, verdicts and the rules behind them, for a terminal, an issue or a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from npc_engine.evaluation.checks import CHECKS
from npc_engine.evaluation.experiment import Line
from npc_engine.evaluation.rates import Rate
from npc_engine.evaluation.settings import CONTROL, QUESTIONS, REFERENCE, Question, Setting, describe
from npc_engine.evaluation.summary import Summary, summarise
from npc_engine.evaluation.verdict import LENGTH_MARGIN, LOW_RATE, MARGIN, Verdict, by_key, caveat, judge

NOISE = (
    "RANDOM WEIGHTS: this model speaks noise. The numbers show that the command works, and prove nothing about words."
)
SCOPE = (
    "Rules see form, not wit or truth: read the samples. Lines of one character are not independent of each other, so "
    "the intervals are somewhat too narrow. All of it holds for this model and these prompts."
)
#: Every rule by the column it explains, for `--help` and for the report.
RULES = (
    *((check.title, check.rule) for check in CHECKS),
    ("words", "mean length of a line"),
    ("same labels", "deed and emotion are those that the reference's line has, for the same prompt and seed"),
    (
        "alike",
        "words shared with the reference's line: twice those both have / those of both (Dice); mean where it has any",
    ),
    ("nats", "entropy per token of the line in the last step: 0 is certainty; the mean"),
    ("steps", "denoising steps taken, without the passes that read labels; the mean"),
    ("ms", "computing time of a line in a batch: its share of each step, by rows; the mean, without the prompt"),
    (
        "verdict",
        "a rate fell if the 99 % interval of its paired difference (Newcombe 1998) to the reference's lies below 0; it "
        f"is no worse if that interval ends above -{MARGIN:.0%}; else there are too few lines to tell. Where the "
        f"reference itself stays below {LOW_RATE:.0%}, a rate compares nothing unless it fell. `same labels` "
        f"is compared with `{CONTROL.name}`, the reference with other seeds. A length that differs by more than "
        f"{LENGTH_MARGIN:.0%} is mentioned",
    ),
)
INTERVALS = "A rate stands with its 95 % interval (Wilson 1927)."


@dataclass(frozen=True, slots=True)
class Subject:
    """What was tried, and on what. `noise`: of random weights."""

    model: str
    description: str
    device: str
    version: str
    pack: str
    noise: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to one question: the reference and the control come first."""

    question: Question
    rows: tuple[Summary, ...]


class Report:
    """All that is to be told of a finished experiment."""

    def __init__(self, subject: Subject, lines: Sequence[Line]) -> None:
        self.subject = subject
        self.lines = lines
        by_setting: dict[str, list[Line]] = {}
        for line in lines:
            by_setting.setdefault(line.setting, []).append(line)
        self._by_setting = by_setting
        self.summaries = {name: summarise(name, own) for name, own in by_setting.items()}
        self.tables = [
            Table(question, tuple(self.summaries[each.name] for each in (REFERENCE, CONTROL, *question.settings)))
            for question in QUESTIONS
            if all(setting.name in by_setting for setting in question.settings)
        ]
        self.verdicts: list[Verdict] = judge(by_setting, self.summaries)
        self.caveats = list(filter(None, [NOISE if subject.noise else "", caveat(self.summaries[REFERENCE.name])]))

    @property
    def title(self) -> str:
        """What was tried, in one line."""
        subject = self.subject
        asked = len({(line.npc, line.question) for line in self.lines})
        seeds = len({line.seed for line in self.lines})
        return (
            f"{subject.model} ({subject.description}) on {subject.device}, npc-engine {subject.version}: pack "
            f"{subject.pack}, {asked * seeds} lines per setting (prompts: {asked}, seeds: {seeds})"
        )

    def samples(self, count: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Of `count` prompts and seeds, spread over all: who was asked what, and the line of every setting."""
        keyed = {name: by_key(lines) for name, lines in self._by_setting.items()}
        keys = list(keyed[REFERENCE.name])
        for key in [keys[index * len(keys) // count] for index in range(min(count, len(keys)))]:
            npc, question, seed = key
            yield (
                f'{npc}, asked "{question}" (seed {seed})',
                [(name, _sample(own[key])) for name, own in keyed.items()],
            )

    def as_json(self) -> dict[str, Any]:
        """For a script: everything, each line too."""
        return {
            **asdict(self.subject),
            "caveats": self.caveats,
            "settings": {name: describe(each) for name, each in _settings(self.summaries).items()},
            "tables": {
                table.question.name: [_summary_json(summary) for summary in table.rows] for table in self.tables
            },
            "verdicts": [
                {
                    "setting": verdict.setting,
                    "text": verdict.text,
                    "judgements": [
                        {
                            "rate": each.title,
                            "finding": each.finding.value,
                            "difference": each.difference.share,
                            "interval": each.difference.interval,
                        }
                        for each in verdict.judgements
                    ],
                }
                for verdict in self.verdicts
            ],
            "rules": dict(RULES),
            "lines": [asdict(line) for line in self.lines],
        }

    def markdown(self, samples: int) -> str:
        """For an issue."""
        parts = ["# How the departures hold up in words", self.title + ".", *(f"**{each}**" for each in self.caveats)]
        parts += ["## Verdict", "\n".join(f"- {verdict.text}" for verdict in self.verdicts), SCOPE]
        for table in self.tables:
            parts += [f"## {table.question.title}", _markdown_table([COLUMNS, *map(cells, table.rows)])]
        if samples:
            parts.append("## Samples")
        for asked, said in self.samples(samples):
            parts += [f"### {asked}", "\n".join(f"- **{name}**: {_escaped(text)}" for name, text in said)]
        settings = _settings(self.summaries)
        parts += ["## Settings", "\n".join(f"- **{name}**: {describe(each)}" for name, each in settings.items())]
        parts += ["## Rules", INTERVALS, "\n".join(f"- **{name}**: {rule}" for name, rule in RULES)]
        return "\n\n".join(parts) + "\n"


COLUMNS = (
    "setting", "N", *(check.title for check in CHECKS), "words", "same labels", "alike", "nats", "steps", "ms",
)  # fmt: skip


def cells(summary: Summary) -> tuple[str, ...]:
    """A row of a table, under `COLUMNS`."""
    return (
        summary.setting,
        str(summary.lines),
        *(_percent(summary.rates[check.name]) for check in CHECKS),
        f"{summary.words:.1f}",
        _percent(summary.same_labels),
        "-" if summary.alike is None else f"{summary.alike:.2f}",
        f"{summary.entropy:.3f}",
        f"{summary.steps:.1f}",
        f"{summary.ms:.0f}",
    )


def _percent(rate: Rate) -> str:
    if not rate.total:
        return "-"
    low, high = rate.interval()
    return f"{rate.share:.0%} ({100 * low:.0f}-{100 * high:.0f})"


def _summary_json(summary: Summary) -> dict[str, Any]:
    rates = {name: _rate_json(rate) for name, rate in summary.rates.items()}
    return asdict(summary) | {"rates": rates, "same_labels": _rate_json(summary.same_labels)}


def _rate_json(rate: Rate) -> dict[str, Any]:
    return asdict(rate) | {"share": rate.share, "interval": rate.interval()}


def _settings(names: Mapping[str, Summary]) -> dict[str, Setting]:
    known = [REFERENCE, CONTROL, *(setting for question in QUESTIONS for setting in question.settings)]
    return {setting.name: setting for setting in known if setting.name in names}


def _sample(line: Line) -> str:
    labels = ", ".join(line.written.choices.values())
    text = " ".join(line.written.text.split()) or "(no line)"
    return f"{f'({labels}) ' if labels else ''}{text}{'' if line.written.ended else ' [not ended]'}"


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    header, *body = rows
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    """Text of a model: markup would be none of ours."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]<>#|~" else character for character in text)
