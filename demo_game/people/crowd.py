"""Everybody but the player: they keep their daily rounds, and stop for a talk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import hypot

from demo_game.people.person import Person
from demo_game.people.schedule import place_of
from demo_game.village.layout import PLACES, Spot, is_free, place_at
from demo_game.village.paths import route

#: Whose house it is: they stand at the first spot of a place.
OWNERS = {"inn": "marta", "forge": "bram", "ferry": "wenna", "green": "crake", "shrine": "ilse", "mill": "osric"}
#: Between two who talk, map pixels.
ARM_S_LENGTH = 28


class Crowd:
    """The people of the village by their ids. `hour` is that of the day, `called_away` sends somebody elsewhere than
    its round would."""

    def __init__(self, names: Mapping[str, str], hour: float, called_away: Mapping[str, str] | None = None) -> None:
        self._goals: dict[str, Spot] = {}
        self.people = {
            npc: Person(npc, name, self._choose_goal(npc, _wanted(npc, hour, called_away or {})))
            for npc, name in names.items()
        }

    def __iter__(self) -> Iterator[Person]:
        return iter(self.people.values())

    def update(self, dt_s: float, hour: float, called_away: Mapping[str, str], busy: Collection[str]) -> None:
        """Let them walk. Those who are `busy` talking stay. One of them at most looks for a way in each frame."""
        for person in self:
            if person.id not in busy or person.walks:
                person.update(dt_s)
        for person in self:
            goal = self._goals[person.id]
            wanted = _wanted(person.id, hour, called_away)
            if person.id in busy or person.walks:
                continue
            if goal not in PLACES[wanted].spots:
                goal = self._choose_goal(person.id, wanted)
            if person.spot != goal:
                if hypot(person.spot.x - goal.x, person.spot.y - goal.y) < 1 and person.spot.map == goal.map:
                    person.spot = goal
                    continue
                person.go(route(person.spot, goal))
                if not person.walks:
                    person.spot = goal  # shut in by something: be there
                return

    def jump(self, hour: float, called_away: Mapping[str, str]) -> None:
        """The clock was set: everybody is where they would be by then."""
        self._goals.clear()
        for person in self:
            person.stop()
            person.spot = self._choose_goal(person.id, _wanted(person.id, hour, called_away))

    def places(self) -> dict[str, str]:
        """The place each is at, "" on the way between places."""
        return {person.id: place_at(person.spot.map, person.spot.x, person.spot.y) for person in self}

    def near(self, who: Person, reach: float) -> list[Person]:
        """Who is within reach of somebody, nearest first."""
        others = [person for person in self if person is not who and person.distance(who) <= reach]
        return sorted(others, key=who.distance)

    def approach(self, person: Person, other: Person) -> None:
        """Walk up to somebody, to talk."""
        for dx, dy in ((ARM_S_LENGTH, 0), (-ARM_S_LENGTH, 0), (0, ARM_S_LENGTH), (0, -ARM_S_LENGTH)):
            x, y = other.spot.x + dx, other.spot.y + dy
            if is_free(other.spot.map, x, y):
                person.go(route(person.spot, Spot(other.spot.map, x, y)))
                return

    def _choose_goal(self, npc: str, place: str) -> Spot:
        self._goals[npc] = self._free_spot(npc, place)
        return self._goals[npc]

    def _free_spot(self, npc: str, place: str) -> Spot:
        first, *others = PLACES[place].spots
        if OWNERS.get(place) == npc:
            return first
        taken = [goal for who, goal in self._goals.items() if who != npc]
        start = sum(map(ord, npc)) % len(others)  # everybody has a corner of their own
        ordered = others[start:] + others[:start]
        return next((spot for spot in ordered if spot not in taken), ordered[0])


def _wanted(npc: str, hour: float, called_away: Mapping[str, str]) -> str:
    return called_away.get(npc) or place_of(npc, hour)
