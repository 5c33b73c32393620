"""A tree holds each path once and lets a token see its own path alone; so it is as if each path stood alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from letters import tokenise
from random_weights import random_network
from small_setting import write_setting
from torch.nn import functional

from npc_engine.prompt.chat_formats import CHATML
from training.dialogue.spec import load_setting
from training.voice.lessons import courses
from training.voice.network import Lora, Network
from training.voice.tree import ROOT, Lesson, Tree, pack, token_count

lessons = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8).map(
        lambda pairs: Lesson((9, *(token for token, _ in pairs)), (False, *(taught for _, taught in pairs)))
    ),
    min_size=1,
    max_size=8,
)


@given(lessons, st.integers(1, 20))
def test_trees_hold_exactly_the_lessons(taught: list[Lesson], window: int) -> None:
    trees = list(pack(taught, window))
    assert all(len(tree) <= max(window, len(tree.names) == 1 and len(tree)) for tree in trees)
    assert sum(len(tree.names) for tree in trees) == len(taught)
    assert sum(len(tree.taught) for tree in trees) == sum(sum(lesson.taught) for lesson in taught)
    assert token_count(trees) <= sum(len(lesson.tokens) for lesson in taught)
    paths = {(*_path(tree, row), token) for tree in trees for row, token in tree.taught}
    assert paths == {
        lesson.tokens[: at + 1] for lesson in taught for at, is_taught in enumerate(lesson.taught) if is_taught
    }


@given(lessons)
def test_a_token_sees_its_own_path(taught: list[Lesson]) -> None:
    (tree,) = pack(taught, 1_000)
    mask = tree.mask()
    for row in range(len(tree)):
        seen = [column for column in range(len(tree)) if mask[row, column]]
        assert tuple(tree.tokens[column] for column in seen) == _path(tree, row)
        assert [tree.positions[column] for column in seen] == list(range(len(seen)))


def _path(tree: Tree, row: int) -> tuple[int, ...]:
    tokens: list[int] = []
    while row != ROOT:
        tokens.append(tree.tokens[row])
        row = tree.parents[row]
    return tuple(reversed(tokens))


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_scores_and_gradients_of_a_tree_are_those_of_its_paths_alone(tmp_path, architecture: str) -> None:
    setting = load_setting(write_setting(tmp_path) / "pier")
    halda = next(iter(courses(setting, CHATML, tokenise)))
    taught = [Lesson(each.tokens[-160:], each.taught[-160:]) for each in halda.lessons]
    taught = [Lesson((5, *each.tokens), (False, *each.taught)) for each in taught]
    # The same beginning, and branches of their own: what conversations look like.
    taught = [Lesson((1, 2, 3, *each.tokens), (False, False, False, *each.taught)) for each in taught]
    taught.append(Lesson((*taught[0].tokens, 7, 8), (False,) * len(taught[0].tokens) + (True, True)))
    (tree,) = pack(taught, 10_000)
    assert len(tree) < sum(len(each.tokens) for each in taught)
    lora = Lora(4, 8.0)
    together, alone = random_network(architecture, lora), random_network(architecture, lora)
    for network in (together, alone):
        for layer in network.blk:
            torch.nn.init.normal_(layer.ffn_up.lora_b, generator=torch.Generator().manual_seed(1))
    loss = _loss(together, tree)
    loss.backward()
    losses = [_loss(alone, next(pack([each], 1))) for each in taught]
    torch.stack(losses).sum().backward()
    torch.testing.assert_close(loss, torch.stack(losses).sum(), rtol=1e-5, atol=1e-4)
    for name, parameter in together.adapter().items():
        torch.testing.assert_close(parameter.grad, alone.adapter()[name].grad, rtol=1e-3, atol=1e-3)


def _loss(network: Network, tree: Tree) -> torch.Tensor:
    rows, targets = zip(*tree.taught, strict=True)
    scores = network(
        torch.tensor(tree.tokens), torch.tensor(tree.positions), torch.from_numpy(tree.mask()), torch.tensor(rows)
    )
    return functional.cross_entropy(scores, torch.tensor(targets), reduction="sum")
