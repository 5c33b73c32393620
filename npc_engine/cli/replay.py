"""`npc-engine replay`: what was played, played again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from npc_engine.cli.adapter_options import AdapterOption, Adapting, NoAdapterOption
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_options import model_for_child, setting_arguments
from npc_engine.cli.readiness import POLL_S, wait_ready
from npc_engine.cli.serve import SettingsOption, ThreadsOption
from npc_engine.client import NpcClient, Request
from npc_engine.client.launcher import DaemonProcess
from npc_engine.recording.exchanges import Exchange, Header, Said, fields_of, load_recording
from npc_engine.recording.player import Played, Player, Verdict, kind_of
from npc_engine.world.pack import find_pack, load_pack

#: Longest piece of a request that is printed, code points.
SHOWN_CHARS = 60


def replay(
    recording: Annotated[Path, typer.Argument(help="A file made by `npc-engine serve --record FILE`.")],
    engine: Annotated[str | None, typer.Option(help="llama, scripted ... Default: as recorded.")] = None,
    model: Annotated[
        str | None, typer.Option(help="A name from `models list`, or a .gguf file. Default: as recorded.")
    ] = None,
    adapter: AdapterOption = None,
    no_adapter: NoAdapterOption = False,
    pack: Annotated[
        str | None, typer.Option(help="Character pack: a folder, or the name of a shipped one. Default: as recorded.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="For requests that came without a seed. Default: the recording's.")
    ] = None,
    budget_ms: Annotated[
        int, typer.Option(min=1, max=600_000, help="Time every line has, at least; 1: as recorded.")
    ] = 60_000,
    threads: ThreadsOption = 0,
    option: SettingsOption = [],  # noqa: B006 - typer reads the default, nobody changes it
    output: Annotated[Path | None, typer.Option("--json", help="Write what was recorded and played here.")] = None,
    expect_same: Annotated[
        bool, typer.Option("--expect-same", help="Exit with 1 if a line differs, or if none could be compared.")
    ] = False,
) -> None:
    """Ask again what was asked in a recording, and show what came out differently.

    Starts a daemon of its own with an empty world, makes the requests in the recorded order, each after the end of the
    one before it, with the recorded seeds: so the same engine, model and pack say the same. Recorded lines that were
    authored or cut short for want of time or of a model are compared too, but do not count as different.

    A recording, what this prints and its --json file hold the words of players: treat them as personal data.

    Examples:

      npc-engine serve --record evening.jsonl

      npc-engine replay evening.jsonl

      npc-engine replay evening.jsonl --pack ./my_characters --expect-same
    """
    with reported_errors():
        played_from = load_recording(recording)
        header = played_from.header
        engine, pack = engine or header.engine, pack or header.pack
        _remark(header, engine, pack, played_from.damaged)
        arguments = ["--engine", engine, "--pack", pack, "--threads", str(threads), "--saves", "none"]
        if ready := model_for_child(engine, model or (header.model if engine == header.engine else None), option):
            arguments += ["--model", ready]
        arguments += [*Adapting(adapter, no_adapter).arguments, *setting_arguments(option)]
        results: list[Played] = []
        with _daemon(arguments) as games:
            player = Player(games.client, games.wait, seed=header.seed if seed is None else seed, budget_ms=budget_ms)
            for exchange in played_from.exchanges:
                results.append(player.play(exchange))
                _print(results[-1])
    counts = Counter(played.verdict for played in results)
    print(", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict))
    if output:
        report = {"header": header, "engine": engine, "pack": pack, "counts": counts, "exchanges": results}
        output.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    if expect_same and (counts[Verdict.DIFFERENT] or not counts[Verdict.SAME]):
        raise typer.Exit(1)


def _remark(header: Header, engine: str, pack: str, damaged: list[int]) -> None:
    """Say what already explains a difference."""
    if engine != header.engine:
        stderr.print(f"recorded with engine {header.engine}, played with {engine}", markup=False)
    if load_pack(find_pack(pack)).digest != header.digest:
        stderr.print(f"the pack {pack} is not what it was when this was recorded", markup=False)
    if damaged:
        stderr.print(f"not readable, left out: line {', '.join(map(str, damaged))}", markup=False)


class _Games:
    """One client for each game of the recording, at one daemon, which forgets them at its end."""

    def __init__(self, process: DaemonProcess, clients: ExitStack) -> None:
        self._process = process
        self._stack = clients
        self._clients: dict[str, NpcClient] = {}

    def client(self, game: str) -> NpcClient:
        """The client that plays `game`. Raises NpcError if the daemon has no model for it."""
        if game not in self._clients:
            self._clients[game] = self._stack.enter_context(NpcClient(game=game, process=self._process))
            wait_ready(self._clients[game], stderr, self._poll)
        return self._clients[game]

    def wait(self, request: Request) -> None:
        """Keep every client alive until `request` has ended."""
        while not request.finished:
            self._poll()

    def _poll(self) -> None:
        for client in self._clients.values():
            client.poll()
        time.sleep(POLL_S)


@contextmanager
def _daemon(arguments: list[str]) -> Iterator[_Games]:
    process = DaemonProcess(arguments)
    try:
        with ExitStack() as clients:
            yield _Games(process, clients)
    finally:
        process.stop()


def _print(played: Played) -> None:
    recorded = played.recorded
    print(f"{played.verdict:<9}  {recorded.n:>4}  {_question(recorded)}")
    if played.verdict in (Verdict.DIFFERENT, Verdict.UNLIKE):
        for sign, lines, error in (("-", recorded.lines, recorded.error), ("+", played.lines, played.error)):
            for line in lines:
                print(f"  {sign} {_line(line)}")
            if error or not lines:
                print(f"  {sign} {error or 'no line'}")


def _question(exchange: Exchange) -> str:
    """The request in one line: its kind, and whatever of it is words or names."""
    fields: dict[str, Any] = fields_of(exchange.request)
    shown = [fields[name] for name in ("npc", "npcs", "place", "text", "about", "topic") if fields.get(name)]
    return " ".join([kind_of(exchange), *(" ".join(str(part).split())[:SHOWN_CHARS] for part in shown)])


def _line(line: Said) -> str:
    speaker = f"{line.npc}: " if line.npc else ""
    manner = ", ".join(filter(None, [line.source, line.reason, line.emotion, *(deed.name for deed in line.actions)]))
    return f"{speaker}{' '.join(line.text.split())}  [{manner}]"
