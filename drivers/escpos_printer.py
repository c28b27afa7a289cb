"""Printers of tickets and receipts (ESC/POS). Tested against: TCP and pty peers that answer; hardware: none yet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from drivers.contract import DriverContext, DriverError, PrintedReceipt, PrintedTicket, TicketPrinter
from drivers.loopback import is_this_machine
from drivers.over_serial.kept_open import report_a_mistake, within
from drivers.over_serial.stream import DeviceWay, SerialSettings, Stream, TcpSettings, Way
from drivers.post.paper_ticket import Paper, get_ready, known_profile, printed, printed_receipt
from drivers.post.printer_faults import COVER_OPEN, FAULTS, FAULTY, PAPER_LOW, PAPER_OUT, UNREACHABLE
from drivers.post.printer_state import CLEAR, PRINTED_QUESTION, PrinterState
from drivers.post.printer_talk import PrinterTalk
from drivers.settings import DriverSettings
from drivers.values import Port, Seconds
from models.faults import Fault

OPEN_SECONDS = 2.0
CHECK_SECONDS = 5.0
_LOOK_SECONDS = 0.25


class PrinterAddress(TcpSettings):
    """A printer in the network."""

    port: Port = 9100
    """Its TCP port"""


class EscposSettings(DriverSettings):
    """A receipt printer with a cutter."""

    contract: ClassVar[type] = TicketPrinter
    faults: ClassVar[tuple[Fault, ...]] = FAULTS

    driver: Literal["escpos"] = "escpos"
    network: PrinterAddress | None = None
    """Where the printer is, if in the network: `host`, and `port` if it isn't 9100"""
    serial: SerialSettings | None = None
    """Where the printer is, if on a serial line: `port`, and `baud` and `framing` if they aren't 9600 and 8N1"""
    file: Annotated[str, Field(pattern=r"^/\S+$")] | None = None
    """Where the printer is, if on USB: the file that Linux makes for it, such as /dev/usb/lp0"""
    profile: Annotated[str, AfterValidator(known_profile)] = "default"
    """The printer's name in python-escpos, such as TM-T88V: it knows its letters, its width and its cutter"""
    dots: Annotated[int, Field(ge=100, le=2000)] | None = None
    """Dots across the paper where the profile doesn't know them: 384 for 58 mm, 576 for 80 mm as a rule"""
    columns: Annotated[int, Field(ge=16, le=100)] | None = None
    """Letters across the paper, if they are other than the profile says: 32 for 58 mm, 42 or 48 for 80 mm as a rule"""
    picture: Literal["raster", "graphics", "column"] = "raster"
    """How the QR code is sent. Try another if it comes out torn or not at all"""
    cut: Literal["full", "part", "none"] = "full"
    """How the ticket is cut off"""
    status: Literal["none", "realtime", "printed"] = "realtime"
    """What the printer can say: nothing; at once how its paper and cover are; or also, in its turn, that all is
    printed (GS r), which is best where the printer knows it"""
    clears: bool = True
    """Whether it understands the order to forget half a ticket (DLE DC4 8). If it prints odd letters after a failure,
    say false"""
    print_within: Annotated[Seconds, Field(ge=1, le=60)] = 8.0
    """A ticket that isn't printed by then has failed"""
    settle: Annotated[Seconds, Field(ge=0, le=10)] = 1.0
    """With status realtime: how long the printer is watched for an end of its paper after a ticket"""
    check_every: Annotated[Seconds, Field(ge=1, le=3600)] = 30.0
    """How often it is asked how it is while nothing is printed"""

    @model_validator(mode="after")
    def _one_place(self) -> EscposSettings:
        if sum(place is not None for place in (self.network, self.serial, self.file)) != 1:
            raise ValueError("say where the printer is, once: `network`, `serial` or `file`")
        return self

    @property
    def way(self) -> Way:
        if self.file is not None:
            return DeviceWay(self.file, os.O_RDWR)
        place = self.network or self.serial
        assert place is not None
        return place.way()

    @property
    def paper(self) -> Paper:
        return Paper(self.profile, self.dots, self.columns, self.picture, self.cut)

    @property
    def claims(self) -> Mapping[str, str]:
        if self.serial is not None:
            return {"serial": self.serial.serial_claim}
        return {"file" if self.file is not None else "network": f"the printer at {self.way.name}"}

    @property
    def reaches_hardware(self) -> bool:
        return self.network is None or not is_this_machine(self.network.host)

    def build(self, context: DriverContext) -> EscposPrinter:
        return EscposPrinter(self, context)


