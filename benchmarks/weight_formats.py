"""What smaller weights cost in accuracy: a step's logits in bf16, FP8 and int4, against float32 and bf16, on a CPU.

    python benchmarks/weight_formats.py              # two layers of the real size, minutes, 6 GB
    python benchmarks/weight_formats.py --tiny       # two tiny layers

Random weights, so the numbers compare formats; what they are with weights that have learnt, they do not say. Prompts
are random tokens, and a phrase that is repeated.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import torch
from gpu.distance import distance
from gpu.report import Findings, print_bars, print_rows
from gpu.rig import CPU, SIZES


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = Findings()
    distance(replace(SIZES["tiny" if arguments.tiny else "full"], device=CPU), found)
    print_rows("distance: norm of the difference over the norm, median position", found.rows)
    print_bars({"distance": {"bars": found.bars}})


if __name__ == "__main__":
    main()
