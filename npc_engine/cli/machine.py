"""What this machine has, told without loading a model runtime."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import msgspec
import psutil

from npc_engine.engines import registry
from npc_engine.engines.diffusion import fit
from npc_engine.errors import ErrorCode, NpcError

#: What each engine imports.
PACKAGES = {
    "llama": ("xllamacpp",),
    "openvino": ("openvino", "openvino-genai", "gguf"),
    "diffusion": ("torch", "safetensors", "tokenizers", "huggingface_hub"),
}
#: Importing torch from a cold disk takes long, seconds.
CARDS_S = 120.0
CPU_INFO = Path("/proc/cpuinfo")
#: Its lines that tell what a processor can do.
CPU_FACTS = ("model name", "flags", "Features", "CPU implementer", "CPU part")


def version(package: str) -> str | None:
    """Which version is installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def installed(engine: str) -> bool:
    """Whether the engine's packages are here."""
    return all(version(package) is not None for package in PACKAGES[engine])


def cards() -> list[fit.Card]:
    """The graphics cards, asked for in another process, because torch is heavy and may not even start: then raises
    `NpcError` ENGINE_UNAVAILABLE."""
    if version("torch") is None:
        message = f"torch is not installed. Run `{registry.find('diffusion').install}`."
        raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, message)
    command = [sys.executable, "-m", fit.__name__]
    try:
        asked = subprocess.run(command, capture_output=True, timeout=CARDS_S, check=True)  # noqa: S603 - our own module
        return msgspec.json.decode(asked.stdout, type=list[fit.Card])
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
        message = lines[-1] if lines else f"it ended with {error.returncode}"
        raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, message) from error
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, str(error)) from error


def hardware() -> list[str]:
    """The processor, what it can do, its cores, and the memory in GiB: what an engine's speed depends on."""
    cores = f"{psutil.cpu_count(logical=False)} cores, {psutil.cpu_count()} threads"
    memory = f"{round(psutil.virtual_memory().total / fit.GIB)} GiB"
    return [platform.machine(), *(_cpu_facts() or [platform.processor()]), cores, memory]


def _cpu_facts() -> list[str]:
    try:
        lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return sorted({line for line in lines if line.startswith(CPU_FACTS)})
