"""Draws the game: the village through a camera, light and weather over it, and text over that."""

from __future__ import annotations

from zlib import crc32

import pygame

from demo_game.art.face import portrait
from demo_game.art.figure import FIGURE_SIZE, figure, shadow
from demo_game.art.light import Light
from demo_game.art.looks import look_of
from demo_game.art.scenery import Scenery, Sights, Sprite
from demo_game.art.weather import Weather
from demo_game.connection import SENTENCES
from demo_game.debug import Debug
from demo_game.game import Game
from demo_game.interface.bubble import Bubble
from demo_game.interface.dialogue import DialoguePanel, DialogueView, Line
from demo_game.interface.hud import Banner, Hud, HudView, Notice, Toast
from demo_game.interface.icons import item_icon
from demo_game.interface.inject import InjectMenu
from demo_game.interface.loading import LoadingScreen
from demo_game.interface.overlay import Overlay
from demo_game.interface.prompt_view import PromptView
from demo_game.people.person import Person
from demo_game.story import usables
from demo_game.story.quest import step
from demo_game.story.world import PEOPLE
from demo_game.village.layout import MAPS

#: What the camera sees of a map, pixels of the map.
VIEW = (640, 360)
#: A mouth that speaks opens and shuts so often, times a second; eyes blink so often, seconds.
CHATTER_HZ = 7
BLINK_EVERY_S = 3.7
BLINK_S = 0.13
#: How much of the view the panel of a talk covers, 0 to 1, and how long the camera takes to make room, seconds.
PANEL_SHARE = 0.5
CAMERA_S = 0.35
#: A figure is seen above its feet, view pixels.
HEAD = 24
#: How much of a figure is seen through what hides it, 0 to 255.
SHINE = 56
#: Between two bubbles, window pixels at scale 1.
BUBBLE_GAP = 4
#: Height of the signs at the top, where no bubble goes, window pixels at scale 1.
SIGNS = 54
#: What the player reads for the places.
NAMES = {
    "inn": "The Grey Heron",
    "green": "The village green",
    "forge": "Holt's forge",
    "mill": "The Low Mill",
    "shrine": "The shrine of Saint Orla",
    "ferry": "The ferry landing",
}
KEYS = "H help   F5 save   F9 load"
HELP = (
    ("keys", "Walk with the arrow keys or WASD, and into houses through their doors.\n"),
    ("keys", "E talks to who is near, or uses what is near.\n"),
    ("keys", "Type what you want to say and press Enter, or pick a line with 1, 2 or 3. Esc leaves.\n"),
    ("keys", "F1 numbers, F2 the prompt of who is near, F3 change the world, F5 save, F9 load, F11 full screen.\n"),
    ("keys", "Esc closes what is open; twice, it leaves the game. H closes this.\n"),
    ("story", "People remember what you say and do, hear what is said near them, and talk about it.\n"),
    ("story", "A courier is missing, the river is low, and nobody has met the owner of the mill."),
)


