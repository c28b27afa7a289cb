"""A barrier worked by relays and seen by inputs of any kind. Tested against: mock GPIO pins; hardware: none yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import ConfigDict, Field, field_validator

from drivers.contacts.arm_position import evidence
from drivers.contacts.barrier import Contact
from drivers.contacts.barrier_faults import BUSY, HOLD_LOST, LIMITS_DISAGREE, NOT_FITTED, OUT_OF_ORDER, OWN_FAULTS
from drivers.contacts.hold import Hold
from drivers.contacts.holding import HoldBy, can_hold, fits, is_left
from drivers.contacts.parts_faults import PartsFaults
from drivers.contract import (
    Barrier,
    DigitalInput,
    Driver,
    DriverContext,
    DriverError,
    NotSent,
    Position,
    Relay,
)
from drivers.registry import catalogue, settings_for
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault
from models.instants import SECOND, Monotonic

REST_SECONDS = 0.3
"""Between two pulses, so that the barrier's controller sees two"""
PATIENCE_SECONDS = 2.0
"""A vend that couldn't be told by then isn't meant any more"""
LOWER_WITHIN_SECONDS = 0.3
"""An order to close that couldn't be told by then isn't told: a vehicle may have come under the arm"""
HOLD_AGAIN_WITHIN_SECONDS = 2.0
"""After the start, the daemon tells again what it held before; until then a contact that may hold the arm is left"""
LOOK_SECONDS = 0.5


_Needed = TypeVar("_Needed")
_CONTACTS = ("open", "close", "hold")
_INPUTS = ("at_top", "at_bottom", "broken")


class _WithThoseOfItsParts:
    """A barrier reports what is wrong with its contacts and switches as well: of one barrier the faults of its own
    parts, of all barriers those of all parts that there are. A code stands there once."""

    def __get__(self, barrier: RelayBarrierSettings | None, _kind: type) -> tuple[Fault, ...]:
        if barrier is not None:
            parts = [type(part) for part in barrier.parts().values()]
        else:
            parts = [part for (kind, _), part in catalogue().found.items() if kind in (Relay, DigitalInput)]
        every = [*OWN_FAULTS, *(fault for part in parts for fault in part.faults)]
        return tuple({fault.code: fault for fault in reversed(every)}.values())[::-1]


