"""What a pack would teach the model, and how much of its window is left."""

from pathlib import Path

import pytest
from pack_files import write_pack

from npc_engine.prompt.lint import lint, prompt_tokens
from npc_engine.world.lint import Level
from npc_engine.world.pack import load_pack

PERSON = "id: ben\nname: Ben\nsummary: Carries water.\n"


def found(folder: Path, extra: str, context_tokens: int = 4_096) -> list[tuple[Level, str]]:
    pack = load_pack(write_pack(folder, {"npcs/ben.yaml": PERSON + extra}))
    findings = lint(pack, context_tokens)
    return [(each.level, f"{each.problem.line}:{each.problem.column} {each.problem.message}") for each in findings]


@pytest.mark.parametrize(
    ("extra", "level", "message"),
    [
        ("examples: [{player: Hi., reply: I am no Robot}]\n", Level.ERROR, "4:33 the example says 'Robot'"),
        ("examples: [{player: Hi., reply: '*nods* Yes.'}]\n", Level.ERROR, "4:33 the example says '*'"),
        ("authored: {greet: [A robot!]}\n", Level.ERROR, "4:20 the line says 'robot'"),
        ("authored: {greet: [{text: A robot!, when: flags.met}]}\n", Level.ERROR, "4:27 the line says 'robot'"),
        ("authored: {greet: ['*nods*']}\n", Level.WARNING, "4:20 the line says '*'"),
    ],
)
def test_forbidden_words(tmp_path: Path, extra: str, level: Level, message: str) -> None:
    ((found_level, text),) = found(tmp_path, extra)
    assert found_level is level
    assert text.startswith(message)


def test_values_in_braces_are_no_markup(tmp_path: Path) -> None:
    assert found(tmp_path, "authored: {greet: ['You have {player.coins} coins.', Robots.]}\n") == []


def test_a_long_prompt_is_a_warning_and_one_that_does_not_fit_an_error(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path))
    tokens = max(prompt_tokens(persona, pack.world.setting) for persona in pack.npcs.values())
    assert lint(pack, tokens * 2 + 2) == []
    (warning,) = lint(pack, tokens * 2 - 2)
    assert warning.level is Level.WARNING
    assert f"about {tokens} tokens, 50% of a window of {tokens * 2 - 2}" in warning.problem.message
    assert Level.ERROR in {each.level for each in lint(pack, tokens)}
