"""The parts of a lot that a digital twin plays in lock-step. Tested against: the twin itself; hardware: none yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

from drivers.charges_only import ChargesOnly
from drivers.contract import (
    Barrier,
    CameraSettings,
    CardReader,
    Charged,
    ChargeOutcome,
    CodeScanner,
    DigitalInput,
    DriverContext,
    DriverError,
    FrameSource,
    PaymentTerminal,
    Position,
    PrintedReceipt,
    PrintedTicket,
    Sign,
    SpotSensor,
    TicketPrinter,
    VehicleClassifier,
)
from drivers.settings import DriverSettings
from drivers.twin_part import UNREACHABLE, TwinPart
from models.faults import Fault
from models.ids import PaymentId
from models.money import Minor
from models.spots import VehicleType

PAPER_OUT = Fault(
    code="printer.paper_out",
    meaning="The twin's printer is out of paper",
    look_at="The troubles in the twin's scenario",
    does="Prints no ticket",
    ends="A ticket is printed",
)


class TwinSettings(DriverSettings):
    """What all parts that a twin plays have in common: nothing is to be set."""

    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE,)
    simulated: ClassVar[bool] = True

    driver: Literal["twin"] = "twin"


class TwinBarrierSettings(TwinSettings):
    """An arm of the twin's world."""

    contract: ClassVar[type] = Barrier

    def build(self, context: DriverContext) -> TwinBarrier:
        return TwinBarrier(context)


class TwinInputSettings(TwinSettings):
    """A loop, button or contact of the twin's world."""

    contract: ClassVar[type] = DigitalInput

    def build(self, context: DriverContext) -> TwinInput:
        return TwinInput(context)


class TwinClassifierSettings(TwinSettings):
    """Tells the kind of vehicle in the twin's world."""

    contract: ClassVar[type] = VehicleClassifier

    def build(self, context: DriverContext) -> TwinClassifier:
        return TwinClassifier(context)


class TwinCameraSettings(TwinSettings):
    """A camera without pictures: the twin says which plates were read."""

    contract: ClassVar[type] = CameraSettings

    def build(self, context: DriverContext) -> TwinCameraSettings:
        return self

    def open(self) -> FrameSource:
        raise OSError("a twin's camera has no pictures: its plates are injected")


class TwinTerminalSettings(TwinSettings):
    """A payment terminal of the twin's world, which keeps a book of its own."""

    contract: ClassVar[type] = PaymentTerminal

    def build(self, context: DriverContext) -> TwinTerminal:
        return TwinTerminal(context)


class TwinSignSettings(TwinSettings):
    """A sign that the twin's drivers read."""

    contract: ClassVar[type] = Sign

    def build(self, context: DriverContext) -> TwinSign:
        return TwinSign(context)


class TwinPrinterSettings(TwinSettings):
    """A printer whose tickets the twin's drivers take along."""

    contract: ClassVar[type] = TicketPrinter
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, PAPER_OUT)

    def build(self, context: DriverContext) -> TwinPrinter:
        return TwinPrinter(context)


class TwinScannerSettings(TwinSettings):
    """Reads the tickets that the twin's drivers show."""

    contract: ClassVar[type] = CodeScanner

    def build(self, context: DriverContext) -> TwinScanner:
        return TwinScanner(context)


class TwinCardReaderSettings(TwinSettings):
    """Reads the cards that the twin's drivers show."""

    contract: ClassVar[type] = CardReader

    def build(self, context: DriverContext) -> TwinCardReader:
        return TwinCardReader(context)


class TwinSpotSensorSettings(TwinSettings):
    """Tells whether a spot of the twin's world is taken."""

    contract: ClassVar[type] = SpotSensor

    def build(self, context: DriverContext) -> TwinSpotSensor:
        return TwinSpotSensor(context)


class TwinBarrier(TwinPart):
    """Says where it is after each move, and can do everything that a barrier can."""

    kind = "barrier"
    reads_back = True
    can_hold = True
    can_lower = True

    def __init__(self, context: DriverContext) -> None:
        super().__init__(context)
        self.position = Position.UNKNOWN
        self._heard_by: list[Callable[[Position], None]] = []

    def on_position(self, heard: Callable[[Position], None]) -> None:
        self._heard_by.append(heard)

    async def vend(self, vend_id: str) -> None:
        self._say("vend", vend_id)

    async def hold(self) -> None:
        self._say("hold", True)

    async def release(self) -> None:
        self._say("hold", False)

    async def lower(self) -> None:
        self._say("lower")

    def _understand(self, said: Any) -> None:
        self._set(Position(said))

    def _forget(self) -> None:
        self._set(Position.UNKNOWN)

    def _set(self, position: Position) -> None:
        if position is not self.position:
            self.position = position
            for heard in self._heard_by:
                heard(position)


