"""The demo without a screen."""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["SDL_AUDIODRIVER"] = "dummy"

import pygame
import pytest


@pytest.fixture
def window() -> Iterator[pygame.Surface]:
    """A window that nobody sees."""
    pygame.init()
    yield pygame.display.set_mode((1280, 720))
    pygame.quit()
