"""What the interpreter cannot tell: whether kernels compile for graphics cards, at the sizes of the real model, and fit
them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "compile_kernels.py"
#: Shared memory that a program may have, in bytes, from NVIDIA's table of compute capabilities.
SHARED_BYTES = {90: 227 * 1_024, 89: 99 * 1_024}
#: What multiplies, and so has to use tensor cores.
PRODUCTS = {"_attend", "_gate_up", "_down", "_multiply"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("capability", SHARED_BYTES)
def test_kernels_compile_and_fit(capability: int, tmp_path: Path) -> None:
    environment = os.environ | {"TRITON_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, SCRIPT, str(capability)], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr[-3_000:]
    kernels = [json.loads(line) for line in run.stdout.splitlines()]
    assert {each["name"] for each in kernels} >= PRODUCTS
    for each in kernels:
        assert each["shared"] <= SHARED_BYTES[capability], each
        assert each["stack"] <= 64, f"a thread keeps too much: {each}"
        assert each["tensor_cores"] == (each["name"] in PRODUCTS), each
