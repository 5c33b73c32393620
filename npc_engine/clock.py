"""Time as the engine sees it: monotonic nanoseconds, replaceable in tests.

`time.monotonic_ns` reads one clock for all processes of a machine on Linux, macOS and Windows, so an absolute
deadline stamped by the front means the same in the worker.
"""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Where the time comes from."""

    def now_ns(self) -> int:
        """Monotonic time in nanoseconds."""
        ...

    def sleep_until_ns(self, when_ns: int) -> None:
        """Return no earlier than `when_ns`."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def sleep_until_ns(self, when_ns: int) -> None:
        remaining_ns = when_ns - time.monotonic_ns()
        if remaining_ns > 0:
            time.sleep(remaining_ns / NS_PER_S)


class FakeClock:
    """A clock that moves only when told to, or when someone sleeps on it. For tests."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        return self._now_ns

    def sleep_until_ns(self, when_ns: int) -> None:
        self._now_ns = max(self._now_ns, when_ns)

    def advance_ms(self, milliseconds: float) -> None:
        """Move forward by `milliseconds`."""
        self._now_ns += int(milliseconds * NS_PER_MS)
