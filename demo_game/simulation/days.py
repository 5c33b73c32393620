"""The days themselves: people go about, things happen, neighbours meet.

Every choice is drawn from the seed before anything is asked, and answers are taken in the order of asking, however they
come in: the same seed gives the same days, as long as the engine gives the same lines.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from demo_game.people.schedule import place_of
from demo_game.simulation.cast import Cast
from demo_game.simulation.happenings import Appointment, plan
from demo_game.simulation.meetings import Meeting, Rumouring, SmallTalk
from demo_game.simulation.records import Happened, Journal, Weather
from demo_game.simulation.rumours import SAW, Learning, Rumour
from demo_game.simulation.small_talk import TURNS, WEATHER, Topics
from demo_game.simulation.storyteller import Storyteller

#: Length of a tick, and when people get up and go to bed, hours.
TICK = 0.25
DAWN, NIGHT = 5.5, 23.0
TICKS_A_DAY = round((NIGHT - DAWN) / TICK)
HAPPENINGS_A_DAY = 6
#: Meetings in a tick at most, and the chance that two who stand together do meet, before their natures count.
MEETINGS = 3
CHANCE = 0.5
#: Of the meetings without news, the share that is worth a talk.
SMALL_TALK = 0.3
#: Two who have just talked have nothing to say to each other for a while, hours.
SILENCE = 2.5
#: Share of news that is passed on in a low voice, and chance that news is what one speaks of.
WHISPERED = 0.7
NEWS = 0.85
#: How well people like each other who have no word for it, 0 to 100.
NO_OPINION = 45


class Days:
    """Some days of a cast. `journal` is what has happened so far."""

    def __init__(self, storyteller: Storyteller, cast: Cast, days: int, seed: int, budget_ms: int) -> None:
        self.journal = Journal()
        self._storyteller = storyteller
        self._cast = cast
        self._days = days
        self._budget_ms = budget_ms
        self._dice = random.Random(f"{seed} days")
        self._plan = plan(days, HAPPENINGS_A_DAY, random.Random(f"{seed} happenings"))
        self._weather = self._dice.choice(sorted(WEATHER))
        self._topics = Topics(random.Random(f"{seed} topics"))
        self._tellings: Counter[str] = Counter()
        self._met: dict[tuple[str, str], float] = {}
        self._where: dict[str, str] = {}

    def pass_(self) -> Iterator[float]:
        """Let the days pass; yields the hour, from the first midnight, after each tick."""
        self._storyteller.finish([self._storyteller.client.scene_leave()])
        for day in range(self._days):
            for tick in range(TICKS_A_DAY):
                hour = 24 * day + DAWN + tick * TICK
                self._move(hour, turns=tick == 0 or hour % 24 in TURNS)
                for appointment in self._due(hour):
                    self._happen(appointment, hour)
                self._meet(hour)
                yield hour

    def _move(self, hour: float, *, turns: bool) -> None:
        """Everybody goes where they are at that hour, under the sky of that hour."""
        if turns:
            before, self._weather = self._weather, self._dice.choice(WEATHER[self._weather])
            if self._weather != before or hour % 24 == DAWN:
                self.journal.records.append(Weather(hour, self._weather))
        where = {npc: place_of(npc, hour) for npc in self._cast.people}
        minutes = round(hour % 24 * 60)
        values = {f"npcs.{npc}.place": place for npc, place in where.items() if self._where.get(npc) != place}
        values |= {f"npcs.{npc}.place": "" for npc in self._cast.absent}
        values |= {"time": f"{minutes // 60:02}:{minutes % 60:02}", "weather": self._weather}
        self._storyteller.finish([self._storyteller.client.world_set(values)])
        self._where = where

    def _due(self, hour: float) -> list[Appointment]:
        """What happens now: its hour has come, and somebody is there to see it."""
        due = [
            each
            for each in self._plan
            if each.day == hour // 24 + 1 and each.hour <= hour % 24 and each.happening.place in self._where.values()
        ]
        self._plan = [each for each in self._plan if each not in due]
        return due

    def _happen(self, appointment: Appointment, hour: float) -> None:
        happening = appointment.happening
        request = self._storyteller.client.event(happening.text, happening.place, importance=happening.importance)
        self._storyteller.finish([request])
        witnesses = tuple(request.reply.data["witnesses"] if request.reply else ())
        rumour = Rumour(happening, hour)
        rumour.reach(witnesses, Learning(SAW, hour, happening.place))
        self.journal.rumours.append(rumour)
        self.journal.records.append(Happened(hour, happening.place, happening, witnesses))

    def _meet(self, hour: float) -> None:
        """A few pairs talk, all at the same time; then what they said is settled in order."""
        meetings = [meeting for pair in self._pairs(hour) if (meeting := self._meeting(pair, hour)) is not None]
        for meeting in meetings:
            meeting.ask(self._storyteller.client, self._budget_ms)
        self._storyteller.finish([meeting.request for meeting in meetings])
        for meeting in meetings:
            self._storyteller.finish([self._storyteller.client.spoken(meeting.request)])
            self.journal.records.append(meeting.record(self._where))

    def _pairs(self, hour: float) -> list[tuple[str, str]]:
        """Who meets now: at most once each, at most once a while."""
        together = [pair for pair in combinations(self._cast.people, 2) if self._where[pair[0]] == self._where[pair[1]]]
        chosen: list[tuple[str, str]] = []
        for pair in self._dice.sample(together, len(together)):
            busy = {npc for others in chosen for npc in others}
            wants = self._dice.random() < self._inclination(*pair)
            if wants and not busy & set(pair) and hour - self._met.get(pair, -24.0) >= SILENCE:
                chosen.append(pair)
            if len(chosen) == MEETINGS:
                break
        return chosen

    def _inclination(self, one: str, other: str) -> float:
        """How likely two people are to talk when they stand together, 0 to 1."""
        first, second = self._cast.people[one], self._cast.people[other]
        liking = (first.liking.get(other, NO_OPINION) + second.liking.get(one, NO_OPINION)) / 200
        return CHANCE * (0.3 + liking) * max(first.tongue.talkative, second.tongue.talkative)

    def _meeting(self, pair: tuple[str, str], hour: float) -> Meeting | None:
        """What two who meet talk about: news, if one has some for the other; perhaps nothing."""
        place, seed = self._where[pair[0]], self._dice.randrange(1 << 32)
        news = [
            (rumour, teller, listener)
            for rumour in self.journal.rumours
            for teller, listener in (pair, pair[::-1])
            if teller in rumour.learned and listener not in rumour.learned
        ]
        if news and self._dice.random() < NEWS:
            self._met[pair] = hour
            rumour, teller, listener = max(news, key=lambda each: (each[0].happening.importance, each[0].hour))
            openers = self._cast.people[teller].tongue.openers
            opener = openers[self._tellings[teller] % len(openers)]
            self._tellings[teller] += 1
            whispered = self._dice.random() < WHISPERED
            return Rumouring(hour, place, seed, rumour, teller, listener, opener, whispered, self._cast)
        if self._dice.random() >= SMALL_TALK:
            return None
        self._met[pair] = hour
        first = max(pair, key=lambda npc: self._cast.people[npc].tongue.talkative)
        second = pair[1] if first == pair[0] else pair[0]
        about = self._topics.choose(place, self._weather, hour % 24)
        return SmallTalk(hour, place, seed, (first, second), about, self._dice.choice((2, 2, 3, 4)))