class EscposPrinter:
    """Opens the printer for each ticket and each look at its paper, and never keeps anything to print later."""

    def __init__(self, settings: EscposSettings, context: DriverContext) -> None:
        self._settings, self._context, self._clock = settings, context, context.clock
        self._way = settings.way
        self._in_use = asyncio.Semaphore()
        self._half_printed = False
        self._look_now = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._watch is None:
            self._watch = asyncio.create_task(self._keep_looking(), name=self._context.part)
            self._watch.add_done_callback(report_a_mistake)

    async def stop(self) -> None:
        """A ticket that is being printed is printed."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            async with self._in_use:
                pass

    async def print_ticket(self, ticket: PrintedTicket) -> None:
        await self._print_in_time("ticket", lambda: printed(ticket, self._settings.paper))

    async def print_receipt(self, receipt: PrintedReceipt) -> None:
        await self._print_in_time("receipt", lambda: printed_receipt(receipt, self._settings.paper))

    async def _print_in_time(self, what: str, words: Callable[[], bytes]) -> None:
        try:
            await within(self._clock, self._settings.print_within, self._print_in_turn(words))
        except TimeoutError as error:
            raise self._unreachable(f"the {what} wasn't printed in time") from error
        except OSError as error:
            raise self._unreachable(self._way.why(error)) from error
        except ValueError as error:
            raise DriverError(FAULTY, f"this can't be printed: {error}") from error

    async def _print_in_turn(self, made: Callable[[], bytes]) -> None:
        words = await asyncio.to_thread(made)
        await self._opened(lambda talk: self._print(talk, words))

    async def _print(self, talk: PrinterTalk, words: bytes) -> None:
        if self._settings.status != "none":
            self._refuse_unless_fit(await talk.state())
        self._half_printed = True
        try:
            await talk.say(words)
            await self._see_it_printed(talk)
        except (DriverError, OSError, asyncio.CancelledError):
            self._look_now.set()  # and clear what it holds of this ticket
            raise
        self._half_printed = False

    async def _see_it_printed(self, talk: PrinterTalk) -> None:
        if self._settings.status == "none":
            return
        if self._settings.status == "printed":
            await talk.say(PRINTED_QUESTION)
        left = self._settings.settle
        while not talk.printed and (self._settings.status == "printed" or left > 0):
            await self._clock.sleep(_LOOK_SECONDS)
            left -= _LOOK_SECONDS
            self._refuse_unless_fit(await talk.state())

    def _refuse_unless_fit(self, state: PrinterState) -> None:
        self._report(state)
        if state.cover_open:
            raise DriverError(COVER_OPEN, "its cover is open")
        if state.paper_out:
            raise DriverError(PAPER_OUT, "it has no paper")
        if state.error:
            raise DriverError(FAULTY, state.error)

    async def _keep_looking(self) -> None:
        await asyncio.to_thread(get_ready)
        while True:
            self._look_now.clear()
            try:
                await within(self._clock, CHECK_SECONDS, self._opened(self._look))
            except OSError as error:
                self._unreachable(self._way.why(error))
            await self._next_look()

    async def _look(self, talk: PrinterTalk) -> None:
        if self._settings.status != "none":
            self._report(await talk.state())

    async def _next_look(self) -> None:
        wanted = asyncio.ensure_future(self._look_now.wait())
        patience = asyncio.ensure_future(self._clock.sleep(self._settings.check_every))
        try:
            await asyncio.wait({wanted, patience}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()
            patience.cancel()
            await asyncio.gather(wanted, patience, return_exceptions=True)

    async def _opened(self, use: Callable[[PrinterTalk], Awaitable[None]]) -> None:
        """One at a time: most printers serve one connection. What is left of a failed ticket is cleared first."""
        async with self._in_use:
            stream = await within(self._clock, OPEN_SECONDS, self._way.open())
            failed = True
            try:
                await self._clear_half_a_ticket(stream)
                await use(PrinterTalk(stream, self._clock))
                self._context.faults.cleared(UNREACHABLE)
                failed = False
            finally:
                await stream.close(discard=failed)

    async def _clear_half_a_ticket(self, stream: Stream) -> None:
        if self._half_printed and self._settings.clears:
            await stream.write(CLEAR)
            await stream.drained(self._clock)
        self._half_printed = False

    def _report(self, state: PrinterState) -> None:
        found = (
            (PAPER_OUT, "no paper" if state.paper_out else ""),
            (PAPER_LOW, "nearly out of paper" if state.paper_low and not state.paper_out else ""),
            (COVER_OPEN, "the cover is open" if state.cover_open else ""),
            (FAULTY, state.error),
        )
        for fault, detail in found:
            if detail:
                self._context.faults.raised(fault, detail)
            else:
                self._context.faults.cleared(fault)

    def _unreachable(self, detail: str) -> DriverError:
        self._context.faults.raised(UNREACHABLE, detail)
        return DriverError(UNREACHABLE, detail)
