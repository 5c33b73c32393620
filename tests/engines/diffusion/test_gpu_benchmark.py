"""`benchmarks/diffusion_gpu.py`: a section that fails takes nothing else with it, and what was found is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / "diffusion_gpu.py"), "--tiny", "--json", str(path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([*command, *arguments], capture_output=True, text=True, env=environment, check=False)


@pytest.mark.timeout(240)
def test_sections_run_one_by_one_and_fail_alone(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    first = run(path, "--only", "steps-int4")
    assert first.returncode == 0, first.stderr
    second = run(path, "--only", "memory", "--limit-s", "0.2")
    assert second.returncode == 1
    sections = json.loads(path.read_text(encoding="utf-8"))["sections"]
    assert list(sections) == ["steps-int4", "memory"]
    rows = sections["steps-int4"]["rows"]
    assert all(row["weights"] == "int4" and row["ms"] > 0 for row in rows[:-1])
    assert rows[-1]["captured"] == len(rows) - 1, "every size is captured once"
    assert sections["memory"]["error"] == "not done after 0 s"
    assert "FAILED: not done" in second.stdout
    assert "steps-int4" in second.stdout, "what was found before is in the last table"


def test_bars_are_held_or_missed_or_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    report = pytest.importorskip("gpu.report")
    found = report.Findings()
    found.at_most("a step", 9.0, 8.5, "ms")
    found.at_least("a rate", 5_000, 4_000.0, "tok/s")
    found.at_most("a wait", 0, None, "")
    assert [bar["held"] for bar in found.bars] == [True, False, None]
    report.print_bars({"one": {"bars": found.bars}, "two": {"error": "not done"}})
    lines = capsys.readouterr().out.splitlines()[-4:]
    assert [line.split()[-1] for line in lines] == ["holds", "MISSED", "here", "done"]
