"""`npc-engine import-card`: a character card from a chat program as a persona file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from npc_engine import limits
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.importers import character_card
from npc_engine.importers.character_card import Imported
from npc_engine.importers.container import read_card
from npc_engine.importers.persona_yaml import dump, persona_files
from npc_engine.importers.wording import identifier, one_line
from npc_engine.world.pack import load_pack
from npc_engine.world.persona import Authored, Persona
from npc_engine.world.state import PLAYER
from npc_engine.world.yaml_source import PackError, convert, read_yaml

#: A background longer than this costs every prompt of a small model dearly, code points.
GOOD_BACKGROUND_CHARS = 1_200
SHOWN_NAME_CHARS = 40


def import_card(
    file: Annotated[Path, typer.Argument(help="A .png, .json or .charx file.", exists=True, dir_okay=False)],
    pack: Annotated[
        Path | None, typer.Option(help="Add the character to this pack; a new folder becomes one.", file_okay=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write this file. Its name, without .yaml, is the id.")] = None,
    npc_id: Annotated[str | None, typer.Option("--id", help="The character's id. Left out: from its name.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a character of that id.")] = False,
) -> None:
    """Make a persona file from a character card (V1, V2, V3), with its lorebook. Prints the file's path.

    What has no place in a persona stays in the file, under `extra`, where no model sees it. Cards are treated as
    untrusted: no instruction to a model, no path and no script in one is ever followed.

    Examples:

      npc-engine import-card marta.png

      npc-engine import-card marta.png --pack characters/mine --id innkeeper

      npc-engine import-card marta.charx --out npcs/marta.yaml --force
    """
    folder, wanted = _target(pack, out, npc_id)
    with reported_errors():
        card = read_card(file)
        imported = character_card.import_card(card.data, wanted)
        files = {folder / name: text for name, text in persona_files(imported.persona).items()}
        path, *beside = files
        if pack is not None and not (pack / "pack.yaml").exists():
            files[pack / "pack.yaml"] = _pack_yaml(pack)
        _write(files, force)
        _check(path, pack)
    too_large = [f"extra is too large for a persona's file; it lies in {each.name} beside it." for each in beside]
    _report(imported, [*card.notes, *imported.notes, *too_large])
    print(path)


def _target(pack: Path | None, out: Path | None, npc_id: str | None) -> tuple[Path, str | None]:
    """The folder of the file and the id, as far as the options say."""
    if pack is not None and out is not None:
        raise typer.BadParameter("give either --pack or --out")
    if out is not None:
        if out.suffix != ".yaml" or npc_id not in (None, out.stem):
            raise typer.BadParameter("the file of --out must be named <id>.yaml")
        npc_id = out.stem
    if npc_id is not None and (
        not re.fullmatch(r"[a-z][a-z0-9_]*", npc_id) or len(npc_id) > limits.NAME_CHARS or npc_id == PLAYER
    ):
        raise typer.BadParameter(
            f"`{npc_id}` is no id: small letters, digits and underscores, beginning with a letter; not `{PLAYER}`"
        )
    if pack is not None:
        if pack.exists() and any(pack.iterdir()) and not (pack / "pack.yaml").is_file():
            raise typer.BadParameter(f"{pack} is no character pack, and not empty")
        return pack / "npcs", npc_id
    return (out.parent if out is not None else Path()), npc_id


def _pack_yaml(pack: Path) -> str:
    name = pack.resolve().name
    title = one_line(name, limits.NAME_CHARS) or "Pack"
    return dump({"id": identifier(name, "pack"), "name": title, "summary": "Imported characters."})


def _write(files: dict[Path, str], force: bool) -> None:
    for path in files:
        if path.exists() and not force:
            raise typer.BadParameter(f"{path} exists; --force replaces it, --id chooses another name")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise NpcError(ErrorCode.PACK_INVALID, f"{path} cannot be written: {error.strerror}.") from error


def _check(path: Path, pack: Path | None) -> None:
    """Read what was written as the engine will."""
    if pack is not None:
        load_pack(pack)
        return
    _, problems = convert(read_yaml(path), Persona)
    if problems:
        raise PackError(problems)


def _report(imported: Imported, notes: list[str]) -> None:
    persona = imported.persona
    counts = {
        "background": f"{len(persona.background):,} characters",
        "traits": len(persona.personality),
        "greetings": len(persona.authored.greet),
        "examples": len(persona.examples),
        "lore entries": len(persona.lore),
    }
    table = Table(title=f"{escape(persona.name)} (card {escape(imported.version)})", show_header=False)
    for what, count in counts.items():
        table.add_row(what, str(count))
    kept = ", ".join(one_line(key, SHOWN_NAME_CHARS) for key in imported.kept)
    table.add_row("in extra", escape(kept) or "nothing")
    stderr.print(table)
    for note in notes:
        stderr.print(f"[yellow]note[/] {escape(note)}")
    for step in _next_steps(persona):
        stderr.print(f"[cyan]next[/] {escape(step)}")


def _next_steps(persona: Persona) -> list[str]:
    lines, defaults = persona.authored, Authored()
    unwritten = [kind for kind in Authored.__struct_fields__ if getattr(lines, kind) == getattr(defaults, kind)]
    steps = [
        f"Write this character's own lines for {', '.join(unwritten)}: they are still the defaults, or none.",
        "Fill in role and speech_style, and set language if it is not English.",
        "Read summary, greetings and examples aloud: narration without marks looks like speech to the importer.",
    ]
    if len(persona.background) > GOOD_BACKGROUND_CHARS:
        steps.append("Shorten the background to what shows in talk: every prompt carries all of it.")
    if len(persona.examples) < 3:
        steps.append("Write three or more examples: they teach a small model more than any description.")
    return steps