class TwinInput(TwinPart):
    """Its level is unknown until the twin says it."""

    kind = "input"

    def __init__(self, context: DriverContext) -> None:
        super().__init__(context)
        self.level: bool | None = None
        self._heard_by: list[Callable[[bool | None], None]] = []

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._heard_by.append(heard)

    def _understand(self, said: Any) -> None:
        self._set(bool(said))

    def _forget(self) -> None:
        self._set(None)

    def _set(self, level: bool | None) -> None:
        if level is not self.level:
            self.level = level
            for heard in self._heard_by:
                heard(level)


class TwinSpotSensor(TwinPart):
    """Whether its spot is taken; unknown until the twin says it."""

    kind = "spot"

    def __init__(self, context: DriverContext) -> None:
        super().__init__(context)
        self.occupied: bool | None = None
        self._heard_by: list[Callable[[bool | None], None]] = []

    def on_occupied(self, heard: Callable[[bool | None], None]) -> None:
        self._heard_by.append(heard)

    def _understand(self, said: Any) -> None:
        self._set(bool(said))

    def _forget(self) -> None:
        self._set(None)

    def _set(self, occupied: bool | None) -> None:
        if occupied is not self.occupied:
            self.occupied = occupied
            for heard in self._heard_by:
                heard(occupied)


class TwinClassifier(TwinPart):
    """The kind of vehicle as the twin last said it: a type, or an empty text for nobody."""

    kind = "classifier"

    def __init__(self, context: DriverContext) -> None:
        super().__init__(context)
        self.vehicle_type: VehicleType | None = None

    def _understand(self, said: Any) -> None:
        self.vehicle_type = VehicleType(said) if said else None

    def _forget(self) -> None:
        self.vehicle_type = None


class TwinSign(TwinPart):
    """Tells the twin what stands on it."""

    kind = "sign"

    async def show(self, lines: Sequence[str]) -> None:
        self._say("show", list(lines))


_TWIN_COLUMNS = 42


class TwinPrinter(TwinPart):
    """Hands a ticket to the driver who stands there. Told `false`, it is out of paper."""

    kind = "printer"

    def __init__(self, context: DriverContext) -> None:
        super().__init__(context)
        self._paper = True

    async def print_ticket(self, ticket: PrintedTicket) -> None:
        self._hand_over("print", {"code": ticket.code, "qr": ticket.qr})

    async def print_receipt(self, receipt: PrintedReceipt) -> None:
        self._hand_over("receipt", list(receipt.laid_out(_TWIN_COLUMNS)))

    def _hand_over(self, word: str, what: Any) -> None:
        if self._reached and not self._paper:
            self._context.faults.raised(PAPER_OUT, "no paper")
            raise DriverError(PAPER_OUT, "no paper")
        self._say(word, what)
        self._context.faults.cleared(PAPER_OUT)

    def _understand(self, said: Any) -> None:
        self._paper = bool(said)


class TwinScanner(TwinPart):
    """A text from the twin is a code that was shown; an empty one only says that the scanner is there."""

    kind = "scanner"

    def __init__(self, context: DriverContext) -> None:
        super().__init__(context)
        self._heard_by: list[Callable[[str], None]] = []

    def on_code(self, heard: Callable[[str], None]) -> None:
        self._heard_by.append(heard)

    def _understand(self, said: Any) -> None:
        for heard in self._heard_by if said else ():
            heard(str(said))


class TwinCardReader(TwinPart):
    """A text from the twin is a card's number; an empty one only says that the reader is there."""

    kind = "cards"

    def __init__(self, context: DriverContext) -> None:
        super().__init__(context)
        self._heard_by: list[Callable[[str], None]] = []

    def on_card(self, heard: Callable[[str], None]) -> None:
        self._heard_by.append(heard)

    def _understand(self, said: Any) -> None:
        for heard in self._heard_by if said else ():
            heard(str(said))


class TwinTerminal(TwinPart, ChargesOnly):
    """Asks the twin's terminal and waits for its answer, which comes when the driver has paid."""

    kind = "terminal"
    provider = "twin"

    def __init__(self, context: DriverContext) -> None:
        super().__init__(context)
        self._asked: dict[PaymentId, asyncio.Future[Charged]] = {}

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        if not self._reached:
            return Charged(ChargeOutcome.UNREACHABLE, detail="the twin's terminal can't be reached")
        answer = self._asked.get(payment)
        if answer is None:
            answer = self._asked[payment] = asyncio.get_running_loop().create_future()
            self._line.say(self._context.part, "charge", {"payment": payment, "amount": amount, "currency": currency})
        try:
            return await asyncio.shield(answer)
        finally:
            self._asked.pop(payment, None)

    def _understand(self, said: Any) -> None:
        if not said:
            return
        answer = self._asked.get(PaymentId(said["payment"]))
        if answer is not None and not answer.done():
            outcome = ChargeOutcome(said["outcome"])
            answer.set_result(Charged(outcome, reference=said.get("reference", ""), detail=said.get("detail", "")))

    def _forget(self) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_result(Charged(ChargeOutcome.UNREACHABLE, detail="the twin's terminal fell silent"))
