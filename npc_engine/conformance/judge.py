"""Whether a client did what it must: what holds for every request of every scenario, and what this one expects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from npc_engine.conformance.events import (
    AnyEvent,
    Asked,
    Ended,
    Failed,
    Finished,
    PollCost,
    State,
    TimedOut,
    Trouble,
    Unsupported,
    Updated,
)
from npc_engine.conformance.fake_daemon import FakeDaemon
from npc_engine.conformance.scenario import Expected, Scenario

#: What a client waits beyond the budget for the answer to travel, milliseconds: the protocol's number.
GRACE_MS = 50
#: What a busy machine may add, milliseconds. The protocol has no such thing; a test needs it.
TOLERANCE_MS = 400
#: Requests that end inside their budget.
BUDGETED = ("say", "bark", "describe", "warm")
#: Why a real daemon gives less than a whole line when its machine has too much to do.
OVERLOAD = ("busy", "crashed", "loading")


def judge(scenario: Scenario, events: Sequence[AnyEvent]) -> list[str]:
    """What is wrong with what a driver printed; empty if nothing is."""
    requests = scenario.requests()
    failures = [*_driver(events), *_unknown(requests, events)]
    for name, fields in requests.items():
        story = [event for event in events if isinstance(event, Asked | Updated | Ended) and event.name == name]
        asleep_ms = scenario.lasts_ms("sleep")
        wrong = [*_story(story), *_in_time(fields, story, asleep_ms), *_expected(scenario.expect.requests, name, story)]
        failures += [f"request {name}: {what}" for what in wrong]
    states = [event.state for event in events if isinstance(event, State)]
    if not _in_order(scenario.expect.states, states):
        failures.append(f"the states were {states}; expected, in this order: {scenario.expect.states}")
    failures += [f"the state was {state}" for state in scenario.expect.never if state in states]
    return [*failures, *_cost(scenario.expect.poll_p50_us, events)]


def is_overloaded(scenario: Scenario, events: Iterable[AnyEvent]) -> bool:
    """Whether a line tells of a machine with too much to do, and the scenario does not provoke that."""
    if scenario.fake is not None:
        return False
    provoked = {reason for expected in scenario.expect.requests.values() for reason in expected.reason or []}
    noise = set(OVERLOAD) - provoked
    return any(isinstance(event, Finished) and event.reason in noise for event in events)


def judge_sent(scenario: Scenario, daemon: FakeDaemon) -> list[str]:
    """What is wrong with what a client sent to a fake daemon."""
    types = daemon.received
    failures = list(daemon.problems)
    if not _in_order(scenario.expect.sent, types):
        failures.append(f"the client sent {types}; expected, in this order: {scenario.expect.sent}")
    for t, count in scenario.expect.counts.items():
        if types.count(t) != count:
            failures.append(f"the client sent {types.count(t)} `{t}`; expected {count}")
    for t, bounds in scenario.expect.budgets_ms.items():
        budgets = daemon.budgets_ms.get(t, [])
        kept = [low <= budget <= high for budget, (low, high) in zip(budgets, bounds, strict=False)]
        if len(budgets) != len(bounds) or not all(kept):
            failures.append(f"the budgets of `{t}` were {budgets}; expected within {[list(each) for each in bounds]}")
    return failures


def _driver(events: Sequence[AnyEvent]) -> Iterator[str]:
    for event in events:
        match event:
            case Trouble():
                yield f"the driver reports: {event.message}"
            case Unsupported():
                yield f"the driver cannot do `{event.do}`"
            case TimedOut():
                yield f"waited in vain for {event.waited_for}" + (f" of {event.name}" if event.name else "")
    costs = sum(isinstance(event, PollCost) for event in events)
    if costs != 1 or not isinstance(events[-1], PollCost):
        yield f"`poll_cost` comes once, last; it came {costs} times"


def _unknown(requests: Mapping[str, Any], events: Iterable[AnyEvent]) -> Iterator[str]:
    named = {event.name for event in events if isinstance(event, Asked | Updated | Ended)}
    yield from (f"nobody asked {name}" for name in sorted(named - requests.keys()))


def _story(story: Sequence[AnyEvent]) -> Iterator[str]:
    """Asked once, then updates that keep their promise, then one end that keeps it too."""
    if not story:
        yield "was never asked"
        return
    if not isinstance(story[0], Asked) or sum(isinstance(event, Asked) for event in story) != 1:
        yield "`asked` comes once, first"
    ends = [event for event in story if isinstance(event, Ended)]
    if len(ends) != 1:
        yield f"ended {len(ends)} times"
    elif story[-1] is not ends[0]:
        yield "went on after its end"
    final = ""
    for event in story:
        match event:
            case Updated():
                if not 0 <= event.stable <= len(event.text):
                    yield f"`stable` is {event.stable} in a text of {len(event.text)} code points"
                if not event.text[: event.stable].startswith(final):
                    yield f"{final!r} was final; then the text was {event.text!r}, final up to {event.stable}"
                final = event.text[: event.stable]
            case Finished():
                if not (event.narration or event.text).startswith(final):
                    yield f"{final!r} was final; the line is {event.narration or event.text!r}"


def _in_time(fields: Mapping[str, Any], story: Sequence[AnyEvent], asleep_ms: float) -> Iterator[str]:
    """A request with a budget ends inside it, the client's grace included."""
    took_ms = _took_ms(story)
    budget_ms = fields.get("budget_ms")
    if took_ms is None or budget_ms is None or fields["t"] not in BUDGETED:
        return
    if took_ms > max(budget_ms, 0) + GRACE_MS + TOLERANCE_MS + asleep_ms:
        yield f"took {took_ms:.0f} ms; its budget is {budget_ms} ms"


