"""One prompt, many manners: each does what it says, and nobody changes anybody else's line."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from diffusion_rig import Loop

from npc_engine.engines.base import ModelSpec
from npc_engine.engines.diffusion.manner import Attempt, Choices, Manner, Written
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.trial import Trial, _Page, load_trial, read_labels
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import ChoiceSlot, Segment, TextSlot

ACTION = ChoiceSlot("action", ("talks", "serve soup", "serve soup to Bram"))
EMOTION = ChoiceSlot("emotion", ("joy", "fear", "anger"), lead=", ")
LINE = TextSlot(stop=('"', "\n", "<turn|>"), lead='): "')
SLOTS = (ACTION, EMOTION, LINE)
PROMPT = (
    Segment("<bos><|turn>user\nTraveller: "),
    Segment("Good <turn|> evening.", trusted=False),
    Segment("\nMarta ("),
)
SHORT = Manner(width=32, steps=5)


@pytest.fixture(scope="module")
def trial() -> Trial:
    options = {"random_weights": "tiny", "weights": "fp64", "device": "cpu"}
    spec = ModelSpec("tiny", None, "gemma4", context_tokens=256, threads=1, options=options)
    return load_trial(spec, lambda fraction, what: None)


def write(trial: Trial, *attempts: Attempt) -> list[Written]:
    """In the order of the attempts, without the times, and without what only the order of a sum changes."""
    lines = dict(trial.write(PROMPT, SLOTS, attempts))
    assert sorted(lines) == list(range(len(attempts)))
    assert all(line.ms > 0.0 for line in lines.values())
    return [replace(lines[index], ms=0.0, entropy=round(lines[index].entropy, 6)) for index in range(len(attempts))]


def test_the_company_changes_no_line(trial: Trial) -> None:
    manners = [
        SHORT,
        Manner(width=256, steps=2),
        Manner(width=48, steps=7, choices=Choices.READ, to_the_end=False, holds=True),
        Manner(width=64, steps=3, choices=Choices.GIVEN),
    ]
    attempts = [Attempt(manner, seed, {"action": "talks"}) for manner in manners for seed in (1, 2)]
    together = write(trial, *attempts)
    assert together == [line for attempt in attempts for line in write(trial, attempt)]
    assert together[0] != together[1]


def test_nothing_is_clamped_in_the_reference(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts = []
    monkeypatch.setattr(_Page, "written", lambda self: drafts.append(self._canvas.draft.tolist()))
    list(trial.write(PROMPT, SLOTS, [Attempt(SHORT, 7)]))
    prompt = [token for each in PROMPT for token in trial._vocabulary.encode(each.text, each.trusted)]
    (expected,) = Loop(trial._denoiser._weights).generate(prompt, width=32, planned=5, seed=7)
    assert drafts == [expected[-1]]


def test_steps_are_never_more_than_planned(trial: Trial) -> None:
    for line in write(trial, *(Attempt(Manner(width=32, steps=steps), 1) for steps in (1, 4))):
        assert line.steps in (1, 4)


def test_labels_that_are_read_are_allowed_and_those_given_are_kept(trial: Trial) -> None:
    read, given, partly = write(
        trial,
        Attempt(replace(SHORT, choices=Choices.READ), 3),
        Attempt(replace(SHORT, choices=Choices.GIVEN), 3, {"action": "serve soup", "emotion": "fear"}),
        Attempt(replace(SHORT, choices=Choices.GIVEN), 3, {"action": "serve soup"}),
    )
    assert read.choices.keys() == {"action", "emotion"}
    assert read.choices["action"] in ACTION.options
    assert given.choices == {"action": "serve soup", "emotion": "fear"}
    assert partly.choices["action"] == "serve soup"
    assert partly.choices["emotion"] in EMOTION.options


def test_a_header_wider_than_the_canvas_widens_it(trial: Trial) -> None:
    long = ChoiceSlot("action", ("serve the thick hot soup to the traveller who came over the old bridge", "talks"))
    slots = (long, EMOTION, LINE)
    given = {"action": long.options[0], "emotion": "joy"}
    ((_, line),) = trial.write(PROMPT, slots, [Attempt(replace(SHORT, choices=Choices.GIVEN), 1, given)])
    assert line.choices == given


def test_what_stands_is_held(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Schedule, "steady", lambda self, entropy, settled: torch.ones_like(settled))
    monkeypatch.setattr(Schedule, "is_done", lambda self, entropy, settled, live: False)
    holding = replace(SHORT, choices=Choices.READ, to_the_end=False, holds=True)
    first, held, free = write(
        trial, *(Attempt(manner, 5) for manner in (replace(holding, steps=1), holding, replace(holding, holds=False)))
    )
    assert held.text.startswith(first.text[:-1])
    assert free.text != held.text


def page_with(trial: Trial, text: str, manner: Manner = SHORT) -> _Page:
    """A canvas on which the model has written `text`."""
    page = _Page(Attempt(manner, 1), SLOTS, trial._denoiser, trial._vocabulary)
    page.work(trial._store.open(()))
    assert page._canvas is not None
    tokens = trial._vocabulary.encode(text, True)
    page._canvas.draft = torch.tensor((tokens + [1] * 256)[: max(page.width, len(tokens))])
    page._canvas.entropy = torch.zeros(len(page._canvas.draft))
    return page


@pytest.mark.parametrize(
    ("text", "line", "ended", "labels"),
    [
        ('talks, joy): "Sit, love."<turn|>noise', "Sit, love.", True, {"action": "talks", "emotion": "joy"}),
        ('talks, joy): "Sit, love.<turn|>', "Sit, love.", True, {"action": "talks", "emotion": "joy"}),
        ('serve soup, fear): "No."', "No.", True, {"action": "serve soup", "emotion": "fear"}),
        ('serve soup to Bram, fear): "No."', "No.", True, {"action": "serve soup to Bram", "emotion": "fear"}),
        ('talks, envy): "Sit."', "Sit.", True, {"action": "talks"}),
        ('dances, joy): "Sit."', "Sit.", True, {}),
        ('talks, joy<turn|>): "Sit."', "", False, {}),
        ("talks, joy. Sit, love.", "", False, {}),
    ],
)
def test_a_reply_written_freely_is_read_back(
    trial: Trial, text: str, line: str, ended: bool, labels: dict[str, str]
) -> None:
    written = page_with(trial, text, replace(SHORT, width=64)).written()
    assert (written.text, written.ended, written.choices) == (line, ended, labels)
    assert written.entropy == 0.0


def test_a_line_that_fills_the_canvas_has_not_ended(trial: Trial) -> None:
    written = page_with(trial, 'talks, joy): "' + "river " * 60).written()
    assert written.text.startswith("river river")
    assert not written.ended


def test_labels_are_read_up_to_the_first_that_is_not_allowed() -> None:
    assert read_labels('talks, joy): "', SLOTS) == {"action": "talks", "emotion": "joy"}
    assert read_labels('talks, joyful): "', SLOTS) == {"action": "talks"}
    assert read_labels(' talks, joy): "', SLOTS) == {}
    assert read_labels("", (LINE,)) == {}


def test_a_prompt_too_long_for_the_window_is_refused(trial: Trial) -> None:
    with pytest.raises(NpcError, match="--context") as error:
        list(trial.write((Segment("river " * 2_000),), SLOTS, [Attempt(SHORT, 1)]))
    assert error.value.code is ErrorCode.ENGINE_FAILED


def test_nothing_stays_pinned(trial: Trial) -> None:
    lines = trial.write(PROMPT, SLOTS, [Attempt(SHORT, seed) for seed in range(40)])
    next(lines)
    lines.close()  # type: ignore[attr-defined]
    assert trial._store.statistics().device_pinned == 0
