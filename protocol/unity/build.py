"""Compile the Unity package with Mono: its core alone, its components against stubs of Unity, the driver, the tests.

    python protocol/unity/build.py [FOLDER]     prints the path of the conformance driver, last
    python protocol/unity/build.py --test       runs the package's tests as well

Debian: apt-get install -y --no-install-recommends mono-mcs mono-runtime libmono-system-core4.0-cil
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "com.npc-engine.dialogue"
VECTORS = HERE.parent / "vectors"
INSTALL = "apt-get install -y --no-install-recommends mono-mcs mono-runtime libmono-system-core4.0-cil"
#: C# as the oldest Unity that the package supports has it.
LANGUAGE = "7.2"
#: Fields that Unity's inspector fills are never assigned in code.
NOT_ASSIGNED = "0649"


class BuildError(Exception):
    """The package cannot be built: a tool is missing, or the compiler objects."""


def build(folder: Path) -> Path:
    """Compile everything into `folder`; the driver's path. Raises BuildError."""
    folder.mkdir(parents=True, exist_ok=True)
    core = _compile(folder / "NpcEngine.Dialogue.Core.dll", [PACKAGE / "Runtime" / "Core"])
    unity = _compile(folder / "Unity.dll", [HERE / "stubs"])
    components = _compile(
        folder / "NpcEngine.Dialogue.dll", [PACKAGE / "Runtime" / "Components"], [core, unity], NOT_ASSIGNED
    )
    game = [core, components, unity]
    _compile(folder / "NpcEngine.Dialogue.Editor.dll", [PACKAGE / "Editor"], game, NOT_ASSIGNED)
    _compile(folder / "TwoVillagers.dll", [PACKAGE / "Samples~"], game, NOT_ASSIGNED)
    _compile(folder / "NpcEngine.Dialogue.Tests.exe", [PACKAGE / "Tests", HERE / "tests"], game)
    return _compile(folder / "NpcEngine.Driver.exe", [HERE / "driver"], [core])


def test(folder: Path) -> int:
    """Run the package's tests out of `folder`; their exit status."""
    environment = {**os.environ, "NPC_ENGINE_VECTORS": str(VECTORS)}
    return subprocess.call([_tool("mono"), str(folder / "NpcEngine.Dialogue.Tests.exe")], env=environment)  # noqa: S603


def _compile(target: Path, folders: Sequence[Path], references: Sequence[Path] = (), quiet: str = "") -> Path:
    sources = sorted(str(source) for folder in folders for source in folder.rglob("*.cs"))
    command = [
        _tool("mcs"),
        f"-langversion:{LANGUAGE}",
        "-warnaserror",
        "-debug",
        f"-out:{target}",
        "-r:System.Core.dll",
    ]
    command += [f"-target:{'exe' if target.suffix == '.exe' else 'library'}"]
    command += [f"-r:{reference}" for reference in references]
    command += [f"-nowarn:{quiet}"] if quiet else []
    result = subprocess.run([*command, *sources], capture_output=True, text=True)  # noqa: S603
    if result.returncode != 0:
        raise BuildError(f"{target.name} does not compile:\n{result.stdout}{result.stderr}")
    return target


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BuildError(f"`{name}` is not installed. Debian: {INSTALL}")
    return path


def main() -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(description="Compile the Unity package with Mono.")
    parser.add_argument("folder", type=Path, nargs="?", help="where to; a new folder for temporary files by default")
    parser.add_argument("--test", action="store_true", help="run the package's tests as well")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="npc-engine-unity-"))
    try:
        driver = build(folder)
    except BuildError as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    status = test(folder) if arguments.test else 0
    print(driver)  # noqa: T201
    return status


if __name__ == "__main__":
    sys.exit(main())
