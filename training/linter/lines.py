"""What all rules look at: every line of the set, with where it stands and how it was played."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property

from npc_engine.ops.stage import Stage
from npc_engine.prompt.chat_formats import CHATML
from npc_engine.world.lint import Finding, Level
from training.dialogue.performance import Performance, PlayedTurn
from training.dialogue.spec import DialogueTurn, Setting, Written

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def words(text: str) -> list[str]:
    """The words of a line, numbers too, in lower case and with straight apostrophes."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


@dataclass(frozen=True)
class Spoken:
    """One turn of the set, played."""

    setting: Setting
    written: Written
    index: int
    played: PlayedTurn

    @property
    def turn(self) -> DialogueTurn:
        """The turn as it is written."""
        return self.played.turn

    @property
    def speaker(self) -> str:
        """Who replies, unique in the set; the narrator of a setting is one as well."""
        who = self.written.conversation.npc if self.played.persona else "narrator"
        return f"{self.setting.id}/{who}"

    @cached_property
    def words(self) -> list[str]:
        """The words of the reply."""
        return words(self.turn.reply)

    @property
    def place(self) -> str:
        """File and line, to point at it from elsewhere."""
        file, line, *_ = self.written.turn_problem(self.index, "", "reply")
        return f"{file}:{line}"

    def error(self, message: str, key: str = "reply") -> Finding:
        """A finding that fails the set."""
        return Finding(self.written.turn_problem(self.index, message, key), Level.ERROR)

    def warning(self, message: str, key: str = "reply") -> Finding:
        """A finding worth a look."""
        return Finding(self.written.turn_problem(self.index, message, key), Level.WARNING)


def play(setting: Setting) -> Iterator[Spoken]:
    """Every turn of a setting."""
    with closing(Stage(setting.pack.path)) as stage:
        for written in setting.written:
            for index, played in enumerate(Performance(stage, written.conversation, CHATML).play()):
                yield Spoken(setting, written, index, played)
