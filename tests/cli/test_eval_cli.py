"""`eval`: what it asks for, what it refuses, and one real run on a model of noise."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tiny_pack import VILLAGE, write_files
from typer.testing import CliRunner

from npc_engine.cli import eval as eval_cli
from npc_engine.cli.main import app
from npc_engine.engines.diffusion.manner import Attempt, Written
from npc_engine.evaluation.report import NOISE, RULES
from npc_engine.evaluation.settings import QUESTIONS

BEN = (
    "id: ben\nname: Ben\nsummary: Carries water.\n"
    "authored:\n  late: [Wait., Soon.]\n  busy: [Not now., Later.]\n  confused: [What., Hm.]\n  refuse: [No., Never.]\n"
    "  cut_off: [Well., So.]\n  offline: [Later., Soon.]\n"
)
TINY = ["--engine", "diffusion", "--option", "random_weights=tiny"]


class Speaker:
    """Stands for a loaded model."""

    description, device = "made for a test", "cpu"

    def write(self, segments: object, slots: object, attempts: Sequence[Attempt]) -> Iterator[tuple[int, Written]]:
        for index, attempt in enumerate(attempts):
            text = "Good evening." if attempt.manner.width > 32 else "Good evening"
            yield index, Written(text, True, {"emotion": "joy"}, 0.01, 9, 12.0)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "pack",
        VILLAGE | {"npcs/ben.yaml": BEN, "npcs/ann.yaml": BEN.replace("ben", "ann").replace("Ben", "Ann")},
    )


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eval_cli, "_load", lambda spec, progress: Speaker())


def run(*arguments: str | Path, columns: int = 200) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["eval", *map(str, arguments)], env={"COLUMNS": str(columns), "NO_COLOR": "1"})
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.usefixtures("spoken")
def test_it_ends_with_a_verdict_and_writes_what_was_asked_for(pack: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("all.json", "issue.md", "rates.png")]
    places = [
        part for flag, path in zip(("--json", "--markdown", "--plot"), files, strict=True) for part in (flag, path)
    ]
    code, out, err = run(*TINY, "--pack", pack, "--seeds", "12", "--samples", "1", *places)
    assert code == 0, err
    assert "120 lines per setting (prompts: 10, seeds: 12)" in out
    assert "- width 64 (N=120): no worse than the reference on any rate." in out
    assert "- width 32 (N=120): WORSE: whole 100% -> 0%" in out
    assert 'ann, asked "Good evening. Who are you?" (seed 1)' in out
    assert NOISE in out
    told = json.loads(files[0].read_text(encoding="utf-8"))
    assert {line["npc"] for line in told["lines"]} == {"ann", "ben"}
    assert "## Verdict" in files[1].read_text(encoding="utf-8")
    assert files[2].read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("spoken")
def test_less_can_be_asked(pack: Path, tmp_path: Path) -> None:
    chosen = ["--npc", "ben", "--only", "steps", "--only", "stop", "--quick", "--json", tmp_path / "few.json"]
    code, out, _ = run(*TINY, "--pack", pack, *chosen)
    assert code == 0
    assert "1 lines per setting (prompts: 1, seeds: 1)" in out
    told = json.loads((tmp_path / "few.json").read_text(encoding="utf-8"))
    assert list(told["tables"]) == ["steps", "stop"]
    assert {line["npc"] for line in told["lines"]} == {"ben"}


@pytest.mark.usefixtures("spoken")
def test_a_narrow_terminal_loses_no_number(pack: Path) -> None:
    code, out, _ = run(*TINY, "--pack", pack, "--npc", "ben", "--only", "steps", "--quick", columns=80)
    assert code == 0
    assert "100% (21-100)" in out
    assert "…" not in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--engine", "llama"], "eval --engine llama needs a suite"),
        (["--engine", "difusion"], "engine_unknown"),
        (["taste", *TINY], "taste is no suite"),
        ([*TINY, "--only", "colour"], "--only colour: the tables are width, steps"),
        ([*TINY, "--json", "no/such/folder/all.json"], "there is no folder"),
        ([*TINY, "--npc", "bob"], "unknown_npc"),
        (["--engine", "diffusion", "--option", "random_weights=huge"], "there are tiny and full"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(pack: Path, arguments: list[str], says: str) -> None:
    code, out, err = run(*arguments, "--pack", pack)
    assert code == 1
    assert out == ""
    assert says in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_a_missing_library_is_named(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    missing = {"matplotlib", "npc_engine.engines.diffusion.trial"}

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name in missing:
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "pip install matplotlib" in run(*TINY, "--pack", pack, "--plot", "rates.png")[2]
    assert "npc-dialogue-engine[gpu]" in run(*TINY, "--pack", pack, "--quick")[2]


def test_help_publishes_the_rules_and_tables() -> None:
    code, out, _ = run("--help")
    assert code == 0
    text = " ".join(out.split())
    for name, rule in RULES:
        assert f"{name}: {' '.join(rule.split())}." in text
    assert all(question.name in text for question in QUESTIONS)


def test_a_model_of_noise_is_measured_and_told_apart(
    pack: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(eval_cli, "ASKED", ("Hello?",))
    arguments = ["--pack", pack, "--npc", "ben", "--only", "together", "--threads", "1", "--quick"]
    code, out, err = run(*TINY, *arguments, "--json", tmp_path / "all.json")
    assert code == 0, err
    assert NOISE in out
    lines = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["lines"]
    assert [line["setting"] for line in lines][:2] == ["reference", "other seeds"]
    engine = [line["written"] for line in lines[2:]]
    assert [written["steps"] for written in engine] == [8, 12, 24]
    assert all(written["choices"].keys() == {"emotion"} for written in engine)
