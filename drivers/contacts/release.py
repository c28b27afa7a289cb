"""Opens a contact until it is known to be open, however long its board is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from drivers.contract import DriverError
from models.faults import Fault
from models.instants import Clock

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0

LEFT_MADE = Fault(
    code="relay.left_made",
    meaning="The contact may still be made: the board couldn't be told to open it",
    look_at="The way to the board; pull the wire off the barrier's input if the arm stays up",
    does="Tells it to open, and nothing else, until it is known to be open",
    ends="By itself, once the contact is known to be open",
)


class Release:
    """Of all orders only this one may be repeated: an open contact drives nothing.

    `attempt` opens the contact once, or raises DriverError. What became of it is told to `failed` and `done`.
    Used on one event loop only.
    """

    def __init__(
        self,
        attempt: Callable[[], Awaitable[None]],
        failed: Callable[[DriverError], None],
        done: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._attempt, self._failed, self._done, self._clock = attempt, failed, done, clock
        self._insisting: asyncio.Task[None] | None = None
        self._now = asyncio.Event()

    @property
    def wanted(self) -> bool:
        """Whether the contact isn't known to be open yet although it should be."""
        return self._insisting is not None

    async def open(self) -> None:
        """Try once and say how it went; when it went wrong, trying goes on without the caller. Raises DriverError."""
        self.forget()
        try:
            await self._attempt()
        except DriverError as error:
            self.want()
            self._failed(error)
            raise
        self._done()

    def want(self) -> None:
        """Begin to try, in the background, at once."""
        if self._insisting is None:
            self._insisting = asyncio.get_running_loop().create_task(self._insist(), name="release")

    def hurry(self) -> None:
        """The board is back: don't wait for the next turn."""
        self._now.set()

    def forget(self) -> None:
        """The contact is wanted made, or the board is given up."""
        task, self._insisting = self._insisting, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _insist(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            self._now.clear()
            try:
                await self._attempt()
            except DriverError as error:
                if self._is_given_up():
                    return
                self._failed(error)
            else:
                break
            await self._wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        if not self._is_given_up():
            self._insisting = None
            self._done()

    def _is_given_up(self) -> bool:
        """An attempt may swallow the cancellation that it was ended by."""
        return self._insisting is not asyncio.current_task()

    async def _wait(self, pause: float) -> None:
        asleep = asyncio.ensure_future(self._clock.sleep(pause))
        called = asyncio.ensure_future(self._now.wait())
        try:
            await asyncio.wait((asleep, called), return_when=asyncio.FIRST_COMPLETED)
        finally:
            asleep.cancel()
            called.cancel()
