"""Keeps a part of the daemon running: a defect in it costs a pause, never the part."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from models.instants import Clock

_LOG = structlog.get_logger("edge.kept_up")
AGAIN_SECONDS = 10.0


async def kept_up(name: str, run: Callable[[], Coroutine[None, None, None]], clock: Clock) -> None:
    """Run it, and run it again when it ends, until cancelled. What ended it is logged, whatever it was."""
    while True:
        running = asyncio.create_task(run(), name=name)
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait([running])
            raise
        _LOG.error("part.failed", part=name, again_in=AGAIN_SECONDS, exc_info=running.exception())
        await clock.sleep(AGAIN_SECONDS)
