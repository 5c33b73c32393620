"""`npc-engine models`: which models there are, fetching and converting one, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from npc_engine.cli.adapter_options import AdapterOption, Adapting, NoAdapterOption
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_options import CONTEXT_TOKENS, PARALLEL, model_spec
from npc_engine.cli.room import Use
from npc_engine.engines import registry
from npc_engine.engines.openvino.converted import DEFAULT_WEIGHTS, converted, folder_of, verify, weights_called
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.bar import fetch_with_bar
from npc_engine.models.catalogue import Checkpoint, Entry, by_name, everything
from npc_engine.models.choose import choose_model, model_here, path_of

app = typer.Typer(help="List the known models, fetch one, print where it lies.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="A name from `models list`. Left out: the best one for this machine.")]

#: The engine that models are converted for.
CONVERTED_FOR = "openvino"

HEADINGS = ("name", "size", "memory", "engine", "here", "licence")


@app.command("list", epilog="Example: npc-engine models list")
def list_models() -> None:
    """Every model the engine knows, best first: files for the llama engine, many of them for the openvino engine too,
    then folders for the diffusion engine.

    Memory is what four characters at once need, for the diffusion engine on the graphics card; `~` means about.
    """
    with reported_errors():
        entries = everything()
        rows = [_facts(entry) for entry in entries]
        widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
        console = Console(highlight=False)
        console.print(f"[bold]{_line(HEADINGS, widths)}[/]", soft_wrap=True)
        for entry, facts in zip(entries, rows, strict=True):
            console.print(_line(facts, widths), soft_wrap=True)
            told = f"{entry.repo}. {entry.quality}" if isinstance(entry, Checkpoint) else entry.quality
            console.print(Padding(f"[dim]{escape(told)}[/]", (0, 0, 0, 4)))
        converted_too = ", ".join(entry.name for entry in entries if CONVERTED_FOR in entry.engines[1:])
        console.print(f"[dim]With --engine {CONVERTED_FOR} too: {converted_too}.[/]")


def _facts(entry: Entry) -> tuple[str, ...]:
    if isinstance(entry, Checkpoint):
        size = f"~{entry.size_bytes / 1e9:.0f} GB"
    else:
        size = f"{entry.size_bytes / 1e9:.1f} GB" if entry.size_bytes >= 1e9 else f"{entry.size_bytes / 1e6:.0f} MB"
    memory = f"{entry.memory_mb / 1024:.1f} GiB" if entry.memory_mb else "?"
    here = "yes" if path_of(entry) else "no"
    return entry.name, size, memory, next(iter(entry.engines), "none"), here, entry.licence


def _line(facts: Sequence[str], widths: Sequence[int]) -> str:
    """Names and words to the left, numbers to the right; markup in them is text."""
    name, size, memory, *words = facts
    cells = [name.ljust(widths[0]), size.rjust(widths[1]), memory.rjust(widths[2])]
    cells += [word.ljust(width) for word, width in zip(words, widths[3:], strict=True)]
    return escape("  ".join(cells).rstrip())


@app.command(epilog="Examples: npc-engine models pull | npc-engine models pull qwen2.5-coder-0.5b")
def pull(name: Name = None) -> None:
    """Fetch a model, or finish what an interrupted pull began, and check it. Prints its path."""
    with reported_errors():
        try:
            print(fetch_with_bar(by_name(name) if name else choose_model()))
        except KeyboardInterrupt:
            stderr.print("Stopped. What has arrived is kept; run the same command to go on.")
            raise typer.Exit(130) from None


@app.command(epilog='Example: llama-cli -m "$(npc-engine models path qwen2.5-coder-0.5b)"')
def path(name: Name = None) -> None:
    """Print where a model lies, its file or its folder, and nothing else; for scripts. Never downloads."""
    with reported_errors():
        print(model_here(name)[1])


@app.command(epilog="Example: npc-engine models convert qwen2.5-coder-0.5b --weights int4")
def convert(
    name: Name = None,
    weights: Annotated[str, typer.Option(help="int8, or int4: smaller, much less exact.")] = DEFAULT_WEIGHTS,
    adapter: AdapterOption = None,
    no_adapter: NoAdapterOption = False,
) -> None:
    """Make a model ready for the openvino engine, or check what was made before. Prints the folder.

    NAME may be a GGUF file too. The engine converts by itself when it first loads a model; this does it beforehand. An
    adapter becomes part of what is made.
    """
    with reported_errors():
        wanted = weights_called(weights)
        spec = model_spec(CONVERTED_FOR, name, Use(PARALLEL, CONTEXT_TOKENS, {}), Adapting(adapter, no_adapter))
        assert spec.path is not None
        source, added = spec.path, spec.adapter
        if (manifest := converted(source, wanted, added)) is not None:
            stderr.print(f"{source.name} was converted before; checking it.", markup=False, highlight=False)
            verify(source, manifest, added)
        else:
            _convert_with_bar(source, wanted, added)
        print(folder_of(source, wanted, added))


def _convert_with_bar(source: Path, weights: str, adapter: Path | None) -> None:
    try:
        converter: Any = import_module("npc_engine.engines.openvino.convert")
    except ImportError as error:
        install = registry.find(CONVERTED_FOR).install
        raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, f"converting needs {error.name}. Run `{install}`.") from error
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=stderr) as bars:
        bar = bars.add_task("reading", total=1.0)

        def report(done: float, what: str) -> None:
            bars.update(bar, completed=done, description=what)

        converter.convert(source, weights, report, adapter)
