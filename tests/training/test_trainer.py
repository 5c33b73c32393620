"""Training learns, goes on as if it had never been broken off, and what comes of it is an adapter that engines take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import msgspec
import numpy as np
import pytest
import torch
from letters import tokenise
from random_weights import random_network
from safetensors.torch import load_file
from small_setting import write_setting

from npc_engine.errors import NpcError
from npc_engine.prompt.chat_formats import CHATML
from training import finetune as finetune_module
from training.compare import table, trial
from training.dialogue.spec import load_setting
from training.finetune import DTYPES
from training.voice.curves import draw, draw_together
from training.voice.export import read_adapter, write_adapter
from training.voice.lessons import Course, Lesson, courses
from training.voice.network import Lora
from training.voice.recipe import Recipe, read_recipe
from training.voice.split import split
from training.voice.trainer import BEST, LOG, Progress, Trainer
from training.voice.tree import Tree, pack

RECIPE = Recipe("none", rank=4, alpha=8.0, epochs=2.0, learning_rate=1e-2, trees_per_step=2, window_tokens=600)


@pytest.fixture
def trees(tmp_path: Path) -> list[Tree]:
    setting = load_setting(write_setting(tmp_path / "set") / "pier")
    short = [
        Lesson(each.tokens[-120:], each.taught[-120:])
        for course in courses(setting, CHATML, tokenise)
        for each in course.lessons
    ]
    return list(pack(short, 300))


def trainer(trees: list[Tree], folder: Path, tell: Any = lambda line: None, **changes: Any) -> Trainer:
    recipe = msgspec.structs.replace(RECIPE, **changes)
    return Trainer(random_network(lora=recipe.lora), recipe, trees[1:], trees[:1], folder, tell=tell)


@pytest.mark.parametrize("first_layer", [0, 2])
def test_it_learns_and_keeps_the_best(tmp_path: Path, trees: list[Tree], first_layer: int) -> None:
    run = trainer(trees, tmp_path / "run", first_layer=first_layer, epochs=8.0, patience=99)
    progress = run.run()
    lines = [json.loads(line) for line in (tmp_path / "run" / LOG).read_text().splitlines()]
    held_out = [line["held_out_loss"] for line in lines if "held_out_loss" in line]
    taught = [line["loss"] for line in lines if "loss" in line]
    assert len(taught) == run.steps == progress.step
    assert taught[-1] < taught[0] - 0.2
    assert progress.best_loss == min(held_out) < held_out[0]
    saved = load_file(tmp_path / "run" / BEST)
    assert {name.split(".")[1] for name in saved} == {str(layer) for layer in range(first_layer, 3)}
    draw(tmp_path / "run" / LOG, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path: Path, trees: list[Tree]) -> None:
    whole = trainer(trees, tmp_path / "whole", patience=99)
    whole.run()

    class Killed(Exception):
        pass

    def die(line: dict[str, Any]) -> None:
        if line["step"] == whole.steps_per_epoch + 1:  # a step after the check and its checkpoint
            raise Killed

    with pytest.raises(Killed):
        trainer(trees, tmp_path / "cut", die, patience=99).run()
    resumed = trainer(trees, tmp_path / "cut", patience=99)
    assert resumed.run().step == whole.progress.step
    for name, parameter in whole.network.adapter().items():
        torch.testing.assert_close(resumed.network.adapter()[name], parameter, rtol=0, atol=0)
    assert trainer(trees, tmp_path / "cut", patience=99).run().step == whole.progress.step  # and is finished


def test_a_folder_belongs_to_one_recipe_and_set(tmp_path: Path, trees: list[Tree]) -> None:
    trainer(trees, tmp_path / "run").run()
    for other in (trainer(trees, tmp_path / "run", epochs=3.0), trainer(trees[:-1], tmp_path / "run")):
        with pytest.raises(ValueError, match="another recipe or on another set"):
            other.run()


def test_it_stops_when_those_held_out_gain_no_more(tmp_path: Path, trees: list[Tree]) -> None:
    progress = trainer(trees, tmp_path / "run", learning_rate=3.0, epochs=50.0, patience=2).run()
    assert progress.finished == "no better for 2 checks"
    assert progress.best_step < progress.step < 50


def test_the_split_holds_out_the_same_characters_for_any_share() -> None:
    everybody = [Course(f"s{number % 4}", f"c{number}", ()) for number in range(40)]
    everybody += [Course(f"s{number}", "narrator", ()) for number in range(4)]
    whole, part = split(everybody, 0.1, 1.0, 7), split(everybody, 0.1, 0.25, 7)
    assert whole.held_out == part.held_out
    assert sorted(course.setting for course in whole.held_out) == ["s0", "s1", "s2", "s3"]
    assert len(whole.taught) == 40
    assert len(part.taught) == 10
    assert not set(whole.taught) & set(whole.held_out)
    assert split(everybody, 0.1, 1.0, 8).held_out != whole.held_out
    assert split(everybody, 0.0, 1.0, 7).held_out == ()


def test_an_adapter_is_written_as_llama_cpp_names_it(tmp_path: Path, trees: list[Tree]) -> None:
    network = random_network(lora=RECIPE.lora)
    tensors = {name: parameter.detach() for name, parameter in network.adapter().items()}
    path = tmp_path / "voice.gguf"
    size = write_adapter(path, tensors, architecture="qwen2", recipe=RECIPE, name="voice", licence="cc0-1.0")
    assert size == path.stat().st_size
    read = gguf.GGUFReader(path)
    said = {key: read.fields[key].contents() for key in ("general.type", "adapter.type", "general.architecture")}
    assert said == {"general.type": "adapter", "adapter.type": "lora", "general.architecture": "qwen2"}
    assert read.fields["adapter.lora.alpha"].contents() == RECIPE.alpha
    found = {tensor.name: tensor for tensor in read.tensors}
    assert set(found) == {f"{name[: name.rindex('.')]}.weight{name[name.rindex('.') :]}" for name in tensors}
    written = found["blk.1.attn_q.weight.lora_a"]
    np.testing.assert_allclose(written.data, tensors["blk.1.attn_q.lora_a"].numpy(), atol=1e-3)


@pytest.mark.parametrize(
    ("asked", "dtypes"),
    [([], set(DTYPES.values())), (["--dtype", "float32"], {torch.float32})],
    ids=["fastest", "named"],
)
def test_the_command_trains_in_the_type_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], dtypes: set[torch.dtype]
) -> None:
    calls: list[tuple[Recipe, torch.dtype]] = []

    def train(recipe: Recipe, sets: list[Path], folder: Path, *, dtype: torch.dtype, **rest: Any) -> Progress:
        calls.append((recipe, dtype))
        return Progress(finished="done")

    monkeypatch.setattr(finetune_module, "finetune", train)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('model = "m"\n')
    assert finetune_module.main([str(recipe), "--out", str(tmp_path), "--held-out", "0", *asked]) == 0
    assert calls[0][0].held_out == 0
    assert calls[0][1] in dtypes


def test_runs_are_compared_by_what_those_held_out_gain(tmp_path: Path, trees: list[Tree]) -> None:
    logs = {}
    for name, rate in (("slow", 1e-5), ("quick", 1e-2)):
        trainer(trees, tmp_path / name, learning_rate=rate).run()
        logs[name] = tmp_path / name / LOG
    slow, quick = (trial(name, log) for name, log in logs.items())
    assert slow.before == quick.before
    assert quick.after < slow.after <= slow.before
    assert quick.tokens_per_s > 0
    names = [row.split("|")[1].strip() for row in table([slow, quick]).splitlines()]
    assert names == ["recipe", "---", "quick", "slow"]
    draw_together(logs, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_training_goes_on_from_an_adapter(tmp_path: Path) -> None:
    learnt = random_network(lora=RECIPE.lora)
    for parameter in learnt.adapter().values():
        torch.nn.init.normal_(parameter, std=0.1)
    tensors = {name: parameter.detach() for name, parameter in learnt.adapter().items()}
    path = tmp_path / "voice.gguf"
    write_adapter(path, tensors, architecture="qwen2", recipe=RECIPE, name="voice", licence="cc0-1.0")
    network = random_network(lora=RECIPE.lora)
    network.start_from(read_adapter(path, RECIPE.lora))
    for name, parameter in network.adapter().items():
        torch.testing.assert_close(parameter.detach(), tensors[name], rtol=0, atol=1e-3)
    for other in (Lora(8, 8.0), Lora(4, 16.0)):
        with pytest.raises(ValueError, match=r"voice\.gguf has no adapter of rank"):
            read_adapter(path, other)
    upper = random_network(lora=msgspec.structs.replace(RECIPE, first_layer=1).lora)
    with pytest.raises(ValueError, match=r"other matrices .* blk\.0\."):
        upper.start_from(read_adapter(path, RECIPE.lora))


def test_a_recipe_says_only_what_recipes_can_say(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('model = "m"\nrank = 8\nmatrices = ["attn_q"]\n')
    assert read_recipe(path).lora.matrices == ("attn_q",)
    for wrong in ('model = "m"\nranks = 8\n', "rank = 8\n", 'model = "m"\nmatrices = ["attn"]\n', "model = \n"):
        path.write_text(wrong)
        with pytest.raises(NpcError, match=r"recipe\.toml"):
            read_recipe(path)
    for shipped in Path("training/configs").glob("*.toml"):
        assert read_recipe(shipped).model
