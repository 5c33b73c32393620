"""Panels, menus and the text field, on a window that nobody sees."""

from __future__ import annotations

from collections.abc import Callable

import pygame
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from demo_game.interface.bubble import KEPT_SPEAKERS, Bubble
from demo_game.interface.dialogue import DialoguePanel, DialogueView, Leave, Line, Said
from demo_game.interface.history import History
from demo_game.interface.hud import Banner, Hud, HudView, Notice, Toast, clock_text
from demo_game.interface.icons import coin_icon, item_icon, weather_icon
from demo_game.interface.inject import Injection, InjectMenu, InjectView
from demo_game.interface.loading import LoadingScreen
from demo_game.interface.overlay import DaemonNumbers, Overlay
from demo_game.interface.panels import EMOTIONS, PARCHMENT, WOOD, panel, pill
from demo_game.interface.prompt_view import PromptView
from demo_game.interface.text_field import LIMIT, TextField
from demo_game.metrics import LineNumbers, Metrics

SIZES = [(640, 360), (1280, 720)]
GREEN = (86, 112, 64)
ODD_TEXTS = ["", " ", "\n", "\0", "W" * 400, "\U0001f600", "\ud800", "a\tb\r\nc", "ạ́́́", "مرحبا", "中文", "\u202e"]

shared_window = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def key(code: int, modifiers: int = 0) -> pygame.event.Event:
    return pygame.event.Event(pygame.KEYDOWN, key=code, mod=modifiers, unicode="")


def typed(text: str) -> pygame.event.Event:
    return pygame.event.Event(pygame.TEXTINPUT, text=text)


def composed(text: str) -> pygame.event.Event:
    return pygame.event.Event(pygame.TEXTEDITING, text=text, start=0, length=len(text))


def click(position: tuple[int, int]) -> pygame.event.Event:
    return pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=pygame.BUTTON_LEFT, pos=position)


def wheel(up: int) -> pygame.event.Event:
    return pygame.event.Event(pygame.MOUSEWHEEL, x=0, y=up)


def changed(window: pygame.Surface, draw: Callable[[], object]) -> pygame.Rect:
    """What `draw` changes of a green window."""
    window.fill(GREEN)
    before = window.copy()
    draw()
    difference = pygame.mask.from_threshold(window, (0, 0, 0), (1, 1, 1, 255), before)
    difference.invert()
    boxes = difference.get_bounding_rects()
    return boxes[0].unionall(boxes[1:]) if boxes else pygame.Rect(0, 0, 0, 0)


def dialogue_view(**changes: object) -> DialogueView:
    fields: dict[str, object] = {
        "name": "Marta Holt",
        "role": "keeper of the Grey Heron",
        "portrait": pygame.Surface((190, 190)),
        "lines": (Line("Marta", "Mind the wet step.", 18),),
        "suggestions": ("Who bought the mill?", "A bowl of soup, please."),
    }
    return DialogueView(**(fields | changes))  # type: ignore[arg-type]


def hud_view(**changes: object) -> HudView:
    return HudView(**({"place": "the green", "hour": 18.5, "weather": "rain"} | changes))  # type: ignore[arg-type]


# --- the text field


class Typing(RuleBasedStateMachine):
    """The field against a list of characters with a position."""

    def __init__(self) -> None:
        super().__init__()
        self.clipboard = ""
        self.field = TextField(paste=lambda: self.clipboard)
        self.before: list[str] = []
        self.after: list[str] = []

    def put(self, text: str) -> None:
        room = LIMIT - len(self.before) - len(self.after)
        self.before += text[:room]

    @rule(text=st.text("abc é😀", min_size=1, max_size=5))
    def type(self, text: str) -> None:
        self.field.handle(typed(text))
        self.put(text)

    @rule(text=st.text("abc", max_size=300))
    def paste(self, text: str) -> None:
        self.clipboard = text
        self.field.handle(key(pygame.K_v, pygame.KMOD_LCTRL))
        self.put(text)

    @rule()
    def backspace(self) -> None:
        self.field.handle(key(pygame.K_BACKSPACE))
        self.before = self.before[:-1]

    @rule()
    def delete(self) -> None:
        self.field.handle(key(pygame.K_DELETE))
        self.after = self.after[1:]

    @rule()
    def left(self) -> None:
        self.field.handle(key(pygame.K_LEFT))
        self.before, self.after = self.before[:-1], self.before[-1:] + self.after

    @rule()
    def right(self) -> None:
        self.field.handle(key(pygame.K_RIGHT))
        self.before, self.after = self.before + self.after[:1], self.after[1:]

    @rule()
    def home(self) -> None:
        self.field.handle(key(pygame.K_HOME))
        self.before, self.after = [], self.before + self.after

    @rule()
    def end(self) -> None:
        self.field.handle(key(pygame.K_END))
        self.before, self.after = self.before + self.after, []

    @invariant()
    def is_the_same(self) -> None:
        assert self.field.text == "".join(self.before + self.after)
        assert self.field.cursor == len(self.before)
        assert len(self.field.text) <= LIMIT


