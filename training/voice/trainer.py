"""The training itself: steps over trees, the loss on characters held out, and checkpoints to go on from.

What a step does follows from the recipe and the step's number alone, so a run that was broken off goes on as if it had
not been.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from training.voice.network import Network, parameters
from training.voice.recipe import Recipe
from training.voice.tree import Tree, token_count

#: Tokens scored at once: the scores of one fill 152,000 numbers.
SCORED_AT_ONCE = 256
#: Seconds between checkpoints.
CHECKPOINT_S = 300.0
RECIPE = "recipe"
STATE, LATEST, BEST, LOG = "state.json", "latest.safetensors", "best.safetensors", "log.jsonl"


@dataclass(slots=True)
class Progress:
    """Where a run is. `best_loss` is the lowest on the characters held out, at step `best_step`."""

    step: int = 0
    best_loss: float = math.inf
    best_step: int = 0
    checks_without_better: int = 0
    finished: str = ""
    busy_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Inputs:
    """A tree as tensors. `x` is what the first trained layer gets."""

    x: Tensor
    positions: Tensor
    mask: Tensor
    rows: Tensor
    targets: Tensor


@dataclass
class Trainer:
    """Trains `network` by `recipe` and keeps everything in `folder`. `tell` takes each line of the log."""

    network: Network
    recipe: Recipe
    taught: Sequence[Tree]
    held_out: Sequence[Tree]
    folder: Path
    tell: Callable[[dict[str, Any]], None] = lambda line: None
    progress: Progress = field(default_factory=Progress)
    _below: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._device = next(self.network.parameters()).device
        self._optimiser = torch.optim.AdamW(
            parameters(self.network), lr=self.recipe.learning_rate, weight_decay=self.recipe.weight_decay
        )
        self._saved_s = time.monotonic()

    @property
    def _recipe(self) -> dict[str, Any]:
        """What a run depends on: it goes on only where all of this is as it was."""
        tokens = [token_count(self.taught), token_count(self.held_out)]
        return {**json.loads(msgspec.json.encode(self.recipe)), "tokens": tokens}

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.taught) / self.recipe.trees_per_step)

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return max(1, round(self.recipe.epochs * self.steps_per_epoch))

    def run(self) -> Progress:
        """Go on from the latest checkpoint to the end, or until the characters held out gain no more."""
        self._resume()
        check_every = max(1, self.steps_per_epoch // self.recipe.checks_per_epoch)
        if self.held_out and math.isinf(self.progress.best_loss):
            self.check()
        while self.progress.step < self.steps and not self.progress.finished:
            self._step()
            done = self.progress.step
            if self.held_out and (done % check_every == 0 or done == self.steps):
                self.check()
            if time.monotonic() - self._saved_s > CHECKPOINT_S:
                self._save()
        self.progress.finished = self.progress.finished or "all steps are done"
        if not self.held_out:
            self._write(BEST)
        self._save()
        return self.progress

    def check(self) -> float:
        """The mean loss per taught token of the characters held out, nats; kept as the best if it is."""
        begun = time.monotonic()
        with torch.no_grad():
            total = sum(self._loss(tree, keep=True).item() for tree in self.held_out)
        loss = total / sum(len(tree.taught) for tree in self.held_out)
        progress = self.progress
        if loss < progress.best_loss:
            progress.best_loss, progress.best_step, progress.checks_without_better = loss, progress.step, 0
            self._write(BEST)
        else:
            progress.checks_without_better += 1
            if progress.checks_without_better >= self.recipe.patience:
                progress.finished = f"no better for {self.recipe.patience} checks"
        self._log({"step": progress.step, "held_out_loss": loss, "seconds": time.monotonic() - begun})
        self._save()
        return loss

    def _step(self) -> None:
        begun = time.monotonic()
        trees = self._trees(self.progress.step)
        rate = self._rate(self.progress.step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        lessons, loss_sum = sum(len(tree.taught) for tree in trees), 0.0
        for tree in trees:
            loss = self._loss(tree, keep=True)
            (loss / lessons).backward()  # type: ignore[no-untyped-call]
            loss_sum += loss.item()
        norm = torch.nn.utils.clip_grad_norm_(parameters(self.network), self.recipe.clip_norm)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self.progress.step += 1
        took = time.monotonic() - begun
        self.progress.busy_s += took
        self._log(
            {
                "step": self.progress.step,
                "of": self.steps,
                "loss": loss_sum / lessons,
                "rate": rate,
                "norm": float(norm),
                "tokens": token_count(trees),
                "tokens_per_s": token_count(trees) / took,
                "eta_s": (self.steps - self.progress.step) * self.progress.busy_s / self.progress.step,
            }
        )

    def _trees(self, step: int) -> list[Tree]:
        epoch, at = divmod(step, self.steps_per_epoch)
        order = list(range(len(self.taught)))
        random.Random(self.recipe.seed * 1_000 + epoch).shuffle(order)
        size = self.recipe.trees_per_step
        return [self.taught[index] for index in order[at * size : (at + 1) * size]]

    def _rate(self, step: int) -> float:
        warm = max(1, round(self.recipe.warmup * self.steps))
        if step < warm:
            return self.recipe.learning_rate * (step + 1) / warm
        return self.recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, self.steps - warm)))

    def _loss(self, tree: Tree, *, keep: bool) -> Tensor:
        """Summed over the tree's taught tokens, nats."""
        inputs, network, first = self._inputs(tree, keep), self.network, self.recipe.first_layer
        x = network.hidden(inputs.x, inputs.positions, inputs.mask, first, network.shape.layers)[inputs.rows]
        losses = [
            functional.cross_entropy(network.scores(part).float(), targets, reduction="sum")
            for part, targets in zip(
                torch.split(x, SCORED_AT_ONCE), torch.split(inputs.targets, SCORED_AT_ONCE), strict=True
            )
        ]
        return torch.stack(losses).sum()

    def _inputs(self, tree: Tree, keep: bool) -> _Inputs:
        device, first = self._device, self.recipe.first_layer
        positions = torch.tensor(tree.positions, device=device)
        mask = torch.from_numpy(tree.mask()).to(device)
        with torch.no_grad():
            x = self._below.get(id(tree)) if first else None
            if x is None:
                x = self.network.embed(torch.tensor(tree.tokens, device=device))
                x = self.network.hidden(x, positions, mask, 0, first)
                if first and keep:
                    self._below[id(tree)] = x
        rows, targets = zip(*tree.taught, strict=True)
        return _Inputs(x, positions, mask, torch.tensor(rows, device=device), torch.tensor(targets, device=device))

    def _log(self, line: dict[str, Any]) -> None:
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        self.tell(line)

    def _write(self, name: str, more: dict[str, Tensor] | None = None) -> None:
        tensors = {key: value.detach().cpu().contiguous() for key, value in self.network.adapter().items()}
        beside = self.folder / f"{name}.part"
        save_file(tensors | (more or {}), beside)
        beside.replace(self.folder / name)

    def _save(self) -> None:
        moments: dict[str, Tensor] = {}
        for name, parameter in self.network.adapter().items():
            state = self._optimiser.state.get(parameter, {})
            moments |= {
                f"{key}:{name}": state[key].detach().cpu() for key in ("exp_avg", "exp_avg_sq", "step") if key in state
            }
        self._write(LATEST, moments)
        beside = self.folder / f"{STATE}.part"
        state_now = {name: getattr(self.progress, name) for name in Progress.__dataclass_fields__}
        beside.write_text(json.dumps({RECIPE: self._recipe, **state_now}), encoding="utf-8")
        beside.replace(self.folder / STATE)
        self._saved_s = time.monotonic()

    def _resume(self) -> None:
        path = self.folder / STATE
        if not path.exists():
            return
        state_then = json.loads(path.read_text(encoding="utf-8"))
        if state_then.pop(RECIPE, None) != self._recipe:
            raise ValueError(f"{self.folder} holds a run by another recipe or on another set; take another folder")
        self.progress = Progress(**state_then)
        # Cloned: the file stays mapped otherwise, and where that forbids replacing it nothing could be saved.
        saved = {name: tensor.clone() for name, tensor in load_file(self.folder / LATEST).items()}
        for name, parameter in self.network.adapter().items():
            parameter.data.copy_(saved[name])
            state = {
                key: saved[f"{key}:{name}"] for key in ("exp_avg", "exp_avg_sq", "step") if f"{key}:{name}" in saved
            }
            if state:
                self._optimiser.state[parameter] = {
                    key: value if key == "step" else value.to(parameter.device) for key, value in state.items()
                }
