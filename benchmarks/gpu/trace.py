"""A profile of steps, each begun before the last was read: what the CPU waits for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from torch.profiler import ProfilerActivity, profile

from gpu.report import Findings
from gpu.rig import WARM_STEPS, Rig, Size, run_ahead
from npc_engine.engines.diffusion.weight_format import WeightFormat

#: What makes the CPU wait for all that was asked of the card, or for a number of it.
WAITS = (
    "cudaDeviceSynchronize",
    "cudaStreamSynchronize",
    "cudaMemcpy",
    "aten::_local_scalar_dense",
    "aten::item",
    "aten::nonzero",
)
#: Waiting for the step before while the next one runs: this is what is meant to be there.
MEANT = "cudaEventSynchronize"
STEPS, WIDTH, LINES = 20, 64, 4


def trace(size: Size, found: Findings, folder: Path) -> None:
    """Writes the profile to `folder` too."""
    rig = Rig(size, WeightFormat.PLAIN, lines=LINES, prompt=size.prompt)
    denoiser = rig.denoiser()
    work = rig.work(denoiser, WIDTH, LINES, planned=WARM_STEPS + STEPS + 1)
    run_ahead(denoiser, [work] * WARM_STEPS)
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if size.on_card else [])]
    with profile(activities=activities) as profiled:
        run_ahead(denoiser, [work] * STEPS)
        # Leaving the profile waits for the card; that is none of ours, and is counted apart.
    counts = Counter(event.name for event in profiled.events())
    waits = {name: counts[name] for name in WAITS if counts[name]}
    launches = sum(count for name, count in counts.items() if name in ("cudaGraphLaunch", "cudaLaunchKernel"))
    found.row(steps=STEPS, waits=str(waits or "none"), waits_for_the_step_before=counts[MEANT])
    found.row(steps=STEPS, graph_launches=counts["cudaGraphLaunch"], all_launches=launches)
    path = folder / "steps.json.gz"
    profiled.export_chrome_trace(str(path))
    print(f"profile: {path}")
    inside = sum(waits.values()) - (1 if waits.get("cudaDeviceSynchronize") else 0)
    # Plain versions, as on a CPU, do look at what they compute.
    found.at_most(f"waits in {STEPS} steps, but for the step before", 0, float(inside) if size.on_card else None, "")
