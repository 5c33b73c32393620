"""`--engine auto`: the engine and the model that serve this machine best, found out once and remembered.

A graphics card that holds a diffusion model which is here decides at once. On the processor, every engine that is
installed speaks a few lines with the model in question, and the one whose first line is done sooner is taken. If lines
come too slowly even so, the next smaller model is tried.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import psutil

from npc_engine import __version__
from npc_engine.cli import machine
from npc_engine.cli.adapter_options import Adapting
from npc_engine.cli.console import stderr
from npc_engine.cli.engine_options import DIFFUSION, chosen_entry, worker_config
from npc_engine.cli.remembered import EngineChoice, file_facts, key_of, recall, remember
from npc_engine.engines.openvino.converted import converted, weights_called
from npc_engine.errors import NpcError
from npc_engine.models.catalogue import Entry, Model, checkpoints, everything, find
from npc_engine.models.choose import default_models, path_of
from npc_engine.worker import probe

AUTO = "auto"
#: The engine that comes with the base install.
BASE = "llama"
CONVERTING = "openvino"
#: Another engine than `BASE` is worth its memory if it takes less than this part of the time.
MARGIN = 0.9
#: What the converting engine takes of memory, a multiple of `BASE`'s (measured: 1.38).
MEMORY_GROWTH = 1.4
#: Larger files nobody converts unasked: that takes minutes, and several times their size on the disk.
CONVERTED_UNASKED_BYTES = 1_500_000_000
#: A model whose line of `probe.LINE_TOKENS` takes longer is too large for this machine, milliseconds: within the
#: terminal's budget of 4 s it would say one short sentence.
LINE_MS = 2_000.0


class Wanted(NamedTuple):
    """What was typed beside `--engine auto`."""

    model: str | None = None
    options: tuple[str, ...] = ()
    threads: int = 0
    adapting: Adapting = Adapting()


def resolve(engine: str, wanted: Wanted) -> tuple[str, str | None]:
    """The engine and the model, if `engine` is "auto"; says in one line which and why. Raises what `choose` raises."""
    if engine != AUTO:
        return engine, wanted.model
    choice = choose(wanted)
    explained = f"--engine {choice.engine} --model {choice.model}: {choice.reason}"
    stderr.print(explained, markup=False, highlight=False, soft_wrap=True)
    return choice.engine, choice.model


def known(wanted: Wanted) -> EngineChoice | None:
    """What was chosen before, if nothing that matters has changed since."""
    return recall(_key(wanted))


def choose(wanted: Wanted) -> EngineChoice:
    """What to use. Fetches a model if none is here, and converts it if it is small. Raises `NpcError` if there is no
    model, or no engine runs it."""
    if (choice := known(wanted)) is not None:
        return choice
    choice = _without_trial(wanted) or _by_trial(wanted)
    remember(_key(wanted), choice)  # of a machine that has the model by now
    return choice


def _key(wanted: Wanted) -> str:
    packages = [f"{package} {machine.version(package)}" for names in machine.PACKAGES.values() for package in names]
    here = [f"{entry.name} {file_facts(path)}" for entry in everything() if (path := path_of(entry))]
    files = [file_facts(Path(name)) for name in (wanted.model, wanted.adapting.file) if name]
    asked = [str(wanted.model), str(wanted.options), str(wanted.threads), str(wanted.adapting.off)]
    return key_of([__version__, *machine.hardware(), *packages, *here, *files, *asked])


def _without_trial(wanted: Wanted) -> EngineChoice | None:
    """If the model or the graphics card leaves no choice."""
    if wanted.model is None:
        return _on_card()
    entry = find(wanted.model)
    if entry is not None and BASE not in entry.engines and entry.engines:
        return EngineChoice(entry.engines[0], wanted.model, f"no other engine runs {entry.title}.")
    if entry is None and Path(wanted.model).expanduser().is_dir():
        return EngineChoice(DIFFUSION, wanted.model, "no other engine runs a checkpoint's folder.")
    return None


def _on_card() -> EngineChoice | None:
    """The best checkpoint that is here and that a card holds. Asking for cards takes torch seconds."""
    here = [entry for entry in checkpoints() if DIFFUSION in entry.engines and path_of(entry)]
    if not here or not machine.installed(DIFFUSION):
        return None
    try:
        found = machine.cards()
    except NpcError:
        return None
    if not found:
        return None
    card = max(found, key=lambda card: card.free)
    entry = next((entry for entry in here if entry.memory_mb and entry.memory_mb << 20 <= card.free), None)
    return EngineChoice(DIFFUSION, entry.name, f"{card.name} holds {entry.title}.") if entry else None


def _by_trial(wanted: Wanted) -> EngineChoice:
    if wanted.model is not None:
        return _best_engine(wanted.model, "", wanted, only=True)
    models = default_models(BASE)
    for candidate in models:
        choice = _best_engine(candidate.model.name, candidate.reason, wanted, only=len(models) == 1)
        if choice.next_line_ms is None or choice.next_line_ms <= LINE_MS:
            break
        stderr.print(f"{candidate.model.title} is too slow here.", markup=False, highlight=False, soft_wrap=True)
    return choice


def _best_engine(model: str, why: str, wanted: Wanted, *, only: bool) -> EngineChoice:
    """The engine to run this model with. Nothing is tried if there is but one, and no `only` model."""
    engines, remarks = [BASE], [why]
    if (obstacle := _obstacle(model, wanted)) is None:
        engines.append(CONVERTING)
    else:
        remarks.append(obstacle)
    speeds: dict[str, probe.Speed] = {}
    for engine in engines if len(engines) > 1 or not only else []:
        try:
            speeds[engine] = _tried(engine, model, wanted)
        except NpcError as error:
            if engine == BASE:
                raise
            remarks.append(f"The {engine} engine does not run it: {error.message}")
    if not speeds:
        return EngineChoice(BASE, model, " ".join(filter(None, remarks)))
    costs = {engine: speed.first_line_ms * (MARGIN if engine == BASE else 1) for engine, speed in speeds.items()}
    best = min(costs, key=costs.__getitem__)
    took = ", ".join(f"{speed.first_line_ms / 1_000:.1f} s with {engine}" for engine, speed in speeds.items())
    remarks.append(f"On this machine a character's first line took {took}.")
    return EngineChoice(best, model, " ".join(filter(None, remarks)), speeds[best].next_line_ms)


def _obstacle(model: str, wanted: Wanted) -> str | None:
    """Why the converting engine is not even tried."""
    if not machine.installed(CONVERTING):
        return f"The {CONVERTING} engine is not installed."
    entry = chosen_entry(BASE, model)
    if not isinstance(entry, Path) and CONVERTING not in entry.engines:
        return f"The {CONVERTING} engine does not know its architecture."
    if isinstance(entry, Model) and entry.memory_mb * MEMORY_GROWTH > psutil.virtual_memory().available >> 20:
        return f"The {CONVERTING} engine would need more memory than is free."
    size = entry.stat().st_size if isinstance(entry, Path) else entry.size_bytes
    if size > CONVERTED_UNASKED_BYTES and not _is_converted(entry, wanted):
        return f"The {CONVERTING} engine would convert it first; `npc-engine models convert {model}` does."
    return None


def _is_converted(entry: Entry | Path, wanted: Wanted) -> bool:
    path = entry if isinstance(entry, Path) else path_of(entry)
    options = dict(option.partition("=")[::2] for option in wanted.options)
    weights = weights_called(options.get("weights", "int8"))
    return path is not None and converted(path, weights, wanted.adapting.file) is not None


def _tried(engine: str, model: str, wanted: Wanted) -> probe.Speed:
    config = worker_config(
        engine=engine,
        model=model,
        threads=wanted.threads,
        parallel=1,
        context_tokens=probe.WINDOW_TOKENS,
        options=list(wanted.options),
        log_level="WARNING",
        adapting=wanted.adapting,
    )
    with stderr.status(f"trying {engine} ...") as status:
        return probe.measure(config, lambda done, what: status.update(f"trying {engine}, once: {what} {done:.0%}"))