TestTyping = Typing.TestCase
TestTyping.settings = settings(deadline=None, max_examples=50)


@given(st.text(max_size=400), st.text(max_size=20))
def test_pasted_text_becomes_one_line_without_control_characters(pasted: str, more: str) -> None:
    field = TextField(paste=lambda: pasted)
    field.handle(key(pygame.K_v, pygame.KMOD_LCTRL))
    field.handle(typed(more))
    assert len(field.text) <= LIMIT
    assert field.text.splitlines() in ([], [field.text])
    field.text.encode()  # it can be sent
    assert 0 <= field.cursor <= len(field.text)


def test_pasted_lines_become_one() -> None:
    field = TextField(paste=lambda: "one\r\ntwo\tthree\n")
    field.handle(key(pygame.K_v, pygame.KMOD_LMETA))
    assert field.text == "one two three"


def test_keys_are_the_input_methods_while_it_composes() -> None:
    field = TextField()
    field.handle(typed("ab"))
    field.handle(composed("ni"))
    assert (field.text, field.composing) == ("ab", "ni")
    assert not field.handle(key(pygame.K_BACKSPACE))
    field.handle(typed("你"))
    assert (field.text, field.composing) == ("ab你", "")


def test_the_clipboard_of_the_system_is_read(window: pygame.Surface) -> None:
    pygame.scrap.put_text("from elsewhere")
    field = TextField()
    field.handle(key(pygame.K_v, pygame.KMOD_LCTRL))
    assert field.text == "from elsewhere"


# --- the dialogue panel


@pytest.mark.parametrize("size", SIZES)
def test_panel_stays_in_its_rectangle(window: pygame.Surface, size: tuple[int, int]) -> None:
    target = pygame.Surface(size)
    dialogue = DialoguePanel(size[1] / 360)
    view = dialogue_view(note="model", waiting=True, name="A very long name that nobody has", role="long " * 30)
    assert changed(target, lambda: dialogue.draw(target, view, 0.0)) == dialogue.rect(size)


def test_enter_says_what_was_typed(window: pygame.Surface) -> None:
    dialogue = DialoguePanel(2.0)
    dialogue.draw(window, dialogue_view(), 0.0)
    assert dialogue.handle(key(pygame.K_RETURN)) is None
    for character in " Who is it? ":
        assert dialogue.handle(typed(character)) is None
    assert dialogue.handle(key(pygame.K_RETURN)) == Said("Who is it?")
    assert dialogue.field.text == ""
    assert dialogue.handle(key(pygame.K_ESCAPE)) == Leave()


def test_digits_choose_a_suggestion_while_nothing_is_typed(window: pygame.Surface) -> None:
    dialogue = DialoguePanel(2.0)
    dialogue.draw(window, dialogue_view(), 0.0)
    assert dialogue.handle(typed("2")) == Said("A bowl of soup, please.")
    assert dialogue.handle(typed("3")) is None  # there are two
    assert dialogue.handle(typed("1")) is None  # a part of the text
    assert dialogue.field.text == "31"


def test_a_click_chooses_a_suggestion(window: pygame.Surface) -> None:
    dialogue = DialoguePanel(2.0)
    dialogue.draw(window, dialogue_view(), 0.0)
    rect = dialogue.rect(window.get_size())
    said = {
        choice.text
        for x in range(rect.left, rect.right, 9)
        for y in range(rect.top, rect.bottom, 9)
        if isinstance(choice := dialogue.handle(click((x, y))), Said)
    }
    assert said == {"Who bought the mill?", "A bowl of soup, please."}


def test_nothing_is_said_while_one_cannot(window: pygame.Surface) -> None:
    dialogue = DialoguePanel(2.0)
    dialogue.draw(window, dialogue_view(can_type=False), 0.0)
    assert [dialogue.handle(event) for event in (typed("1"), typed("x"), key(pygame.K_RETURN))] == [None] * 3
    assert dialogue.field.text == ""
    assert dialogue.handle(key(pygame.K_ESCAPE)) == Leave()


