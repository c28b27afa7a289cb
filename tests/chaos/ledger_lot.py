"""The lot of `make chaos CHAOS=ledger`: vehicles come, pay as well as the provider lets them, and get money back."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from drivers.charges_only import ChargesOnly
from drivers.contract import Abilities, Charged, ChargeOutcome, DriverError, NotSent, Refunded, RefundOutcome
from edge.parking import entry, exit
from edge.parking.access.entitlement import Entitlement
from edge.parking.money import ledger, reconciling, refunds, write_offs
from edge.parking.money.repayments import Repayments
from edge.parking.money.till import Till
from edge.parking.places.layout import declare
from edge.parking.stays.tickets import Ticket, open_ticket, ticket
from edge.parking.stays.unresolved import settle_after_restart
from edge.store import Store, Transaction, boots
from models.faults import Fault
from models.ids import LaneName, LotId, PaymentId, RefundId, TicketId
from models.instants import HOUR, Instant, Monotonic, Reading
from models.ledger.posting import Kind, Posting
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff.reading import parse_tariff
from tests.chaos.ledger_provider import Line
from tests.edge.lots import IN, LOT, NOON, a_level, declared

LANES = 4
TERMINAL = "terminal"
TARIFF = parse_tariff(
    """
tariff: With tax
currency: EUR
timezone: Europe/Berlin
rates:
  - {price: 2.50, per: 1 h}
tax: 19 %
""",
    "ledger chaos",
)
_GONE = Fault(code="chaos.gone", meaning="It hung up", look_at="the campaign")


@dataclass
class FastClock:
    """Its seconds are short ones, and hours go by when the lot says so."""

    boot: str
    wall: Instant
    hours: float = 0
    ticks: int = 0

    def read(self) -> Reading:
        self.ticks += 1
        wall = Instant(round(self.wall + self.hours * HOUR) + self.ticks)
        return Reading(self.boot, Monotonic(wall - self.wall), wall, True)

    def monotonic(self) -> Monotonic:
        return Monotonic(round(self.hours * HOUR) + self.ticks)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 2000)


@dataclass
class Terminal(ChargesOnly):
    """Asks the provider over its socket. `forgets_ids`: a control's."""

    provider = TERMINAL
    abilities = Abilities(refunds=True)
    socket: Path
    forgets_ids: bool = False

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        said = await self.says(do="charge", payment=payment, amount=amount)
        if said.startswith("done"):
            return Charged(ChargeOutcome.TAKEN, f"R-{payment[-12:]}", amount=Minor(int(said.split()[1])))
        return Charged(ChargeOutcome.DECLINED)

    async def refund(self, payment: PaymentId, refund: RefundId, amount: Minor, currency: str) -> Refunded:
        id = str(uuid.uuid4()) if self.forgets_ids else refund
        said = await self.says(do="refund", payment=payment, refund=id, amount=amount)
        return Refunded(RefundOutcome.REFUNDED if said == "done" else RefundOutcome.DECLINED, "R")

    async def says(self, **asked: object) -> str:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=1 << 26)
        except OSError as wrong:
            raise NotSent(_GONE, str(wrong)) from wrong
        try:
            writer.write(json.dumps(asked).encode() + b"\n")
            line = await reader.readline()
        except OSError as wrong:
            raise DriverError(_GONE, str(wrong)) from wrong
        finally:
            writer.close()
        if not line:
            raise DriverError(_GONE, "no answer")
        return line.decode().strip()


class Nobody:
    """Hears of faults."""

    def raised(self, fault: Fault, detail: str) -> None: ...

    def cleared(self, fault: Fault) -> None: ...


class Careless:
    """Safeguards that are off, for controls."""

    NOTHING = ""
    FORGETS_TO_POST = "forgets to post"
    CHARGES_AGAIN = "charges again"
    REFUNDS_AGAIN = "refunds again"


