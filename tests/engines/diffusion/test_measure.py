from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusion_rig import CPU, Loop, random_prompt
from hf_oracle import keyed_noise

from npc_engine.engines.base import ModelSpec
from npc_engine.engines.diffusion import baseline as baselines
from npc_engine.engines.diffusion.baseline import Baseline, named_tensors
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read
from npc_engine.engines.diffusion.measure import Asked, Report, measure
from npc_engine.engines.diffusion.random_weights import TINY, random_weights
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.stopwatch import HEAD, STEP, TRUNK, Stopwatch, TimedDenoiser
from npc_engine.errors import ErrorCode, NpcError

SMALL = Asked((16, 32), (1, 2), steps=3, prompt=20, repeats=2)


def run(asked: Asked = SMALL, path: Path | None = None, **options: str) -> Report:
    options = ({} if path else {"random_weights": "tiny"}) | {"device": "cpu"} | options
    spec = ModelSpec("tiny", path, context_tokens=128, max_parallel=2, threads=1, options=options)
    return measure(spec, asked, lambda part, what: None)


@pytest.fixture(autouse=True)
def quick_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """`generate()` calls into the compiler's machinery, which does nothing here but takes seconds to import."""
    monkeypatch.setattr(torch.compiler, "cudagraph_mark_step_begin", lambda: None)


def test_every_canvas_is_measured_with_every_batch() -> None:
    report = run()
    assert [(row.canvas, row.batch) for row in report.rows] == [(16, 1), (16, 2), (32, 1), (32, 2)]
    for row in report.rows:
        assert row.ours.step_ms > 0
        assert row.ours.read_ms > 0
        assert min(row.trunk_ms, row.head_ms, row.sampler_ms) > 0
        assert row.baseline is not None
        assert row.ratio == row.baseline.step_ms / row.ours.step_ms
        assert row.memory_bytes is None
    assert report.without_baseline == ""
    assert report.weight_bytes > TINY.parameters * 4


def test_noise_takes_all_its_steps_and_delivers_nothing() -> None:
    row = run().rows[-1]
    for speed in filter(None, (row.ours, row.baseline)):
        assert speed.steps == 3
        assert (speed.reply_tokens, speed.delivered_tokens_per_s, speed.tokens_per_pass) == (None, None, None)
        made = row.batch * row.canvas * 1_000 / (3 * speed.step_ms)
        assert speed.canvas_tokens_per_s == pytest.approx(made)


def test_a_checkpoint_delivers_what_stands_before_the_end(tiny_folder: Path) -> None:
    row = run(path=tiny_folder).rows[0]
    for speed in filter(None, (row.ours, row.baseline)):
        assert speed.reply_tokens is not None
        assert speed.delivered_tokens_per_s is not None
        assert 0 <= speed.reply_tokens <= row.canvas
        assert speed.tokens_per_pass == speed.reply_tokens / speed.steps
        assert speed.delivered_tokens_per_s <= speed.canvas_tokens_per_s


def test_a_finished_reply_stops_counting_steps(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Schedule, "is_done", lambda self, entropy, settled, live: True)
    assert run(path=tiny_folder).rows[0].ours.steps == 1


def test_weights_the_baseline_cannot_take_are_measured_alone() -> None:
    report = run(weights="fp8")
    assert "weights=bf16" in report.without_baseline
    assert all(row.baseline is None and row.ratio is None for row in report.rows)
    assert run(Asked((16,), (1,), steps=2, prompt=8, repeats=1, baseline=False)).without_baseline == "not asked for"


def test_without_transformers_it_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    assert baselines.INSTALL in run().without_baseline


def test_no_room_for_the_baseline_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Baseline, "generate", full)
    assert all(row.baseline is None for row in run().rows)
    monkeypatch.setattr(Denoiser, "step", full)
    with pytest.raises(NpcError, match="no memory left for 1 canvases of 16"):
        run()


def test_what_is_too_long_for_the_model_is_told() -> None:
    with pytest.raises(NpcError, match="--prompt") as caught:
        run(Asked((256,), (1,), prompt=4_000))
    assert caught.value.code is ErrorCode.ENGINE_FAILED


class TestBaseline:
    def test_it_has_our_very_tensors_and_says_what_we_say(self) -> None:
        weights = random_weights(TINY, 0, dtype=torch.float32, device=CPU)
        baseline, prompt = Baseline(weights), random_prompt(40, 3)
        ours = {tensor.data_ptr() for _, tensor in named_tensors(weights)}
        assert {parameter.data_ptr() for parameter in baseline._model.parameters()} <= ours
        with keyed_noise(5):
            made = baseline.generate(torch.tensor([prompt]), width=32, steps=6)
        drafts = Loop(weights).generate(prompt, width=32, planned=6, seed=5)[0]
        tokens = made.tokens[0].tolist()
        end = next((index for index, token in enumerate(tokens) if token in TINY.eos_ids), len(tokens))
        assert tokens[:end] == drafts[-1][:end]
        assert len(made.step_ms) == len(drafts) - 1

    def test_names_are_those_of_a_checkpoint(self, tiny_folder: Path) -> None:
        from safetensors.torch import load_file

        weights = random_weights(TINY, 0, dtype=torch.float32, device=CPU)
        stored = load_file(tiny_folder / "model.safetensors")
        found = dict(named_tensors(weights))
        assert found.keys() == stored.keys()
        assert all(torch.equal(found[name], stored[name]) for name in stored)


def test_the_timed_denoiser_does_what_the_other_does() -> None:
    weights = random_weights(TINY, 0, dtype=torch.float32, device=CPU)
    loop, prompt = Loop(weights), random_prompt(20, 1)
    watch = Stopwatch(CPU)
    timed = TimedDenoiser(weights, loop.schedule, watch)
    plain, chain = loop.canvas(32, 4), loop.opened(prompt)
    canvas, other = loop.canvas(32, 4), loop.store.open(())
    other.reserve(len(prompt))
    timed.step([Read(other, prompt)])
    assert set(watch.take()) == {TRUNK, HEAD}
    for _ in range(3):
        loop.denoiser.step([Denoise(chain, plain)])
        with watch.lap(STEP):
            timed.step([Denoise(other, canvas)])
        assert torch.equal(loop.denoiser.tokens(plain), timed.tokens(canvas))
        lap = watch.take()
        assert lap[TRUNK] + lap[HEAD] < lap[STEP]
    assert not watch.take()


@pytest.mark.gpu
def test_on_a_card_time_and_memory_are_the_cards() -> None:
    row = run(device="cuda", weights="bf16").rows[0]
    assert row.memory_bytes
    assert 0 < row.trunk_ms < row.ours.step_ms
