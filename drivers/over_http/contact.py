"""One contact behind a web server: orders at most once, opening until it is done, and what is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from drivers.contacts.faults import BUSY, NOT_OBEYED
from drivers.contacts.release import LEFT_MADE, Release
from drivers.contract import DriverContext, DriverError, NotSent
from drivers.over_http.host import HTTP_FAULTS, HttpHost, Question
from models.faults import Fault
from models.instants import SECOND, Monotonic

ORDER_WITHIN_SECONDS = 2.5
"""An order that had to wait longer than this for its turn isn't sent any more."""
SHORT_WAIT_SECONDS = 1.0
REST_SECONDS = 0.3
LAST_TRIES = 2
RELAY_FAULTS = (*HTTP_FAULTS, NOT_OBEYED, LEFT_MADE, BUSY)


class HttpContact:
    """On the daemon's loop. An order that has begun runs to its end even if its caller doesn't wait for it."""

    reads_back = False
    times_pulses = False
    _can_switch = True

    def __init__(
        self, host: HttpHost, context: DriverContext, within: float, watch: float, opens_at_start: bool
    ) -> None:
        self._host, self._context, self._clock = host, context, context.clock
        self._within, self._watch, self._opens_at_start = within, watch, opens_at_start
        self._release = Release(self._open_once, self._not_opened, self._opened, context.clock)
        self._turn = asyncio.Lock()
        self._on: bool | None = None
        self._told: bool | None = None
        self._held = self._pulsing = self._ordered = self._may_have_moved = False
        self._made_until = Monotonic(0)
        self._enough = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._orders: set[asyncio.Task[None]] = set()
        self._started = False

    # What each kind of device does in its own way.

    async def _pulse(self, seconds: float, latest: Monotonic) -> float:
        """How long it really lasts."""
        raise NotImplementedError

    async def _switch(self, on: bool, latest: Monotonic | None) -> bool:
        raise NotImplementedError

    async def _stands(self) -> bool:
        raise NotImplementedError

    # The contract.

    @property
    def on(self) -> bool | None:
        if self._made_until and self._clock.monotonic() >= self._made_until:
            return None  # the device should have opened it by now, and nobody has looked yet
        return self._on

    async def start(self) -> None:
        if self._started:
            return
        self._started = True
        self._host.join()
        if self.reads_back:
            self._watching = asyncio.create_task(self._keep_watching(), name=self._context.part)
        elif self._opens_at_start:
            self._release.want()

    async def stop(self) -> None:
        if not self._started:
            return
        self._started = False
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        driven = self._pulsing or self._release.wanted or (self._held and self._opens_at_start)
        self._enough.set()  # a pulse that the daemon itself times ends now
        await asyncio.gather(*self._orders, return_exceptions=True)
        for _ in range(LAST_TRIES if driven and self._on is not False else 0):
            try:
                await self._release.open()
            except DriverError:
                continue
            break
        self._release.forget()
        self._on = None
        await self._host.leave()

    async def pulse(self, seconds: float, within: float | None = None) -> None:
        """Refused while the contact is made already."""
        await self._see_through(self._pulse_in_turn(seconds, self._latest(within)))

    async def switch(self, on: bool) -> None:
        self._enough.set()  # a pulse that the daemon itself times ends now
        await self._see_through(self._switch_in_turn(on, self._latest()))

    # Orders.

    def _latest(self, within: float | None = None) -> Monotonic:
        seconds = ORDER_WITHIN_SECONDS if within is None else within
        return Monotonic(self._clock.monotonic() + round(seconds * SECOND))

    async def _see_through(self, order: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(order, name=f"{self._context.part} order")
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)
        await asyncio.shield(task)

    async def _pulse_in_turn(self, seconds: float, latest: Monotonic) -> None:
        async with self._turn:
            await self._let_the_last_one_end()
            if self._held or self._clock.monotonic() < self._made_until:
                raise DriverError(BUSY, f"the contact at {self._host.origin} is made already")
            self._enough.clear()
            lasts = await self._make(self._pulse(seconds, latest))
            if self.times_pulses:
                self._made_until = Monotonic(self._clock.monotonic() + round(lasts * SECOND))
                self._on = True if self.reads_back else None
                return
            self._pulsing = True
            await self._sleep(seconds)
            self._pulsing = False
            await self._release.open()

    async def _let_the_last_one_end(self) -> None:
        """The barrier's controller has to see two pulses, and some devices make them longer than they were asked."""
        left = self._made_until - self._clock.monotonic()
        if 0 < left <= SHORT_WAIT_SECONDS * SECOND:
            await self._sleep(left / SECOND + REST_SECONDS)

    async def _switch_in_turn(self, on: bool, latest: Monotonic) -> None:
        async with self._turn:
            self._made_until = Monotonic(0)
            if not on:
                self._held, self._told = False, None
                await self._release.open()
                return
            stands = await self._make(self._switch(True, latest), kept=self._held)
            self._held, self._told = True, True
            if stands is False:
                error = DriverError(NOT_OBEYED, f"the contact at {self._host.origin} was told to be made and is open")
                self._raise(error.fault, error.detail)
                raise error

    async def _make(self, order: Coroutine[Any, Any, Any], kept: bool = False) -> Any:
        """Raises DriverError; then the contact is opened again wherever the order may have arrived, unless it was made
        before (`kept`)."""
        owed, self._ordered, self._may_have_moved, self._told = self._release.wanted, True, False, kept or None
        self._release.forget()
        try:
            stands = await order
        except DriverError as error:
            self._raise(error.fault, error.detail)
            if kept:
                self._on = None if self._may_have_moved else self._on
            elif self._can_switch and (owed or self._may_have_moved):
                await self._try_to_open()
            raise
        self._clear(*HTTP_FAULTS)
        self._on = stands if isinstance(stands, bool) else True
        return stands

    async def _ask(self, question: Question, latest: Monotonic | None) -> str:
        self._may_have_moved |= question.moves
        try:
            return await self._host.ask(question, self._within, latest if question.moves else None)
        except NotSent:
            if question.moves:
                self._may_have_moved = False
            raise

    async def _sleep(self, seconds: float) -> None:
        asleep = asyncio.ensure_future(self._clock.sleep(seconds))
        told = asyncio.ensure_future(self._enough.wait())
        try:
            await asyncio.wait((asleep, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            asleep.cancel()
            told.cancel()

    # Opening.

    async def _try_to_open(self) -> None:
        try:
            await self._release.open()
        except DriverError:
            return  # reported, and still being tried

    async def _open_once(self) -> None:
        if await self._switch(False, None):
            raise DriverError(NOT_OBEYED, f"the contact at {self._host.origin} was told to be open and is made")
        self._on = self._told = False

    def _not_opened(self, error: DriverError) -> None:
        self._on = None
        self._raise(error.fault, error.detail)
        self._raise(LEFT_MADE, error.detail)

    def _opened(self) -> None:
        self._clear(LEFT_MADE, NOT_OBEYED, *HTTP_FAULTS)

    # Watching.

    async def _keep_watching(self) -> None:
        reached = False
        while True:
            try:
                async with self._turn:
                    stands = await self._stands()
            except DriverError as error:
                self._on = None
                self._clear(*(fault for fault in HTTP_FAULTS if fault is not error.fault))
                self._raise(error.fault, error.detail)
            else:
                self._saw(stands, first=not reached)
                reached = True
            await self._clock.sleep(self._watch)

    def _saw(self, stands: bool, first: bool) -> None:
        self._on = stands
        if self._clock.monotonic() >= self._made_until:
            self._made_until = Monotonic(0)
        self._clear(*HTTP_FAULTS)
        self._release.hurry()
        if first and stands and self._opens_at_start and not self._ordered:
            self._release.want()
        if self._told is not None and stands is not self._told:
            told = "made" if self._told else "open"
            self._raise(NOT_OBEYED, f"the contact at {self._host.origin} was told to be {told} and isn't")
        elif self._told is not None:
            self._clear(NOT_OBEYED)

    def _raise(self, fault: Fault, detail: str) -> None:
        self._context.faults.raised(fault, detail)

    def _clear(self, *faults: Fault) -> None:
        for fault in faults:
            self._context.faults.cleared(fault)
