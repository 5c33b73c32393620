"""How large a step is. A captured step has fixed sizes, so what is in it is filled up to one of a few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from npc_engine.engines.diffusion.config import WIDTH_MAX
from npc_engine.engines.diffusion.kernels.varlen_attention import tiles_at_most

#: Rows of a step, filled up. Beyond the last, multiples of it.
ROW_BUCKETS = (64, 128, 256, 512, 1_024, 2_048, 4_096)


class StepShape(NamedTuple):
    """Sizes of a step: `rows`; `spans` of them that belong together, and one that stands for nobody; `blocks` of the
    longest prefix; `tiles` of attention; rows of which the head wants to know all (`full`), and those after which
    nothing comes (`last`); `columns` of the widest canvas."""

    rows: int
    spans: int
    blocks: int
    tiles: int
    full: int
    last: int
    columns: int


@dataclass(frozen=True, slots=True)
class Buckets:
    """Steps of at most `lines` sequences, each with at most `blocks` of prefix, come in few shapes. More than that
    works too: it is a further shape."""

    lines: int
    blocks: int

    def rows(self, count: int) -> int:
        """`count`, filled up; none stay none."""
        largest = ROW_BUCKETS[-1]
        return 0 if not count else next((b for b in ROW_BUCKETS if b >= count), -(-count // largest) * largest)

    def fit(self, needed: StepShape) -> StepShape:
        """The shape into which a step goes."""
        rows = self.rows(max(needed.rows, 1))
        spans = max(needed.spans, self.lines + 1)
        return StepShape(
            rows=rows,
            spans=spans,
            blocks=max(needed.blocks, self.blocks),
            tiles=max(needed.tiles, tiles_at_most(rows, spans)),
            full=self.rows(needed.full),
            last=self.rows(needed.last),
            columns=-(-needed.columns // WIDTH_MAX) * WIDTH_MAX,
        )

    def common(self, most_rows: int) -> list[StepShape]:
        """Those that steps of up to so many rows have: canvases alone, or with prompts that are read beside them."""
        sizes = [size for size in ROW_BUCKETS if size <= self.rows(most_rows)]
        heads = [(0, 0), *((size, 0) for size in sizes), *((0, size) for size in sizes)]
        shapes = [StepShape(rows, 0, 0, 0, full, last, 1) for rows in sizes for full, last in heads]
        return [self.fit(shape) for shape in shapes if shape.full <= shape.rows >= shape.last]
