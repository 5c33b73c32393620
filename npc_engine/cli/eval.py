"""`npc-engine eval`: how the engine's departures from its reference hold up in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from npc_engine import __version__
from npc_engine.cli.adapter_options import AdapterOption, Adapting, NoAdapterOption
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_options import DIFFUSION, RANDOM_WEIGHTS, worker_config
from npc_engine.cli.eval_suite import SuiteRun, evaluate_suite
from npc_engine.cli.serve import DEFAULT_PACK, EngineOption, ModelOption, PackOption, SettingsOption, ThreadsOption
from npc_engine.engines import registry
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.base import Progress as Loading
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.evaluation.experiment import Experiment
from npc_engine.evaluation.plot import check_plotting, draw
from npc_engine.evaluation.prompts import QUESTIONS as ASKED
from npc_engine.evaluation.prompts import Case, make_cases
from npc_engine.evaluation.report import COLUMNS, INTERVALS, RULES, SCOPE, Report, Subject, cells
from npc_engine.evaluation.scenario_checks import CHECKS
from npc_engine.evaluation.settings import CONTROL, QUESTIONS
from npc_engine.prompt.chat_formats import FORMATS
from npc_engine.world.pack import find_pack, load_pack

if TYPE_CHECKING:
    from npc_engine.engines.diffusion.trial import Trial

#: Columns that a table of the report may take at most.
WIDEST = 300
TABLES = tuple(question.name for question in QUESTIONS)
#: With `--quick`: characters, questions and seeds. Too few to tell anything, enough to see it run.
QUICK_NPCS, QUICK_QUESTIONS, QUICK_SEEDS = 1, 1, 1


def evaluate(
    suite: Annotated[
        Path | None, typer.Argument(help="A folder of packs with scenarios; see npc_engine/evaluation/SUITES.md.")
    ] = None,
    engine: EngineOption = "llama",
    model: ModelOption = None,
    adapter: AdapterOption = None,
    no_adapter: NoAdapterOption = False,
    pack: PackOption = DEFAULT_PACK,
    npc: Annotated[list[str], typer.Option(help="Only this character; may be repeated. Default: all.")] = [],  # noqa: B006
    only: Annotated[list[str], typer.Option(help=f"Only this table; may be repeated: {', '.join(TABLES)}.")] = [],  # noqa: B006
    seeds: Annotated[int, typer.Option(min=1, max=1_000, help="Lines for each prompt and setting.")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="A few lines only, to see that it runs.")] = False,
    samples: Annotated[int, typer.Option(min=0, help="Show the lines of this many prompts side by side.")] = 0,
    output: Annotated[Path | None, typer.Option("--json", help="Write everything here, each line too.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write a report for an issue here.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the rates here, as PNG.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="An earlier --json of the same suite, to compare with.", show_default=False)
    ] = None,
    no_examples: Annotated[bool, typer.Option("--no-examples", help="As if the characters had no examples.")] = False,
    filter_text: Annotated[str, typer.Option("--filter", help="Only scenarios of this kind or name.")] = "",
    threads: ThreadsOption = 0,
    context: Annotated[int, typer.Option(min=512, help="Tokens of the longest prompt.")] = 4_096,
    option: SettingsOption = [],  # noqa: B006 - typer reads the default, nobody changes it
) -> None:
    """Find out how well a model speaks in character, by a suite of scenarios; or, without a suite, how far the
    diffusion engine may depart from its reference before it shows in words.

    A suite is played with every seed, one draft to each line; each rule gives a rate. `--against` an earlier report of
    the same suite shows before and after.

    Without a suite: the reference writes on a canvas of 256 tokens, in up to 48 steps, stops when the whole canvas is
    certain, and clamps nothing. Each setting changes one thing: the canvas (32 to 128 tokens), the steps (4 to 24),
    deed and emotion read in one step or given instead of written, the stop. The last ones change all at once, as the
    engine does. Every character of the pack answers the same questions with the same seeds in every setting.

    Examples:

      npc-engine eval ./suite --no-adapter --json before.json

      npc-engine eval ./suite --against before.json --json after.json --plot rates.png

      npc-engine eval --engine diffusion --samples 3 --markdown report.md

      npc-engine eval --engine diffusion --model ./checkpoint --npc marta --npc bram --seeds 10 --plot rates.png

      npc-engine eval --engine diffusion --option random_weights=tiny --quick
    """
    with reported_errors():
        _check_places(output, markdown, plot)
        if plot:
            check_plotting()
        if suite is None:
            _check_known(engine, only)
        config = worker_config(
            engine=engine,
            model=model,
            threads=threads,
            parallel=1,
            context_tokens=context,
            options=option,
            log_level="WARNING",
            adapting=Adapting(adapter, no_adapter),
        )
        if suite is not None:
            spec, examples = config.spec, not no_examples
            run = SuiteRun(suite, config.engine, spec, seeds, filter_text, against, output, plot, samples, examples)
            evaluate_suite(run)
            return
        folder = find_pack(pack)
        npcs, questions, seeds = _asked(folder, npc, quick, seeds)
        form = replace(FORMATS[config.spec.chat_format], chooses=config.spec.chooses)
        report = _run(config.spec, folder, make_cases(folder, npcs, questions, form), only or TABLES, seeds)
    _write(output, json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n")
    _write(markdown, report.markdown(samples))
    if plot:
        draw(report.tables, report.title, plot)
    _print(report, samples)


evaluate.__doc__ = "\n\n".join(
    [
        cleandoc(evaluate.__doc__ or ""),
        "Rules of suites:",
        *(f"[bold]{check.title}[/]: {escape(check.rule)}." for check in CHECKS),
        "Rules without a suite:",
        *(f"[bold]{name}[/]: {rule}." for name, rule in RULES),
        INTERVALS,
        SCOPE,
    ]
)


def _check_known(engine: str, only: list[str]) -> None:
    registry.find(engine)
    if engine != DIFFUSION:
        message = f"eval --engine {engine} needs a suite, a folder of packs with scenarios: npc-engine eval ./suite"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    if unknown := set(only) - set(TABLES):
        message = f"--only {unknown.pop()}: the tables are {', '.join(TABLES)}"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)


def _check_places(*paths: Path | None) -> None:
    """Before hours are spent on what cannot be written."""
    for path in filter(None, paths):
        if not path.absolute().parent.is_dir():
            raise NpcError(ErrorCode.STORAGE_FAILED, f"there is no folder {path.absolute().parent} to write to")


def _asked(folder: Path, npcs: list[str], quick: bool, seeds: int) -> tuple[list[str], tuple[str, ...], int]:
    """Who is asked what, and how often."""
    if not quick:
        return npcs, ASKED, seeds
    return (npcs or sorted(load_pack(folder).npcs))[:QUICK_NPCS], ASKED[:QUICK_QUESTIONS], QUICK_SEEDS


def _run(spec: ModelSpec, folder: Path, cases: list[Case], tables: Sequence[str], seeds: int) -> Report:
    settings = [setting for question in QUESTIONS if question.name in tables for setting in question.settings]
    experiment = Experiment(cases, [CONTROL, *settings], range(1, seeds + 1))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=stderr, transient=True) as bars:
        bar = bars.add_task("loading the model", total=experiment.total)
        trial = _load(spec, lambda fraction, what: bars.update(bar, description=what))
        experiment.run(trial.write, lambda npc: bars.update(bar, advance=1, description=npc))
    subject = Subject(
        model=spec.name,
        description=trial.description,
        device=trial.device,
        version=__version__,
        pack=folder.name,
        noise=RANDOM_WEIGHTS in spec.options,
    )
    return Report(subject, experiment.lines)


def _load(spec: ModelSpec, progress: Loading) -> Trial:
    try:
        from npc_engine.engines.diffusion.trial import load_trial
    except ImportError as error:
        message = f"the {DIFFUSION} engine cannot be imported ({error}). Run `{registry.find(DIFFUSION).install}`."
        raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, message) from error
    return load_trial(spec, progress)


def _print(report: Report, samples: int) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(escape(report.title))
    for asked, said in report.samples(samples):
        console.print(f"\n[bold]{escape(asked)}[/]")
        grid = Table(show_header=False, box=None)
        for name, text in said:
            grid.add_row(name, escape(text))
        Console(highlight=False).print(grid)
    for table in report.tables:
        console.print(f"\n[bold]{table.question.title}[/]")
        shown = Table(*COLUMNS)
        for row in table.rows:
            shown.add_row(*cells(row))
        # Rather too wide for the terminal than with half of each number.
        needed = Measurement.get(console, console.options.update(width=WIDEST), shown).maximum
        Console(highlight=False, width=max(console.width, needed)).print(shown)
    console.print(f"{INTERVALS} The rules: npc-engine eval --help\n")
    for verdict in report.verdicts:
        console.print(f"- {escape(verdict.text)}")
    console.print(f"\n{SCOPE}")
    for caveat in report.caveats:
        console.print(f"[bold yellow]{escape(caveat)}[/]")


def _write(path: Path | None, text: str) -> None:
    if path:
        path.write_text(text, encoding="utf-8")
