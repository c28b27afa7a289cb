"""A relay of a board on a serial port: what all such boards have in common, as settings and towards the lane."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from drivers.contacts.faults import FAULTS
from drivers.contract import DriverContext, DriverError, Relay
from drivers.over_serial.board import RelayBoard
from drivers.over_serial.board_contact import BoardProtocol, Contact, Order, Wish, a_contact
from drivers.over_serial.port import Baud, Line, SerialPath
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault

CLOSE_WITHIN_SECONDS = 5.0


class SerialRelaySettings(DriverSettings):
    """One contact of a relay board. A board has one port, and all of its contacts are reached through it."""

    contract: ClassVar[type] = Relay
    faults: ClassVar[tuple[Fault, ...]] = FAULTS
    stop_bits: ClassVar[int] = 1

    port: SerialPath
    """Device file of the board, best as it stands in /dev/serial/by-id/, which stays the same at another socket"""
    channel: int
    """Which relay, as the maker counts them"""
    baud: Baud
    """Speed of the board, if it was set to another than its maker's"""
    answer_within: Seconds = Field(default=0.5, ge=0.02, le=5)
    """How long the board may take for an answer"""

    safe_state: Literal["open", "leave"] = "open"
    """`open`: the contact is opened at start and at stop; `leave`: it stays as it is, for one that keeps an arm up,
    which would come down. A pulse that is going on at stop is ended either way"""

    @property
    def claims(self) -> Mapping[str, str]:
        return {"channel": f"relay {self.channel} of the board at {self.port}"}

    @property
    def shares(self) -> Mapping[str, tuple[str, str]]:
        """What several parts may use at once as long as all use it in one way: by key, its name and that way."""
        return {"port": (f"the serial port {self.port}", self._how_it_is_used())}

    def _how_it_is_used(self) -> str:
        return f"driver {getattr(self, 'driver', '')}, {self.line.terms}, answers within {self.answer_within:g} s"

    @property
    def line(self) -> Line:
        return Line(self.port, self.baud, self.stop_bits)

    @property
    @abc.abstractmethod
    def protocol(self) -> BoardProtocol:
        """The words of this make; equal for all relays of one board."""

    def build(self, context: DriverContext) -> SerialRelay:
        key = ("relay board", self.line, self._how_it_is_used())
        board = context.shared.setdefault(key, RelayBoard(self.line, self.protocol, self.answer_within, context.clock))
        return SerialRelay(self, board, context)


class SerialRelay:
    """The loop's side of one contact: orders go to the board's thread, which ends a pulse whatever the loop does."""

    def __init__(self, settings: SerialRelaySettings, board: RelayBoard, context: DriverContext) -> None:
        self._board, self._channel, self._context = board, settings.channel, context
        self._leave = settings.safe_state == "leave"
        self._reads_back = settings.protocol.question(settings.channel) is not None
        self._contact: Contact | None = None

    @property
    def on(self) -> bool | None:
        return None if self._contact is None else self._contact.on

    @property
    def reads_back(self) -> bool:
        return self._reads_back

    @property
    def times_pulses(self) -> bool:
        return False

    async def start(self) -> None:
        if self._contact is None:
            self._contact = a_contact(self._channel, self._teller(asyncio.get_running_loop()), self._leave)
            self._board.join(self._contact)

    async def stop(self) -> None:
        contact, self._contact = self._contact, None
        if contact is None:
            return
        with contextlib.suppress(DriverError):
            await self._ordered(contact, Wish.LEFT if self._leave else Wish.OPEN)
        port = self._board.leave(contact)
        if port is not None:
            await asyncio.to_thread(port.join, CLOSE_WITHIN_SECONDS)

    async def pulse(self, seconds: float, within: float | None = None) -> None:
        """Returns when the contact is open again. A caller who is cancelled cuts no pulse short that was begun."""
        if not 0 < seconds < math.inf:
            raise ValueError(f"a pulse of {seconds} s")
        await self._ordered(self._contact, Wish.PULSE, seconds, within)

    async def switch(self, on: bool) -> None:
        await self._ordered(self._contact, Wish.MADE if on else Wish.OPEN)

    async def _ordered(
        self, contact: Contact | None, wish: Wish, seconds: float = 0.0, within: float | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(error: DriverError | None) -> None:
            if not done.done():
                done.set_result(None) if error is None else done.set_exception(error)

        order = Order(wish, self._context.clock.monotonic(), _on(loop, settle), seconds, within)
        self._board.take(contact or Contact(self._channel, lambda _fault, _detail: None), order)
        try:
            await done
        except asyncio.CancelledError:
            self._board.withdraw(order)
            raise

    def _teller(self, loop: asyncio.AbstractEventLoop) -> Callable[[Fault, str | None], None]:
        def tell(fault: Fault, detail: str | None) -> None:
            if detail is None:
                self._context.faults.cleared(fault)
            else:
                self._context.faults.raised(fault, detail)

        return _on(loop, tell)


def _on(loop: asyncio.AbstractEventLoop, call: Callable[..., None]) -> Callable[..., None]:
    """`call`, made on the loop from any thread. A loop that is closed has nobody left to tell."""

    def hop(*arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(call, *arguments)

    return hop