def test_the_key_that_opened_the_talk_is_not_typed(window: pygame.Surface) -> None:
    dialogue = DialoguePanel(2.0)
    dialogue.draw(window, dialogue_view(), 0.0)
    dialogue.handle(typed("left over"))
    dialogue.open()
    dialogue.handle(typed("e"))
    dialogue.draw(window, dialogue_view(), 0.0)
    assert dialogue.field.text == ""


def test_escape_ends_composing_and_not_the_talk(window: pygame.Surface) -> None:
    dialogue = DialoguePanel(2.0)
    dialogue.draw(window, dialogue_view(), 0.0)
    dialogue.handle(composed("ni"))
    assert dialogue.handle(key(pygame.K_ESCAPE)) is None
    assert dialogue.handle(key(pygame.K_RETURN)) is None


def test_the_caret_blinks(window: pygame.Surface) -> None:
    dialogue = DialoguePanel(2.0)
    pictures = []
    for now_s in (0.1, 0.7):
        dialogue.draw(window, dialogue_view(), now_s)
        pictures.append(pygame.image.tobytes(window, "RGB"))
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_text_is_drawn(window: pygame.Surface, text: str) -> None:
    dialogue = DialoguePanel(2.0)
    dialogue.field.text, dialogue.field.cursor, dialogue.field.composing = text, len(text), text
    lines = (Line(text, text, 0), Line("You", text, len(text), True))
    dialogue.draw(window, dialogue_view(name=text, role=text, note=text, suggestions=(text,) * 4, lines=lines), 0.0)
    Bubble(2.0).draw(window, (100, 100), text, text, 0, text, window.get_rect())
    view = hud_view(place=text, quest=text, step=text, hint=text, keys=text, items=(text,), weather=text)
    Hud(2.0).draw(window, view)
    PromptView(2.0).draw(window, text, [(text, text)])
    LoadingScreen(2.0).draw(window, text, text, None, 0.0, text)


# --- the history of a talk


def long_talk(count: int) -> list[Line]:
    return [Line("Marta", f"Line {number} of a long talk.", 99) for number in range(count)]


def test_history_shows_the_end_and_scrolls(window: pygame.Surface) -> None:
    history, area = History(2.0), pygame.Rect(100, 100, 900, 200)

    def picture(count: int = 40) -> bytes:
        window.fill(GREEN)
        history.draw(window, area, long_talk(count), False, 0.0)
        return pygame.image.tobytes(window.subsurface(area), "RGB")

    end = picture()
    assert not history.handle(typed("x"))
    assert history.handle(key(pygame.K_PAGEUP))
    scrolled = picture()
    assert scrolled != end
    history.handle(key(pygame.K_PAGEDOWN))
    assert picture() == end
    history.handle(wheel(1000))
    top = picture()
    history.handle(wheel(1))
    assert picture() == top
    history.to_end()
    assert picture() == end


def test_history_stays_where_it_is_when_the_talk_goes_on(window: pygame.Surface) -> None:
    history, area = History(2.0), pygame.Rect(100, 100, 900, 200)

    def picture(count: int) -> bytes:
        window.fill((240, 226, 194))
        history.draw(window, area, long_talk(count), False, 0.0)
        return pygame.image.tobytes(window.subsurface((100, 100, 880, 200)), "RGB")  # without the scroll bar

    picture(40)
    history.handle(wheel(5))
    assert picture(40) == picture(43)


def test_history_draws_inside_its_area(window: pygame.Surface) -> None:
    history, area = History(2.0), pygame.Rect(100, 100, 900, 200)
    box = changed(window, lambda: history.draw(window, area, long_talk(40), True, 0.0))
    assert area.inflate(20, 0).contains(box)  # the bar stands beside it
    assert window.get_clip() == window.get_rect()


# --- bubbles


@given(
    st.tuples(st.integers(-200, 1500), st.integers(-200, 900)),
    st.text("some words of a line ", max_size=160),
    st.sampled_from([*EMOTIONS, "unheard of"]),
)
@shared_window
def test_bubbles_stay_inside(window: pygame.Surface, anchor: tuple[int, int], text: str, emotion: str) -> None:
    bubble, bounds = Bubble(2.0), pygame.Rect(20, 20, 1240, 600)
    box = changed(window, lambda: bubble.draw(window, anchor, "Pip", text, 3, emotion, bounds))
    assert bounds.contains(box)
    assert box.width <= bubble.size("Pip", text)[0]


