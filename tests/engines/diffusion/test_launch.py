"""A step that is begun before the last one was read: the same tokens, whoever looks when. In float64."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from diffusion_rig import BUCKETS, CPU, Loop, filled_denoiser, random_prompt
from hypothesis import given
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.canvas_state import CanvasState
from npc_engine.engines.diffusion.config import WIDTH_MAX
from npc_engine.engines.diffusion.denoiser import Choose, Denoise, Denoiser, Read
from npc_engine.engines.diffusion.graphs import Graphs
from npc_engine.engines.diffusion.head import Head
from npc_engine.engines.diffusion.kernels import grouped_experts, varlen_attention, vocabulary_head
from npc_engine.engines.diffusion.packet import Packet
from npc_engine.engines.diffusion.random_weights import TINY, random_weights
from npc_engine.engines.diffusion.step_shape import ROW_BUCKETS, Buckets, StepShape


@pytest.fixture(scope="module")
def loop() -> Loop:
    return Loop(random_weights(TINY, 1, dtype=torch.float64, device=CPU))


@pytest.fixture(params=[False, True], ids=["plain", "filled"])
def either(loop: Loop, request: pytest.FixtureRequest) -> Loop:
    return Loop(loop.weights, filled=request.param)


def test_steps_may_begin_before_others_are_read(loop: Loop, either: Loop) -> None:
    prompts = [random_prompt(length, length) for length in (50, 9)]
    chains = [either.opened(prompt) for prompt in prompts]
    canvases = [either.canvas(32, 7, seed) for seed in range(2)]
    drafts: list[list[list[int]]] = [[], []]
    work = [Denoise(*both) for both in zip(chains, canvases, strict=True)]
    flights = [either.denoiser.launch(work)]
    for _ in range(6):
        flights.append(either.denoiser.launch(work))
        flights.pop(0).wait()
        for mine, canvas in zip(drafts, canvases, strict=True):
            mine.append(canvas.draft.tolist())
            assert canvas.step == canvas.read + 1
    flights.pop().wait()
    for mine, canvas, prompt in zip(drafts, canvases, prompts, strict=True):
        mine.append(canvas.draft.tolist())
        loop.store.clear()
        assert loop.generate(prompt, width=32, planned=7, seed=canvas.seed) == [mine]


def test_what_is_read_counts_at_once(either: Loop, loop: Loop) -> None:
    """The next piece of a prompt, and a canvas behind it, may begin before the first piece was looked at."""
    prompt = random_prompt(70, 4)
    chain, canvas = either.store.open(()), either.canvas(32, 3, 5)
    flights = []
    for start in (0, 40):
        piece = prompt[start : start + 40]
        assert chain.reserve(len(piece))
        flights.append(either.denoiser.launch([Read(chain, piece)]))
    flights += [either.denoiser.launch([Denoise(chain, canvas)]) for _ in range(3)]
    for flight in flights:
        flight.wait()
    loop.store.clear()
    assert loop.generate(prompt, width=32, planned=3, seed=5)[0][-1] == canvas.draft.tolist()


def test_a_question_is_asked_beside_others(either: Loop, loop: Loop) -> None:
    chain = either.opened(random_prompt(20, 1))
    options = {3: [20, 30, 40], 9: [7]}
    alone, beside = ({}, {})
    either.denoiser.step([Choose(chain, either.canvas(32, 6, 2), options, 0.7, alone)])
    canvas = either.canvas(48, 6, 8)
    question = Choose(chain, either.canvas(32, 6, 2), options, 0.7, beside)
    either.denoiser.step([question, Denoise(chain, canvas), Denoise(chain, either.canvas(32, 1))])
    assert alone == beside
    assert alone[3] in options[3]
    assert alone[9] == 7
    other = loop.canvas(48, 6, 8)
    loop.denoiser.step([Denoise(loop.opened(random_prompt(20, 1)), other)])
    assert torch.equal(canvas.draft, other.draft)
    torch.testing.assert_close(canvas.entropy, other.entropy)


class TestLastStep:
    """After it nothing comes, so nothing is drawn and nothing expected."""

    @pytest.fixture
    def calls(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
        seen: list[tuple[str, int]] = []

        def watch(name: str) -> None:
            before: Callable[..., Any] = getattr(Head, name)

            def watched(self: Head, rows: torch.Tensor, *rest: Any) -> Any:
                seen.append((name, len(rows)))
                return before(self, rows, *rest)

            monkeypatch.setattr(Head, name, watched)

        watch("read")
        watch("read_last")
        return seen

    def test_it_is_only_judged(self, loop: Loop, calls: list[tuple[str, int]]) -> None:
        chain = loop.opened(random_prompt(20, 1))
        canvas, other = loop.canvas(32, 2), loop.canvas(48, 5)
        loop.denoiser.step([Denoise(chain, canvas)])
        loop.denoiser.step([Denoise(chain, canvas), Denoise(chain, other)])
        assert calls == [("read", 32), ("read", 48), ("read_last", 32)]
        assert canvas.finished
        assert not other.finished

    def test_a_second_pass_over_the_vocabulary_has_to_pay(self, loop: Loop, calls: list[tuple[str, int]]) -> None:
        filled = Loop(loop.weights, filled=True)
        chain = filled.opened(random_prompt(20, 1))
        wide, last = filled.canvas(32, 5), filled.canvas(32, 1)
        filled.denoiser.step([Denoise(chain, wide), Denoise(chain, last)])
        assert calls == [("read", 64)], "both fit where one would have been alone"
        calls.clear()
        filled.denoiser.step([Denoise(chain, filled.canvas(64, 5)), Denoise(chain, filled.canvas(32, 1))])
        assert calls == [("read", 64), ("read_last", 64)]

    @pytest.mark.parametrize("width", [32, 64])
    def test_it_says_the_same_as_another_would(self, loop: Loop, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
        chain = loop.opened(random_prompt(20, 1))
        last, more = loop.canvas(width, 4, 3), loop.canvas(width, 4, 3)
        heat = [loop.schedule.temperature(step, 4) for step in range(4)]
        monkeypatch.setattr(type(loop.schedule), "temperature", lambda self, step, planned: heat[step])
        for step in range(4):
            more.planned = 4 if step < 3 else 5
            loop.denoiser.step([Denoise(chain, last), Denoise(chain, more)])
        assert last.finished
        assert not more.finished
        assert torch.equal(last.draft, more.draft)
        assert torch.equal(last.settled, more.settled)
        torch.testing.assert_close(last.entropy, more.entropy)


def test_a_step_may_be_conditioned_on_the_likeliest_tokens_only(loop: Loop) -> None:
    chain = loop.opened(random_prompt(20, 1))
    soft = {}
    for top in (0, 1, TINY.vocab_size):
        denoiser = Denoiser(loop.weights, loop.schedule, top=top)
        canvas = denoiser.canvas(32, planned=4, seed=1)
        denoiser.step([Denoise(chain, canvas)])
        soft[top] = denoiser.soft(canvas)
    torch.testing.assert_close(soft[TINY.vocab_size], soft[0])
    assert torch.equal(soft[1], Head(loop.weights).embed(canvas.draft))


class TestClampNext:
    """What is published holds at once, and the model sees it a step later, whether the next one has begun or not."""

    def drafts(self, loop: Loop, *, ahead: bool) -> list[list[int]]:
        loop.store.clear()
        chain, canvas = loop.opened(random_prompt(20, 1)), loop.canvas(32, 7, 2)
        drafts, flights = [], [loop.denoiser.launch([Denoise(chain, canvas)])]
        for step in range(7):
            if ahead and step < 6:
                flights.append(loop.denoiser.launch([Denoise(chain, canvas)]))
            flights.pop(0).wait()
            if step == 2:
                canvas.clamp_next(4, [50, 51, 52])
            drafts.append(canvas.draft.tolist())
            if step > 2:
                assert canvas.entropy[4:7].tolist() == [0.0] * 3
                assert canvas.settled[4:7].all()
            if not ahead and step < 6:
                flights.append(loop.denoiser.launch([Denoise(chain, canvas)]))
        return drafts

    def test_it_makes_no_difference_who_is_ahead(self, loop: Loop) -> None:
        behind, ahead = (self.drafts(loop, ahead=ahead) for ahead in (False, True))
        assert behind == ahead
        assert all(draft[4:7] == [50, 51, 52] for draft in behind[2:])

    def test_the_model_sees_it_from_the_step_after_the_next(self) -> None:
        canvas = Canvas(8, vocab_size=100, planned=9)
        canvas.begun()
        canvas.take(canvas.start, torch.zeros(8), torch.zeros(8, dtype=torch.bool))
        canvas.clamp_next(2, [5])
        assert not canvas.given()[1].any()
        canvas.begun()
        tokens, held = canvas.given()
        assert held.nonzero().flatten().tolist() == [2]
        assert tokens[2] == 5


class TestState:
    def test_a_canvas_that_is_gone_leaves_its_slot(self) -> None:
        state = CanvasState(TINY, 4, dtype=torch.float32, device=CPU)
        canvases = [Canvas(32, vocab_size=512) for _ in range(4)]
        places = [set(state.places(canvas).tolist()) for canvas in canvases]
        assert len(set.union(*places)) == 4 * 32
        assert min(set.union(*places)) >= WIDTH_MAX, "the first slot is nobody's"
        del canvases[:2]
        gc.collect()
        new = Canvas(300, vocab_size=512)
        state.places(new)
        assert state.slots == 5, "two slots were free again"
        state.places(other := Canvas(32, vocab_size=512))
        assert state.slots == 10
        assert not set(state.places(other).tolist()) & set(state.places(new).tolist())

    def test_growing_keeps_what_is_there(self, loop: Loop) -> None:
        prompt, grown = random_prompt(30, 2), Loop(loop.weights, filled=True)
        chain = grown.opened(prompt)
        canvases = [grown.canvas(32, 6, seed) for seed in range(7)]
        for count in (1, 2, 3, 7, 7, 7):
            grown.denoiser.step([Denoise(chain, canvas) for canvas in canvases[:count]])
        loop.store.clear()
        assert loop.generate(prompt, width=32, planned=6, seed=0)[0][-1] == canvases[0].draft.tolist()

    def test_a_canvas_may_be_wider_than_a_slot(self, loop: Loop) -> None:
        filled = Loop(loop.weights, filled=True)
        prompt = random_prompt(30, 2)
        loop.store.clear()
        expected = loop.generate(prompt, width=304, planned=3, seed=1)
        assert filled.generate(prompt, width=304, planned=3, seed=1) == expected


SIZES = st.builds(
    StepShape,
    rows=st.integers(1, 9_000),
    spans=st.integers(2, 70),
    blocks=st.integers(0, 90),
    tiles=st.integers(1, 300),
    full=st.integers(0, 4_000),
    last=st.integers(0, 4_000),
    columns=st.integers(1, 600),
)


class TestShapes:
    @given(SIZES)
    def test_everything_fits_and_sizes_are_few(self, needed: StepShape) -> None:
        shape = BUCKETS.fit(needed)
        assert all(have >= need for have, need in zip(shape, needed, strict=True))
        assert shape.rows in ROW_BUCKETS or shape.rows % ROW_BUCKETS[-1] == 0
        assert BUCKETS.fit(shape) == shape

    def test_what_is_usual_is_captured_before_anybody_speaks(self, loop: Loop) -> None:
        buckets = Buckets(lines=4, blocks=8)
        denoiser = filled_denoiser(loop.weights, loop.schedule, buckets)
        cache = loop.store.open(()).cache
        shapes = buckets.common(256)
        for shape in shapes:
            denoiser.prepare(shape, cache)
        assert denoiser.graphs.captured == len(shapes) == len(set(shapes))
        chain = loop.opened(random_prompt(20, 1))
        canvases = [Denoise(chain, denoiser.canvas(64, planned=2, seed=seed)) for seed in range(4)]
        for _ in range(2):
            denoiser.step(canvases)
        assert chain.reserve(60)
        denoiser.step([Read(chain, random_prompt(60, 2)), Denoise(chain, denoiser.canvas(32, planned=2))])
        assert denoiser.graphs.captured == len(shapes)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4), st.integers(1, 50))
def test_a_packet_carries_seeds_whole(seeds: list[int], rows: int) -> None:
    shape = StepShape(rows, len(seeds) + 1, 2, 3, rows, 0, 32)
    told, packet = (Packet.empty(shape, CPU) for _ in range(2))
    for span, seed in enumerate(seeds):
        told.set_seed(span, seed)
        told.span[span % rows] = span
    packet.buffer.copy_(told.buffer)
    keys = packet.keys(torch.arange(rows))
    expected = [0] * rows
    for span, seed in enumerate(seeds):
        expected[span % rows] = seed
    assert keys.seed.tolist() == expected
    assert packet.heat.tolist() == [1.0] * shape.spans


class TestGraphs:
    def test_work_is_captured_when_it_comes_again(self) -> None:
        done: list[str] = []
        graphs = Graphs(lambda work: lambda: done.append("again"))
        for _ in range(3):
            graphs.run("a", lambda: done.append("plain"))
        graphs.run("b", lambda: done.append("other"))
        assert done == ["plain", "again", "again", "other"]
        assert graphs.captured == 1

    def test_where_capturing_fails_it_is_done_plainly_and_said_once(self, caplog: pytest.LogCaptureFixture) -> None:
        def fail(work: Any) -> Any:
            raise RuntimeError("operation not permitted when stream is capturing")

        done: list[int] = []
        graphs = Graphs(fail)
        with caplog.at_level(logging.WARNING):
            for _ in range(4):
                graphs.run("a", lambda: done.append(1))
        assert len(done) == 4
        (record,) = caplog.records
        assert "not permitted" in record.getMessage()


def test_nothing_in_a_step_looks_at_what_it_computes(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors without numbers: whatever asks for one, as a captured step may not, fails. The kernels, which differ on a
    card, are left out."""
    hidden, heads = TINY.hidden_size, vocabulary_head

    def reading(rows: Any, *_: Any) -> Any:
        count = len(rows)
        ids = rows.new_zeros(count, dtype=torch.int64)
        return heads.Reading(ids, ids, rows.new_zeros(count), rows.new_zeros(count, hidden))

    monkeypatch.setattr(varlen_attention, "attend", lambda queries, *_: torch.zeros_like(queries))
    monkeypatch.setattr(varlen_attention, "write_rows", lambda *_: None)
    monkeypatch.setattr(grouped_experts, "run_experts", lambda rows, *_: torch.zeros_like(rows))
    monkeypatch.setattr(heads, "read_vocabulary", reading)
    monkeypatch.setattr(heads, "read_last", lambda rows, *_: heads.Verdict(*reading(rows)[::2]))
    with FakeTensorMode(allow_non_fake_inputs=True) as fake:
        denoiser = Denoiser(loop.weights, loop.schedule, buckets=BUCKETS)
        shape = BUCKETS.fit(StepShape(100, 3, 2, 4, 60, 30, 64))
        packet = Packet.empty(shape, CPU)
        rows = torch.empty((shape.rows, hidden), dtype=torch.float64)
        found = torch.empty((3, shape.rows + 1), dtype=torch.float64)
        denoiser._compute(packet, loop.store.open(()).cache, rows, found)
        assert isinstance(found, fake.from_tensor(torch.zeros(1)).__class__)


@pytest.mark.gpu
def test_on_a_card_captured_steps_are_the_plain_ones() -> None:
    from npc_engine.engines.diffusion.graphs import cuda_capture
    from npc_engine.engines.diffusion.prefix_store import PrefixStore

    card = torch.device("cuda")
    weights = random_weights(TINY, 1, dtype=torch.float32, device=card)
    buckets = Buckets(4, 8)
    drafts = []
    for capture in (None, cuda_capture(card)):
        rig = Loop.__new__(Loop)
        rig.weights, rig.schedule = weights, Loop(random_weights(TINY, 1, dtype=torch.float32, device=CPU)).schedule
        rig.denoiser = Denoiser(weights, rig.schedule, buckets=buckets, capture=capture)
        rig.store = PrefixStore(TINY, dtype=torch.float32, device=card, device_bytes=32 << 20)
        drafts.append([rig.generate(random_prompt(40, 1), width=32, planned=8, seed=seed) for seed in range(3)])
    assert drafts[0] == drafts[1]
