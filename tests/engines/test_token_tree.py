from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from npc_engine.engines.token_tree import choose

END = 0


class Model:
    """Prefers the token at `place` among those allowed, and remembers what it was asked."""

    def __init__(self, *places: int) -> None:
        self.places = list(places)
        self.asked: list[tuple[tuple[int, ...], list[int]]] = []

    def __call__(self, walked: Sequence[int], allowed: Sequence[int]) -> int:
        self.asked.append((tuple(walked), list(allowed)))
        return allowed[self.places.pop(0) % len(allowed)]


def test_different_first_tokens_cost_one_question() -> None:
    model = Model(1)
    assert choose({"joy": (5,), "sadness": (7, 8, 9), "anger": (6, 2)}, END, model) == "anger"
    assert model.asked == [((), [5, 6, 7])]


def test_shared_tokens_are_not_asked_for() -> None:
    model = Model(1, 0)
    options = {"give_key": (1, 2, 3), "give_keg": (1, 2, 4), "go": (1, 9)}
    assert choose(options, END, model) == "go"
    assert model.asked == [((1,), [2, 9])]


def test_an_option_may_end_where_others_go_on() -> None:
    options = {"give": (1,), "give_key": (1, 2)}
    assert choose(options, END, Model(0)) == "give"
    assert choose(options, END, Model(1)) == "give_key"


def test_the_end_token_may_itself_go_on() -> None:
    options = {"a": (1,), "ab": (1, END)}
    assert choose(options, END, Model()) in options


def test_one_option_needs_no_question() -> None:
    assert choose({"only": (1, 2)}, END, Model()) == "only"


def test_a_model_that_breaks_the_rule_does_not() -> None:
    assert choose({"a": (1,), "b": (2,)}, END, lambda walked, allowed: 99) == "a"


@given(
    st.dictionaries(st.text(max_size=3), st.lists(st.integers(0, 3), min_size=1, max_size=5), min_size=1, max_size=8),
    st.lists(st.integers(0, 3), min_size=20, max_size=20),
)
def test_the_choice_is_an_option_and_the_walk_leads_to_it(options: dict[str, list[int]], places: list[int]) -> None:
    model = Model(*places)
    picked = choose(options, END, model)
    assert picked in options
    for walked, allowed in model.asked:
        assert len(allowed) > 1
        assert tuple(options[picked][: len(walked)]) == walked


@given(st.dictionaries(st.text(max_size=3), st.lists(st.integers(1, 3), min_size=1, max_size=4), min_size=1))
def test_every_option_can_be_chosen(options: dict[str, list[int]]) -> None:
    for wanted in {tuple(tokens): option for option, tokens in options.items()}.values():
        way = (*options[wanted], END)
        assert choose(options, END, lambda walked, _, way=way: way[len(walked)]) == wanted  # type: ignore[misc]