class RelayBarrierSettings(DriverSettings):
    """A barrier whose controller takes volt-free contacts, as nearly all of them do.

    All contacts are opened when the daemon stops; an arm that one of them holds then comes down by its
    controller's own rules, and is raised again when the daemon is back. With `safe_state: leave` of the contact that
    holds it, it stays up.
    """

    # The drivers of the parts are looked up when the first barrier is read, not while drivers are being loaded.
    model_config = ConfigDict(defer_build=True)

    contract: ClassVar[type] = Barrier
    faults: ClassVar[Any] = _WithThoseOfItsParts()

    driver: Literal["relays"] = "relays"
    open: Annotated[DriverSettings, settings_for(Relay)]
    """The relay on the controller's "open" input"""
    close: Annotated[DriverSettings, settings_for(Relay)] | None = None
    """The relay on its "close" input; most barriers close by themselves and need none"""
    hold: Annotated[DriverSettings, settings_for(Relay)] | None = None
    """The relay on an input of its own that keeps the arm up while it is made, such as "hold open" or "fire" """
    hold_by: Annotated[HoldBy | None, Field(validate_default=True)] = None
    """What keeps the arm up, for a fire too. `maintained`: the open contact stays made, for an input that keeps the arm
    up as long as it is; `relay`: the contact `hold`; `none`: the input takes a pulse only, so the arm is told to rise
    again and again. Has to be said where there is no contact `hold`: the controller's manual says which input it is"""
    pulse: Annotated[Seconds, Field(gt=0, le=5)] = 0.5
    """How long the open contact is made for one vend, and the close contact to close"""
    at_top: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """The limit switch that is on while the arm is up"""
    at_bottom: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """The limit switch that is on while the arm is down. With only one of the two, the other end is assumed once
    `travel` has passed; with none, the position is assumed from what the arm was told"""
    broken: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """The contact that is on when the arm is broken off or the controller is at fault"""
    travel: Annotated[Seconds, Field(gt=0, le=60)] = 6.0
    """The longest that the arm takes from one end to the other; only matters with less than two limit switches"""
    assumed_open: Annotated[Seconds, Field(gt=0, le=600)] = 10.0
    """How long the arm stays up for one vehicle; only matters without limit switches"""

    @field_validator("hold")
    @classmethod
    def _can_hold(cls, hold: DriverSettings | None) -> DriverSettings | None:
        return can_hold(hold)

    @field_validator("hold_by")
    @classmethod
    def _held_by_what_is_there(cls, hold_by: HoldBy | None, info: Any) -> HoldBy | None:
        wired = info.data
        return fits(hold_by, wired.get("open"), wired["hold"]) if "hold" in wired else hold_by

    @property
    def holding(self) -> HoldBy:
        """What keeps the arm up, whether it was written or not."""
        return self.hold_by or HoldBy.RELAY

    def parts(self) -> dict[str, DriverSettings]:
        """The contacts and switches by the key that names them, what isn't there left out."""
        return {key: part for key in (*_CONTACTS, *_INPUTS) if (part := getattr(self, key)) is not None}

    @property
    def claims(self) -> Mapping[str, str]:
        return {f"{key}.{inner}": claim for key, part in self.parts().items() for inner, claim in part.claims.items()}

    @property
    def shares(self) -> Mapping[str, tuple[str, str]]:
        return {f"{key}.{inner}": use for key, part in self.parts().items() for inner, use in part.shares.items()}

    @property
    def reaches_hardware(self) -> bool:
        return any(part.reaches_hardware for part in self.parts().values())

    def build(self, context: DriverContext) -> RelayBarrier:
        return RelayBarrier(self, context)


def _left_as_it_is(parts: dict[str, DriverSettings], holding: HoldBy) -> dict[str, DriverSettings]:
    """A contact that does nothing but hold the arm isn't opened by its own driver at the start: the barrier knows
    when to. One that also vends is: a pulse that a dead daemon has left made ends there."""
    key, part = "hold", parts.get("hold")
    if holding is not HoldBy.RELAY or part is None:
        return parts
    fields = type(part).model_fields
    if "safe_state" in fields:
        return {**parts, key: part.model_copy(update={"safe_state": "leave"})}
    if "options" in fields and "safe_state" in type(getattr(part, "behind", part)).model_fields:
        options = {**getattr(part, "options", {}), "safe_state": "leave"}
        return {**parts, key: part.model_copy(update={"options": options})}
    return parts


