"""Plays a scenario with a driver: starts it, acts at its marks, reads what it prints, judges."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from npc_engine.conformance import judge
from npc_engine.conformance.events import AnyEvent, Mark, PollCost, parse
from npc_engine.conformance.scenario import Scenario
from npc_engine.conformance.stage import Stage

#: Time a driver has beyond what its steps take, seconds: an interpreter or an editor starts slowly.
SPARE_S = 20.0
#: Scenarios played at once unless told otherwise.
AT_ONCE = 3
#: What is kept of a driver's output to explain a failure, characters.
LOG_CHARS = 2_000
#: A line longer than this is no event, bytes: a frame's text, escaped.
LINE_BYTES = 16 << 20
#: More lines than any scenario has; a driver that prints more will not end by itself.
LINES = 50_000


@dataclass
class Run:
    """What came of a scenario. It passed if there are no `failures`. `again`: it was played twice, because the machine
    had too much to do the first time."""

    scenario: str
    failures: list[str] = field(default_factory=list)
    events: list[AnyEvent] = field(default_factory=list)
    log: str = ""
    seconds: float = 0.0
    again: bool = False

    @property
    def poll_cost(self) -> PollCost | None:
        """What the client's `poll` took, if the driver came to its end."""
        return next((event for event in self.events if isinstance(event, PollCost)), None)

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        cost = self.poll_cost
        return {
            "scenario": self.scenario,
            "passed": not self.failures,
            "failures": self.failures,
            "again": self.again,
            "seconds": round(self.seconds, 2),
            "poll_us": None if cost is None else {"polls": cost.polls, "p50": cost.p50_us, "p99": cost.p99_us},
        }


def play(scenario: Scenario, command: Sequence[str], spare_s: float = SPARE_S) -> Run:
    """Play `scenario` with the driver that `command` starts. Raises NpcError if no daemon can be had, OSError if the
    command cannot be started."""
    run = Run(scenario.name)
    began_s = time.monotonic()
    with Stage(scenario) as stage, tempfile.TemporaryFile() as log:
        path = stage.home / "scenario.json"
        path.write_text(json.dumps(_for_driver(scenario, stage)), encoding="utf-8")
        limit_s = scenario.lasts_ms("wait", "poll", "sleep") / 1_000 + spare_s
        environment = {**os.environ, "NPC_ENGINE_HOME": str(stage.home), "PYTHONIOENCODING": "utf-8"}
        driver = subprocess.Popen(  # noqa: S603
            [*command, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=environment
        )
        try:
            for line in _lines(driver, began_s + limit_s):
                _take(line, scenario, stage, path, run)
            code = driver.wait(max(1.0, began_s + limit_s - time.monotonic()))
            if code != 0:
                run.failures.append(f"the driver ended with exit status {code}")
        except (TimeoutError, subprocess.TimeoutExpired):
            run.failures.append(f"the driver did not end within {limit_s:.0f} s")
        finally:
            _stop(driver)
        log.seek(0)
        run.log = (run.log + log.read().decode("utf-8", "replace"))[-LOG_CHARS:]
        run.failures += judge.judge(scenario, run.events)
        if stage.fake is not None:
            run.failures += judge.judge_sent(scenario, stage.fake)
    run.seconds = time.monotonic() - began_s
    return run


def play_all(scenarios: Sequence[Scenario], command: Sequence[str], at_once: int = AT_ONCE) -> Iterator[Run]:
    """Play scenarios, several at once: most of their time is waiting. One that fails because the machine has too much
    to do is played again at the end, alone and once. Raises as `play`."""
    disturbed: list[Scenario] = []
    with ThreadPoolExecutor(at_once) as pool:
        together = [each for each in scenarios if not each.alone]
        played = zip(together, pool.map(lambda scenario: play(scenario, command), together), strict=True)
        for scenario, run in itertools.chain(played, ((each, play(each, command)) for each in scenarios if each.alone)):
            if run.failures and judge.is_overloaded(scenario, run.events):
                disturbed.append(scenario)
            else:
                yield run
    for scenario in disturbed:
        run = play(scenario, command)
        run.again = True
        yield run


def _for_driver(scenario: Scenario, stage: Stage) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "address": stage.address,
        "token_file": str(stage.token_file),
        "steps": [_expanded(step) for step in scenario.steps],
    }


def _expanded(value: Any) -> Any:
    """With `{repeat: A, times: 1000}` written out as a text."""
    if isinstance(value, dict):
        if value.keys() == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {key: _expanded(item) for key, item in value.items()}
    return [_expanded(item) for item in value] if isinstance(value, list) else value


def _lines(driver: subprocess.Popen[bytes], end_s: float) -> Iterator[bytes]:
    """What the driver prints, line by line. Raises TimeoutError at `end_s`, or when it prints without end."""
    lines: queue.Queue[bytes] = queue.Queue(LINES)
    stream = driver.stdout
    assert stream is not None

    def read() -> None:
        with stream:
            for line in itertools.islice(iter(lambda: stream.readline(LINE_BYTES), b""), LINES):
                lines.put(line)
        lines.put(b"")

    threading.Thread(target=read, daemon=True).start()
    for _ in range(LINES):
        try:
            line = lines.get(timeout=max(0.0, end_s - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None
        if not line:
            return
        yield line
    raise TimeoutError


def _stop(driver: subprocess.Popen[bytes]) -> None:
    """End the driver, and what it started: a script around an interpreter, say."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(driver.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    driver.kill()
    driver.wait()


def _take(line: bytes, scenario: Scenario, stage: Stage, path: Path, run: Run) -> None:
    try:
        event = parse(line)
    except ValueError as cause:
        run.failures.append(f"the driver printed no event: {cause}")
        return
    if event is None:
        run.log += line.decode("utf-8", "replace")
        return
    run.events.append(event)
    if isinstance(event, Mark):
        for action in scenario.marks.get(event.name, []):
            stage.act(action)
        path.with_name(f"{path.name}.{event.name}").touch()
