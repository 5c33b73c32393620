"""The diffusion engine on a graphics card, in one command: is it right, how fast, and does it keep what was asked.

    python benchmarks/diffusion_gpu.py --json diffusion_gpu.json           # all of it, on a card with 80 GB or more
    python benchmarks/diffusion_gpu.py --only steps-bf16 alone --json a.json   # some sections; more may follow
    python benchmarks/diffusion_gpu.py --tiny                              # a rehearsal on a CPU, with a tiny model

Models are random weights of the real size, made on the card: nothing is downloaded. Each section is a process of its
own that makes its own model, is stopped after --limit-s, and writes what it finds at once; one that fails is reported,
and the others go on. With --json what earlier runs wrote there is kept, so sections may run one by one. The tables come
last, and last of all one of the bars, each with what was found and whether it holds.

Needs, beside torch with Triton (`pip install torch`) and transformers (section generate and distance): what the project
itself depends on, but for xllamacpp, which this never imports. Where pip does not work, bring the wheels of pyzmq,
msgspec, msgpack, PyYAML, typer (with click, shellingham, rich, markdown-it-py, mdurl, Pygments, annotated-doc), psutil,
safetensors, tokenizers and huggingface_hub for the machine's Python, unpack those that are missing into a folder, and
put that on PYTHONPATH before this project's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpu.report import Findings, print_bars, print_rows

ROOT = Path(__file__).parent.parent
#: In this order: what can be lost first comes first.
NAMES = (
    "distance",
    "steps-bf16",
    "steps-fp8",
    "steps-int4",
    "rates-bf16",
    "rates-fp8",
    "alone",
    "steadiness",
    "trace",
    "memory",
    "daemon-bf16",
    "daemon-fp8",
    "generate",
)


def main() -> None:
    """Run the sections, print, and say by the exit code whether all bars that could be told hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a tiny model on the CPU: no times that mean anything")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="SECTION", help=", ".join(NAMES))
    parser.add_argument("--limit-s", type=float, default=540.0, help="stop a section after this many seconds")
    parser.add_argument("--json", type=Path, help="write everything here, after each section")
    parser.add_argument("--section", choices=NAMES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.section:
        run_section(arguments.section, "tiny" if arguments.tiny else "full", arguments.json)
        return
    sections: dict[str, dict[str, Any]] = {}
    if arguments.json and arguments.json.is_file():
        sections = json.loads(arguments.json.read_text(encoding="utf-8"))["sections"]
    began = time.monotonic()
    for name in arguments.only:
        sections[name] = in_process(name, tiny=arguments.tiny, limit_s=arguments.limit_s, beside=arguments.json)
        if arguments.json:
            arguments.json.write_text(json.dumps({"sections": sections}, indent=2) + "\n", encoding="utf-8")
    print(f"\n{time.monotonic() - began:.0f} s in all; {machine(sections)}")
    for name, section in sections.items():
        print_rows(f"{name} ({section['seconds']:.0f} s)", section["rows"])
    print_bars(sections)
    missed = any(bar["held"] is False for section in sections.values() for bar in section["bars"])
    raise SystemExit(1 if missed or any(section["error"] for section in sections.values()) else 0)


def in_process(name: str, *, tiny: bool, limit_s: float, beside: Path | None) -> dict[str, Any]:
    """A section in a process of its own: what it found, and what went wrong."""
    print(f"\n── {name} ──", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = (beside or Path(folder) / "found").with_suffix(f".{name}.json").resolve()
        path.unlink(missing_ok=True)
        command = [sys.executable, __file__, "--section", name, "--json", str(path), *(["--tiny"] if tiny else [])]
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUNBUFFERED": "1"}
        error = ""
        try:
            code = subprocess.run(command, env=environment, timeout=limit_s, check=False).returncode
            error = f"exit code {code}, see above" if code else ""
        except subprocess.TimeoutExpired:
            error = f"not done after {limit_s:.0f} s"
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        path.unlink(missing_ok=True)
    seconds = time.monotonic() - began
    return {"rows": [], "bars": [], "machine": ""} | found | {"error": error, "seconds": seconds}


def run_section(name: str, size_name: str, path: Path | None) -> None:
    """In the process of its own."""
    import torch
    from gpu.rig import SIZES

    from npc_engine.engines.diffusion.weight_format import WeightFormat

    size = SIZES[size_name]
    if not size.on_card:
        torch.set_num_threads(1)
    found = Findings(path, machine=_machine(torch, size.device))
    kind, _, option = name.partition("-")
    kept = {"": WeightFormat.PLAIN, "bf16": WeightFormat.PLAIN}.get(option) or WeightFormat(option)
    sections = _sections(path)
    sections[kind](kept)(size, found)


def _sections(path: Path | None) -> dict[str, Callable[..., Any]]:
    from gpu.daemon import daemon
    from gpu.distance import distance
    from gpu.memory import memory
    from gpu.speed import alone, generate, rates, steps
    from gpu.steadiness import steadiness
    from gpu.trace import trace

    folder = path.parent if path else Path.cwd()
    return {
        "steps": steps,
        "rates": rates,
        "daemon": daemon,
        "distance": lambda kept: distance,
        "alone": lambda kept: alone,
        "steadiness": lambda kept: steadiness,
        "memory": lambda kept: memory,
        "generate": lambda kept: generate,
        "trace": lambda kept: lambda size, found: trace(size, found, folder),
    }


def _machine(torch: Any, device: Any) -> str:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return f"{name}, torch {torch.__version__}, {os.cpu_count()} cores"


def machine(sections: dict[str, dict[str, Any]]) -> str:
    """What it was measured on."""
    return next((section["machine"] for section in sections.values() if section["machine"]), "")


if __name__ == "__main__":
    main()