class RelayBarrier:
    """Gives one order at a time. A vend during another one waits for its end and gives a pulse of its own, so that
    a controller that counts vehicles counts two; it is refused when that would take long or another waits already."""

    def __init__(self, settings: RelayBarrierSettings, context: DriverContext) -> None:
        self._settings, self._context = settings, context
        together = PartsFaults(context.faults)
        parts: dict[str, Any] = {
            key: part.build(replace(context, part=f"{context.part}.{key}", faults=together.of(key)))
            for key, part in _left_as_it_is(settings.parts(), settings.holding).items()
        }
        self._parts: tuple[Driver, ...] = tuple(parts.values())
        self._contacts = {key: Contact(key, parts[key], context.clock) for key in _CONTACTS if key in parts}
        self._hold = _hold(settings, self._contacts)
        self._broken: DigitalInput | None = parts.get("broken")
        top, bottom = parts.get("at_top"), parts.get("at_bottom")
        self._evidence = evidence(top, bottom, travel=settings.travel, stays_up_for=settings.assumed_open)
        for switch in (top, bottom, self._broken):
            if switch is not None:
                switch.on_level(lambda _level: self._look())
        self.reads_back = top is not None or bottom is not None
        self.can_hold = self._hold is not None
        self.can_lower = "close" in self._contacts
        self._position = Position.UNKNOWN
        self._heard_by: list[Callable[[Position], None]] = []
        self._turn = asyncio.Lock()  # an order's turn: nothing but other orders of this barrier waits for it
        self._waiting = 0
        self._pulse_ends = Monotonic(0)
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def position(self) -> Position:
        return self._position

    def on_position(self, heard: Callable[[Position], None]) -> None:
        self._heard_by.append(heard)

    async def start(self) -> None:
        """Opens contacts that an interrupted pulse may have left made, and makes none."""
        if self._tasks:
            return
        for part in self._parts:
            await part.start()
        for contact in self._contacts.values():
            if self._hold is None or contact is not self._hold.contact:
                contact.open_when_possible()
        self._tasks = (asyncio.create_task(self._watch()), asyncio.create_task(self._open_unless_held()))

    async def stop(self) -> None:
        """Opens all contacts but one that holds the arm and is to be left."""
        left = self._left_made()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for contact in self._contacts.values() if self._tasks else ():
            contact.forget()
            if contact is not left:
                with suppress(DriverError):
                    await contact.relay.switch(False)
        self._tasks = ()
        for part in self._parts:
            await part.stop()
        if self._hold is not None:
            self._hold.wanted = self._hold.stands = False
        self._evidence.perhaps_told()
        self._look()

    def _left_made(self) -> Contact | None:
        """The contact that a stop leaves as it is: it holds the arm, or may have done so since before the start."""
        hold = self._hold
        unsettled = any(not task.done() for task in self._tasks[1:])
        return hold.contact if hold is not None and hold.left and (hold.wanted or unsettled) else None

    async def vend(self, vend_id: str) -> None:
        """While the arm is held nothing is done: a pulse on the contact that holds it would end with the hold. One
        that has lost its hold is told to stay up again, for the same reason."""
        self._refuse_if_busy()
        asked, hold, open_ = self._now(), self._hold, self._contacts["open"]
        async with self._order():
            if hold is not None and hold.stands:
                return
            self._refuse_if_late(asked)
            if hold is not None and hold.wanted and hold.contact is open_:
                await self._keep_up(hold)
                return
            await self._pulse(open_)
            self._evidence.told_to_rise(self._now())

    async def hold(self) -> None:
        """Told again, the contact is made again and never opened for that: an arm that seems to be down although it is
        held may be up, with a limit switch that is stuck."""
        hold = _fitted(self._hold, "no contact keeps the arm up")
        hold.wanted = True
        async with self._order():
            await self._until(self._pulse_ends)
            await self._keep_up(hold)

    async def _keep_up(self, hold: Hold) -> None:
        await hold.make()
        self._context.faults.cleared(HOLD_LOST)
        self._evidence.told_to_stay_up()

    async def release(self) -> None:
        hold = _fitted(self._hold, "no contact keeps the arm up")
        async with self._order():
            await self._let_go(hold)

    async def lower(self) -> None:
        """What is under the arm was looked at when this was asked for: what has to wait isn't told."""
        close = _fitted(self._contacts.get("close"), "there is no contact `close`")
        latest = Monotonic(self._now() + round(LOWER_WITHIN_SECONDS * SECOND))
        async with self._order():
            if self._pulse_ends > self._now():
                raise NotSent(BUSY, "the barrier is still being told something else")
            self._refuse_after(latest)
            if self._hold is not None and self._hold.wanted:
                await self._let_go_and_close(self._hold, close, latest)
            else:
                await self._pulse(close, latest)
            self._evidence.told_to_lower(self._now())

    async def _let_go_and_close(self, hold: Hold, close: Contact, latest: Monotonic) -> None:
        await self._let_go(hold)
        try:
            await self._pulse(close, latest)
        except NotSent as error:
            # Something has been sent: the arm isn't held any more.
            raise DriverError(error.fault, f"it is let go, and wasn't told to close: {error.detail}") from error

    async def _let_go(self, hold: Hold) -> None:
        stood = hold.stands
        self._context.faults.cleared(HOLD_LOST)
        await hold.end()
        if stood:
            self._evidence.told_to_rise(self._now())

    async def _pulse(self, contact: Contact, latest: Monotonic | None = None) -> None:
        await self._until(Monotonic(self._pulse_ends + round(REST_SECONDS * SECOND)))
        within = None if latest is None else self._refuse_after(latest)
        pulse = round(self._settings.pulse * SECOND)
        self._pulse_ends = Monotonic(self._now() + pulse)
        try:
            await contact.pulse(self._settings.pulse, within)
        finally:
            # A board that times the pulse itself answers as it begins, any other when it is over, perhaps late.
            self._pulse_ends = Monotonic(self._now() + (pulse if contact.relay.times_pulses else 0))

    @asynccontextmanager
    async def _order(self) -> AsyncIterator[None]:
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        except NotSent:
            raise
        except (DriverError, asyncio.CancelledError):
            self._evidence.perhaps_told()
            raise
        finally:
            self._turn.release()
            self._look()

    def _refuse_if_busy(self) -> None:
        if self._waiting or self._pulse_ends - self._now() > PATIENCE_SECONDS * SECOND:
            raise NotSent(BUSY, "another order is being given")

    def _refuse_if_late(self, asked: Monotonic) -> None:
        if self._now() - asked > PATIENCE_SECONDS * SECOND:
            raise NotSent(BUSY, "another order took too long; nothing was sent")

    def _refuse_after(self, latest: Monotonic) -> float:
        """How many seconds are left for it."""
        left = (latest - self._now()) / SECOND
        if left <= 0:
            raise NotSent(BUSY, "another order took too long, and something may be under the arm by now")
        return left

    async def _open_unless_held(self) -> None:
        await self._context.clock.sleep(HOLD_AGAIN_WITHIN_SECONDS)
        async with self._turn:
            await self._until(self._pulse_ends)  # of a board that times it itself, an order is over before its pulse
            if self._hold is not None and not self._hold.wanted:
                self._hold.contact.open_when_possible()

    async def _watch(self) -> None:
        """What no switch tells by itself: that time has passed, and what became of the contact that holds."""
        while True:
            if self._hold is not None and not self._turn.locked():  # an order leaves it in doubt until it is over
                self._look_at(self._hold)
            self._look()
            await self._context.clock.sleep(LOOK_SECONDS)

    def _look_at(self, hold: Hold) -> None:
        if hold.is_lost():
            self._evidence.perhaps_told()
            says = "that it is off" if hold.contact.relay.on is False else "nothing"
            self._context.faults.raised(HOLD_LOST, f"{hold.contact.name}: the relay says {says}")
        elif hold.is_back():
            self._evidence.told_to_stay_up()
            self._context.faults.cleared(HOLD_LOST)

    def _look(self) -> None:
        position = self._evidence.position(self._now())
        self._report(LIMITS_DISAGREE, position is Position.FAULTED, "at_top and at_bottom are both on")
        broken = self._broken is not None and self._broken.level
        self._report(OUT_OF_ORDER, broken is True, "the input `broken` is on")
        if broken:
            position = Position.FAULTED
        elif position is Position.OPEN and self._hold is not None and self._hold.stands:
            position = Position.HELD
        if position is not self._position:
            self._position = position
            for heard in self._heard_by:
                heard(position)

    def _report(self, fault: Fault, wrong: bool, detail: str) -> None:
        if wrong:
            self._context.faults.raised(fault, detail)
        else:
            self._context.faults.cleared(fault)

    async def _until(self, moment: Monotonic) -> None:
        wait = moment - self._now()
        if wait > 0:
            await self._context.clock.sleep(wait / SECOND)

    def _now(self) -> Monotonic:
        return self._context.clock.monotonic()


def _hold(settings: RelayBarrierSettings, contacts: Mapping[str, Contact]) -> Hold | None:
    key = {HoldBy.MAINTAINED: "open", HoldBy.RELAY: "hold", HoldBy.NONE: None}[settings.holding]
    return None if key is None else Hold(contacts[key], is_left(settings.parts()[key]))


def _fitted(needed: _Needed | None, why_not: str) -> _Needed:
    if needed is None:
        raise NotSent(NOT_FITTED, why_not)
    return needed
