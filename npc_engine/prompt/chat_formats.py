"""How a model was taught to tell who speaks: a few strings per family, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """What stands before and after one speaker's words."""

    open: str
    close: str


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """A chat template taken apart. `begin` opens the whole prompt; `stop` are the texts at which a reply is over.

    A family without a system role takes its instructions as a user's turn. With `chooses`, the model is asked for deed
    and emotion before its line; not every small one can tell them apart.
    """

    name: str
    system: Turn
    user: Turn
    assistant: Turn
    stop: tuple[str, ...]
    begin: str = ""
    chooses: bool = False


CHATML = ChatFormat(
    name="chatml",
    system=Turn("<|im_start|>system\n", "<|im_end|>\n"),
    user=Turn("<|im_start|>user\n", "<|im_end|>\n"),
    assistant=Turn("<|im_start|>assistant\n", "<|im_end|>\n"),
    stop=("<|im_end|>", "<|im_start|>"),
)
GEMMA = ChatFormat(
    name="gemma",
    begin="<bos>",
    system=Turn("<start_of_turn>user\n", "<end_of_turn>\n"),
    user=Turn("<start_of_turn>user\n", "<end_of_turn>\n"),
    assistant=Turn("<start_of_turn>model\n", "<end_of_turn>\n"),
    stop=("<end_of_turn>", "<start_of_turn>"),
)
#: Gemma 4 and DiffusionGemma. They think only if the system turn asks for it with `<|think|>`, which no persona does.
#: (The first template of the instruction-tuned checkpoints also put an empty thought before each reply; their
#: publishers have since taken it out, for better answers.)
GEMMA4 = ChatFormat(
    name="gemma4",
    begin="<bos>",
    system=Turn("<|turn>system\n", "<turn|>\n"),
    user=Turn("<|turn>user\n", "<turn|>\n"),
    assistant=Turn("<|turn>model\n", "<turn|>\n"),
    stop=("<turn|>", "<|turn>", "<|channel>"),
    chooses=True,
)
#: No control tokens at all: a transcript, for base models and for engines that speak without a model.
PLAIN = ChatFormat(
    name="plain",
    system=Turn("", "\n\n"),
    user=Turn("", "\n"),
    assistant=Turn("", "\n"),
    stop=(),
)

FORMATS = {chat_format.name: chat_format for chat_format in (CHATML, GEMMA, GEMMA4, PLAIN)}
