"""How a line is written in an experiment, and what came of it. Knows no torch, so that tables and rules need none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Choices(StrEnum):
    """How deed and emotion come to stand before a line."""

    FREE = "free"  # the model writes them on the canvas like the line behind them
    READ = "read"  # read off the canvas in one pass, then clamped
    GIVEN = "given"  # told from outside, clamped


@dataclass(frozen=True, slots=True)
class Manner:
    """The defaults are the reference's: one canvas of `width` tokens, at most `steps` steps, a stop that looks at the
    whole canvas (`to_the_end`; else at the reply up to its end), nothing clamped. With `holds`, what stands is clamped
    while the rest is written, as the engine does with what it has shown."""

    width: int = 256
    steps: int = 48
    choices: Choices = Choices.FREE
    to_the_end: bool = True
    holds: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line to be written. `given` are labels by slot, for `Choices.GIVEN`; those it lacks are read."""

    manner: Manner
    seed: int
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it.

    `ended`: the model ended the line itself, on the canvas. `choices`: the labels by slot, only those that stand where
    they belong and are allowed. `text` is empty if the model wrote no beginning of a line. `entropy`: nats per token of
    the line in the last step. `ms`: of each step in which it took part, the share of its rows.
    """

    text: str
    ended: bool
    choices: Mapping[str, str]
    entropy: float
    steps: int
    ms: float