class Glide:
    """A number that goes to where it is sent in `seconds`, and not at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._value = self._last_s = 0.0

    def towards(self, goal: float, now_s: float) -> float:
        """The number by now, eased at both ends."""
        most = max(now_s - self._last_s, 0.0) / self._seconds
        self._last_s = now_s
        self._value += min(max(goal - self._value, -most), most)
        return self._value * self._value * (3 - 2 * self._value)


class Screen:
    """Everything that is seen of a game, on a `frame` of 16 : 9. What does not depend on its size is taken over from
    the screen of `before`."""

    def __init__(self, frame: pygame.Surface, before: Screen | None = None) -> None:
        self.frame = frame
        self.scale = frame.get_height() / VIEW[1]
        self.panel = DialoguePanel(self.scale)
        self.menu = InjectMenu(self.scale)
        self.prompt = PromptView(self.scale)
        self._view = pygame.Surface(VIEW).convert()
        self._ghost = pygame.Surface(FIGURE_SIZE, pygame.SRCALPHA)
        self._sceneries: dict[str, Scenery] = before._sceneries if before else {}
        self._light: Light = before._light if before else Light()
        self._weather: Weather = before._weather if before else Weather()
        self._shut = Glide(CAMERA_S)
        self._bubble = Bubble(self.scale)
        self._hud = Hud(self.scale)
        self._overlay = Overlay(self.scale)
        self._loading = LoadingScreen(self.scale)

    def prepare(self, map_id: str) -> None:
        """Draw a map's ground ahead of time: that takes longer than a frame."""
        if map_id not in self._sceneries:
            self._sceneries[map_id] = Scenery(map_id)

    def rehearse(self, game: Game) -> None:
        """Draw once what is slow at the first time: the faces, and a talk."""
        for npc in PEOPLE:
            portrait(look_of(npc), "neutral", self.panel.portrait_px, False, False)
        self.draw(game, Debug(game.client), helps=True)

    def draw_loading(self, detail: str, progress: float | None, now_s: float, problem: str = "") -> None:
        """The title, while there is something to wait for."""
        self._loading.draw(self.frame, "Oakhollow", detail, progress, now_s, problem)

    def draw(self, game: Game, debug: Debug, helps: bool) -> None:
        """Draw it all."""
        camera = self._camera(game)
        self._draw_world(game, camera)
        pygame.transform.scale(self._view, self.frame.get_size(), self.frame)
        self._draw_handings(game, camera)
        self._draw_bubbles(game, camera)
        self._hud.draw(self.frame, self._hud_view(game))
        if game.talk is not None:
            self.panel.draw(self.frame, self._dialogue_view(game), game.now_s)
        if debug.numbers_open:
            self._overlay.draw(self.frame, game.metrics, debug.numbers(game.metrics))
        if helps:
            self.prompt.draw(self.frame, "How to play", HELP)
        elif debug.prompt_open:
            self.prompt.draw(self.frame, f"What {PEOPLE[game.in_focus][0]} has in mind", debug.segments)
        if debug.menu_open:
            self.menu.draw(self.frame, debug.menu(game.world))

    # The village

    def _camera(self, game: Game) -> tuple[int, int]:
        """The top left corner of what is seen: the player is in the middle of what no panel covers, or the map ends."""
        spot, shut = game.player.spot, self._shut.towards(1.0 if game.talk is not None else 0.0, game.now_s)
        village_map = MAPS[spot.map]
        height = round(VIEW[1] * (1 - PANEL_SHARE * shut))
        x = min(max(round(spot.x) - VIEW[0] // 2, 0), village_map.width - VIEW[0])
        y = min(max(round(spot.y) - HEAD - (height - HEAD) // 2, 0), max(village_map.height - height, 0))
        return x, y

    def _draw_world(self, game: Game, camera: tuple[int, int]) -> None:
        spot, world, now_s = game.player.spot, game.world, game.now_s
        village_map = MAPS[spot.map]
        self.prepare(spot.map)
        scenery = self._sceneries[spot.map]
        sights = Sights(world.hour, world.weather, world.flags, world.river_level)
        self._view.fill((0, 0, 0))
        scenery.draw_ground(self._view, camera, now_s, sights)
        people = [person for person in (*game.crowd, game.player) if person.spot.map == spot.map]
        for person in people:
            x, y = person.spot.x - camera[0], person.spot.y - camera[1]
            self._view.blit(shadow(), (x - shadow().get_width() / 2, y - shadow().get_height() / 2 - 1))
        sprites = [*scenery.standing(camera, now_s, sights), *(self._sprite(game, person) for person in people)]
        for sprite in sorted(sprites, key=lambda sprite: sprite.foot_y):
            self._view.blit(sprite.surface, (sprite.x - camera[0], sprite.y - camera[1]))
        for sprite in sprites[-len(people) :]:  # who stands behind a house or a tree shines through
            self._ghost.fill((0, 0, 0, 0))
            self._ghost.blit(sprite.surface, (0, 0))
            self._ghost.set_alpha(SHINE)
            self._view.blit(self._ghost, (sprite.x - camera[0], sprite.y - camera[1]))
        self._weather.draw(self._view, camera, world.weather, now_s, village_map.indoors)
        self._light.draw(self._view, camera, world.hour, world.weather, village_map.lamps, now_s, village_map.indoors)

    def _sprite(self, game: Game, person: Person) -> Sprite:
        speaks = self._speaks(game, person.id)
        surface = figure(
            look_of(person.id),
            person.spot.facing,
            person.step,
            person.emotion,
            speaks and int(game.now_s * CHATTER_HZ) % 2 == 0,
            _blinks(person.id, game.now_s),
        )
        x, y = person.spot.x - FIGURE_SIZE[0] / 2, person.spot.y - FIGURE_SIZE[1]
        return Sprite(person.spot.y, surface, round(x), round(y))

    def _speaks(self, game: Game, npc: str) -> bool:
        if game.talk is not None and game.talk.npc == npc:
            return game.talk.speaks
        return any(speech.npc == npc and speech.forms and speech.text for speech in game.ambience.speeches)

    # Text over it

    def _at(self, x: float, y: float, camera: tuple[int, int]) -> tuple[float, float]:
        """A point of the map, on the frame."""
        return (x - camera[0]) * self.scale, (y - camera[1]) * self.scale

    def _draw_handings(self, game: Game, camera: tuple[int, int]) -> None:
        for handing in game.handings:
            giver, taker, share = handing.giver.spot, handing.taker.spot, handing.share
            x = giver.x + (taker.x - giver.x) * share
            y = giver.y + (taker.y - giver.y) * share - 22 - 40 * share * (1 - share)
            icon = item_icon(handing.item, round(18 * self.scale))
            left, top = self._at(x, y, camera)
            self.frame.blit(icon, (left - icon.get_width() / 2, top - icon.get_height() / 2))

    def _draw_bubbles(self, game: Game, camera: tuple[int, int]) -> None:
        """The lower ones first; who stands behind has its bubble above the others."""
        bounds = self.frame.get_rect()
        if game.talk is not None:
            bounds.height = self.panel.rect(bounds.size).top
        bounds = pygame.Rect(0, round(SIGNS * self.scale), bounds.width, bounds.height - round(SIGNS * self.scale))
        taken: list[pygame.Rect] = []
        speeches = [speech for speech in game.ambience.speeches if speech.text]
        people = game.crowd.people
        for speech in sorted(speeches, key=lambda speech: -people[speech.npc].spot.y):
            person = people[speech.npc]
            if person.spot.map != game.player.spot.map:
                continue
            x, y = self._at(person.spot.x, person.spot.y - FIGURE_SIZE[1] - 2, camera)
            if not bounds.inflate(160 * self.scale, 120 * self.scale).collidepoint(x, y):
                continue
            width, height = self._bubble.size(person.name, speech.text)
            box = pygame.Rect(round(x - width / 2), round(y - height), width, height)
            for other in taken:
                if box.colliderect(other):
                    box.bottom = other.top - round(BUBBLE_GAP * self.scale)
            taken.append(box)
            self._bubble.draw(
                self.frame,
                (x, box.bottom),
                person.name,
                speech.text,
                speech.stable,
                speech.emotion,
                bounds,
                speech.fade,
            )

    def _hud_view(self, game: Game) -> HudView:
        world, now = game.world, step(game.world)
        description = game.narrator.description
        banner = None
        if description is not None and description.text:
            title = NAMES.get(game.narrator.place, "")
            banner = Banner(title, description.text, description.stable, game.narrator.fade)
        return HudView(
            place=NAMES.get(game.place, "Oakhollow"),
            hour=world.hour,
            weather=world.weather,
            quest=now.title,
            step=now.hint,
            coins=world.coins,
            items=tuple(world.items),
            hint=_hint(game),
            talking=game.talk is not None,
            toasts=tuple(Toast(text, age_s) for text, age_s in game.toasts),
            banner=banner,
            notice=_notice(game),
            keys=KEYS,
        )

    def _dialogue_view(self, game: Game) -> DialogueView:
        talk = game.talk
        assert talk is not None
        name, role = PEOPLE[talk.npc]
        person = game.crowd.people[talk.npc]
        open_mouth = talk.speaks and int(game.now_s * CHATTER_HZ) % 2 == 0
        return DialogueView(
            name=name,
            role=role,
            portrait=portrait(
                look_of(talk.npc), person.emotion, self.panel.portrait_px, open_mouth, _blinks(talk.npc, game.now_s)
            ),
            lines=tuple(
                Line("You" if said.speaker == "player" else name, said.words, said.stable, said.speaker == "player")
                for said in talk.utterances
                if said.words
            ),
            note=talk.note,
            suggestions=tuple(offered.text for offered in game.suggestions()) if talk.ends_in_s is None else (),
            waiting=talk.waits,
            can_type=talk.ends_in_s is None,
        )


def _blinks(who: str, now_s: float) -> bool:
    return (now_s + crc32(who.encode()) % 100 / 27) % BLINK_EVERY_S < BLINK_S


def _hint(game: Game) -> str:
    person = game.in_reach()
    if person is not None:
        return f"E  talk to {person.name}"
    thing = usables.in_reach(game.player.spot)
    return f"E  {thing.hint}" if thing is not None else ""


def _notice(game: Game) -> Notice | None:
    state = game.client.state
    if state == "ready":
        return None
    return Notice(state, game.client.problem if state == "refused" else SENTENCES.get(state, state))
