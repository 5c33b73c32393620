"""`npc-engine talk`: a conversation in the terminal, streamed as it forms."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from npc_engine.cli.adapter_options import AdapterOption, Adapting, NoAdapterOption
from npc_engine.cli.console import reported_errors
from npc_engine.cli.engine_auto import AUTO, Wanted, resolve
from npc_engine.cli.engine_options import model_for_child, setting_arguments
from npc_engine.cli.readiness import POLL_S, wait_ready
from npc_engine.cli.serve import (
    DEFAULT_PACK,
    EngineOption,
    ModelOption,
    PackOption,
    SettingsOption,
    ShareOption,
    ThreadsOption,
)
from npc_engine.cli.talk_commands import COMMANDS, carry_out
from npc_engine.client import DaemonInfo, NpcClient, Request
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import find

WARM_MS = 120_000
#: What is said here is remembered, and kept apart from any game's.
GAME = "talk"


def talk(
    npc: Annotated[str | None, typer.Argument(help="Whom to talk to. Default: the first of the pack.")] = None,
    say: Annotated[list[str], typer.Option("--say", help="Say this and leave; may be repeated.")] = [],  # noqa: B006
    budget_ms: Annotated[int, typer.Option(min=1, max=600_000, help="Time every line has.")] = 4_000,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same words: same answers.")] = None,
    engine: EngineOption = AUTO,
    model: ModelOption = None,
    adapter: AdapterOption = None,
    no_adapter: NoAdapterOption = False,
    pack: PackOption = DEFAULT_PACK,
    threads: ThreadsOption = 0,
    gpu_share: ShareOption = 1.0,
    option: SettingsOption = [],  # noqa: B006 - typer reads the defaults, nobody changes them
    address: Annotated[str | None, typer.Option(help="Use the daemon at this address instead of starting one.")] = None,
) -> None:
    """Talk to a character. Fetches a model first if there is none, starts a daemon, and stops it at the end.

    Examples:

      npc-engine talk

      npc-engine talk marta --budget-ms 1500

      npc-engine talk marta --say "Evening!" --say "What happened at the mill?"
    """
    console = Console(highlight=False)
    with reported_errors():
        if address is not None:
            client = NpcClient(address, game=GAME)
        else:
            adapting = Adapting(adapter, no_adapter)
            arguments = [
                "--threads",
                str(threads),
                "--gpu-share",
                str(gpu_share),
                *adapting.arguments,
                *setting_arguments(option),
            ]
            engine, model = resolve(engine, Wanted(model, tuple(option), threads, adapting))
            ready = model_for_child(engine, model, option)
            client = NpcClient.launch(engine=engine, model=ready, pack=pack, game=GAME, arguments=arguments)
        with client:
            Conversation(client, console, budget_ms, seed).run(npc, say)


class Conversation:
    """A client, a terminal, and the character that is spoken to."""

    def __init__(self, client: NpcClient, console: Console, budget_ms: int, seed: int | None) -> None:
        self.client = client
        self.console = console
        self.budget_ms = budget_ms
        self.seed = seed
        self.npc = ""
        self.place = ""

    @property
    def daemon(self) -> DaemonInfo:
        """Who and what is there."""
        assert self.client.daemon is not None
        return self.client.daemon

    def run(self, npc: str | None, lines: list[str]) -> None:
        """Say `lines`, or else whatever is typed until the end."""
        wait_ready(self.client, self.console)
        self._introduce()
        self.turn_to(npc or next(iter(self.daemon.npcs)))
        for line in lines:
            self.console.print(f"[bold]you[/]  {escape(line)}")
            self.say(line)
        if lines:
            return
        self.console.print("[dim]Type a line and press Enter. /help shows more.[/]\n")
        _complete([*COMMANDS, *self.daemon.npcs, *self.daemon.places])
        while (typed := self._read("you  ")) is not None:
            try:
                if not typed.startswith("/"):
                    self.say(typed)
                elif not carry_out(self, typed):
                    return
            except NpcError as error:
                self.console.print(f"  [red]{error.code}[/] {escape(error.message)}")

    def say(self, line: str) -> None:
        """Speak to the character."""
        self.speak(self.client.say(self.npc, line, self.budget_ms, seed=self.seed))

    def turn_to(self, npc: str) -> None:
        """Go where the character is, and have its prompt read. Raises UNKNOWN_NPC."""
        name = self.daemon.npcs.get(npc, npc)
        with self.console.status(f"{name} looks up ..."):
            self.answer(self.client.warm([npc], budget_ms=WARM_MS))
            place = self.answer(self.client.world_get([f"npcs.{npc}.place"]))["values"][f"npcs.{npc}.place"]
            if place:
                self.answer(self.client.scene_enter(place))
            slots = self.answer(self.client.slot_list())["slots"]
        self.npc, self.place = npc, place
        memories = next((slot["memories"] for slot in slots if slot["slot"] == "main"), 0)
        where = f" · {self.daemon.places[place]}" if place in self.daemon.places else ""
        kept = f" · {memories} memories of earlier talks, /new begins anew" if memories else ""
        self.console.print(f"[bold]{escape(name)}[/]  [dim]{self.budget_ms} ms a line{escape(where)}{kept}[/]")

    def answer(self, request: Request) -> Mapping[str, Any]:
        """What a request that is not speech brings. Raises NpcError for its error."""
        self.wait(request)
        if request.error is not None:
            code = request.error.code
            raise NpcError(ErrorCode(code) if code in list(ErrorCode) else ErrorCode.INTERNAL, request.error.message)
        return request.reply.data if request.reply else {}

    def speak(self, request: Request) -> None:
        """Show the line as it forms, then how it came about."""
        shown = 0
        self.console.print("[cyan]>[/] ", end="")

        def show() -> None:
            nonlocal shown
            # What is stable only grows, and the reply begins with it: so it can be printed piece by piece.
            text = request.text if request.reply else request.text[: request.stable]
            self.console.out(text[shown:], end="", highlight=False)
            self.console.file.flush()
            shown = max(shown, len(text))

        self.wait(request, show)
        show()
        self.console.print()
        if request.error is not None:
            self.console.print(f"  [red]{request.error.code}[/] {escape(request.error.message)}")
        elif request.reply is not None:
            self.console.print(f"  [dim]{escape(_account(request, self.budget_ms))}[/]", soft_wrap=True)
            self.client.spoken(request)

    def wait(self, request: Request, each: Callable[[], None] = lambda: None) -> None:
        """Until it has ended; Ctrl-C cancels it."""
        while not request.finished:
            try:
                self.client.poll()
                each()
                time.sleep(POLL_S)
            except KeyboardInterrupt:
                request.cancel()

    def _introduce(self) -> None:
        daemon = self.daemon
        model = find(daemon.model)
        title = model.title if model else daemon.model
        self.console.print(f"[green]{escape(title)}[/] speaks ({daemon.engine}).", soft_wrap=True)
        if model:
            self.console.print(f"[dim]{escape(model.quality)}[/]", soft_wrap=True)

    def _read(self, prompt: str) -> str | None:
        """A line from the terminal, while the connection is kept alive. None at its end."""
        answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_input, args=(prompt, answers), daemon=True).start()
        try:
            while answers.empty():
                self.client.poll()
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            return None
        return answers.get()


def _account(request: Request, budget_ms: int) -> str:
    reply = request.reply
    assert reply is not None
    parts = [f"{reply.source}" + (f" ({reply.reason})" if reply.reason else "")]
    if reply.timing is not None:
        if reply.timing.first_ms is not None:
            parts.append(f"first words {reply.timing.first_ms:.0f} ms")
        parts.append(f"done {reply.timing.total_ms:.0f} of {budget_ms} ms")
        if reply.timing.prompt_tokens:
            parts.append(f"{reply.timing.cached_tokens} of {reply.timing.prompt_tokens} prompt tokens cached")
    if reply.emotion != "neutral":
        parts.append(reply.emotion)
    parts += [" ".join([action.name, *action.args.values()]) for action in reply.actions]
    return " · ".join(parts)


def _input(prompt: str, answers: queue.SimpleQueue[str | None]) -> None:
    try:
        answers.put(input(prompt))
    except (EOFError, OSError):
        answers.put(None)


def _complete(words: list[str]) -> None:
    """Tab completion where the terminal has readline."""
    with contextlib.suppress(ImportError):
        import readline

        def complete(text: str, state: int) -> str | None:
            matches = [word for word in words if word.startswith(text)]
            return matches[state] if state < len(matches) else None

        readline.set_completer_delims(" ")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")
    sys.stdout.flush()
