"""The slash commands of `npc-engine talk`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.world.values import parse_value

if TYPE_CHECKING:
    from npc_engine.cli.talk import Conversation

HELP = """  /npc NAME            talk to somebody else
  /who                 who lives here
  /describe [PLACE]    look around
  /bark [ABOUT]        hear a remark in passing
  /converse NPC NPC [TOPIC]   let two of them talk
  /event TEXT          something happens here
  /set NAME=VALUE      change the world: flags.met_courier=true, time=22:00, npcs.bram.place=inn
  /get [NAME]          how the world stands
  /inspect TEXT        what the model would be shown if you said this
  /save FILE, /load FILE      keep this game, go back to it
  /new                 begin a new game
  /budget MS           give the next lines this long
  /health              what the daemon counts
  /quit                leave (also Ctrl-D); Ctrl-C cancels a line"""
COMMANDS = [f"/{line.split()[0][1:].rstrip(',')} " for line in HELP.splitlines()] + ["/load ", "/help"]


def carry_out(talk: Conversation, line: str) -> bool:
    """Carry out a slash command. False: leave. Raises NpcError."""
    word, _, rest = line[1:].strip().partition(" ")
    rest = rest.strip()
    client, show = talk.client, talk.console.print
    match word:
        case "quit" | "q" | "exit":
            return False
        case "npc" if rest in talk.daemon.npcs:
            talk.turn_to(rest)
        case "npc" | "who":
            show("  " + ", ".join(f"{npc} ({name})" for npc, name in talk.daemon.npcs.items()))
        case "describe" if (place := rest or talk.place) in talk.daemon.places:
            talk.speak(client.describe(place, talk.budget_ms, seed=talk.seed))
        case "describe":
            show("  places: " + ", ".join(talk.daemon.places))
        case "bark":
            talk.speak(client.bark(talk.npc, rest, talk.budget_ms, seed=talk.seed))
        case "converse" if len(rest.split()) >= 2:
            _converse(talk, *rest.split(maxsplit=2))
        case "event" if rest:
            witnesses = talk.answer(client.event(rest))["witnesses"]
            show(f"  seen by {', '.join(witnesses) or 'nobody'}")
        case "set" if "=" in rest:
            name, _, value = rest.partition("=")
            talk.answer(client.world_set({name.strip(): parse_value(value.strip())}))
        case "get":
            values = talk.answer(client.world_get([rest] if rest else []))["values"]
            show("\n".join(f"  {name} = {value}" for name, value in values.items()), markup=False, highlight=False)
        case "inspect":
            found = talk.answer(client.inspect(talk.npc, rest))
            show(found["prompt"], markup=False, highlight=False)
            show(f"  [dim]knows: {', '.join(found['knows']) or '-'} · may: {', '.join(found['actions']) or '-'}[/]")
        case "save" if rest:
            request = client.save_export()
            talk.answer(request)
            assert request.reply is not None
            _write(Path(rest), request.reply.blob)
        case "load" if rest:
            warnings = talk.answer(client.save_import(_read(Path(rest))))["warnings"]
            show("\n".join(f"  {warning}" for warning in warnings) or "  as it was", markup=False)
            talk.turn_to(talk.npc)
        case "new":
            talk.answer(client.slot_new())
            talk.turn_to(talk.npc)
        case "budget" if rest.isdigit() and 1 <= int(rest) <= 600_000:
            talk.budget_ms = int(rest)
        case "health":
            talk.console.print_json(data=talk.answer(client.health()))
        case _:
            show(HELP, markup=False)
    return True


def _converse(talk: Conversation, first: str, second: str, topic: str = "") -> None:
    shown = 0
    request = talk.client.converse([first, second], topic, budget_ms=talk.budget_ms, seed=talk.seed)

    def show() -> None:
        nonlocal shown
        for turn in request.turns[shown:]:
            name = talk.daemon.npcs.get(turn.npc, turn.npc)
            talk.console.print(f"[bold]{escape(name)}[/]  {escape(turn.text)}  [dim]{turn.source}[/]")
        shown = len(request.turns)

    talk.wait(request, show)
    show()
    talk.answer(request)


def _write(path: Path, blob: bytes) -> None:
    try:
        path.write_bytes(blob)
    except OSError as error:
        raise NpcError(ErrorCode.STORAGE_FAILED, f"{path} cannot be written: {error.strerror}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NpcError(ErrorCode.STORAGE_FAILED, f"{path} cannot be read: {error.strerror}") from error
