"""Waiting for something, but not for ever: by the clock that is passed in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from models.instants import Clock


async def within(seconds: float, awaited: Awaitable[Any], clock: Clock) -> bool:
    """Whether `awaited` ended in time; what hasn't is cancelled. What it raises passes through."""
    waited_for = asyncio.ensure_future(awaited)
    patience = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({waited_for, patience}, return_when=asyncio.FIRST_COMPLETED)
        if waited_for.done():
            await waited_for
            return True
        return False
    finally:
        patience.cancel()
        waited_for.cancel()
