"""Progress of several runs: one line that is rewritten on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time


class Progress:
    """Tells which runs are under way and which have ended.

    Parameters
    ----------
    total : int
        Runs to do.
    say : callable
        Takes one finished line.
    """

    def __init__(self, total: int, say=print):
        self._total, self._say, self._done = total, say, 0
        self._since = time.monotonic()
        self._live = say is print and sys.stdout.isatty()

    def ended(self, name: str, outcome: str) -> None:
        """A run has ended; `outcome` is how."""
        self._done += 1
        self._clear()
        self._say(f"[{self._done}/{self._total}] {name}: {outcome}")

    def tick(self, running: list[str]) -> None:
        """Show what is under way, on a terminal."""
        if self._live and running:
            passed = time.monotonic() - self._since
            print(f"\r\x1b[K  … {passed:.0f} s: {', '.join(running)}"[:160], end="", flush=True)

    def _clear(self) -> None:
        if self._live:
            print("\r\x1b[K", end="", flush=True)
