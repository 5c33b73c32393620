"""`npc-engine doctor`: what this machine has and lacks, told before anything is loaded."""

from __future__ import annotations

import json
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import psutil
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from npc_engine.cli import machine, room
from npc_engine.cli.console import reported_errors
from npc_engine.cli.engine_auto import AUTO, BASE, Wanted, known
from npc_engine.cli.engine_options import (
    CONTEXT_TOKENS,
    DIFFUSION,
    PARALLEL,
    RANDOM_WEIGHTS,
    chosen_entry,
    needs_model,
    parse_settings,
)
from npc_engine.cli.remembered import EngineChoice
from npc_engine.cli.serve import DEFAULT_PORT, ContextOption, EngineOption, ModelOption, ParallelOption, SettingsOption
from npc_engine.engines import registry
from npc_engine.engines.diffusion import fit
from npc_engine.engines.gguf import read_head
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import Checkpoint, Entry, catalogue, checkpoints
from npc_engine.models.choose import model_here, path_of
from npc_engine.models.home import HOME_VARIABLE, home, models_dir


class Level(StrEnum):
    """How a finding is meant: a warning works, but not well; what fails must be mended first."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


class Finding(NamedTuple):
    """One line: what was looked at, how it is, and what to do about it."""

    what: str
    level: Level
    found: str
    advice: str = ""


class Asked(NamedTuple):
    """What is going to be run."""

    engine: str
    model: str | None
    characters: int
    context_tokens: int
    settings: Mapping[str, str]
    port: int


def doctor(
    engine: EngineOption = AUTO,
    model: ModelOption = None,
    parallel: ParallelOption = PARALLEL,
    context: ContextOption = CONTEXT_TOKENS,
    option: SettingsOption = [],  # noqa: B006 - typer reads the default, nobody changes it
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port the daemon would use.")] = DEFAULT_PORT,
    output: Annotated[Path | None, typer.Option("--json", help="Write the findings here.")] = None,
) -> None:
    """Look at this machine: what it has, which models fit, and what to do about the rest. Loads nothing and fetches
    nothing. Exit code 1 if the engine asked for could not run.

    Examples:

      npc-engine doctor

      npc-engine doctor --engine diffusion --model diffusiongemma-26b --parallel 16 --option weights=fp8
    """
    with reported_errors():
        findings = []
        if engine == AUTO:
            there = _home().level is not Level.FAIL
            choice = known(Wanted(model, tuple(option))) if there else None
            findings.append(_choice(choice))
            engine, model = (choice.engine, choice.model) if choice else (BASE, model)
        registry.find(engine)
        findings += examine(Asked(engine, model, parallel, context, parse_settings(option), port))
    _print(findings)
    if output:
        report = [{**finding._asdict(), "level": finding.level.value} for finding in findings]
        output.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(1)


def _choice(choice: EngineChoice | None) -> Finding:
    what = f"engine {AUTO}"
    if choice is None:
        return Finding(what, Level.OK, "not tried yet", "npc-engine talk does, and remembers it")
    return Finding(what, Level.OK, f"{choice.engine} with {choice.model}", choice.reason)


def examine(asked: Asked) -> Iterator[Finding]:
    """Everything that was found, one after the other."""
    yield Finding("Python", Level.OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for engine, packages in machine.PACKAGES.items():
        yield _packages(engine, packages, wanted=engine == asked.engine)
    yield _memory()
    cards = _cards()
    yield from _card_findings(cards, asked)
    yield _port(asked.port)
    folder = _home()
    yield folder
    if folder.level is not Level.FAIL:  # otherwise there is nowhere to look
        yield from _models(cards)
        yield _model(asked, cards)


def _packages(engine: str, names: tuple[str, ...], *, wanted: bool) -> Finding:
    what, versions = f"{engine} engine", {name: machine.version(name) for name in names}
    missing = [name for name, version in versions.items() if version is None]
    if not missing:
        return Finding(what, Level.OK, ", ".join(f"{name} {version}" for name, version in versions.items()))
    found = f"lacks {', '.join(missing)}"
    if wanted:
        return Finding(what, Level.FAIL, found, registry.find(engine).install)
    return Finding(
        what, Level.OK, f"{found}; not needed now", f"for --engine {engine}: {registry.find(engine).install}"
    )


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    return Finding("memory", Level.OK, f"{fit.gib(memory.available)} free of {fit.gib(memory.total)}")


def _cards() -> list[fit.Card] | NpcError:
    """Those there are, or why nobody knows."""
    if machine.version("torch") is None:
        return []
    try:
        return machine.cards()
    except NpcError as error:
        return error


def _card_findings(cards: list[fit.Card] | NpcError, asked: Asked) -> Iterator[Finding]:
    wanted = asked.engine == DIFFUSION
    if isinstance(cards, NpcError):
        level = Level.FAIL if wanted else Level.WARN
        yield Finding("graphics card", level, f"torch does not start: {cards.message}", "install torch anew")
    elif not cards:
        without = "torch sees none" if machine.version("torch") else "unknown without torch"
        slow = wanted and asked.settings.get(RANDOM_WEIGHTS) != "tiny"
        advice = "the diffusion engine is far too slow on a CPU for a game" if slow else ""
        yield Finding("graphics card", Level.WARN if slow else Level.OK, without, advice)
    else:
        for card in cards:
            found = f"{card.name}: {fit.gib(card.free)} free of {fit.gib(card.total)}"
            yield Finding("graphics card", Level.OK, found)


def _models(cards: list[fit.Card] | NpcError) -> Iterator[Finding]:
    """Which models of the catalogue are here, and which would fit if they were, with four characters."""
    entries: tuple[Entry, ...] = (*catalogue(), *checkpoints())
    here = [entry.name for entry in entries if path_of(entry)]
    yield Finding("models here", Level.OK, ", ".join(here) or "none")
    free_mb = psutil.virtual_memory().available >> 20
    large = [model.name for model in catalogue() if model.memory_mb > free_mb]
    found = "all" if not large else f"all but {', '.join(large)}"
    yield Finding("llama models that fit", Level.OK, found)
    card_mb = max((card.free for card in cards), default=0) >> 20 if not isinstance(cards, NpcError) else 0
    fitting = [entry.name for entry in checkpoints() if (entry.memory_mb or card_mb + 1) <= card_mb]
    in_int4 = [entry.name for entry in checkpoints() if (entry.int4_memory_mb or card_mb + 1) <= card_mb]
    fitting += [f"{name} with --option weights=int4" for name in in_int4 if name not in fitting]
    yield Finding("diffusion models that fit", Level.OK, ", ".join(fitting) or "none, for want of a large card")


def _model(asked: Asked, cards: list[fit.Card] | NpcError) -> Finding:
    """The one model that would be loaded."""
    what = "model asked for"
    present = cards if isinstance(cards, list) else []
    use = room.Use(asked.characters, asked.context_tokens, asked.settings)
    fetched_unasked = asked.model is None and asked.engine != DIFFUSION
    try:
        if not needs_model(asked.engine, asked.settings):
            if asked.settings.get(RANDOM_WEIGHTS) != "full":
                return Finding(what, Level.OK, "none needed")
            return _fits(what, "random weights", room.for_random_weights(use, present))
        chosen = model_here(None)[0] if fetched_unasked else chosen_entry(asked.engine, asked.model)
        place = chosen if isinstance(chosen, Path) else path_of(chosen)
        if asked.engine != DIFFUSION:
            found = _gguf_room(place or chosen, use)
        elif place is not None:
            found = room.for_checkpoint(place, use, present)
        else:
            assert isinstance(chosen, Checkpoint), "of this engine's models only those have to be fetched"
            found = room.for_checkpoint(chosen, use, present)
    except NpcError as error:
        missing = fetched_unasked and error.code is ErrorCode.MODEL_MISSING
        return Finding(what, Level.WARN if missing else Level.FAIL, error.message)
    if place is None and found.needed <= found.free:
        needs = f"not here yet; needs about {fit.gib(found.needed)} of {fit.gib(found.free)} free on {found.where}"
        return Finding(what, Level.WARN, needs, f"npc-engine models pull {asked.model}")
    return _fits(what, place.name if place else f"{asked.model}, not here yet", found)


def _fits(what: str, name: str, found: room.Room) -> Finding:
    needs = f"{name}: needs {fit.gib(found.needed)} of {fit.gib(found.free)} free on {found.where}"
    if found.needed <= found.free:
        return Finding(what, Level.OK, needs)
    return Finding(what, Level.WARN, needs, "close other programs, or take a smaller model or --context")


def _gguf_room(found: Path | Entry, use: room.Use) -> room.Room:
    """Of one that is not here, what the catalogue says."""
    free = psutil.virtual_memory().available
    if not isinstance(found, Path):
        return room.Room((found.memory_mb or 0) << 20, free, "this machine")
    cache = use.characters * use.context_tokens * read_head(found).cache_token_bytes
    return room.Room(found.stat().st_size + cache, free, "this machine")


def _home() -> Finding:
    try:
        with tempfile.TemporaryFile(dir=models_dir()):
            free = shutil.disk_usage(models_dir()).free
    except NpcError as error:
        return Finding("engine's folder", Level.FAIL, error.message)
    except OSError as error:
        found = f"{home()} cannot be written: {error.strerror}"
        return Finding("engine's folder", Level.FAIL, found, f"set {HOME_VARIABLE} to a folder you can write to")
    return Finding("engine's folder", Level.OK, f"{home()}, {free / 1e9:,.0f} GB free")


def _port(port: int) -> Finding:
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would let us share the port with another
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            found = f"{port} cannot be used: {error.strerror}"
            return Finding("port", Level.WARN, found, "a daemon runs already, or choose another --port")
    return Finding("port", Level.OK, f"{port} is free")


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        level = f"[{COLOURS[finding.level]}]{finding.level}[/]"
        advice = f"\n[bold]→ {escape(finding.advice)}[/]" if finding.advice else ""
        table.add_row(level, finding.what, escape(finding.found) + advice)
    Console(highlight=False).print(table)
