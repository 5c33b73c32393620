"""The numbers (F1): how long frames, polls and lines take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pygame

from demo_game.interface.fonts import sized
from demo_game.interface.panels import ALARM, CREAM, CREAM_SOFT, GOLD_BRIGHT, SLATE, draw_panel, px
from demo_game.interface.text import Colour, draw_text, elided
from demo_game.metrics import LineNumbers, Metrics, latest, percentiles

#: Frames in the graph, and the time that a frame has at 60 a second.
GRAPH_FRAMES, FRAME_BUDGET_MS = 240, 1000 / 60
#: Lines in the table.
TABLE_LINES = 8
#: The numbers are computed anew every so many frames, as nobody can read faster.
REFRESH_FRAMES = 15

GREEN: Colour = (142, 190, 112)
#: Who wrote a line: the model, the model in part, or the author.
SOURCES: dict[str, Colour] = {"model": GREEN, "partial": (232, 192, 92), "authored": (226, 150, 96)}


@dataclass(frozen=True, slots=True)
class DaemonNumbers:
    """What the daemon says of itself. `cache_hit_share` is 0 to 1; `device` "GPU" or "CPU"."""

    state: str = ""
    engine: str = ""
    model: str = ""
    device: str = ""
    queued: int = 0
    in_flight: int = 0
    cache_hit_share: float = 0.0


class _Column(NamedTuple):
    """A column of the table: its heading, its width in view pixels, and whether numbers stand to the right in it."""

    heading: str
    width: int
    right: bool = True


COLUMNS = (
    _Column("who", 92, right=False),
    _Column("kind", 58, right=False),
    _Column("budget ms", 58),
    _Column("first ms", 52),
    _Column("whole ms", 54),
    _Column("source", 66, right=False),
    _Column("reason", 82, right=False),
    _Column("cached / prompt", 92),
)


class Overlay:
    """Numbers over the upper part of the window."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._font = sized(0.8, scale)
        self._bold = sized(0.8, scale, bold=True)
        self._frames = 0
        self._frame_ms: dict[str, float] = {}
        self._poll_ms: dict[str, float] = {}

    def draw(self, window: pygame.Surface, metrics: Metrics, daemon: DaemonNumbers) -> None:
        """Draw the numbers."""
        scale, row = self._scale, self._font.get_linesize()
        recent = latest(metrics.frame_ms, GRAPH_FRAMES)
        if self._frames % REFRESH_FRAMES == 0:
            self._frame_ms = percentiles(recent, 50, 95, 99)
            self._poll_ms = percentiles(latest(metrics.poll_ms, GRAPH_FRAMES), 50, 99)
        self._frames += 1
        margin, padding = px(6, scale), px(9, scale)
        graph_height = 5 * row
        height = graph_height + (TABLE_LINES + 1) * row + 2 * padding + px(7, scale)
        box = pygame.Rect(margin, margin, window.get_width() - 2 * margin, height)
        draw_panel(window, box, SLATE, scale)
        inside = box.inflate(-2 * padding, -2 * padding)
        self._draw_graph(window, pygame.Rect(inside.left, inside.top, px(GRAPH_FRAMES, scale), graph_height), recent)
        self._draw_facts(
            window, (inside.left + px(GRAPH_FRAMES + 14, scale), inside.top), inside.right, metrics, daemon
        )
        self._draw_table(window, (inside.left, inside.top + graph_height + px(7, scale)), list(metrics.lines))

    def _draw_graph(self, window: pygame.Surface, area: pygame.Rect, frame_ms: list[float]) -> None:
        """One bar a frame; the line is where a frame is too late for 60 a second."""
        window.fill((14, 12, 13), area)
        per_ms = area.height / (1.5 * FRAME_BUDGET_MS)
        bar = max(1, area.width // GRAPH_FRAMES)
        left = area.right - len(frame_ms) * bar
        for index, ms in enumerate(frame_ms):
            height = min(area.height, max(1, round(ms * per_ms)))
            colour = GREEN if ms < FRAME_BUDGET_MS / 2 else SOURCES["partial"] if ms <= FRAME_BUDGET_MS else ALARM
            window.fill(colour, (left + index * bar, area.bottom - height, bar, height))
        y = area.bottom - round(FRAME_BUDGET_MS * per_ms)
        window.fill(CREAM_SOFT, (area.left, y, area.width, 1))
        draw_text(
            window, "16.7 ms", self._font, CREAM_SOFT, (area.left + px(3, self._scale), y - self._font.get_linesize())
        )

    def _draw_facts(
        self, window: pygame.Surface, position: tuple[int, int], right: int, metrics: Metrics, daemon: DaemonNumbers
    ) -> None:
        device = f" on {daemon.device}" if daemon.device else ""
        sources = "   ".join(f"{source} {count}" for source, count in sorted(metrics.sources.items()))
        facts = (
            ("frame ms", _listed(self._frame_ms)),
            ("poll ms", _listed(self._poll_ms)),
            ("daemon", f"{daemon.state}   queue {daemon.queued}   in flight {daemon.in_flight}"),
            ("engine", f"{daemon.engine}  {daemon.model}{device}"),
            ("lines", f"{sources or '–'}   cache {daemon.cache_hit_share:.0%}"),
        )
        x, y = position
        for name, value in facts:
            draw_text(window, name, self._font, CREAM_SOFT, (x, y))
            left = x + px(52, self._scale)
            draw_text(window, elided(value, self._font, right - left), self._font, CREAM, (left, y))
            y += self._font.get_linesize()

    def _draw_table(self, window: pygame.Surface, position: tuple[int, int], lines: list[LineNumbers]) -> None:
        """The last lines, newest first."""
        x, y = position
        self._draw_row(window, (x, y), [(column.heading, GOLD_BRIGHT) for column in COLUMNS], self._bold)
        for line in lines[: -TABLE_LINES - 1 : -1]:
            y += self._font.get_linesize()
            first = "–" if line.first_ms is None else f"{line.first_ms:.0f}"
            tokens = f"{line.cached_tokens} / {line.prompt_tokens}"
            late = ALARM if line.total_ms > line.budget_ms else CREAM
            cells = [
                (line.who, CREAM),
                (line.kind, CREAM_SOFT),
                (f"{line.budget_ms}", CREAM_SOFT),
                (first, CREAM),
                (f"{line.total_ms:.0f}", late),
                (line.source, SOURCES.get(line.source, CREAM)),
                (line.reason, CREAM_SOFT),
                (tokens, CREAM_SOFT),
            ]
            self._draw_row(window, (x, y), cells, self._font)

    def _draw_row(
        self, window: pygame.Surface, position: tuple[int, int], cells: list[tuple[str, Colour]], font: pygame.font.Font
    ) -> None:
        x, y = position
        gap = px(8, self._scale)
        for column, (text, colour) in zip(COLUMNS, cells, strict=True):
            width = px(column.width, self._scale)
            at = x + width - gap if column.right else x
            draw_text(window, elided(text, font, width - gap), font, colour, (at, y), align=float(column.right))
            x += width


def _listed(percentiles_ms: dict[str, float]) -> str:
    return "   ".join(f"{name} {ms:.2f}" for name, ms in percentiles_ms.items())
