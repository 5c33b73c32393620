"""The CPU engines side by side: same model, same characters, one run; their ratios against the bars of the project.

    python benchmarks/cpu_engines.py --model qwen2.5-coder-0.5b --plot cpu_engines.png --json cpu_engines.json

Each engine has a process of its own at the worker's niceness. They take turns, scenario by scenario, so that whatever
else the machine does falls on both; look at the ratios. A prompt is a character of Oakhollow, its file as it stands,
and a question; a line is `LINE_TOKENS` tokens. Before anything is measured, each engine is warmed up with another text.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import psutil

from npc_engine.clock import NS_PER_MS, SystemClock
from npc_engine.engines import registry
from npc_engine.engines.base import Engine, ModelSpec
from npc_engine.engines.slots import common_prefix
from npc_engine.engines.threads import sleep_soon
from npc_engine.jobs import Draft, EngineTask, Finished, Plan, Sampling, TextSlot
from npc_engine.models.choose import model_here

NICENESS = 10
LINE_TOKENS = 30
GREEDY = Sampling(temperature=0.0)
PARALLEL = 8
CONTEXT_TOKENS = 2_048
PERSONA_CHARS = 2_600
CHARACTERS = Path(__file__).parent.parent / "characters" / "oakhollow" / "npcs"
QUESTIONS = (
    "Who bought the mill?", "What is that noise in your cellar?", "May I sleep here tonight?", "Have you any work?",
    "Do you know the miller?", "What do you think of the steward?", "Tell me about the river.", "Is the bridge down?",
)  # fmt: skip

#: What is measured: how it is called, its unit, whether less is better, and the ratio it must reach.
MEASURES = {
    "cold": ("first text, cold", "ms", True, 0.4),
    "warm": ("first text, warm", "ms", True, 0.6),
    "line": ("line, warm", "ms", True, 1.1),
    "switch": ("first text, 8 in turn", "ms", True, None),
    "four": ("4 at once", "lines/s", False, 1.3),
    "eight": ("8 at once", "lines/s", False, None),
    "freeze": ("longest freeze by a newcomer", "ms", True, None),
    "memory": ("memory", "MB", True, None),
}
FREEZE_BAR_MS = 100


def main() -> None:
    """Measure, print a table, judge it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="qwen2.5-coder-0.5b", help="a catalogue name")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--prompts", type=int, default=20, help="of which both engines write the likeliest line")
    parser.add_argument("--threads", type=int, default=0, help="of each model; 0 as the engines choose")
    parser.add_argument("--option", action="append", default=[], help="of the openvino engine, as name=value")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    entry, path = model_here(arguments.model)
    spec = ModelSpec(entry.name, path, entry.chat_format, True, CONTEXT_TOKENS, PARALLEL, arguments.threads)
    options = {"llama": {}, "openvino": dict(option.split("=", 1) for option in arguments.option)}
    values: dict[str, dict[str, list[float]]] = {name: {key: [] for key in MEASURES} for name in options}
    with _Children(spec, options) as children:
        for run in range(arguments.repeat):
            for measure in MEASURES:
                for name, child in children.items():
                    values[name][measure].append(float(child.ask(measure, run)))
        likeliest = [[child.ask("likeliest", run) for child in children.values()] for run in range(arguments.prompts)]
    medians = {name: {key: statistics.median(runs) for key, runs in found.items()} for name, found in values.items()}
    print(f"{entry.title}, {psutil.cpu_count()} cores, medians of {arguments.repeat}\n")
    _print_table(medians)
    _print_agreement(likeliest)
    if arguments.json:
        found = {"model": entry.name, "values": values, "likeliest": likeliest}
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if arguments.plot:
        _plot(medians, entry.title, arguments.plot)


def _print_table(medians: dict[str, dict[str, float]]) -> None:
    print("| | llama | openvino | ratio | bar | |\n|---|---|---|---|---|---|")
    for key, (title, unit, less, bar) in MEASURES.items():
        llama, openvino = (medians[name][key] for name in ("llama", "openvino"))
        ratio = openvino / llama
        cells = [f"{llama:.4g} {unit}", f"{openvino:.4g} {unit}", f"{ratio:.2f}"]
        if key == "freeze":
            cells += [f"<= {FREEZE_BAR_MS} ms", "holds" if openvino <= FREEZE_BAR_MS else "FAILS"]
        elif bar is None:
            cells += ["", ""]
        else:
            holds = ratio <= bar if less else ratio >= bar
            cells += [f"{'<=' if less else '>='} {bar}", "holds" if holds else "FAILS"]
        print(f"| {title} | " + " | ".join(cells) + " |")


