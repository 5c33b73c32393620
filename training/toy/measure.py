"""How well a checkpoint says what it was taught, measured with the engine's own denoising loop.

python training/toy/measure.py [FOLDER] [--log build/toy/loss.jsonl --plot training/toy/curve.png]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import torch
from examples import Topic, plain_prompt, read_topics, sheets

from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.checkpoint import load_weights
from npc_engine.engines.diffusion.config import read_config
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read
from npc_engine.engines.diffusion.prefix_store import PrefixStore
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.tokeniser import Tokeniser
from npc_engine.prompt.chat_formats import GEMMA4

WIDTH, PLANNED = 32, 12
STORE_BYTES = 64 << 20
FOLDER = Path(__file__).parents[2] / "npc_engine" / "models" / "toy"


@dataclass(frozen=True, slots=True)
class Said:
    """A reply: its text, whether its end was found, and after how many steps it was done."""

    text: str
    ended: bool
    steps: int


class Toy:
    """A checkpoint, asked without a daemon around it."""

    def __init__(self, folder: Path) -> None:
        self.config = read_config(folder)
        self.tokeniser = Tokeniser.from_folder(folder)
        cpu, exact = torch.device("cpu"), torch.float32
        self.weights = load_weights(folder, self.config, dtype=exact, device=cpu, progress=lambda part, what: None)
        self.schedule = Schedule()
        self.denoiser = Denoiser(self.weights, self.schedule)
        self._store = PrefixStore(self.config, dtype=exact, device=cpu, device_bytes=STORE_BYTES)

    def drafts(
        self, prompt: str, header: Sequence[int] = (), *, width: int = WIDTH, planned: int = PLANNED, seed: int = 0
    ) -> Iterator[Canvas]:
        """The canvas after each step, until it is done. `header` is clamped at its beginning."""
        tokens = self.tokeniser.encode(prompt, special=True)
        chain = self._store.open(tokens)
        try:
            if unread := tokens[chain.length :]:
                chain.reserve(len(unread))
                self.denoiser.step([Read(chain, unread)])
            canvas = self.denoiser.canvas(width, planned=planned, seed=seed)
            canvas.clamp(0, header)
            while canvas.step < planned:
                self.denoiser.step([Denoise(chain, canvas)])
                yield canvas
                if self.schedule.is_done(canvas.entropy, canvas.settled, self.live(canvas)):
                    return
        finally:
            chain.close()

    def live(self, canvas: Canvas) -> int:
        """The reply's tokens up to its end, that included; the whole canvas where it has none."""
        draft = canvas.draft.tolist()
        ends = [at for at, token in enumerate(draft) if token in self.config.eos_ids]
        return ends[0] + 1 if ends else len(draft)

    def say(self, prompt: str, header: Sequence[int] = (), **settings: int) -> Said:
        """The reply to a prompt."""
        *_, canvas = self.drafts(prompt, header, **settings)
        line = canvas.draft.tolist()[len(header) : self.live(canvas)]
        return Said(self.tokeniser.decode(line), line[-1] in self.config.eos_ids, canvas.step)


@dataclass(frozen=True, slots=True)
class Form:
    """A way to put a question: the prompt, and what of the engine's form is clamped before the line."""

    prompt: Callable[[str], str]
    header: bool

    def ask(self, toy: Toy, question: str, topic: Topic, **settings: int) -> Said:
        """The line alone, without the quote that ends it in the engine's form."""
        parts = (topic.deed, ", ", topic.emotion, '): "') if self.header else ()
        header = [id_ for part in parts for id_ in toy.tokeniser.encode(part, special=True)]
        said = toy.say(self.prompt(question), header, **settings)
        return Said(said.text.removesuffix('"'), said.ended, said.steps)


def engine_prompt(question: str, before: str = GEMMA4.begin) -> str:
    """A traveller's question as the engine puts it to Marta, up to the beginning of her reply."""
    user, model = GEMMA4.user, GEMMA4.assistant
    return f'{before}{user.open}[Dusk, rain.]\nTraveller: "{question}"{user.close}{model.open}Marta ('


def forms() -> dict[str, Form]:
    """Plain, as the engine asks a character, and the same behind that character's whole sheet."""
    sheet = sheets()["Marta"]
    return {
        "plain": Form(plain_prompt, header=False),
        "engine's form": Form(engine_prompt, header=True),
        "behind a whole character sheet": Form(lambda question: engine_prompt(question, sheet), header=True),
    }


def measure(toy: Toy, *, unseen: bool, **settings: int) -> dict[str, dict[str, float]]:
    """By form: how many questions were asked, the shares answered as taught and with an end, and the mean steps."""
    topics = read_topics()
    asked = [(question, topic) for topic in topics for question in ((topic.unseen,) if unseen else topic.ask)]
    found = {}
    for name, form in forms().items():
        said = [(form.ask(toy, question, topic, **settings), topic) for question, topic in asked]
        found[name] = {
            "questions": len(said),
            "exact": round(mean(each.text in topic.answers for each, topic in said), 3),
            "ended": round(mean(each.ended for each, _ in said), 3),
            "stopped early": round(mean(each.steps < settings["planned"] for each, _ in said), 3),
            "mean steps": round(mean(each.steps for each, _ in said), 2),
        }
    return found


def plot(log: Path, picture: Path) -> None:
    """The loss over the steps of training."""
    from matplotlib.figure import Figure

    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([entry["step"] for entry in entries], [entry["loss"] for entry in entries])
    axes.set(xlabel="step of training", ylabel="loss, nats per token", yscale="log", title="The toy learns its lines")
    axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=110)


def main() -> None:
    """Measure, and print what was found as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--width", type=int, default=WIDTH, help="of the canvas, in tokens")
    parser.add_argument("--planned", type=int, default=PLANNED, help="denoising steps")
    parser.add_argument("--log", type=Path, help="of the training, to plot")
    parser.add_argument("--plot", type=Path, help="where the picture goes")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.log and asked.plot:
        plot(asked.log, asked.plot)
    toy = Toy(asked.folder)
    for unseen in (False, True):
        for form, found in measure(toy, unseen=unseen, width=asked.width, planned=asked.planned).items():
            asked_how = {"wordings": "unseen" if unseen else "taught", "form": form}
            print(json.dumps(asked_how | found))


if __name__ == "__main__":
    main()
