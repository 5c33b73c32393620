"""Trains the toy model from scratch on one CPU core and writes it as a checkpoint: see README.md."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from examples import Example, Kind, Teacher, read_topics, texts
from network import Network, lay_out
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from vocabulary import VOCAB_SIZE, make_tokenizer

from npc_engine.engines.diffusion.config import LayerConfig, ModelConfig
from npc_engine.engines.diffusion.schedule import T_MAX, T_MIN, Schedule
from npc_engine.engines.diffusion.tiny_checkpoint import generation_json, model_json
from npc_engine.engines.diffusion.tokeniser import Tokeniser

CONFIG = ModelConfig(
    vocab_size=VOCAB_SIZE,
    hidden_size=128,
    intermediate_size=128,
    heads=4,
    experts=8,
    experts_per_token=2,
    expert_size=32,
    layers=(
        *[LayerConfig(kv_heads=2, head_dim=32, window=64, rope_theta=1e4, rotary_factor=1.0)] * 3,
        LayerConfig(kv_heads=1, head_dim=64, window=0, rope_theta=1e6, rotary_factor=0.25),
    ),
    context_tokens=4_096,
    canvas_length=32,
    eos_ids=(1, 6),
)
FOLDER = Path(__file__).parents[2] / "npc_engine" / "models" / "toy"
#: At first only plain questions on narrow canvases: so the toy finds out in 200 steps that replies hang on the
#: question, which among prompts of all kinds takes it many times longer.
PLAIN_STEPS = 400
#: Then all kinds take turns, in batches of so many, on canvases of these widths.
KINDS = (Kind.PLAIN, Kind.FRAMED, Kind.FRAMED, Kind.SHEET)
BATCH = {Kind.PLAIN: 24, Kind.FRAMED: 24, Kind.SHEET: 8}
WIDTHS = (32, 32, 48, 64)
RATE, WARM_UP, COOL_DOWN = 8e-3, 60, 0.35
#: In the end, gently: more plain questions, and canvases with tokens that the sampler has let stand, right or wrong.
POLISH_STEPS, POLISH_RATE = 300, 1.6e-3
POLISH_KINDS = (Kind.PLAIN, Kind.FRAMED, Kind.PLAIN, Kind.SHEET)
LOG_EVERY = 25
SCHEDULE = Schedule()
#: What the optimiser knows of each weight.
MOMENTS = ("exp_avg", "exp_avg_sq")


class Trainer:
    """The state of one training, which can be saved and taken up again."""

    def __init__(self, seed: int, steps: int) -> None:
        self.steps, self.step, self._seed = steps, 0, seed
        self.tokenizer: Tokenizer = make_tokenizer(texts(topics := read_topics()))
        self.network = Network(CONFIG, seed)
        self._teacher = Teacher(topics, Tokeniser(self.tokenizer))
        self._generator = torch.Generator()
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.0, fused=True
        )

    def train_batch(self) -> float:
        """One step of the optimiser. Returns the loss, in nats per token of the canvas. All chance in it hangs on the
        seed and the number of the step, so that a training can be taken up anywhere."""
        seed = self._seed * 1_000_000 + self.step
        self._generator.manual_seed(seed)
        kind, width = Kind.PLAIN, WIDTHS[0]
        if self.step >= PLAIN_STEPS:
            kinds = POLISH_KINDS if self._polishing else KINDS
            kind = kinds[self.step % len(kinds)]
            width = WIDTHS[int(torch.randint(len(WIDTHS), (), generator=self._generator))]
        loss = self._loss(self._teacher.batch(BATCH[kind], kind, seed), width)
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate()
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self.step += 1
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Everything that a training needs to go on."""
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        save_file(self._state(), new)
        new.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from what `save` wrote."""
        kept = load_file(path)
        self.step = int(kept["step"])
        for name, tensor in self.network.tensors.items():
            tensor.data.copy_(kept[name])
            moments = {key: kept[f"{name}/{key}"] for key in MOMENTS}
            self._optimiser.state[tensor] = moments | {"step": torch.tensor(float(self.step))}

    def _state(self) -> dict[str, Tensor]:
        tensors = {name: tensor.detach() for name, tensor in self.network.tensors.items()}
        moments = {
            f"{name}/{key}": self._optimiser.state[tensor][key]
            for name, tensor in self.network.tensors.items()
            for key in MOMENTS
        }
        return {**tensors, **moments, "step": torch.tensor(self.step)}

    @property
    def _polishing(self) -> bool:
        return self.step >= self.steps - POLISH_STEPS

    def _rate(self) -> float:
        """Up in a few steps, level, and down to nothing in the last third; then once more from a lower height."""
        if self._polishing:
            return POLISH_RATE * (self.steps - self.step) / POLISH_STEPS
        end = self.steps - POLISH_STEPS
        return RATE * min((self.step + 1) / WARM_UP, 1.0, (end - self.step) / (end * COOL_DOWN))

    def _loss(self, examples: list[Example], width: int) -> Tensor:
        """Cross-entropy of the clean canvas, given one where each token is replaced by a random one with probability t.

        Half of the examples are conditioned on a first guess, made as the sampler makes it: on the canvas under other
        noise. As in the engine, the header of some is clamped, and with it a piece of the line. While polishing, half
        of that half see the canvas that the sampler makes of the guess: so the model learns to doubt its own tokens.
        """
        clean, clamped = self._canvases(examples, width)
        prompts, lengths = _padded([example.prompt for example in examples])
        layout = lay_out(lengths, width, {layer.window for layer in CONFIG.layers})
        noisy = self._random(len(examples), width) < self._random(len(examples), 1) * 1.1  # a tenth at t = 1
        noisy &= ~clamped
        soft = torch.zeros(*clean.shape, CONFIG.hidden_size)
        half = len(examples) // 2
        with torch.no_grad():
            scores = self.network(prompts[:half], self._noised(clean, noisy)[:half], soft[:half], layout.head(half))
            scores = scores / (T_MIN + (T_MAX - T_MIN) * self._random(half, 1, 1))
            given = clamped[:half]
            soft[:half] = torch.where(given[..., None], self.network.embed(clean[:half]), self.network.soften(scores))
            shown = self._noised(clean, noisy)
            if self._polishing:
                sampled = torch.where(given, clean[:half], self._sampled(scores, given))
                shown[: half // 2] = sampled[: half // 2]
        scores = self.network(prompts, shown, soft, layout)
        return functional.cross_entropy(scores[~clamped], clean[~clamped])

    def _sampled(self, scores: Tensor, clamped: Tensor) -> Tensor:
        """The sampler's next canvas: tokens drawn where it accepts them, noise elsewhere."""
        chances = scores.softmax(-1)
        entropy = torch.special.entr(chances).sum(-1).masked_fill(clamped, 0.0)
        drawn = torch.multinomial(chances.flatten(0, 1), 1, generator=self._generator).view(clamped.shape)
        return self._noised(drawn, ~SCHEDULE.accepted(entropy))

    def _canvases(self, examples: list[Example], width: int) -> tuple[Tensor, Tensor]:
        """The clean canvases, and which of their tokens are given: of a third of them none, else the header, and in
        half of these a piece of the line."""
        clean = torch.full((len(examples), width), CONFIG.eos_ids[0])
        given = []
        for row, example in enumerate(examples):
            tokens = example.header + example.line
            clean[row, : len(tokens)] = torch.tensor(tokens)
            chance, part = self._random(2).tolist()
            piece = int(part * len(example.line)) if chance > 2 / 3 else 0
            given.append(len(example.header) + piece if chance > 1 / 3 else 0)
        return clean, torch.arange(width) < torch.tensor(given)[:, None]

    def _noised(self, clean: Tensor, noisy: Tensor) -> Tensor:
        return torch.where(noisy, torch.randint(CONFIG.vocab_size, clean.shape, generator=self._generator), clean)

    def _random(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._generator)