def _print_agreement(likeliest: list[list[str]]) -> None:
    """How often both wrote the same, how far the others went together, and some of those."""
    parting = [lines for lines in likeliest if lines[0] != lines[1]]
    shares = [_shared(*lines) for lines in parting]
    print(f"\nThe likeliest line is the same for {len(likeliest) - len(parting)} of {len(likeliest)} prompts; ", end="")
    print(f"of the others the first {statistics.mean(shares or [1.0]):.0%}.")
    for llama, openvino in parting[:3]:
        print(f"\n    llama:    {llama!r}\n    openvino: {openvino!r}")


def _shared(one: str, other: str) -> float:
    return common_prefix(one.encode(), other.encode()) / len(max(one, other, key=len).encode())


class Speaker:
    """An engine that is made to speak, in its own process."""

    def __init__(self, name: str, spec: ModelSpec) -> None:
        sleep_soon()
        psutil.Process().nice(NICENESS)
        self._engine: Engine = registry.create(name, SystemClock())
        self._engine.load(spec, lambda fraction, what: None)
        self._ids = count(1)
        self._personas = [
            path.read_text(encoding="utf-8")[:PERSONA_CHARS] for path in sorted(CHARACTERS.glob("*.yaml"))
        ]
        for lines in (1, 2, 4, 8):
            self.speak([self._prompt(who, 0, "warm-up") for who in range(lines)])

    def cold(self, run: int) -> float:
        """First text of a character that was never seen."""
        return self.speak([self._prompt(run, run, f"cold {run}")])[0].first_ms

    def warm(self, run: int) -> float:
        """First text of a character that has just spoken, to a new question."""
        self.speak([self._prompt(0, run)])
        return self.speak([self._prompt(0, run + 1)])[0].first_ms

    def line(self, run: int) -> float:
        """A whole line of such a character."""
        self.speak([self._prompt(0, run)])
        return self.speak([self._prompt(0, run + 1)])[0].line_ms

    def switch(self, run: int) -> float:
        """First text, one character after another."""
        for who in range(8):
            self.speak([self._prompt(who, run)])
        return statistics.median(self.speak([self._prompt(who, run + 1)])[0].first_ms for who in range(8))

    def four(self, run: int) -> float:
        """Lines a second of four who have spoken before."""
        return self._at_once(4, run)

    def eight(self, run: int) -> float:
        """The same of eight."""
        return self._at_once(8, run)

    def freeze(self, run: int) -> float:
        """The longest pause of a line beside which somebody never seen begins."""
        self.speak([self._prompt(0, run)])
        lines = self.speak([self._prompt(0, run + 1), self._prompt(run, run, f"newcomer {run}")], second_after=8)
        return max(later - earlier for earlier, later in pairwise(lines[0].times_ms))

    def memory(self, run: int) -> float:
        """Resident memory, MB."""
        return psutil.Process().memory_info().rss / 1e6

    def likeliest(self, run: int) -> str:
        """The line when nothing is left to chance and nothing is penalised."""
        plain = Sampling(temperature=0.0, repeat_penalty=1.0, repeat_length=0)
        return self.speak([self._prompt(run, run // 8 + run)], sampling=plain)[0].text

    def _at_once(self, lines: int, run: int) -> float:
        self.speak([self._prompt(who, run) for who in range(lines)])
        began = time.perf_counter()
        spoken = self.speak([self._prompt(who, run + 1) for who in range(lines)])
        return sum(line.tokens for line in spoken) / LINE_TOKENS / (time.perf_counter() - began)

    def _prompt(self, who: int, question: int, seen_by: str = "") -> tuple[str, str]:
        """Cache key and text; what is `seen_by` somebody shares nothing with others."""
        name = f"{who % len(self._personas)} {seen_by}"
        persona = self._personas[who % len(self._personas)]
        asked = QUESTIONS[question % len(QUESTIONS)]
        text = f"<|im_start|>system\n{seen_by}{persona}<|im_end|>\n<|im_start|>user\n{asked}<|im_end|>\n"
        return name, text + "<|im_start|>assistant\n"

    def speak(self, prompts: list[tuple[str, str]], second_after: int = 0, sampling: Sampling = GREEDY) -> list[Line]:
        """A line for each; the second one begins when the first has `second_after` tokens."""
        tasks = [self._task(*prompt, sampling) for prompt in prompts]
        lines = {task.id: Line() for task in tasks}
        waiting = tasks[1:] if second_after else []
        for task in tasks[: len(tasks) - len(waiting)]:
            lines[task.id].begin()
            self._engine.start(task)
        left = len(tasks)
        while left:
            for update in self._engine.poll(time.monotonic_ns() + 1_000 * NS_PER_MS):
                line = lines[update.id]
                if isinstance(update, Finished):
                    line.text, line.tokens, left = update.text, update.usage.output_tokens, left - 1
                elif isinstance(update, Draft):
                    line.times_ms.append(line.now_ms())
            if waiting and len(lines[tasks[0].id].times_ms) >= second_after:
                lines[waiting[0].id].begin()
                self._engine.start(waiting.pop())
        return [lines[task.id] for task in tasks]

    def _task(self, key: str, text: str, sampling: Sampling) -> EngineTask:
        return EngineTask(
            id=next(self._ids),
            cache_key=key,
            tokens=tuple(self._engine.tokenise(text, special=True)),
            slots=(TextSlot(max_tokens=LINE_TOKENS),),
            sampling=sampling,
            plan=Plan(LINE_TOKENS, LINE_TOKENS + 1),
        )


class Line:
    """What was said, and when its text came, milliseconds since it was asked for."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens = 0
        self.times_ms: list[float] = []
        self._began = 0.0

    def begin(self) -> None:
        """It is asked for now."""
        self._began = time.perf_counter()

    def now_ms(self) -> float:
        """Milliseconds since then."""
        return (time.perf_counter() - self._began) * 1_000

    @property
    def first_ms(self) -> float:
        """Until the first text."""
        return self.times_ms[0]

    @property
    def line_ms(self) -> float:
        """Until `LINE_TOKENS` tokens, if it had gone on like that: models end their lines where they like."""
        each_ms = (self.times_ms[-1] - self.times_ms[0]) / max(1, len(self.times_ms) - 1)
        return self.times_ms[0] + each_ms * (LINE_TOKENS - 1)


@dataclass
class Child:
    """A speaker's process, from outside."""

    process: multiprocessing.process.BaseProcess
    connection: Connection

    def ask(self, measure: str, run: int) -> Any:
        """Have the speaker do this."""
        self.connection.send((measure, run))
        return self.connection.recv()


class _Children:
    """One process for each engine; ready inside the block."""

    def __init__(self, spec: ModelSpec, options: dict[str, dict[str, str]]) -> None:
        self._children: dict[str, Child] = {}
        context = multiprocessing.get_context("spawn")
        for name, settings in options.items():
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, name, spec, settings), daemon=True)
            process.start()
            self._children[name] = Child(process, ours)
            ours.recv()

    def __enter__(self) -> dict[str, Child]:
        return self._children

    def __exit__(self, *_: object) -> None:
        for child in self._children.values():
            child.process.kill()


def _serve(connection: Connection, name: str, spec: ModelSpec, settings: dict[str, str]) -> None:
    speaker = Speaker(name, msgspec.structs.replace(spec, options=settings))
    connection.send(None)
    while True:
        measure, run = connection.recv()
        found: Callable[[int], float | str] = getattr(speaker, measure)
        connection.send(found(run))


def _plot(medians: dict[str, dict[str, float]], title: str, path: Path) -> None:
    from matplotlib.figure import Figure

    shown = list(reversed(MEASURES))
    gains = []
    for key in shown:
        ratio = medians["openvino"][key] / medians["llama"][key]
        gains.append(1 / ratio if MEASURES[key][2] else ratio)
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes: Any = figure.subplots()
    bars = axes.barh(
        [MEASURES[key][0] for key in shown], gains, color=["#3b7dd8" if g >= 1 else "#c8553d" for g in gains]
    )
    axes.bar_label(bars, labels=[f" {gain:.1f}×" for gain in gains])
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xlabel("times better than the llama engine")
    axes.set_title(f"openvino on {title}, {psutil.cpu_count()} cores")
    axes.margins(x=0.1)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
