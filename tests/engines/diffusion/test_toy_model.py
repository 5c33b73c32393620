"""The toy model that comes with the project: what it was taught forms out of noise, in time, and then stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hf_oracle
import pytest
import torch
from diffusion_rig import CPU, REFERENCE, Loop
from safetensors.torch import load_file

from npc_engine.clock import NS_PER_S, SystemClock
from npc_engine.engines import registry
from npc_engine.engines.base import Engine, ModelSpec
from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.checkpoint import load_weights
from npc_engine.engines.diffusion.config import read_config
from npc_engine.engines.diffusion.denoiser import Denoise
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.tokeniser import Tokeniser
from npc_engine.engines.diffusion.weights import Weights
from npc_engine.jobs import ChoiceSlot, Draft, EngineTask, Finished, FinishReason, Plan, Sampling, Slot, TextSlot

ROOT = Path(__file__).parents[3]
TOY = ROOT / "npc_engine" / "models" / "toy"
PLANNED = 12
#: Some of what training/toy/lines.yaml teaches.
TAUGHT = {
    "How much is a room?": {"Three silver a night, love, and the sheets are dry."},
    "Who is Bram?": {"My brother in law, love. He owes me for the roof."},
    "Where is the courier?": {"He left here nine nights ago, love, and never reached the ford."},
    "Are there wolves?": {"Wolves in winter, love, and worse things with two legs."},
    "Are you an AI?": {"Talk sense, love. I am sore feet and an apron."},
    "Goodbye.": {"Go dry, love, and come back hungry.", "Mind the ford, love, and latch the door."},
}


@pytest.fixture(scope="module")
def weights() -> Weights:
    return load_weights(TOY, read_config(TOY), dtype=torch.float32, device=CPU, progress=lambda part, what: None)


@pytest.fixture(scope="module")
def tokeniser() -> Tokeniser:
    return Tokeniser.from_folder(TOY)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = registry.create("diffusion", SystemClock())
    spec = ModelSpec("toy", TOY, "gemma4", context_tokens=1024, max_parallel=8, threads=1, options={"device": "cpu"})
    engine.load(spec, lambda part, what: None)
    yield engine
    engine.close()


def task(engine: Engine, number: int, text: str, *slots: Slot, temperature: float = 0.3) -> EngineTask:
    return EngineTask(
        id=number,
        cache_key=f"character {number}",
        tokens=tuple(engine.tokenise(text, special=True)),
        slots=slots,
        sampling=Sampling(temperature=temperature, seed=5),
        plan=Plan(PLANNED, PLANNED),
    )


def run(engine: Engine, tasks: list[EngineTask]) -> dict[int, tuple[list[Draft], Finished]]:
    """All at once: the drafts and the end of each."""
    for each in tasks:
        engine.start(each)
    drafts: dict[int, list[Draft]] = {each.id: [] for each in tasks}
    ends: dict[int, Finished] = {}
    while len(ends) < len(tasks):
        for update in engine.poll(NS_PER_S):
            if isinstance(update, Finished):
                ends[update.id] = update
            else:
                drafts[update.id].append(update)
    return {number: (drafts[number], end) for number, end in ends.items()}


def prompt(question: str) -> str:
    return f"<bos><|turn>user\n{question}<turn|>\n<|turn>model\n"


def live(canvas: Canvas, eos_ids: tuple[int, ...]) -> int:
    """Tokens up to the end of the reply, that included."""
    draft = canvas.draft.tolist()
    return next((at + 1 for at, token in enumerate(draft) if token in eos_ids), len(draft))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("question", TAUGHT)
def test_a_taught_answer_forms_out_of_noise(weights: Weights, tokeniser: Tokeniser, question: str, seed: int) -> None:
    loop = Loop(weights, Schedule())
    chain = loop.opened(tokeniser.encode(prompt(question), special=True))
    canvas = loop.canvas(32, PLANNED, seed)
    done = False
    while not done and canvas.step < PLANNED:
        loop.denoiser.step([Denoise(chain, canvas)])
        end = live(canvas, weights.config.eos_ids)
        done = loop.schedule.is_done(canvas.entropy, canvas.settled, end)
    assert done
    assert canvas.step < PLANNED
    assert tokeniser.decode(canvas.draft.tolist()[:end]) in TAUGHT[question]
    chain.close()


def test_a_finished_line_stays_as_it_is(weights: Weights, tokeniser: Tokeniser) -> None:
    """Further steps change nothing: what the model reads in its own canvas is what it would write."""
    loop = Loop(weights, Schedule())
    for question, answers in TAUGHT.items():
        chain = loop.opened(tokeniser.encode(prompt(question), special=True))
        canvas = loop.canvas(32, 2 * PLANNED)
        drafts = []
        for _ in range(2 * PLANNED):
            loop.denoiser.step([Denoise(chain, canvas)])
            drafts.append(tokeniser.decode(canvas.draft.tolist()[: live(canvas, weights.config.eos_ids)]))
        assert set(drafts[PLANNED:]) <= answers
        assert len(set(drafts[PLANNED:])) == 1
        chain.close()


@pytest.mark.parametrize("width", [16, 32, 64, 128])
def test_the_reference_makes_the_same_drafts_of_it(weights: Weights, tokeniser: Tokeniser, width: int) -> None:
    """Hugging Face's classes read the checkpoint as it is, and stop where we do, on each of two canvases."""
    oracle = hf_oracle.load_hf(TOY, canvas_length=width)
    early = 0
    for seed, question in enumerate(list(TAUGHT)[:3]):
        tokens = tokeniser.encode(prompt(question), special=True)
        theirs = hf_oracle.drafts(oracle, tokens, planned=PLANNED, seed=seed, canvases=2)
        assert Loop(weights, REFERENCE).generate(tokens, width=width, planned=PLANNED, seed=seed, canvases=2) == theirs
        early += sum(len(canvas) < PLANNED for canvas in theirs)
    assert early >= 3


