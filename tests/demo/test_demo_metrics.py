"""What the demo measures of itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_game import metrics
from demo_game.metrics import LineNumbers, Metrics, latest, percentile, percentiles

MS = st.floats(0, 1e6)


def line(source: str = "model", cached: int = 0, prompt: int = 0) -> LineNumbers:
    return LineNumbers("marta", "say", 2000, 212.0, 840.0, source, cached_tokens=cached, prompt_tokens=prompt)


def test_percentile_is_the_nearest_rank() -> None:
    values = [15.0, 20.0, 35.0, 40.0, 50.0]
    assert [percentile(values, share) for share in (0.05, 0.3, 0.4, 0.5, 1.0)] == [15, 20, 20, 35, 50]
    assert percentile([], 0.5) == 0


@given(st.lists(MS, min_size=1), st.floats(0, 1))
def test_percentile_is_a_value_that_the_share_does_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < max(1, share * len(values))


@given(st.lists(MS))
def test_percentiles_are_ordered(values: list[float]) -> None:
    found = percentiles(values, 50, 95, 99)
    assert list(found) == ["p50", "p95", "p99"]
    assert found["p50"] <= found["p95"] <= found["p99"]


def test_summary_of_a_run() -> None:
    run = Metrics()
    for ms in range(1, 101):
        run.frame(float(ms))
        run.poll(ms / 10)
    for source in ("model", "model", "authored"):
        run.line(line(source))
    assert run.summary() == {
        "frames": 100,
        "frame_ms": {"p50": 50.0, "p95": 95.0, "p99": 99.0},
        "poll_ms": {"p50": 5.0, "p99": 9.9},
        "lines": 3,
        "sources": {"model": 2, "authored": 1},
    }
    json.dumps(run.summary())


def test_summary_of_nothing() -> None:
    assert Metrics().summary()["frame_ms"] == {"p50": 0.0, "p95": 0.0, "p99": 0.0}


def test_old_values_leave_but_stay_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "KEPT", 10)
    monkeypatch.setattr(metrics, "KEPT_LINES", 2)
    run = Metrics()
    for ms in range(25):
        run.frame(float(ms))
        run.line(line())
    assert list(run.frame_ms) == [float(ms) for ms in range(15, 25)]
    assert (run.frames, len(run.lines), run.sources["model"]) == (25, 2, 25)
    assert latest(run.frame_ms, 3) == [22, 23, 24]
    assert latest(run.frame_ms, 99) == list(run.frame_ms)


def test_cache_hit_share() -> None:
    run = Metrics()
    assert run.cache_hit_share == 0
    run.line(line(cached=900, prompt=1000))
    run.line(line(cached=300, prompt=1000))
    assert run.cache_hit_share == pytest.approx(0.6)
