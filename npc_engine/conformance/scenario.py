"""A scenario: what the driver does, what happens to the daemon meanwhile, and what must come of it. One YAML file each,
in `scenarios/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent / "scenarios"
#: Requests by a name of their own in `do`; their fields stand beside it.
SHORT = ("say", "bark", "describe", "warm")


class Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A misspelt key is an error."""


class Expected(Strict, frozen=True, kw_only=True):
    """What becomes of one request; what is not given may be anything. `updates` and the texts in `has` are at least
    that. Times are counted from `asked`, milliseconds."""

    end: str
    source: list[str] | None = None
    reason: list[str] | None = None
    code: list[str] | None = None
    recoverable: bool | None = None
    text: str | None = None
    narration: str | None = None
    has: list[str] = []
    emotion: str | None = None
    actions: list[dict[str, Any]] | None = None
    data: dict[str, Any] = {}
    updates: int = 0
    last_update: str | None = None
    min_ms: float = 0.0
    max_ms: float | None = None


class Expectations(Strict, frozen=True, kw_only=True):
    """What must come of a scenario. `states` occur in this order, others between them; `never` do not occur. `sent` are
    types of messages that a fake daemon received, in this order, others between them; of those in `counts` exactly so
    many; `budgets_ms` are by type the bounds of each budget it received, in order."""

    requests: dict[str, Expected] = {}
    states: list[str] = []
    never: list[str] = []
    sent: list[str] = []
    counts: dict[str, int] = {}
    budgets_ms: dict[str, list[tuple[int, int]]] = {}
    poll_p50_us: float | None = None


class Scenario(Strict, frozen=True, kw_only=True):
    """`about` says what it shows, `section` names the heading of PROTOCOL.md that asks for it. See
    `scenarios/README.md` for what the runner can do at a mark. Without `fake` there is a real daemon with the scripted
    engine, given the `options`. One that measures is played `alone`."""

    about: str
    section: str = ""
    steps: list[dict[str, Any]]
    name: str = ""
    options: list[str] = []
    alone: bool = False
    fake: dict[str, list[dict[str, Any]]] | None = None
    before: list[dict[str, Any]] = []
    marks: dict[str, list[dict[str, Any]]] = {}
    expect: Expectations = Expectations()

    def requests(self) -> dict[str, Mapping[str, Any]]:
        """The fields of every request by its name, with its type as `t`."""
        found: dict[str, Mapping[str, Any]] = {}
        for step in self.steps:
            if step["do"] in SHORT:
                found[step["as"]] = {"t": step["do"], **step}
            elif step["do"] == "request":
                found[step["as"]] = {"t": step["type"], **step.get("fields", {})}
            elif step["do"] == "spoken":
                found[step["as"]] = {"t": "spoken"}
        return found

    def lasts_ms(self, *kinds: str) -> float:
        """The longest that the steps of these kinds take together."""
        return sum(float(step.get("ms", 0)) for step in self.steps if step["do"] in kinds)


def load(folder: Path = FOLDER) -> list[Scenario]:
    """The scenarios of a folder, in the order of their names. Raises ValueError, which names the file."""
    return [_read(path) for path in sorted(folder.glob("*.yaml"))]


def _read(path: Path) -> Scenario:
    try:
        scenario = msgspec.yaml.decode(path.read_bytes(), type=Scenario)
    except msgspec.MsgspecError as cause:
        raise ValueError(f"{path}: {cause}") from None
    return msgspec.structs.replace(scenario, name=path.stem)
