"""The running game: events in, one frame out, and what it cost."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pygame

from demo_game.debug import Debug
from demo_game.game import Game
from demo_game.interface.dialogue import Leave, Said
from demo_game.player import KEYS
from demo_game.screen import VIEW, Screen
from demo_game.village.layout import MAPS

FRAMES_PER_S = 60
#: A frame that took longer than this does not move the world further, seconds.
LONGEST_STEP_S = 0.1
TITLE = "Oakhollow"
#: States of the client in which there is nothing to wait for, and those in which there is.
SETTLED = ("ready", "down", "offline", "refused")
BUSY = ("connecting", "loading")
#: So many people are read before the game begins; the others follow while it runs.
FIRST_AWAKE = 2


class App:
    """A window with a game in it. `running` becomes False when the player closes it. Raises OSError if there is no
    screen."""

    def __init__(self, game: Game, size: tuple[int, int], *, resizable: bool = True) -> None:
        self.game = game
        self.debug = Debug(game.client)
        self.running = True
        self._helps = False
        self._types = False
        self._held: set[int] = set()
        pygame.font.init()
        try:
            pygame.display.init()  # and not all of pygame: there is no sound
            self.window = pygame.display.set_mode(size, pygame.RESIZABLE if resizable else 0)
        except pygame.error as cause:
            raise OSError(f"no window can be opened ({cause}); without a screen, set SDL_VIDEODRIVER=dummy") from cause
        pygame.display.set_caption(TITLE)
        self.screen = Screen(_frame(self.window))
        pygame.key.stop_text_input()

    def open_title(self, *, asks: bool = True, awake: int = FIRST_AWAKE) -> None:
        """Show the title while the daemon loads and reads who the first people are, draw the maps meanwhile, and begin
        the game; `awake` is how many of them to wait for. The player may begin sooner, with Enter. If there is a saved
        game and `asks`, it may choose to go on with that."""
        client, game, undrawn = self.game.client, self.game, list(MAPS)
        may_continue = asks and game.save_path.exists()
        choice = self._show_title(
            lambda: (client.state in SETTLED and not undrawn and not may_continue) or not self.running,
            lambda now_s: self._draw_loading(now_s, may_continue),
            lambda: self.screen.prepare(undrawn.pop()) if undrawn else None,
        )
        if not self.running:
            return
        for map_id in undrawn:
            self.screen.prepare(map_id)
        game.rehearse()
        self.screen.rehearse(game)
        if choice == "continue":
            game.load()
        else:
            game.begin()
        awakening = game.wake()
        self._show_title(
            lambda: awakening.awake >= awake or client.state not in (*BUSY, "ready") or not self.running,
            lambda now_s: self.screen.draw_loading(
                f"{awakening.next_name} wakes up     Enter: begin now", awakening.awake / awake, now_s
            ),
        )

    def _show_title(
        self,
        settled: Callable[[], bool],
        draw: Callable[[float], None],
        work: Callable[[], None] = lambda: None,
    ) -> str:
        """Draw the title until all is `settled` or the player chooses; a bit of `work` in each frame. The choice."""
        clock, begun_s, choice = pygame.time.Clock(), time.perf_counter(), ""
        while not choice and not settled():
            self.game.client.poll()
            work()
            choice = self._title_choice()
            draw(time.perf_counter() - begun_s)
            pygame.display.flip()
            clock.tick(FRAMES_PER_S)
        return choice

    def run(self, before_frame: Callable[[float], None] = lambda dt_s: None) -> None:
        """Play until the window is closed. `before_frame` is called with the seconds since the frame before."""
        clock = pygame.time.Clock()
        dt_s = 1 / FRAMES_PER_S
        while self.running:
            before_frame(dt_s)
            self.frame(dt_s)
            dt_s = min(clock.tick(FRAMES_PER_S) / 1_000, LONGEST_STEP_S)

    def frame(self, dt_s: float) -> None:
        """One frame: `dt_s` seconds pass. Measures the work, which is all but the wait for the next frame."""
        begun_s = time.perf_counter()
        for event in pygame.event.get():
            self.handle(event)
        asked_s = time.perf_counter()
        self.game.client.poll()
        polled_s = time.perf_counter()
        self.game.update(dt_s, self._held)
        self._follow_talk()
        self.debug.update(dt_s, self.game.in_focus)
        self.screen.draw(self.game, self.debug, self._helps)
        pygame.display.flip()
        self.game.metrics.poll((polled_s - asked_s) * 1_000)
        self.game.metrics.frame((time.perf_counter() - begun_s) * 1_000)

    def handle(self, event: pygame.event.Event) -> None:
        """Take one event."""
        if event.type == pygame.QUIT:
            self.running = False
        elif event.type == pygame.VIDEORESIZE:
            self._resize()
        elif event.type == pygame.WINDOWFOCUSLOST:
            self._held.clear()
        elif event.type == pygame.KEYUP:
            self._held.discard(event.key)
        elif not self._taken_by_a_look(event):
            if self.game.talk is not None:
                self._talk(event)
            elif event.type == pygame.KEYDOWN:
                self._walk(event.key)

    def _taken_by_a_look(self, event: pygame.event.Event) -> bool:
        """Whether the event was for help, a debug view or one of the keys that work at any time."""
        is_key = event.type == pygame.KEYDOWN
        if is_key and self._function_key(event.key):
            return True
        if is_key and event.key == pygame.K_ESCAPE and self._open_look:
            self._look("")
            return True
        if self.debug.menu_open:
            injection = self.screen.menu.handle(event)
            if injection is not None:
                self.game.set_value(injection.name, injection.value)
            return injection is not None or is_key or event.type in (pygame.TEXTINPUT, pygame.TEXTEDITING)
        return bool(self._open_look) and self.screen.prompt.handle(event)

    @property
    def _open_look(self) -> str:
        """What covers the village: "help", "prompt", "menu" or nothing."""
        open_looks = {"help": self._helps, "prompt": self.debug.prompt_open, "menu": self.debug.menu_open}
        return next((look for look, is_open in open_looks.items() if is_open), "")

    def _look(self, look: str) -> None:
        """Open this one and close the others; close it if it is open."""
        if self._open_look == look:
            look = ""
        self._helps, self.debug.prompt_open, self.debug.menu_open = look == "help", look == "prompt", look == "menu"

    def _talk(self, event: pygame.event.Event) -> None:
        choice = self.screen.panel.handle(event)
        if isinstance(choice, Said):
            self.game.say(choice.text)
        elif isinstance(choice, Leave):
            self.game.leave()

    def _follow_talk(self) -> None:
        """Letters are for the talk while there is one, whoever began or ended it; and only there do keys repeat."""
        talks = self.game.talk is not None
        if talks == self._types:
            return
        self._types = talks
        self._held.clear()
        if talks:
            self.screen.panel.open()
            pygame.key.set_repeat(350, 40)
            pygame.key.start_text_input()
        else:
            pygame.key.set_repeat()
            pygame.key.stop_text_input()

    def _resize(self) -> None:
        """The window has another size: the surface of before is gone."""
        self.screen = Screen(_frame(self.window), self.screen)

    def _walk(self, key: int) -> None:
        if key in KEYS:
            self._held.add(key)
        elif key == pygame.K_e:
            self.game.interact()
            self._follow_talk()
        elif key == pygame.K_h:
            self._look("help")
        elif key == pygame.K_ESCAPE:
            self.running = not self.game.wants_to_leave()

    def _function_key(self, key: int) -> bool:
        """The keys that work at any time. Whether it was one."""
        debug = self.debug
        match key:
            case pygame.K_F1:
                debug.numbers_open = not debug.numbers_open
            case pygame.K_F2:
                self._look("prompt")
            case pygame.K_F3:
                self._look("menu")
            case pygame.K_F5:
                self.game.save()
            case pygame.K_F9:
                self.game.load()
            case pygame.K_F11:
                with contextlib.suppress(pygame.error):  # not every screen can
                    pygame.display.toggle_fullscreen()
                self._resize()
            case _:
                return False
        debug.look_now()
        return True

    def _title_choice(self) -> str:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                self.running = False
            if event.type == pygame.VIDEORESIZE:
                self._resize()
            if event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE:
                self.running = False
            if event.type == pygame.KEYDOWN and event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
                return "begin"
            if event.type == pygame.KEYDOWN and event.key == pygame.K_c and self.game.save_path.exists():
                return "continue"
        return ""

    def _draw_loading(self, now_s: float, may_continue: bool) -> None:
        client = self.game.client
        daemon = client.daemon
        problem = client.problem if client.state in ("offline", "refused", "down") else ""
        if client.state in SETTLED and may_continue:
            self.screen.draw_loading("Enter: begin anew     C: go on where you saved", None, now_s, problem)
        elif daemon is None:
            self.screen.draw_loading("waking the storyteller", None, now_s, problem)
        else:
            self.screen.draw_loading(daemon.detail or "loading", daemon.progress, now_s, problem)


def _frame(window: pygame.Surface) -> pygame.Surface:
    """The largest part of the window that has the shape of the view, in the middle; the rest stays black."""
    window.fill((0, 0, 0))
    width, height = window.get_size()
    scale = min(width / VIEW[0], height / VIEW[1])
    size = (max(round(VIEW[0] * scale), 1), max(round(VIEW[1] * scale), 1))
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    return window.subsurface(pygame.Rect((left, top), size))
