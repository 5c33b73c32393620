"""The values of a world by name, as a game sets and reads them.

    flags.NAME  player.NAME  $NAME           declared in world.yaml; `$NAME` may also be the game's own
    time  weather  player.place
    npcs.ID.place  npcs.ID.relation.OTHER.(trust | affection | fear)  npcs.ID.mood.OTHER

A change is taken whole or not at all.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.world.conditions import Value
from npc_engine.world.persona import Degree, Identifier, Relationship
from npc_engine.world.spec import Pack, TimeOfDay
from npc_engine.world.state import MOOD_MAX, PLAYER, WorldState
from npc_engine.world.yaml_source import did_you_mean

_TIES = Relationship.__struct_fields__[:3]
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NAME = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")


def set_values(state: WorldState, pack: Pack, values: Mapping[str, Value]) -> list[str]:
    """Set all of `values` and return the names whose value is new. Raises UNKNOWN_NAME or BAD_VALUE, and then nothing
    has changed."""
    trial = copy.deepcopy(state)
    for name, value in values.items():
        _set(trial, pack, name, value)
    before, after = get_values(state, pack, values), get_values(trial, pack, values)
    for field in state.__struct_fields__:
        setattr(state, field, getattr(trial, field))
    return [name for name in values if name not in before or before[name] != after[name]]


def get_values(state: WorldState, pack: Pack, names: Iterable[str] = ()) -> dict[str, Value]:
    """The values of these names, or of all there are; an unknown name is left out."""
    known = dict(_all(state, pack))
    wanted = list(names)
    return {name: known[name] for name in wanted if name in known} if wanted else known


def check_names(state: WorldState, pack: Pack, names: Iterable[str]) -> None:
    """Raises UNKNOWN_NAME with the nearest name for the first that has no value."""
    known = dict(_all(state, pack))
    for name in names:
        if name not in known:
            raise NpcError(ErrorCode.UNKNOWN_NAME, f"no value `{name[:80]}`; {did_you_mean(name, known)}")


def check_state(state: WorldState, pack: Pack) -> list[str]:
    """Hold a state from outside to the bounds of `set_values`. Returns a warning for each place the pack does not have
    (any more); whoever was there is nowhere. Raises SAVE_CORRUPT for what no game could have set."""
    lost = [who for who, place in state.places.items() if place and place not in pack.places]
    warnings = [f"no place `{state.places[who]}` in this pack; {who} is nowhere" for who in lost]
    state.places |= dict.fromkeys(lost, "")
    trial = copy.deepcopy(state)
    try:
        for name, value in _all(state, pack):
            _set(trial, pack, name, value)
    except NpcError as error:
        raise NpcError(ErrorCode.SAVE_CORRUPT, f"the world in it could not have been set: {error.message}") from None
    if any(len(items) > limits.SCENE_ITEMS for items in state.items.values()):
        raise NpcError(ErrorCode.SAVE_CORRUPT, f"the world in it has more than {limits.SCENE_ITEMS} things at a place")
    return warnings


def parse_value(text: str) -> Value:
    """A value as it is typed on a command line: true, false, a number, or text."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def _all(state: WorldState, pack: Pack) -> Iterable[tuple[str, Value]]:
    """Every value that can be set. What an older pack had stays in the state, but has no name."""
    people = {PLAYER, *pack.npcs}
    yield "time", f"{state.hour:02}:{state.minute:02}"
    yield "weather", state.weather
    for kind, values in (("flags.", state.flags), ("player.", state.player), ("$", state.variables)):
        for name, value in values.items():
            yield kind + name, value
    for who in people & state.places.keys():
        place = state.places[who]
        yield ("player.place" if who == PLAYER else f"npcs.{who}.place"), place
    for npc, relations in state.relations.items():
        for other, relation in relations.items():
            if npc not in people or other not in people:
                continue
            for tie in _TIES:
                yield f"npcs.{npc}.relation.{other}.{tie}", getattr(relation, tie)
    for npc, moods in state.moods.items():
        for other, mood in moods.items():
            if npc not in people or other not in people:
                continue
            yield f"npcs.{npc}.mood.{other}", mood