def test_bubble_points_at_its_speaker(window: pygame.Surface) -> None:
    bubble = Bubble(2.0)
    box = changed(window, lambda: bubble.draw(window, (600, 400), "Pip", "Hello.", 6, "joy", window.get_rect()))
    assert abs(box.bottom - 400) <= 2
    assert abs(box.centerx - 600) <= 2
    assert box.size == pytest.approx(bubble.size("Pip", "Hello."), abs=2)


def test_bubble_fades(window: pygame.Surface) -> None:
    bubble = Bubble(2.0)

    def brightness(fade: float) -> int:
        window.fill((0, 0, 0))
        bubble.draw(window, (600, 400), "Pip", "Hello.", 6, "joy", window.get_rect(), fade)
        return sum(pygame.transform.average_color(window.subsurface((500, 300, 200, 100)))[:3])

    assert brightness(0.0) == 0 < brightness(0.4) < brightness(1.0)


def test_bubble_is_painted_once_and_few_are_kept(window: pygame.Surface, monkeypatch: pytest.MonkeyPatch) -> None:
    bubble, painted = Bubble(2.0), []
    paint = bubble._painted
    monkeypatch.setattr(bubble, "_painted", lambda *look: painted.append(look) or paint(*look))
    for _ in range(3):
        bubble.draw(window, (600, 400), "Pip", "Hello.", 6, "joy", window.get_rect())
    assert len(painted) == 1
    for number in range(50):
        bubble.draw(window, (600, 400), f"Villager {number}", "Hello.", 6, "joy", window.get_rect())
    assert len(bubble._texts) <= KEPT_SPEAKERS
    assert len(bubble._pictures) <= KEPT_SPEAKERS


# --- what is always there


@pytest.mark.parametrize("size", SIZES)
def test_everything_of_the_hud_at_once(window: pygame.Surface, size: tuple[int, int]) -> None:
    target = pygame.Surface(size)
    view = hud_view(
        quest="The courier",
        step="Find out who saw him last. " * 3,
        coins=12,
        items=("soup", "satchel", "what nobody has drawn"),
        hint="E  talk to Marta Holt",
        toasts=(Toast("Marta trusts you more", 0.1), Toast("old news", 99.0)),
        banner=Banner("the Grey Heron", "The taproom is low and warm.", 12, 0.5),
        notice=Notice("Away", "The storyteller is coming back."),
        keys="F1 numbers",
    )
    box = changed(target, lambda: Hud(size[1] / 360).draw(target, view))
    assert target.get_rect().contains(box)


def test_hud_leaves_room_for_the_dialogue(window: pygame.Surface) -> None:
    view = hud_view(items=("soup",), hint="E  talk", keys="F1 numbers", banner=Banner("a", "b", 1), talking=True)
    box = changed(window, lambda: Hud(2.0).draw(window, view))
    assert box.bottom < DialoguePanel(2.0).rect(window.get_size()).top


@pytest.mark.parametrize(
    ("hour", "clock"), [(0, "00:00"), (18.5, "18:30"), (23.999, "23:59"), (24, "00:00"), (7.1, "07:06")]
)
def test_clock(hour: float, clock: str) -> None:
    assert clock_text(hour) == clock


