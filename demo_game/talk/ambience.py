"""What people say without being asked: remarks as the player passes, and talk among themselves."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection

from demo_game.people.crowd import Crowd
from demo_game.people.person import Person
from demo_game.story.world import World
from demo_game.talk.asking import Asking
from demo_game.talk.speech import Speech
from npc_engine.client import Request, Turn

#: A remark comes from somebody this near, map pixels, not sooner after the last one, and not again from the same one.
BARK_REACH = 58
BARK_PAUSE_S = 9.0
BARK_AGAIN_S = 60.0
#: People talk among themselves where the player can hear them, map pixels, and not all the time.
EARSHOT = 230
TALK_PAUSE_S = 14.0
TURNS = 4
#: So near to each other they can talk, map pixels.
TOGETHER = 34

TOPICS = (
    "the weather",
    "the courier who never reached the ford",
    "who bought the mill",
    "the low river",
    "the geese on the green",
    "the traveller who came to the village",
    "the price of flour",
    "the man in the grey glove",
)


class Ambience:
    """Starts remarks and talks near the player, one of each at a time, and holds their speech bubbles. `news` is what
    people might talk about besides the usual."""

    def __init__(self, asking: Asking, crowd: Crowd, dice: random.Random) -> None:
        self.speeches: list[Speech] = []
        self.news: deque[str] = deque(maxlen=4)
        self._asking, self._crowd, self._dice = asking, crowd, dice
        self._since_bark_s = BARK_PAUSE_S / 2
        self._since_talk_s = TALK_PAUSE_S / 2
        self._barked: dict[str, float] = {}
        self._pair: tuple[Person, Person] | None = None
        self._talk: Request | None = None
        self._turns: deque[Turn] = deque()

    @property
    def busy(self) -> set[str]:
        """Who is talking to somebody of the village."""
        return {person.id for person in self._pair} if self._pair else set()

    def update(self, dt_s: float, player: Person, world: World, engaged: Collection[str]) -> None:
        """Let time pass; begin something if it is due. Who is `engaged` talks with the player."""
        for speech in self.speeches:
            speech.update(dt_s)
        self.speeches = [speech for speech in self.speeches if not speech.over]
        self._since_bark_s += dt_s
        self._since_talk_s += dt_s
        for npc in self._barked:
            self._barked[npc] += dt_s
        if self._pair:
            self._go_on(player)
        elif not engaged and self._since_talk_s >= TALK_PAUSE_S:
            self._bring_together(player)
        if not engaged and self._since_bark_s >= BARK_PAUSE_S:
            self._bark(player, world)

    def interrupt(self, npc: str) -> None:
        """The player speaks to somebody: what that one was saying to others ends."""
        for speech in self.speeches:
            if speech.npc == npc or npc in self.busy:
                speech.hush()
        if npc in self.busy:
            self.end_talk()

    def _bark(self, player: Person, world: World) -> None:
        for person in self._crowd.near(player, BARK_REACH):
            if person.id in self.busy or self._barked.get(person.id, BARK_AGAIN_S) < BARK_AGAIN_S:
                continue
            self._since_bark_s = 0.0
            self._barked[person.id] = 0.0
            about = self._dice.choice(["the traveller who walks by", f"the {world.weather} weather", *self.news])
            request = self._asking.bark(person.id, about, self._barked_at(person))
            self.speeches.append(Speech(person.id, request=request))
            return

    def _barked_at(self, person: Person) -> Callable[[Request], None]:
        def done(request: Request) -> None:
            if request.reply is not None and request.reply.text:
                person.feel(request.reply.emotion)
                self._asking.client.spoken(request)

        return done

    def _bring_together(self, player: Person) -> None:
        """Two who stand near each other and near the player walk up to each other."""
        near = [person for person in self._crowd.near(player, EARSHOT) if not person.walks]
        pairs = [(one, other) for one in near for other in near if one.id < other.id and one.distance(other) < EARSHOT]
        if not pairs:
            return
        one, other = self._dice.choice(pairs)
        self._pair = (one, other)
        if one.distance(other) > TOGETHER:
            self._crowd.approach(one, other)

    def _go_on(self, player: Person) -> None:
        assert self._pair is not None
        one, other = self._pair
        if one.walks or other.walks:
            return
        if self._talk is None:
            if one.distance(player) > 2 * EARSHOT or one.distance(other) > 2 * TOGETHER:
                self.end_talk()
                return
            one.face(other)
            other.face(one)
            topic = self._dice.choice([*self.news, self._dice.choice(TOPICS)])
            turned, done = self._turns.append, lambda request: None
            self._talk = self._asking.converse([one.id, other.id], topic, TURNS, turned, done)
        if self._turns and not any(speech.npc in self.busy for speech in self.speeches):
            turn = self._turns.popleft()
            speaker = one if turn.npc == one.id else other
            speaker.feel(turn.emotion)
            self.speeches.append(Speech(turn.npc, turn.text, turn.emotion))
        elif self._talk.finished and not self._turns and not any(speech.npc in self.busy for speech in self.speeches):
            self.end_talk()

    def end_talk(self) -> None:
        """Those who talk among themselves stop."""
        if self._talk is not None:
            self._talk.cancel()
        self._talk = self._pair = None
        self._turns.clear()
        self._since_talk_s = 0.0
