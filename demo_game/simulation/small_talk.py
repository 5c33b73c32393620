"""What two people talk about who have no news for each other, and what the sky does meanwhile."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

#: How a kind of weather may go on; "clear" stands twice where it is likelier.
WEATHER: Mapping[str, tuple[str, ...]] = {
    "clear": ("clear", "clear", "fog", "rain"),
    "rain": ("rain", "clear", "fog"),
    "fog": ("clear", "clear", "rain"),
}
#: The hours at which it may turn.
TURNS = (5.0, 9.0, 13.0, 17.0, 20.0)


@dataclass(frozen=True, slots=True)
class Topic:
    """Something to talk about; empty tuples fit everywhere and always, `hours` is a span."""

    text: str
    places: tuple[str, ...] = ()
    weather: tuple[str, ...] = ()
    hours: tuple[float, float] = (0.0, 24.0)

    def fits(self, place: str, weather: str, hour: float) -> bool:
        """Whether people there and then would speak of it."""
        begin, end = self.hours
        return (
            (not self.places or place in self.places)
            and (not self.weather or weather in self.weather)
            and begin <= hour < end
        )


TOPICS = (
    Topic("the river, lower than in any autumn before", ("ferry", "shrine", "mill")),
    Topic("the ferry, and how long she will sit on the mud", ("ferry",)),
    Topic("the price of onions at the market", ("green",), hours=(8.0, 13.0)),
    Topic("the geese and who ought to pay for the trampled beans", ("green",)),
    Topic("what Marta puts into the soup", ("inn",), hours=(11.0, 22.5)),
    Topic("the room upstairs that creaks with nobody in it", ("inn",), hours=(17.0, 24.0)),
    Topic("iron, and the barges that do not come", ("forge",)),
    Topic("the warmth of the coals and the state of everyone's knees", ("forge",), ("rain", "fog")),
    Topic("the mill wheel that stands in chains", ("mill",)),
    Topic("flour, and bread that tastes of nothing since spring", ("mill", "green", "inn")),
    Topic("a pebble for somebody they both miss", ("shrine",)),
    Topic("whether the bells sound different in fog", ("shrine",), ("fog",)),
    Topic("the rain, which finds every hole in every roof", weather=("rain",)),
    Topic("shapes that somebody saw in the fog", weather=("fog",)),
    Topic("a clear sky, and frost before the week is out", weather=("clear",)),
    Topic("how badly they slept", hours=(5.0, 9.0)),
    Topic("supper, and whose turn it is to cook", hours=(15.0, 19.0)),
    Topic("Lantern Night, and the candles that are still to be made", hours=(16.0, 24.0)),
    Topic("new silver with sharp edges, and what it buys"),
    Topic("the winter of the great flood, as the old people tell it"),
    Topic("boots, and nothing but boots"),
    Topic("who has been walking on the towpath at night"),
)


class Topics:
    """Hands out topics that fit, those first that were not spoken of for longest."""

    def __init__(self, dice: random.Random) -> None:
        self._pile = dice.sample(TOPICS, len(TOPICS))

    def choose(self, place: str, weather: str, hour: float) -> str:
        """Something that fits the place, the sky and the hour; some topics always do."""
        chosen = next(each for each in self._pile if each.fits(place, weather, hour))
        self._pile.remove(chosen)
        self._pile.append(chosen)
        return chosen.text
