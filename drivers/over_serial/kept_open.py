"""A device that is opened again whenever it is there, and waits that have an end."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import TypeVar

from drivers.over_serial.stream import Stream, Way
from models.instants import Clock

_T = TypeVar("_T")

OPEN_SECONDS = 3.0
REOPEN_SECONDS = 1.0


async def within(clock: Clock, seconds: float, doing: Awaitable[_T]) -> _T:
    """What `doing` comes to. Raises TimeoutError, an OSError, when it takes longer; then it is cancelled."""
    task, patience = asyncio.ensure_future(doing), asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, patience}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError(errno.ETIMEDOUT, f"not done within {seconds:g} s")
        return task.result()
    finally:
        task.cancel()
        patience.cancel()
        await asyncio.gather(task, patience, return_exceptions=True)


def report_a_mistake(task: asyncio.Task[None]) -> None:
    """For a task that ends only when it is cancelled: what ended it otherwise is told to asyncio's handler."""
    if not task.cancelled() and (error := task.exception()) is not None:
        told = {"message": f"{task.get_name()}: ended by a mistake", "exception": error, "task": task}
        task.get_loop().call_exception_handler(told)


class KeptOpen:
    """Opens a device, lets `serve` have it until it is gone, and opens it again, from start to stop.

    `lost` is told at each failed attempt too, with the reason for people. Whatever `serve` raises but OSError is
    a mistake of ours: it ends the service, which is reported, and `lost` is told.
    """

    def __init__(
        self,
        way: Way,
        clock: Clock,
        serve: Callable[[Stream], Awaitable[None]],
        lost: Callable[[str], None],
    ) -> None:
        self._way, self._clock, self._serve, self._lost = way, clock, serve, lost
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name=f"keeps {self._way.name} open")
            self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        report_a_mistake(task)
        if not task.cancelled():
            self._lost(f"{self._way.name} isn't served any more, by a mistake of the daemon's own")

    async def _keep(self) -> None:
        while True:
            try:
                await self._open_and_serve()
            except OSError as error:
                # In a thread: it may look through all processes for who has the device.
                self._lost(await asyncio.to_thread(self._way.why, error))
            await self._clock.sleep(REOPEN_SECONDS)

    async def _open_and_serve(self) -> None:
        stream = await within(self._clock, OPEN_SECONDS, self._way.open())
        try:
            await self._serve(stream)
        finally:
            await stream.close()