def write(trainer: Trainer, folder: Path) -> None:
    """The checkpoint, in bf16 and under Hugging Face's names."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().to(torch.bfloat16) for name, tensor in trainer.network.tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    for name, content in (
        ("config.json", model_json(CONFIG) | {"dtype": "bfloat16"}),
        ("generation_config.json", generation_json(CONFIG)),
    ):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    trainer.tokenizer.save(str(folder / "tokenizer.json"))


def _padded(prompts: list[list[int]]) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    longest = int(lengths.max())
    return torch.tensor([prompt + [CONFIG.pad_id] * (longest - len(prompt)) for prompt in prompts]), lengths


def main() -> None:
    """Train, write the checkpoint, and leave a log of (step, loss) beside the state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2_300)
    parser.add_argument("--state", type=Path, default=Path("build/toy"), help="what a broken-off training goes on from")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where the checkpoint goes")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    trainer = Trainer(asked.seed, asked.steps)
    state, log = asked.state / "state.safetensors", asked.state / "loss.jsonl"
    if state.exists():
        trainer.resume(state)
    total = 0.0
    while trainer.step < asked.steps:
        total += trainer.train_batch()
        if trainer.step % LOG_EVERY == 0:
            trainer.save(state)
            entry = {"step": trainer.step, "loss": round(total / LOG_EVERY, 4), "cpu_s": round(time.process_time())}
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            print(entry, flush=True)
            total = 0.0
    write(trainer, asked.out)


if __name__ == "__main__":
    main()
