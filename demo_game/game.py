"""The game: what is in the village and how it goes on from frame to frame. Nothing here draws."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from copy import deepcopy
from pathlib import Path

from demo_game import savegame
from demo_game.metrics import Metrics
from demo_game.people.crowd import Crowd
from demo_game.people.person import Person
from demo_game.player import Player
from demo_game.savegame import SaveGame
from demo_game.story import deeds, usables
from demo_game.story.suggestions import GIFTS, KEPT, NAMES, QUESTIONS, Suggestion, is_accusation, suggestions
from demo_game.story.world import PEOPLE, World
from demo_game.talk.ambience import Ambience
from demo_game.talk.asking import SAY_MS, Asking
from demo_game.talk.conversation import Conversation
from demo_game.talk.herald import Herald
from demo_game.talk.narrator import Narrator
from demo_game.talk.warmth import REACH as WARM_REACH
from demo_game.talk.warmth import Awakening, Warmth
from demo_game.village.layout import PLACES, place_at
from demo_game.village.paths import route
from npc_engine.client import NpcClient, Reply, Request, Value

#: Hours of the village that pass in a second: a day takes 24 minutes.
HOURS_PER_S = 1 / 60
#: So near the player can talk to somebody, map pixels.
TALK_REACH = 40
#: How long news stays on the screen, and how long a thing takes from hand to hand, seconds.
TOAST_S = 6.0
HANDING_S = 1.1
GREETED_TRUST = 3
#: How long who leads the way stays there, seconds.
ERRAND_S = 60.0
NAMED = "The traveller named Lucan Vey as the man behind the mill, with the courier's letter in hand."


class Handing:
    """A thing on its way from one to another."""

    def __init__(self, item: str, giver: Person, taker: Person) -> None:
        self.item, self.giver, self.taker, self.age_s = item, giver, taker, 0.0

    @property
    def share(self) -> float:
        """How much of the way is done, 0 to 1."""
        return min(self.age_s / HANDING_S, 1.0)


class Game:
    """One game. `talk` is the player's talk with somebody, None while it walks about; `toasts` are (text, age in
    seconds). While it is `silent`, nobody speaks of their own accord and nothing is told to the daemon."""

    def __init__(
        self,
        client: NpcClient,
        save_path: Path | None = None,
        say_ms: int = SAY_MS,
        seed: int | None = None,
    ) -> None:
        self.client = client
        self.metrics = Metrics()
        self.save_path = save_path or savegame.default_path()
        self.world = World()
        self.player = Player()
        self.talk: Conversation | None = None
        self.toasts: list[tuple[str, float]] = []
        self.handings: list[Handing] = []
        self.now_s = 0.0
        self._asking = Asking(client, self.metrics, say_ms, seed)
        self._dice = random.Random(seed)
        self._herald = Herald(client, self._values)
        self.narrator = Narrator(self._asking)
        self._warmth = Warmth(client)
        self.crowd = Crowd(self._names(), self.world.hour)
        self.ambience = Ambience(self._asking, self.crowd, self._dice)
        self.silent = False
        self._begun = False
        self._leaving_s = -TOAST_S
        self._errands: dict[str, tuple[str, float]] = {}

    # What goes on

    def begin(self) -> None:
        """Begin the story: the daemon forgets what was in the slot before."""
        self._begun = True
        self._renew_slot()
        self._toast("A wet autumn evening. Nine nights ago the courier Jory Pike rode off, and was not seen again.")

    def rehearse(self) -> None:
        """Do once what is slow at the first time."""
        for place in PLACES.values():
            route(self.player.spot, place.spots[0])

    def wake(self) -> Awakening:
        """Have everybody's prompt read, those near the player first."""
        near = [person.id for person in self.crowd.near(self.player, float("inf"))]
        order = [*near, *(npc for npc in PEOPLE if npc not in near)]
        return Awakening(self.client, {npc: PEOPLE[npc][0] for npc in order})

    def update(self, dt_s: float, held: Collection[int] = ()) -> None:
        """Let `dt_s` seconds pass, with these keys held down."""
        self.now_s += dt_s
        self.world.pass_time(dt_s * HOURS_PER_S)
        if self.talk is not None and self.talk.is_over(dt_s):
            self.leave()
        engaged = {self.talk.npc} if self.talk else set()
        if self.talk is None:
            self.player.steer(held, dt_s)
        self.player.update(dt_s)
        self._errands = {npc: errand for npc, errand in self._errands.items() if errand[1] > self.now_s}
        away = {**self.world.called_away, **{npc: place for npc, (place, _) in self._errands.items()}}
        self.crowd.update(dt_s, self.world.hour, away, engaged | self.ambience.busy)
        self.toasts = [(text, age_s + dt_s) for text, age_s in self.toasts if age_s < TOAST_S]
        for handing in self.handings:
            handing.age_s += dt_s
        self.handings = [handing for handing in self.handings if handing.share < 1]
        if self._begun and not self.silent:
            self.ambience.update(dt_s, self.player, self.world, engaged)
            self._tell_daemon(dt_s)

    def in_reach(self) -> Person | None:
        """Whom the player can talk to from here."""
        return next(iter(self.crowd.near(self.player, TALK_REACH)), None)

    @property
    def in_focus(self) -> str:
        """Whom the player talks to, or who is nearest."""
        near = self.crowd.near(self.player, float("inf"))
        return self.talk.npc if self.talk else near[0].id if near else next(iter(PEOPLE))

    @property
    def place(self) -> str:
        """The place the player is at, "" on the way."""
        spot = self.player.spot
        return place_at(spot.map, spot.x, spot.y)

    # What the player does

    def interact(self) -> None:
        """E: talk to who is near, or use what is near."""
        person = self.in_reach()
        if person is not None:
            self.talk_to(person.id)
            return
        thing = usables.in_reach(self.player.spot)
        if thing is not None:
            hour = self.world.hour
            outcome = usables.use(self.world, thing)
            self._toast(outcome.told)
            if self.world.hour != hour:
                self.crowd.jump(self.world.hour, self.world.called_away)
            if outcome.event:
                self._happened(outcome.event, outcome.importance)

    def talk_to(self, npc: str) -> None:
        """Begin a talk; the character speaks first."""
        person = self.crowd.people[npc]
        self.ambience.interrupt(npc)
        self.narrator.hide()
        person.stop()
        self.player.stand()
        person.face(self.player)
        self.player.face(person)
        self.world.befriend(npc, GREETED_TRUST, once=f"day {self.world.day} {npc}")
        self.talk = Conversation(self._asking, npc, self._answered)
        self.talk.greet()

    def suggestions(self) -> tuple[Suggestion, ...]:
        """What the player might say now."""
        return suggestions(self.world, self.talk.npc) if self.talk else ()

    def say(self, text: str) -> None:
        """The player says a line, or hands something over with it."""
        if self.talk is None:
            return
        npc = self.talk.npc
        gift = next((offered.gift for offered in self.suggestions() if offered.text == text), "")
        if gift:
            self._give(npc, gift)
        if is_accusation(self.world, npc, text):
            self.world.flags["buyer_named"] = True
            self._happened(NAMED, 10, npcs=list(PEOPLE))
            self._toast("You have named the buyer of the mill. The whole village will know by morning.")
        if text in QUESTIONS[npc] and f"{npc}: {text}" not in self.world.asked:
            self.world.asked.append(f"{npc}: {text}")
        if self._begun:  # what the answer rests on must be known before the words are heard
            self._herald.tell()
        self.talk.say(text)

    def leave(self) -> None:
        """End the talk."""
        if self.talk is not None:
            self.talk.leave()
            self.talk = None
            self._warmth.forget()

    def set_value(self, name: str, value: str | float | bool) -> None:
        """Change the world by hand."""
        if name == "hour":
            self.leave()
            self.ambience.end_talk()
            self.world.hour = float(value) % 24
            self.crowd.jump(self.world.hour, self.world.called_away)
        elif name == "event":
            self._happened(str(value), 7)
            self._toast(str(value))
        elif name.startswith("flags."):
            self.world.flags[name.removeprefix("flags.")] = bool(value)
        elif name == "river_level":
            self.world.river_level = int(value)
        elif name == "weather":
            self.world.weather = str(value)

    def wants_to_leave(self) -> bool:
        """Whether the player has asked to leave the game twice within a moment."""
        twice = self.now_s - self._leaving_s < TOAST_S
        self._leaving_s = self.now_s
        if not twice:
            self._toast("Esc again leaves the game. F5 saves it.")
        return twice

    # Saves

    def save(self) -> None:
        """Write the game to its file, with what the characters remember. The file of before stays if that fails."""
        player, world = self.player.spot, deepcopy(self.world)
        self._toast("Saving ...")

        def exported(request: Request) -> None:
            if request.reply is None:
                self._toast(f"Not saved: {_why(request)}")
                return
            try:
                savegame.write(self.save_path, SaveGame(world, player, request.reply.blob))
                self._toast("Saved.")
            except (OSError, ValueError) as cause:
                self._toast(f"Not saved: {cause}")

        self.client.save_export(on_done=exported)

    def load(self) -> None:
        """Go back to the saved game, with what the characters remembered then. If that fails, nothing changes."""
        try:
            saved = savegame.read(self.save_path)
        except FileNotFoundError:
            self._not_loaded("There is no saved game yet: F5 saves.")
            return
        except (OSError, ValueError) as cause:
            self._not_loaded(f"Not loaded: {cause}")
            return

        def imported(request: Request) -> None:
            if request.reply is None:
                self._not_loaded(f"Not loaded: {_why(request)}")
                return
            self._begun = True
            self._become(saved)
            self._toast("Loaded.")

        self.leave()
        self.client.save_import(saved.memory, on_done=imported)

    def _not_loaded(self, why: str) -> None:
        """All stays as it was; if nothing has begun yet, a new game begins."""
        self._toast(why)
        if not self._begun:
            self.begin()

    def _renew_slot(self) -> None:
        """Have the daemon forget what was in the slot before, however long it takes to be there."""

        def renewed(request: Request) -> None:
            if request.was_lost:
                self._renew_slot()

        self.client.slot_new(on_done=renewed)

    def _become(self, saved: SaveGame) -> None:
        self.leave()
        self.ambience.end_talk()
        self._errands.clear()
        self.handings.clear()
        self._warmth.forget()
        self.world, self.player = saved.world, Player(saved.player)
        self.crowd = Crowd(self._names(), self.world.hour, self.world.called_away)
        self.ambience = Ambience(self._asking, self.crowd, self._dice)
        self.narrator.begin_anew()
        self._herald.begin_anew()

    # What comes of it

    def _answered(self, npc: str, said: str, reply: Reply) -> None:
        person = self.crowd.people[npc]
        person.feel(reply.emotion)
        if (
            npc == "wenna"
            and self.world.trust["wenna"] >= 35
            and "osric" in said.lower()
            and reply.source != "authored"
        ):
            self.world.flags["debt_known"] = True
        for action in reply.actions:
            self._carry_out(person, action.name, action.args)

    def _carry_out(self, person: Person, action: str, args: Mapping[str, str]) -> None:
        before = list(self.world.items)
        effect = deeds.carry_out(self.world, person.id, action, args)
        if effect is None:
            return
        self._toast(effect.told)
        self.handings += [Handing(item, person, self.player) for item in self.world.items if item not in before]
        if effect.event:
            self._happened(effect.event, effect.importance)
        target = self.crowd.people.get(args.get("npc", ""))
        if action == "point_at" and target is not None:
            person.face(target)
        if action == "lead_to" and args.get("place") in PLACES:
            self._errands[person.id] = (args["place"], self.now_s + ERRAND_S)
        if effect.ends_talk and self.talk is not None and self.talk.npc == person.id:
            self.talk.end()
            person.turn_away(self.player)

    def _give(self, npc: str, item: str) -> None:
        if item not in self.world.items or item in KEPT:
            return
        self.world.items.remove(item)
        self.world.befriend(npc, GIFTS.get(npc, {}).get(item, 5), once=f"gift {item} {npc}")
        person = self.crowd.people[npc]
        self.handings.append(Handing(item, self.player, person))
        self._happened(f"The traveller gave {person.name} {NAMES[item]}.", 6, npcs=[npc])

    def _happened(self, text: str, importance: int, npcs: list[str] | None = None) -> None:
        self._herald.happened(text, importance, self.place if npcs is None else "", npcs)
        self.ambience.news.append(text)

    def _toast(self, text: str) -> None:
        self.toasts.append((text, 0.0))

    def _tell_daemon(self, dt_s: float) -> None:
        self._herald.update(dt_s)
        look = (self.world.weather, int(self.world.hour) // 6, tuple(self.world.flags.values()), self.world.river_level)
        self.narrator.update(dt_s, self.place, look)
        if self.talk is None:
            self._warmth.update(dt_s, [person.id for person in self.crowd.near(self.player, WARM_REACH)])

    def _values(self) -> dict[str, Value]:
        places = {f"npcs.{npc}.place": place for npc, place in self.crowd.places().items()}
        return {**places, **self.world.values()}

    def _names(self) -> dict[str, str]:
        return {npc: name for npc, (name, _) in PEOPLE.items()}


def _why(request: Request) -> str:
    return request.error.message if request.error else ""
