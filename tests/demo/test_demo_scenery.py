"""The scenery: every map is drawn at every hour and point of the story, and shows what the story changes."""

from __future__ import annotations

from itertools import pairwise

import pygame
import pytest

from demo_game.art import palette
from demo_game.art.scenery import Scenery, Sights
from demo_game.art.sights import VIEW_HEIGHT, VIEW_WIDTH
from demo_game.art.tones import Color
from demo_game.art.workshops import WHEEL_FRAMES
from demo_game.village import outdoors
from demo_game.village.layout import MAPS

STORY = {"buyer_named": True, "met_courier": True, "satchel_found": True}
CORNERS = {"village": ((0, 0), (960, 600), (420, 250), (330, 560)), "inn": ((0, 0),), "mill": ((0, 8),)}


def seen(scenery: Scenery, camera: tuple[int, int], now_s: float, sights: Sights) -> pygame.Surface:
    """What a player sees, without people."""
    view = pygame.Surface((VIEW_WIDTH, VIEW_HEIGHT)).convert()
    scenery.draw_ground(view, camera, now_s, sights)
    for sprite in sorted(scenery.standing(camera, now_s, sights), key=lambda sprite: sprite.foot_y):
        view.blit(sprite.surface, (sprite.x - camera[0], sprite.y - camera[1]))
    return view


def picture(scenery: Scenery, camera: tuple[int, int], now_s: float, sights: Sights) -> bytes:
    """The same, to be compared."""
    return pygame.image.tobytes(seen(scenery, camera, now_s, sights), "RGB")


