"""`npc-engine talk`: a conversation in the terminal, streamed as it forms."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from npc_engine.cli.console import reported_errors
from npc_engine.cli.engine_options import MODEL_FREE, model_ready
from npc_engine.cli.serve import (
    DEFAULT_PACK,
    EngineOption,
    ModelOption,
    PackOption,
    SettingsOption,
    ThreadsOption,
)
from npc_engine.client import DaemonInfo, NpcClient, Request
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import catalogue

POLL_S = 0.005
#: Loading a large model from a slow disk takes minutes.
START_S = 600.0
WARM_MS = 120_000

HELP = """  /npc NAME      talk to somebody else
  /who           who lives here
  /describe [PLACE]  look around
  /bark          hear a remark in passing
  /budget MS     give the next lines this long
  /health        what the daemon counts
  /quit          leave (also Ctrl-D); Ctrl-C cancels a line"""


def talk(
    npc: Annotated[str | None, typer.Argument(help="Whom to talk to. Default: the first of the pack.")] = None,
    say: Annotated[list[str], typer.Option("--say", help="Say this and leave; may be repeated.")] = [],  # noqa: B006
    budget_ms: Annotated[int, typer.Option(min=1, max=600_000, help="Time every line has.")] = 4_000,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same words: same answers.")] = None,
    engine: EngineOption = "llama",
    model: ModelOption = None,
    pack: PackOption = DEFAULT_PACK,
    threads: ThreadsOption = 0,
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
            client = NpcClient(address)
        else:
            arguments = ["--threads", str(threads)]
            for setting in option:
                arguments += ["--option", setting]
            ready = None if engine in MODEL_FREE else model_ready(model)
            client = NpcClient.launch(engine=engine, model=ready, pack=pack, arguments=arguments)
        with client:
            _Conversation(client, console, budget_ms, seed).run(npc, say)


class _Conversation:
    def __init__(self, client: NpcClient, console: Console, budget_ms: int, seed: int | None) -> None:
        self._client = client
        self._console = console
        self._budget_ms = budget_ms
        self._seed = seed
        self._npc = ""

    def run(self, npc: str | None, lines: list[str]) -> None:
        daemon = self._wait_ready()
        self._introduce(daemon)
        self._turn_to(npc or next(iter(daemon.npcs)))
        for line in lines:
            self._console.print(f"[bold]you[/]  {escape(line)}")
            self._speak(self._client.say(self._npc, line, self._budget_ms, seed=self._seed))
        if lines:
            return
        self._console.print("[dim]Type a line and press Enter. /help shows more.[/]\n")
        _complete(["/npc ", "/who", "/describe ", "/bark", "/budget ", "/health", "/help", "/quit", *daemon.npcs])
        while (typed := self._read("you  ")) is not None:
            if typed.startswith("/"):
                if not self._command(typed):
                    return
            else:
                self._speak(self._client.say(self._npc, typed, self._budget_ms, seed=self._seed))

    def _wait_ready(self) -> DaemonInfo:
        end_s = time.monotonic() + START_S
        with self._console.status("starting the daemon ...") as status:
            while time.monotonic() < end_s:
                self._client.poll()
                state = self._client.state
                if state == "ready" and self._client.daemon is not None:
                    return self._client.daemon
                if state in ("offline", "refused", "down"):
                    raise NpcError(ErrorCode.DAEMON_UNREACHABLE, self._client.problem)
                if state == "loading":
                    status.update("loading the model ...")
                time.sleep(POLL_S)
        raise NpcError(ErrorCode.DAEMON_UNREACHABLE, f"not ready after {START_S:.0f} s")

    def _introduce(self, daemon: DaemonInfo) -> None:
        model = next((model for model in catalogue() if model.name == daemon.model), None)
        title = model.title if model else daemon.model
        self._console.print(f"[green]{escape(title)}[/] speaks ({daemon.engine}).", soft_wrap=True)
        if model:
            self._console.print(f"[dim]{escape(model.quality)}[/]", soft_wrap=True)

    def _turn_to(self, npc: str) -> None:
        daemon = self._client.daemon
        assert daemon is not None
        self._npc = npc
        name = daemon.npcs.get(npc, npc)
        with self._console.status(f"{name} looks up ..."):
            warm = self._client.warm([npc], budget_ms=WARM_MS)
            self._wait(warm)
        if warm.error is not None:
            raise NpcError(ErrorCode(warm.error.code), warm.error.message)
        self._console.print(f"[bold]{escape(name)}[/]", end="  ")
        self._console.print(f"[dim]{self._budget_ms} ms a line[/]")

    def _command(self, line: str) -> bool:
        """Carry out a slash command. False: leave."""
        word, _, rest = line[1:].strip().partition(" ")
        daemon = self._client.daemon
        assert daemon is not None
        match word, rest.strip():
            case (("quit" | "q" | "exit"), _):
                return False
            case "npc", name if name in daemon.npcs:
                self._turn_to(name)
            case (("npc" | "who"), _):
                self._console.print("  " + ", ".join(f"{npc} ({name})" for npc, name in daemon.npcs.items()))
            case "describe", place if place in daemon.places:
                self._speak(self._client.describe(place, self._budget_ms, seed=self._seed))
            case "describe", _:
                self._console.print("  places: " + ", ".join(daemon.places))
            case "bark", about:
                self._speak(self._client.bark(self._npc, about, self._budget_ms, seed=self._seed))
            case "budget", number if number.isdigit() and 1 <= int(number) <= 600_000:
                self._budget_ms = int(number)
            case "health", _:
                health = self._client.health()
                self._wait(health)
                if health.reply is not None:
                    self._console.print_json(data=health.reply.data)
            case _:
                self._console.print(HELP, markup=False)
        return True

    def _speak(self, request: Request) -> None:
        """Show the line as it forms, then how it came about."""
        shown = 0
        self._console.print("[cyan]>[/] ", end="")

        def show() -> None:
            nonlocal shown
            # What is stable only grows, and the reply begins with it: so it can be printed piece by piece.
            text = request.reply.text if request.reply else request.text[: request.stable]
            self._console.out(text[shown:], end="", highlight=False)
            self._console.file.flush()
            shown = max(shown, len(text))

        try:
            self._wait(request, show)
        except KeyboardInterrupt:
            request.cancel()
            self._wait(request)
        show()
        self._console.print()
        if request.error is not None:
            self._console.print(f"  [red]{request.error.code}[/] {escape(request.error.message)}")
        elif request.reply is not None:
            self._console.print(f"  [dim]{_account(request, self._budget_ms)}[/]", soft_wrap=True)
            self._client.spoken(request)

    def _wait(self, request: Request, each: Callable[[], None] = lambda: None) -> None:
        while not request.finished:
            self._client.poll()
            each()
            time.sleep(POLL_S)

    def _read(self, prompt: str) -> str | None:
        """A line from the terminal, while the connection is kept alive. None at its end."""
        answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_input, args=(prompt, answers), daemon=True).start()
        try:
            while answers.empty():
                self._client.poll()
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
