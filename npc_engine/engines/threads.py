"""How the threads of a model on the CPU share the machine with a game."""

from __future__ import annotations

import os
import sys

import psutil

#: How often a thread of the model looks again before it sleeps, when it waits for the others (GNU OpenMP, on Linux). By
#: itself it would look on for milliseconds: with a game busy on one of two cores, 24 tokens a second become 0.4. So
#: they become 11, and 22 while the game is idle (`benchmarks/cpu_threads.py`).
SPIN_COUNT = 1_000
#: A machine with so few cores loses more by a missing thread than a game gains: the worker's priority is lower anyway.
FEW_CORES = 4


def sleep_soon() -> None:
    """Make threads that wait for each other sleep soon. Call it before an engine loads its library, which looks once.
    What the user has set in the environment stays."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPIN_COUNT))


def default_threads() -> int:
    """As many as there are physical cores. Of more than `FEW_CORES`, and wherever threads cannot be told to sleep while
    they wait for each other (`sleep_soon`), one is left to the game, because a busy core stalls threads that spin."""
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 2
    if hasattr(psutil.Process, "cpu_affinity"):
        cores = min(cores, len(psutil.Process().cpu_affinity()))
    shared = sys.platform == "linux" and cores <= FEW_CORES
    return max(1, cores if shared else cores - 1)
