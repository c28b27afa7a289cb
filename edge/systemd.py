"""Tells systemd that the daemon is ready, alive or stopping (the sd_notify protocol: a datagram to a socket)."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from models.instants import Clock

_UNWATCHED_SECONDS = 3600.0


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1`, `STOPPING=1` or `STATUS=...`. Does nothing outside systemd.

    A systemd that doesn't listen is no reason to stop a lot or to make it wait; its watchdog draws its own conclusion.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_systemd:
        to_systemd.setblocking(False)
        to_systemd.connect(address)
        to_systemd.sendall(state.encode())


def watchdog_seconds() -> float | None:
    """How often systemd expects to hear that we live; None when it doesn't."""
    microseconds = os.environ.get("WATCHDOG_USEC")
    return int(microseconds) / 1_000_000 if microseconds else None


async def feed_watchdog(clock: Clock) -> None:
    """Until cancelled: says that we live, well within the time that systemd waits for it."""
    seconds = watchdog_seconds()
    while True:
        notify("WATCHDOG=1")
        await clock.sleep(_UNWATCHED_SECONDS if seconds is None else seconds / 3)
