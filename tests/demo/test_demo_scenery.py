"""The scenery: every map is drawn at every hour and point of the story, and shows what the story changes."""

from __future__ import annotations

from itertools import pairwise

import pygame
import pytest

from demo_game.art.scenery import Scenery, Sights
from demo_game.art.sights import VIEW_HEIGHT, VIEW_WIDTH
from demo_game.village import outdoors
from demo_game.village.layout import MAPS

STORY = {"buyer_named": True, "met_courier": True, "satchel_found": True}
CORNERS = {"village": ((0, 0), (960, 600), (420, 250), (330, 560)), "inn": ((0, 0),), "mill": ((0, 8),)}


def picture(scenery: Scenery, camera: tuple[int, int], now_s: float, sights: Sights) -> bytes:
    """What a player sees, without people."""
    view = pygame.Surface((VIEW_WIDTH, VIEW_HEIGHT)).convert()
    scenery.draw_ground(view, camera, now_s, sights)
    for sprite in sorted(scenery.standing(camera, now_s, sights), key=lambda sprite: sprite.foot_y):
        view.blit(sprite.surface, (sprite.x - camera[0], sprite.y - camera[1]))
    return pygame.image.tobytes(view, "RGB")


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
    ("map_id", "camera", "changed"),
    [
        ("village", (330, 300), Sights(flags={"buyer_named": True})),  # the warrant
        ("village", (960, 200), Sights(flags={"satchel_found": True})),  # the key on the anvil
        ("village", (960, 520), Sights(flags={"buyer_named": True})),  # the wheel
        ("village", (700, 520), Sights(flags={"satchel_found": True})),  # the altar stone
        ("village", (330, 560), Sights(river_level=3)),  # the ferry
        ("village", (330, 560), Sights(flags={"met_courier": True})),  # the apple and the blanket
        ("village", (760, 130), Sights(hour=21.0)),  # lit windows
        ("village", (420, 250), Sights(hour=23.0)),  # sleeping geese
        ("village", (980, 100), Sights(hour=23.0)),  # the banked coals
        ("inn", (0, 0), Sights(flags={"buyer_named": True})),  # the barrel
        ("mill", (0, 0), Sights(flags={"buyer_named": True})),  # the iron gate
    ],
)
def test_what_the_story_changes_is_seen(
    window: pygame.Surface, map_id: str, camera: tuple[int, int], changed: Sights
) -> None:
    scenery = Scenery(map_id)
    assert picture(scenery, camera, 3.0, Sights()) != picture(scenery, camera, 3.0, changed)


def test_only_what_the_camera_sees_is_given(window: pygame.Surface) -> None:
    camera = (480, 260)
    seen = Scenery("village").standing(camera, 1.0, Sights())
    view = pygame.Rect(camera, (VIEW_WIDTH, VIEW_HEIGHT))
    assert all(view.colliderect(sprite.surface.get_rect(topleft=(sprite.x, sprite.y))) for sprite in seen)
    assert len(seen) < len(outdoors.THINGS) + len(outdoors.TREES)
