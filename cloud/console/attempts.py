"""Slows down whoever tries wrong keys: a few a minute from one address, then a wait."""

from __future__ import annotations

from collections import OrderedDict

from models.instants import SECOND, Monotonic

ALLOWED = 8
WITHIN = 60 * SECOND
ADDRESSES = 10_000


class Attempts:
    """Keys are 256 random bits, so this spares the database rather than the keys. Pure but for its memory."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, list[Monotonic]] = OrderedDict()

    def wait(self, address: str, now: Monotonic) -> int:
        """Whole seconds until this address may try again; 0 when it may now."""
        recent = [at for at in self._failed.get(address, []) if now - at < WITHIN]
        if len(recent) < ALLOWED:
            return 0
        return max(1, -(-(recent[0] + WITHIN - now) // SECOND))

    def failed(self, address: str, now: Monotonic) -> None:
        recent = [at for at in self._failed.pop(address, []) if now - at < WITHIN]
        self._failed[address] = [*recent[-ALLOWED + 1 :], now]
        while len(self._failed) > ADDRESSES:
            self._failed.popitem(last=False)