def test_through_the_engine_everybody_gets_an_answer_in_time(engine: Engine) -> None:
    line = TextSlot(max_tokens=31)
    tasks = [task(engine, number, prompt(question), line) for number, question in enumerate(TAUGHT)]
    ends = run(engine, tasks)
    for number, answers in enumerate(TAUGHT.values()):
        drafts, end = ends[number]
        assert end.reason == FinishReason.STOP
        assert end.usage.steps < PLANNED
        assert end.text in answers
        stable = ""
        for draft in drafts:
            assert draft.text.startswith(stable)
            stable = draft.text[: draft.stable]
        assert end.text.startswith(stable)


def test_in_the_engines_own_form_an_emotion_is_chosen_that_fits(engine: Engine) -> None:
    heard = '<bos><|turn>user\n[Dusk, rain.]\nTraveller: "Is the road safe?"<turn|>\n<|turn>model\nMarta ('
    slots = (
        ChoiceSlot("action", ("talks",)),
        ChoiceSlot("emotion", ("neutral", "joy", "fear", "anger"), lead=", "),
        TextSlot(lead='): "', max_tokens=48, stop=('"', "\n", "<turn|>")),
    )
    _, end = run(engine, [task(engine, 100, heard, *slots, temperature=0.0)])[100]
    assert end.choices == {"action": "talks", "emotion": "fear"}
    assert end.text == "Not after dark, love. Stay by the fire until morning."


def test_it_is_trained_as_it_is_run(weights: Weights, tokeniser: Tokeniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network that was trained and the engine's trunk make the same of a prompt and a canvas."""
    monkeypatch.syspath_prepend(ROOT / "training" / "toy")
    network = pytest.importorskip("network")
    trained = network.Network(weights.config, seed=0)
    kept = load_file(TOY / "model.safetensors")
    for name, tensor in trained.tensors.items():
        tensor.data.copy_(kept[name])
    prompts = [tokeniser.encode(prompt(question), special=True) for question in ("Any news?", "x " * 100)]
    canvases = torch.randint(1024, (2, 32), generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([len(tokens) for tokens in prompts])
    padded = torch.tensor([tokens + [0] * (int(lengths.max()) - len(tokens)) for tokens in prompts])
    layout = network.lay_out(lengths, 32, {layer.window for layer in weights.config.layers})
    with torch.no_grad():
        scores = trained(padded, canvases, torch.zeros(2, 32, weights.config.hidden_size), layout)
    loop = Loop(weights, REFERENCE)
    for tokens, tokens_shown, row in zip(prompts, canvases, scores, strict=True):
        chain = loop.opened(tokens)
        canvas = loop.canvas(32, PLANNED)
        canvas.start = tokens_shown
        loop.denoiser.step([Denoise(chain, canvas)])
        hot = (row / loop.schedule.temperature(0, PLANNED)).log_softmax(-1)
        torch.testing.assert_close(canvas.entropy.float(), -(hot * hot.exp()).sum(-1), rtol=1e-3, atol=1e-4)
        assert torch.equal(canvas.draft, row.argmax(-1))
        chain.close()
