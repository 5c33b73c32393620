"""What is compared with what. Each setting departs from the reference in one thing; only `together` has them all.

A narrow canvas keeps the reference's stop, a mean over its positions. That is stricter there, with fewer certain
positions behind the end to thin the mean out, so it stops later rather than sooner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from npc_engine.engines.diffusion.manner import Choices, Manner

#: Added to the seeds of the control.
OTHER_SEEDS = 1_000_000
WIDTHS = (32, 48, 64, 96, 128, 256)
STEPS = (4, 6, 8, 10, 12, 16, 24, 48)
#: What the engine gives a line of `say`, and plans that it has time for.
ENGINE_WIDTH, ENGINE_STEPS = 64, (8, 12, 24)


@dataclass(frozen=True, slots=True)
class Setting:
    """A manner with a name. `seed_shift` is added to every seed."""

    name: str
    manner: Manner
    seed_shift: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """Settings that answer one question; they stand in one table."""

    name: str
    title: str
    settings: tuple[Setting, ...]


_PLAIN = Manner()
REFERENCE = Setting("reference", _PLAIN)
#: How much luck alone changes: differences as large as its own prove nothing.
CONTROL = Setting("other seeds", _PLAIN, OTHER_SEEDS)
_ENGINE = Manner(ENGINE_WIDTH, choices=Choices.READ, to_the_end=False, holds=True)

QUESTIONS = (
    Question(
        "width",
        "How narrow may the canvas be?",
        tuple(Setting(f"width {width}", replace(_PLAIN, width=width)) for width in WIDTHS if width != _PLAIN.width),
    ),
    Question(
        "steps",
        "How few steps are enough?",
        tuple(Setting(f"{steps} steps", replace(_PLAIN, steps=steps)) for steps in STEPS if steps != _PLAIN.steps),
    ),
    Question(
        "choices",
        "May deed and emotion be read and clamped before the line?",
        (
            Setting("choices read", replace(_PLAIN, choices=Choices.READ)),
            Setting("choices given", replace(_PLAIN, choices=Choices.GIVEN)),
        ),
    ),
    Question(
        "stop",
        "May it stop by the reply alone, and hold what stands?",
        (
            Setting("stop at its end", replace(_PLAIN, to_the_end=False)),
            Setting("and what stands held", replace(_PLAIN, to_the_end=False, holds=True)),
        ),
    ),
    Question(
        "together",
        "And all of it at once, as the engine does?",
        tuple(Setting(f"engine, {steps} steps", replace(_ENGINE, steps=steps)) for steps in ENGINE_STEPS),
    ),
)


def describe(setting: Setting) -> str:
    """The setting in a few words, for a reader who has only the report."""
    manner = setting.manner
    parts = [
        f"{manner.width} wide",
        f"at most {manner.steps} steps",
        "stop over the whole canvas" if manner.to_the_end else "stop over the reply",
        {Choices.FREE: "labels written freely", Choices.READ: "labels read and clamped",
         Choices.GIVEN: "the reference's labels given"}[manner.choices],
    ]  # fmt: skip
    return ", ".join([*parts, *(["what stands is held"] if manner.holds else [])])