@dataclass
class LotUnderTest:
    folder: Path
    boot: int
    chance: random.Random
    careless: str
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        path = self.folder / "lot.sqlite"
        self.clock = FastClock(f"boot-{self.boot}", Instant(NOON + self.boot * 400 * HOUR))
        self.store = Store(path, LotId(LOT), self.clock, synchronous="OFF", reserve=0)  # a kill isn't a power cut
        plan = (a_level(0, REGULAR=40),)
        self.store.write_now(lambda tx: self._begin(tx, plan))
        forgets = self.careless == Careless.REFUNDS_AGAIN
        self.terminal = Terminal(self.folder / "provider.sock", forgets_ids=forgets)
        self.tills = [Till(self.terminal, self.store, self.clock) for _ in range(LANES)]
        tills = {str(number): till for number, till in enumerate(self.tills)}
        self.repayments = Repayments(tills, self.store, self.clock, Nobody())
        if self.careless == Careless.FORGETS_TO_POST:
            _forget_to_post(self.chance)

    def _begin(self, tx: Transaction, plan: tuple[object, ...]) -> None:
        boots.present(tx)
        declare(tx, declared(plan), plan)  # type: ignore[arg-type]
        settle_after_restart(tx)
        if self.careless == Careless.CHARGES_AGAIN:
            tx.connection.execute("DELETE FROM charges")

    async def visits(self, first: int, last: int) -> None:
        """Vehicles of these numbers, as many at once as there are lanes. Those that have gone already are left out."""
        waiting = iter(range(first, last))

        async def lane(number: int) -> None:
            for vehicle in waiting:
                await self._visit(vehicle, number)

        await asyncio.gather(*(lane(number) for number in range(LANES)))

    async def _visit(self, number: int, lane: int) -> None:
        plate, out = Plate(f"K{number:06}"), LaneName(f"out-{lane}")
        known = await self.store.write(lambda tx: _stay_of(tx, plate))
        if known is None:
            await self.store.write(lambda tx: _comes_in(tx, plate))
        self.clock.hours += self.chance.choice((0.2, 0.7, 1.5))
        if known is None or known.open:
            await self._leaves(plate, out, self.tills[lane])
        gone = await self.store.write(lambda tx: _stay_of(tx, plate))
        assert gone is not None
        if self.chance.random() < 0.2:
            await self._gives_back(gone)
        if self.chance.random() < 0.1:
            await self.store.write(lambda tx: _write_off(tx, gone.id))
        if self.chance.random() < 0.3:
            await self.pay_refunds()

    async def _leaves(self, plate: Plate, out: LaneName, till: Till) -> None:
        def stay(tx: Transaction) -> Ticket | Refusal:
            return open_ticket(tx.connection, plate) or Refusal.NO_TICKET

        departure = exit.Departure(out, stay, "exact")
        for _ in range(3):
            answer = await exit.clear(self.store, till, departure)
            if isinstance(answer, exit.Cleared):
                break
        else:
            answer = await self.store.write(lambda tx: exit.let_out(tx, departure, "a person let it out"))
        assert isinstance(answer, exit.Cleared), answer
        let_out = answer.ticket
        await self.store.write(lambda tx: exit.close(tx, let_out, out))

    async def _gives_back(self, gone: Ticket) -> None:
        amount = Minor(self.chance.choice((50, 100, 250)))

        def promise(tx: Transaction) -> None:
            with suppress(refunds.Refused):  # it has paid nothing, or not so much
                refunds.promise(tx, ticket(tx.connection, gone.id), amount, "ann", "goodwill")

        await self.store.write(promise)

    async def pay_refunds(self) -> int:
        """Asks for each that is due. Returns how many are still."""
        await self.repayments.go_round()
        return len(await self.store.read(refunds.waiting))

    async def finish(self) -> None:
        """In the evening all answer: what is due is paid, and the provider's report is put beside the books."""
        for _ in range(20):
            if not await self.pay_refunds():
                break
        for till in self.tills:
            await till.stop()
        report = [Line(*line.values()) for line in json.loads(await self.terminal.says(do="report"))]
        self.store.write_now(lambda tx: _reconcile(tx, report))


def run(folder: Path, boot: int, span: tuple[int, int], seed: int, careless: str, *, last: bool) -> None:
    """One life of the lot's process."""
    lot = LotUnderTest(folder, boot, random.Random(seed), careless)

    async def live() -> None:
        await lot.visits(*span)
        await asyncio.sleep(0.1)  # for late answers
        if last:
            await lot.finish()

    asyncio.run(live())
    lot.store.close()


def _reconcile(tx: Transaction, report: list[Line]) -> None:
    found = reconciling.differences(tx.connection, TERMINAL, report, Instant(0), Instant(2**62))
    reconciling.book_missing(tx, TERMINAL, found)


def _stay_of(tx: Transaction, plate: Plate) -> Ticket | None:
    row = tx.connection.execute(
        """SELECT tickets.id FROM tickets JOIN vehicles ON vehicles.id = vehicle_id
           WHERE license_plate = ? AND tickets.status <> 'VOIDED'""",
        (plate,),
    ).fetchone()
    return None if row is None else ticket(tx.connection, TicketId(row["id"]))


def _comes_in(tx: Transaction, plate: Plate) -> None:
    arrival = entry.Arrival(IN, plate, 0.98, VehicleType.REGULAR, Entitlement(None))
    admitted = entry.admit(tx, arrival, TARIFF)
    assert isinstance(admitted, entry.Admitted), admitted
    entry.confirm(tx, admitted.ticket, IN)


def _write_off(tx: Transaction, id: TicketId) -> None:
    with suppress(refunds.Refused):  # nothing is owed
        write_offs.write_off(tx, ticket(tx.connection, id), "ann", "too small")


def _forget_to_post(chance: random.Random) -> None:
    post = ledger.post

    def careless(tx: Transaction, posted: Posting | None, *args: object, **more: object) -> str | None:
        if posted is not None and posted.kind is Kind.PAYMENT and chance.random() < 0.2:
            return None
        return post(tx, posted, *args, **more)  # type: ignore[arg-type]

    ledger.post = careless  # type: ignore[assignment]
