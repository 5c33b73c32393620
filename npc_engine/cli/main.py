"""`npc-engine`: the command line."""

from __future__ import annotations

import typer

from npc_engine import __version__
from npc_engine.cli import (
    bench,
    check,
    conformance,
    doctor,
    eval,
    import_card,
    inspect,
    keys,
    models,
    play,
    protocol,
    rehearse,
    replay,
    serve,
    talk,
)

app = typer.Typer(
    name="npc-engine",
    help="Real-time dialogue for game characters: a line by the deadline, always.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("talk")(talk.talk)
app.command("play")(play.play)
app.command("serve")(serve.serve)
app.command("replay")(replay.replay)
app.command("keys")(keys.keys)
app.command("check")(check.check)
app.command("doctor")(doctor.doctor)
app.command("conformance")(conformance.conformance)
app.command("eval")(eval.evaluate)
app.command("test")(rehearse.rehearse)
app.command("inspect")(inspect.inspect)
app.command("import-card")(import_card.import_card)
app.command("protocol")(protocol.protocol)
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")


def _version(show: bool) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True)) -> None:
    """Real-time dialogue for game characters: a line by the deadline, always."""


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
