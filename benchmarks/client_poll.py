"""What a frame pays for the client while many lines form at once.

    python benchmarks/client_poll.py                    16 streams, 60 frames a second, 20 s, scripted engine
    python benchmarks/client_poll.py --streams 64

Prints the time of `poll` per frame with the streams and without any, in the same run, and their ratio.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time

from npc_engine.client import NpcClient, Request

FRAME_S = 1 / 60
#: Each word is an update: a line takes 20 steps of this, milliseconds.
STEP_MS = 60


def polls_ms(client: NpcClient, seconds: float, streams: int) -> tuple[list[float], float]:
    """The times of all polls in `seconds`, with as many lines forming; and how many did on average."""
    npcs = list(client.daemon.npcs) if client.daemon else []
    open_lines: list[Request] = []
    took: list[float] = []
    forming = frames = asked = 0
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        open_lines = [line for line in open_lines if not line.finished]
        while len(open_lines) < streams:
            asked += 1
            slot = f"s{asked % 4}"  # one character speaks in several worlds at once
            open_lines.append(client.say(npcs[asked % len(npcs)], f"{asked}: a question", 8_000, slot=slot))
        begun_s = time.perf_counter()
        client.poll()
        took.append((time.perf_counter() - begun_s) * 1_000)
        forming += sum(line.state == "streaming" for line in open_lines)
        frames += 1
        time.sleep(max(0.0, FRAME_S - (time.perf_counter() - begun_s)))
    return took, forming / frames


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    settings = [f"slots={options.streams}", f"step_ms={STEP_MS}"]
    arguments = ["--saves", "none", "--parallel", str(options.streams)]
    arguments += [part for setting in settings for part in ("--option", setting)]
    with NpcClient.launch("scripted", arguments=arguments) as client:
        while client.state != "ready":
            client.poll()
            time.sleep(0.01)
        gc.collect()
        gc.freeze()
        idle, _ = polls_ms(client, options.seconds / 4, 0)
        busy, forming = polls_ms(client, options.seconds, options.streams)
    print(
        json.dumps(
            {
                "streams": options.streams,
                "forming_mean": round(forming, 1),
                "frames": len(busy),
                "idle_ms": _percentiles(idle),
                "busy_ms": _percentiles(busy),
                "ratio_p50": round(statistics.median(busy) / statistics.median(idle), 2),
                "holds": _percentiles(busy)["p99"] <= 0.5,
            },
            indent=2,
        )
    )


def _percentiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        f"p{percent}": round(ordered[min(len(ordered) * percent // 100, len(ordered) - 1)], 3) for percent in (50, 99)
    }


if __name__ == "__main__":
    main()