def test_every_icon_is_its_own(window: pygame.Surface) -> None:
    items = ["soup", "ale", "room_key", "knife", "willow_tea", "satchel", "spare_key", "mill_keys", "flour"]
    items += ["honey_bun", "lantern", "letter"]
    icons = [*(item_icon(item, 40) for item in items), coin_icon(40)]
    icons += [weather_icon(weather, 12.0, 40) for weather in ("clear", "rain", "fog")]
    icons.append(weather_icon("clear", 23.0, 40))
    assert len({pygame.image.tobytes(icon, "RGBA") for icon in icons}) == len(icons)
    assert item_icon("letter", 40).get_bounding_rect() == item_icon("anything else", 40).get_bounding_rect()


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([WOOD, PARCHMENT]), st.sampled_from([1.0, 1.5, 2.0]))
@settings(deadline=None, max_examples=40)
def test_panels_of_any_size(width: int, height: int, style: object, scale: float) -> None:
    drawn = panel((width, height), style, scale)  # type: ignore[arg-type]
    assert drawn.get_size() == (max(2, width), max(2, height))
    if min(width, height) >= 24:
        assert drawn.get_at((0, 0)).a < 120  # a soft corner
        assert drawn.get_at((width // 2, height // 2)).a >= 235
    pill((width, height), (1, 2, 3))


# --- loading


@pytest.mark.parametrize("progress", [None, -1.0, 0.0, 0.5, 1.0, 7.0])
def test_loading_covers_the_window(window: pygame.Surface, progress: float | None) -> None:
    for now_s in (0.0, 12.3):
        box = changed(window, lambda at=now_s: LoadingScreen(2.0).draw(window, "Oakhollow", "model", progress, at))
        assert box == window.get_rect()


def test_loading_tells_a_problem(window: pygame.Surface) -> None:
    screen, pictures = LoadingScreen(2.0), []
    for problem in ("", "The file is damaged. " * 8):
        screen.draw(window, "Oakhollow", "model", 0.5, 0.0, problem)
        pictures.append(pygame.image.tobytes(window, "RGB"))
    assert pictures[0] != pictures[1]


# --- numbers


@pytest.mark.parametrize("size", SIZES)
def test_numbers(window: pygame.Surface, size: tuple[int, int]) -> None:
    target, overlay, metrics = pygame.Surface(size), Overlay(size[1] / 360), Metrics()
    overlay.draw(target, metrics, DaemonNumbers())  # before anything is measured
    for number in range(500):
        metrics.frame(float(number % 40))
        metrics.poll(0.1)
    for first_ms, source in ((None, "authored"), (212.0, "model"), (99.0, "of a newer daemon")):
        metrics.line(LineNumbers("a name longer than its column", "say", 800, first_ms, 900.0, source, "late", 9, 10))
    box = changed(target, lambda: overlay.draw(target, metrics, DaemonNumbers("ready", "llama", "m" * 300, "GPU")))
    assert target.get_rect().contains(box)


# --- the prompt


def test_prompt_scrolls_within_bounds(window: pygame.Surface) -> None:
    prompt = PromptView(2.0)
    segments = [("rules", "You are somebody.\n" * 40), ("memory", ""), ("talk", "word " * 300)]

    def picture() -> bytes:
        window.fill(GREEN)  # the panel lets some of it through
        prompt.draw(window, "Marta Holt", segments)
        return pygame.image.tobytes(window, "RGB")

    first = picture()
    assert not prompt.handle(wheel(3))
    assert prompt.handle(key(pygame.K_END))
    assert not prompt.handle(key(pygame.K_PAGEDOWN))
    assert picture() != first
    assert prompt.handle(wheel(1000))
    assert picture() == first
    prompt.handle(key(pygame.K_END))
    for fewer in (segments[:1], []):  # another character's prompt is shorter
        prompt.draw(window, "Bram Holt", fewer)
    assert not prompt.handle(key(pygame.K_DOWN))


# --- the menu of what happens


INJECT_VIEW = InjectView({"met_courier": True, "debt_known": False}, "rain", 18.5, 2, ("A horn sounds.",))
INJECTIONS = [
    *(Injection("weather", weather) for weather in ("clear", "rain", "fog")),
    *(Injection("hour", hour) for hour in (8.0, 12.0, 18.5, 22.5)),
    Injection("river_level", 1),
    Injection("river_level", 3),
    Injection("flags.met_courier", False),
    Injection("flags.debt_known", True),
    Injection("event", "A horn sounds."),
]


def test_menu_with_keys(window: pygame.Surface) -> None:
    menu = InjectMenu(2.0)
    assert menu.handle(key(pygame.K_RETURN)) is None  # not drawn yet
    menu.draw(window, INJECT_VIEW)
    chosen = []
    for _ in INJECTIONS:
        chosen.append(menu.handle(key(pygame.K_RETURN)))
        assert menu.handle(key(pygame.K_DOWN)) is None
    assert chosen == INJECTIONS
    menu.handle(key(pygame.K_UP))  # around the end
    assert menu.handle(key(pygame.K_RETURN)) == INJECTIONS[-1]


@pytest.mark.parametrize("size", SIZES)
def test_menu_with_the_mouse(window: pygame.Surface, size: tuple[int, int]) -> None:
    target, menu = pygame.Surface(size), InjectMenu(size[1] / 360)
    assert target.get_rect().contains(changed(target, lambda: menu.draw(target, INJECT_VIEW)))
    clicked = {menu.handle(click((x, y))) for x in range(0, size[0], 8) for y in range(0, size[1], 8)}
    assert clicked == {None, *INJECTIONS}


def test_river_keeps_its_banks(window: pygame.Surface) -> None:
    menu = InjectMenu(2.0)
    menu.draw(window, InjectView({}, "fog", 3.0, 0))
    clicked = {menu.handle(click((x, y))) for x in range(0, 1280, 8) for y in range(0, 720, 8)}
    assert Injection("river_level", 0) in clicked
    assert Injection("river_level", -1) not in clicked