def close_up(scenery: Scenery, place: pygame.Rect, now_s: float, sights: Sights) -> pygame.Surface:
    """A piece of the map, as a player who stands near sees it."""
    camera = (place.centerx - VIEW_WIDTH // 2, place.centery - VIEW_HEIGHT // 2)
    return seen(scenery, camera, now_s, sights).subsurface(place.move(-camera[0], -camera[1]))


def of_colour(surface: pygame.Surface, colour: Color) -> pygame.mask.Mask:
    """Where exactly this colour is."""
    return pygame.mask.from_threshold(surface, colour, (1, 1, 1, 255))


@pytest.mark.parametrize("map_id", sorted(MAPS))
@pytest.mark.parametrize(
    "sights", [Sights(), Sights(hour=23.0), Sights(hour=6.0, weather="fog", flags=STORY, river_level=4)]
)
def test_every_map_is_drawn_at_every_hour(window: pygame.Surface, map_id: str, sights: Sights) -> None:
    scenery = Scenery(map_id)
    for camera in CORNERS[map_id]:
        first = picture(scenery, camera, 3.0, sights)
        assert first == picture(scenery, camera, 3.0, sights)
        assert len(set(first)) > 30


def test_the_water_and_the_geese_move(window: pygame.Surface) -> None:
    scenery = Scenery("village")
    for camera in ((330, 600), (420, 250)):
        moments = [picture(scenery, camera, now_s, Sights()) for now_s in (0.0, 0.5, 1.0, 1.5)]
        assert all(before != after for before, after in pairwise(moments))


@pytest.mark.parametrize(
    ("map_id", "place", "before", "after"),
    [
        ("village", (1276, 346, 28, 10), Sights(), Sights(flags={"satchel_found": True})),  # the key on the anvil
        ("village", (948, 690, 46, 28), Sights(), Sights(flags={"satchel_found": True})),  # the altar stone
        ("village", (640, 740, 104, 54), Sights(), Sights(river_level=3)),  # the ferry
        ("village", (664, 688, 16, 8), Sights(), Sights(flags={"met_courier": True})),  # the apple and the blanket
        ("village", (650, 440, 110, 60), Sights(hour=21.0), Sights(hour=23.0)),  # the geese, who sleep
        ("inn", (500, 126, 50, 40), Sights(), Sights(flags={"buyer_named": True})),  # the barrel
        ("mill", (434, 54, 60, 60), Sights(), Sights(flags={"buyer_named": True})),  # the iron gate
    ],
)
def test_what_the_story_changes_is_seen_in_its_place(
    window: pygame.Surface, map_id: str, place: tuple[int, int, int, int], before: Sights, after: Sights
) -> None:
    scenery = Scenery(map_id)
    views = [close_up(scenery, pygame.Rect(place), 3.0, sights) for sights in (before, after)]
    same = pygame.mask.from_threshold(views[0], (0, 0, 0), (1, 1, 1, 255), views[1]).count()
    assert same < 0.95 * place[2] * place[3]


def test_the_warrant_hangs_where_the_notices_hung(window: pygame.Surface) -> None:
    scenery = Scenery("village")
    board = next(it for it in outdoors.THINGS if it.kind == "notice_board")
    planks = pygame.Rect(board.x - 23, board.y - 36, 46, 24)
    notices, warrant = (close_up(scenery, planks, 3.0, Sights(flags={"buyer_named": named})) for named in (False, True))
    seal = (6, 6)
    assert seal not in [rect.size for rect in of_colour(notices, palette.RED).get_bounding_rects()]
    assert [rect.size for rect in of_colour(warrant, palette.RED).get_bounding_rects()] == [seal]
    heavy_lines = [
        [rect for rect in of_colour(papers, palette.INK).get_bounding_rects() if rect.height == 3 and rect.width > 12]
        for papers in (notices, warrant)
    ]
    assert [len(lines) for lines in heavy_lines] == [0, 3]


def test_the_wheel_is_chained_until_the_buyer_is_named(window: pygame.Surface) -> None:
    scenery = Scenery("village")
    x, y = outdoors.WHEEL
    above_water = pygame.Rect(x - 50, y - 50, 100, 80)
    moments = [(number + 0.5) / 7 for number in range(WHEEL_FRAMES + 1)]  # one for each picture, and the first again
    chained, turning = (
        [close_up(scenery, above_water, now_s, Sights(flags={"buyer_named": named})) for now_s in moments]
        for named in (False, True)
    )
    lock = pygame.Rect(46, 36, 9, 8)
    assert of_colour(chained[0].subsurface(lock), palette.BRASS[1]).count() > lock.width * lock.height // 2
    assert not any(of_colour(moment.subsurface(lock), palette.BRASS[1]).count() for moment in turning)
    still, moving = ([pygame.image.tobytes(moment, "RGB") for moment in wheel] for wheel in (chained, turning))
    assert len(set(still)) == 1
    assert len(set(moving)) == WHEEL_FRAMES
    assert moving[0] == moving[-1]


def test_windows_are_lit_at_dusk_and_the_coals_banked_at_night(window: pygame.Surface) -> None:
    scenery = Scenery("village")
    forge, bakery = (next(it for it in outdoors.BUILDINGS if it.kind == kind) for kind in ("forge", "bakery"))
    hearth = pygame.Rect(forge.x + 64, forge.base - 30, 38, 12)
    front = pygame.Rect(bakery.x, bakery.base - 56, bakery.width, 56)
    for hour, lit, banked in ((12.0, False, False), (20.0, True, False), (23.0, True, True)):
        coals, wall = (close_up(scenery, place, 3.0, Sights(hour=hour)) for place in (hearth, front))
        dull, bright, white = (of_colour(coals, palette.FLAME[heat]).count() for heat in (0, 2, 3))
        assert (dull > 0, bright > 0, white > 0) == (banked, not banked, not banked)
        panes = [of_colour(wall, glass[0]).count() > 20 for glass in (palette.GLASS, palette.GLASS_LIT)]
        assert panes == [not lit, lit]


def test_only_what_the_camera_sees_is_given(window: pygame.Surface) -> None:
    camera = (480, 260)
    given = Scenery("village").standing(camera, 1.0, Sights())
    view = pygame.Rect(camera, (VIEW_WIDTH, VIEW_HEIGHT))
    assert all(view.colliderect(sprite.surface.get_rect(topleft=(sprite.x, sprite.y))) for sprite in given)
    assert len(given) < len(outdoors.THINGS) + len(outdoors.TREES)
