"""`--adapter` and `--no-adapter`, for every command that starts an engine with a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

AdapterOption = Annotated[
    Path | None, typer.Option("--adapter", help="LoRA adapter of the model, a .gguf file.", show_default=False)
]
NoAdapterOption = Annotated[
    bool, typer.Option("--no-adapter", help="The model alone, without the adapter that comes with it.")
]


class Adapting(NamedTuple):
    """What was asked for: an adapter's `file`; or with `off` none at all; else the model's own, if it has one."""

    file: Path | None = None
    off: bool = False

    @property
    def arguments(self) -> list[str]:
        """The same for a child daemon, which may have another working folder."""
        file = ["--adapter", str(self.file.expanduser().absolute())] if self.file else []
        return [*file, *(["--no-adapter"] if self.off else [])]