def _took_ms(story: Sequence[AnyEvent]) -> float | None:
    asked = next((event.at_ms for event in story if isinstance(event, Asked)), None)
    ended = next((event.at_ms for event in story if isinstance(event, Ended)), None)
    return None if asked is None or ended is None else ended - asked


def _expected(all_expected: Mapping[str, Expected], name: str, story: Sequence[AnyEvent]) -> Iterator[str]:
    expected = all_expected.get(name)
    end = next((event for event in story if isinstance(event, Ended)), None)
    if expected is None or end is None:
        return
    updates = [event for event in story if isinstance(event, Updated)]
    if len(updates) < expected.updates:
        yield f"had {len(updates)} updates; expected at least {expected.updates}"
    if expected.last_update is not None and (not updates or updates[-1].text != expected.last_update):
        yield f"the last update was {updates[-1:]}; expected {expected.last_update!r}"
    took_ms = _took_ms(story) or 0.0
    if not expected.min_ms <= took_ms <= (expected.max_ms or float("inf")):
        yield f"took {took_ms:.0f} ms; expected {expected.min_ms:.0f} to {expected.max_ms or float('inf'):.0f}"
    if isinstance(end, Failed):
        if expected.end != "failed":
            yield f"failed with {end.code}: {end.message}; expected that it is {expected.end}"
        else:
            yield from _one_of("code", end.code, expected.code)
            yield from _same("recoverable", end.recoverable, expected.recoverable)
    elif expected.end != "finished":
        yield f"finished with {end.text!r}; expected that it has {expected.end}"
    else:
        yield from _line(end, expected)


def _line(end: Finished, expected: Expected) -> Iterator[str]:
    yield from _one_of("source", end.source, expected.source)
    yield from _one_of("reason", end.reason or "", expected.reason)
    yield from _same("text", end.text, expected.text)
    yield from _same("narration", end.narration or "", expected.narration)
    yield from _same("emotion", end.emotion, expected.emotion)
    yield from _same("actions", end.actions or [], expected.actions)
    data = end.data or {}
    yield from (f"its data has {key} = {data.get(key)!r}; expected {value!r}" for key, value in expected.data.items()
                if data.get(key) != value)  # fmt: skip
    whole = end.text + (end.narration or "") + json.dumps(data, ensure_ascii=False)
    yield from (f"{part!r} is not in its answer" for part in expected.has if part not in whole)


def _one_of(what: str, value: Any, allowed: list[str] | None) -> Iterator[str]:
    if allowed is not None and value not in allowed:
        yield f"{what} is {value!r}; expected {' or '.join(map(repr, allowed))}"


def _same(what: str, value: Any, expected: Any) -> Iterator[str]:
    if expected is not None and value != expected:
        yield f"{what} is {value!r}; expected {expected!r}"


def _cost(p50_us: float | None, events: Iterable[AnyEvent]) -> Iterator[str]:
    for event in events:
        if isinstance(event, PollCost) and p50_us is not None and event.p50_us > p50_us:
            yield f"a poll takes {event.p50_us:.0f} us at the median; expected at most {p50_us:.0f}"


def _in_order(expected: Sequence[str], found: Sequence[str]) -> bool:
    rest = iter(found)
    return all(value in rest for value in expected)