def _set(state: WorldState, pack: Pack, name: str, value: Value) -> None:
    match name.split("."):
        case ["time"]:
            hour, minute = str(_as(TimeOfDay, name, value)).split(":")
            state.hour, state.minute = int(hour), int(minute)
        case ["weather"]:
            state.weather = _as(Identifier, name, value)
        case ["player", "place"]:
            state.places[PLAYER] = _place(pack, name, value)
        case ["flags" | "player" as kind, key]:
            table: dict[str, Value] = getattr(state, kind)
            if key not in table:
                raise _unknown(name, (f"{kind}.{known}" for known in table))
            table[key] = _like(table[key], name, value)
        case [variable] if _NAME.fullmatch(variable):
            _set_variable(state, variable, value)
        case ["npcs", npc, "place"]:
            npc = _npc(pack, name, npc)
            state.places[npc] = _place(pack, name, value)
        case ["npcs", npc, "relation", other, tie] if tie in _TIES:
            _someone(pack, name, other)
            relation = state.relations[_npc(pack, name, npc)].setdefault(other, Relationship())
            setattr(relation, tie, _as(Degree, name, value))
        case ["npcs", npc, "mood", other]:
            _someone(pack, name, other)
            if isinstance(value, bool) or value not in range(-MOOD_MAX, MOOD_MAX + 1):
                raise _bad(name, value, f"a whole number from {-MOOD_MAX} to {MOOD_MAX}")
            state.moods.setdefault(_npc(pack, name, npc), {})[other] = int(value)
        case _:
            raise _unknown(name, [known for known, _ in _all(state, pack)])


def _set_variable(state: WorldState, variable: str, value: Value) -> None:
    key = variable[1:]
    if key in state.variables:
        state.variables[key] = _like(state.variables[key], variable, value)
        return
    if len(state.variables) >= limits.VARIABLES:
        raise NpcError(ErrorCode.BAD_VALUE, f"`{variable}` would be variable {limits.VARIABLES + 1}; no more are kept")
    state.variables[key] = _finite(variable, value)


def _like(old: Value, name: str, value: Value) -> Value:
    """A value of the kind the name has: a flag that was true or false stays so."""
    kinds = {bool: "true or false", str: "text"}
    for kind, words in kinds.items():
        if isinstance(old, kind) is not isinstance(value, kind):
            raise _bad(name, value, words if isinstance(old, kind) else "a number")
    return _finite(name, value)


def _finite(name: str, value: Value) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        raise _bad(name, value, "a finite number")
    return value


def _place(pack: Pack, name: str, value: Value) -> str:
    if value != "" and value not in pack.places:
        raise NpcError(ErrorCode.BAD_VALUE, f"`{name}`: no place `{value}`; {did_you_mean(str(value), pack.places)}")
    return str(value)


def _npc(pack: Pack, name: str, npc: str) -> str:
    if npc not in pack.npcs:
        raise _unknown(name, (name.replace(f".{npc}.", f".{known}.", 1) for known in pack.npcs))
    return npc


def _someone(pack: Pack, name: str, other: str) -> None:
    if other != PLAYER:
        _npc(pack, name, other)


def _as(kind: Any, name: str, value: Value) -> Any:
    convert: Callable[..., Any] = msgspec.convert
    if kind is Degree and isinstance(value, float) and value.is_integer():  # some languages have one kind of number
        value = int(value)
    try:
        return convert(value, kind)
    except msgspec.ValidationError:
        expected = {TimeOfDay: "a time like 18:30", Degree: "a whole number from 0 to 100"}
        raise _bad(name, value, expected.get(kind, "small letters, digits and underscores")) from None


def _unknown(name: str, known: Iterable[str]) -> NpcError:
    return NpcError(ErrorCode.UNKNOWN_NAME, f"no value `{name[:80]}`; {did_you_mean(name, known)}")


def _bad(name: str, value: Value, expected: str) -> NpcError:
    return NpcError(ErrorCode.BAD_VALUE, f"`{name}` is {str(value)[:40]!r}; expected {expected}")
