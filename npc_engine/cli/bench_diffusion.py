"""`npc-engine bench diffusion`: what a denoising step costs, beside Hugging Face's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from npc_engine.cli import bench_plot
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_options import DIFFUSION, RANDOM_WEIGHTS, worker_config
from npc_engine.cli.serve import ModelOption, SettingsOption, ThreadsOption
from npc_engine.clock import SystemClock
from npc_engine.engines import registry
from npc_engine.engines.diffusion import fit
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.evaluation.plot import check_plotting

if TYPE_CHECKING:
    from npc_engine.engines.diffusion.measure import Report, Row

STEP_COLUMNS = ("canvas", "batch", "ms/step", "trunk", "head", "sampler", "HF ms/step", "HF ÷ ours", "memory")
REPLY_COLUMNS = (
    *("canvas", "batch", "read\nms", "steps", "tokens\na pass", "canvas\ntok/s", "delivered\ntok/s"),
    *("HF canvas\ntok/s", "HF deliv.\ntok/s"),
)
NOTHING = "–"


def diffusion(
    model: ModelOption = None,
    random_weights: Annotated[
        str | None, typer.Option(help="tiny or full: a made-up model of this size instead of --model.")
    ] = None,
    canvas: Annotated[str, typer.Option(help="Widths of canvas, tokens: one or several.")] = "32 64 256",
    batch: Annotated[str, typer.Option(help="Characters at once: one or several numbers.")] = "1 4 16",
    steps: Annotated[int, typer.Option(min=2, max=256, help="Steps planned for each reply.")] = 8,
    prompt: Annotated[int, typer.Option(min=1, help="Tokens before the canvas.")] = 600,
    repeats: Annotated[int, typer.Option(min=1, help="Replies of everybody to take medians over.")] = 5,
    baseline: Annotated[bool, typer.Option(help="Time Hugging Face's generate() too.")] = True,
    threads: ThreadsOption = 0,
    option: SettingsOption = [],  # noqa: B006 - typer reads the default, nobody changes it
    output: Annotated[Path | None, typer.Option("--json", help="Write the numbers here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw them into this PNG.")] = None,
) -> None:
    """Measure the diffusion engine's steps: ms, of it trunk (layers), head (vocabulary) and sampler (the rest), and
    tokens a second by width of canvas and number of characters, against Hugging Face's generate() in the same run.

    Tokens of the canvas are counted apart from those delivered: a reply ends where it ends, the canvas goes on. Made-up
    weights say noise that never settles, so all steps are run and nothing is delivered.

    Examples:

      npc-engine bench diffusion --random-weights tiny --threads 1 --canvas "32 64" --batch "1 4"

      npc-engine bench diffusion --random-weights full --option weights=fp8 --json fp8.json --plot fp8.png

      npc-engine bench diffusion --model diffusiongemma-26b --canvas 64 --batch "1 16" --steps 12
    """
    with reported_errors():
        if plot:
            check_plotting()
        widths, batches = _numbers("--canvas", canvas), _numbers("--batch", batch)
        options = [*option, f"{RANDOM_WEIGHTS}={random_weights}"] if random_weights else option
        config = worker_config(
            engine=DIFFUSION,
            model=model,
            threads=threads,
            parallel=max(batches),
            context_tokens=prompt + max(widths),
            options=options,
            log_level="WARNING",
        )
        registry.create(DIFFUSION, SystemClock()).close()  # says what to install
        from npc_engine.engines.diffusion.measure import Asked, measure

        asked = Asked(widths, batches, steps, prompt, repeats, baseline)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=stderr) as bars:
            bar = bars.add_task("starting", total=1.0)
            report = measure(config.spec, asked, lambda part, what: bars.update(bar, completed=part, description=what))
    print_report(report)
    if output:
        output.write_text(json.dumps(numbers(report), indent=2) + "\n", encoding="utf-8")
    if plot:
        bench_plot.draw(report, plot)


def numbers(report: Report) -> dict[str, object]:
    """The report for JSON, with what follows from it."""
    found: dict[str, object] = msgspec.to_builtins(report)
    found["rows"] = [msgspec.to_builtins(row) | {"ratio": row.ratio} for row in report.rows]
    return found


def print_report(report: Report) -> None:
    """Two tables, and under them what it was measured on."""
    console = Console(highlight=False)
    console.print(_table("Steps", STEP_COLUMNS, [_step_cells(row) for row in report.rows]))
    console.print(_table("Replies", REPLY_COLUMNS, [_reply_cells(row) for row in report.rows]))
    console.print(
        f"{report.model}, {report.weights}, weights {_size(report.weight_bytes)}; {report.device}, torch "
        f"{report.torch}, {report.threads} CPU threads; prompts of {report.asked.prompt} tokens, plans of "
        f"{report.asked.steps} steps, medians over {report.asked.repeats} replies of everybody",
        markup=False,
        soft_wrap=True,
    )
    if report.without_baseline:
        console.print(f"HF: {report.without_baseline}", markup=False, soft_wrap=True)


def _table(title: str, columns: tuple[str, ...], rows: list[list[str]]) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in table.columns:
        column.justify, column.no_wrap = "right", True
    for row in rows:
        table.add_row(*row)
    return table


def _step_cells(row: Row) -> list[str]:
    theirs_ms = row.baseline.step_ms if row.baseline else None
    times = (row.ours.step_ms, row.trunk_ms, row.head_ms, row.sampler_ms, theirs_ms, row.ratio)
    memory = NOTHING if row.memory_bytes is None else _size(row.memory_bytes)
    return [str(row.canvas), str(row.batch), *map(_digits, times), memory]


def _reply_cells(row: Row) -> list[str]:
    ours, theirs = row.ours, row.baseline
    made = [ours.tokens_per_pass, ours.canvas_tokens_per_s, ours.delivered_tokens_per_s]
    made += [theirs.canvas_tokens_per_s, theirs.delivered_tokens_per_s] if theirs else [None, None]
    return [str(row.canvas), str(row.batch), _digits(ours.read_ms), f"{ours.steps:.1f}", *map(_digits, made)]


def _size(count: int) -> str:
    return fit.gib(count) if count >= fit.GIB else f"{count / 2**20:,.1f} MiB"


def _digits(number: float | None) -> str:
    """Three that count."""
    if number is None:
        return NOTHING
    return f"{number:,.{0 if number >= 100 else 1 if number >= 10 else 2}f}"


def _numbers(name: str, text: str) -> tuple[int, ...]:
    """`32 64 256`, blanks or commas between. Raises `NpcError` BAD_VALUE."""
    parts = text.replace(",", " ").split()
    if not parts or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise NpcError(ErrorCode.BAD_VALUE, f"{name} {text!r}: write numbers above 0, such as {name} '32 64'")
    return tuple(map(int, parts))
