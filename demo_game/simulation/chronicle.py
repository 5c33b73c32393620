"""The days as a text to read: hour by hour, place by place, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from demo_game.simulation.cast import Cast
from demo_game.simulation.records import Happened, Journal, Line, Record, Talk, Telling, Weather
from demo_game.simulation.rumours import Rumour

OPENING = (
    "Oakhollow is a village on the river Wend, in a wet autumn. Nobody knows who bought the mill. This is what was "
    "seen there, and what people made of it."
)
SKIES = {
    "clear": "The sky is clear, and every sound carries from bank to bank.",
    "rain": "Rain, and all the gutters of Oakhollow talk at once.",
    "fog": "Fog comes off the river. People are voices first and faces after.",
}
#: How a line is said.
MANNERS = {
    "joy": "pleased",
    "trust": "warmly",
    "fear": "uneasy",
    "surprise": "astonished",
    "sadness": "sadly",
    "disgust": "sourly",
    "anger": "angry",
    "anticipation": "curious",
}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def write(journal: Journal, cast: Cast, title: str) -> str:
    """The chronicle. `title` tells what run this is, in a line."""
    parts = ["# The chronicle of Oakhollow", f"*{title}*", OPENING]
    for day, records in groupby(journal.records, key=lambda record: int(record.hour // 24) + 1):
        parts.append(f"## Day {day}")
        parts += _Day(cast).parts(list(records))
        parts += _night(day, journal.rumours, cast)
    parts += ["## The people", "\n".join(f"- **{each.name}**, {each.role}" for each in cast.people.values())]
    return "\n\n".join(parts) + "\n"


class _Day:
    """One day's text."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._introduced: set[str] = set()
        self._told: set[str] = set()

    def parts(self, records: Sequence[Record]) -> Iterator[str]:
        """Its paragraphs: under each hour the places, under each place what was seen and said there."""
        for hour, of_hour in groupby(records, key=lambda record: int(record.hour % 24)):
            yield f"### {hour:02}:00"
            seen = list(of_hour)
            yield from (SKIES[record.weather] for record in seen if isinstance(record, Weather))
            local = [record for record in seen if not isinstance(record, Weather)]
            for place in dict.fromkeys(record.place for record in local):
                yield f"#### {_capital(self._cast.places[place])}"
                for record in local:
                    if record.place == place:
                        yield from self._tell(record)

    def _tell(self, record: Happened | Telling | Talk) -> Iterator[str]:
        match record:
            case Happened():
                there = f"{self._names(record.witnesses)} {'is' if len(record.witnesses) == 1 else 'are'} there."
                yield f"{clock(record.hour)} — ***{record.happening.text}*** {there}"
            case Telling():
                how = "takes {} aside" if record.whispered else "has news for {}"
                teller, listener = self._name(record.teller), self._name(record.listener)
                yield f"{clock(record.hour)} — {teller} {how.format(listener)}: {record.rumour.happening.topic}."
                told = f"> **{self._short(record.teller)}:** “{self._words(record)}”"
                yield "  \n".join((told, self._line(record.answer)))
                if record.bystanders:
                    yield f"*{_capital(self._names(record.bystanders))} cannot help hearing it.*"
            case Talk():
                names = self._names(dict.fromkeys(line.npc for line in record.lines))
                yield f"{clock(record.hour)} — {names} talk about {record.topic}."
                yield "  \n".join(self._line(line) for line in record.lines)

    def _words(self, record: Telling) -> str:
        """In full when a rumour is told for the first time that day; a reader remembers it."""
        text = record.rumour.happening.text
        if text in self._told:
            return record.words.replace(text, "…")
        self._told.add(text)
        return record.words

    def _line(self, line: Line) -> str:
        manner = f" *({MANNERS[line.emotion]})*" if line.emotion in MANNERS else ""
        source = f" *[{line.source}: {line.reason}]*" if line.source != "model" else ""
        return f"> **{self._short(line.npc)}:**{manner} “{line.text}”{source}"

    def _names(self, npcs: Iterable[str]) -> str:
        names = [self._name(npc) for npc in npcs]
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))

    def _name(self, npc: str) -> str:
        """Whole, and with what they do, when they come up first."""
        person = self._cast.people[npc]
        if npc in self._introduced:
            return person.short
        self._introduced.add(npc)
        return f"{person.name} the {person.role}"

    def _short(self, npc: str) -> str:
        return self._cast.people[npc].short


def clock(hour: float) -> str:
    """The time of day of an hour from the first midnight: 8.25 is 08:15."""
    minutes = round(hour % 24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _night(day: int, rumours: Sequence[Rumour], cast: Cast) -> Iterator[str]:
    """What the village goes to bed with: of each rumour of the day, how many know it, and its longest way."""
    yield "### Night"
    today = [rumour for rumour in rumours if int(rumour.hour // 24) + 1 == day]
    if not today:
        yield "Nothing happened, and the village sleeps on it."
        return
    yield "The shutters close. What the village takes to bed:"
    lines = []
    for rumour in today:
        known = [npc for npc, learning in rumour.learned.items() if learning.hour < 24 * day]
        longest = max((rumour.way_to(npc) for npc in known), key=len, default=[])
        way = f"; its longest way was {' → '.join(cast.people[npc].short for npc in longest)}" if longest[1:] else ""
        lines.append(f"- {rumour.happening.topic}, known to {_number(len(known))} of {len(cast.people)}{way}")
    yield "\n".join(lines)


def _number(number: int) -> str:
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
