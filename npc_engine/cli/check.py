"""`npc-engine check`: everything that is wrong or odd about a pack, before a player finds it."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from npc_engine.cli.console import reported_errors
from npc_engine.prompt import lint as prompt_lint
from npc_engine.rehearsal.spec import load_tests
from npc_engine.world import lint as world_lint
from npc_engine.world.leaks import leaks
from npc_engine.world.lint import Finding, Level
from npc_engine.world.pack import Pack, PackError, find_pack, load_pack


def check(
    pack: Annotated[str, typer.Argument(help="Character pack: a folder, or the name of a shipped one.")],
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail as well.")] = False,
    context: Annotated[int, typer.Option(min=512, help="The model's window, tokens.")] = 2_048,
    output: Annotated[Path | None, typer.Option("--json", help="Write the findings here.")] = None,
) -> None:
    """Check a character pack: mistakes with file, line and column, and what can never happen. Exit code 1 on an error.

    Examples:

      npc-engine check oakhollow

      npc-engine check ./my_characters --strict
    """
    with reported_errors():
        folder = find_pack(pack)
        loaded, findings = examine(folder, context)
    _print(findings)
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = len(findings) - errors
    counts: dict[str, int] = {}
    if loaded is not None:
        counts = {"characters": len(loaded.npcs), "places": len(loaded.places)}
    counts |= {"errors": errors, "warnings": warnings}
    name = loaded.info.id if loaded is not None else folder.resolve().name
    print(f"{name}: {', '.join(f'{count} {what}' for what, count in counts.items())}")
    if output:
        report = {"pack": name, **counts, "findings": [_as_json(finding) for finding in findings]}
        output.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if errors or (strict and warnings):
        raise typer.Exit(1)


def examine(folder: Path, context_tokens: int) -> tuple[Pack | None, list[Finding]]:
    """The pack, unless it cannot be loaded, and all that was found. What cannot be loaded is not looked at further."""
    try:
        pack = load_pack(folder)
        findings = [*world_lint.lint(pack), *leaks(pack), *prompt_lint.lint(pack, context_tokens)]
    except PackError as error:
        return None, [Finding(problem, Level.ERROR) for problem in error.problems]
    try:
        load_tests(pack)
    except PackError as error:
        findings += [Finding(problem, Level.ERROR) for problem in error.problems]
    return pack, sorted(findings)


def _print(findings: list[Finding]) -> None:
    """Grouped by file, a blank line between files."""
    for _, group in groupby(findings, key=lambda finding: finding.problem.file):
        for finding in group:
            print(finding)
        print()


def _as_json(finding: Finding) -> dict[str, str | int]:
    return {**finding.problem._asdict(), "level": finding.level.value}
