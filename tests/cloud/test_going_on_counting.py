"""A store that was lost in the middle of the day: numbers, drawers, passes and spots go on from where they were."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from edge.parking import entry
from edge.parking.access import coverage
from edge.parking.access.entitlement import Entitlement
from edge.parking.access.permits import Permit
from edge.parking.money import booking, closing, ledger
from edge.parking.money.booking import Receipt
from edge.parking.money.refunds import Refused
from edge.parking.restoring import conclude, steps
from edge.parking.stays.restoring import finish, pending
from edge.store import Transaction
from models.access.passing import Limits
from models.facts import ReceiptIssued, SpotWithdrawn, TicketClosed
from models.ids import PaymentId, PermitId, SpotId, TicketId
from models.ledger.accounts import cash
from models.money import Minor
from models.plates import Plate
from models.spots import VehicleType
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import Mirror
from tests.cloud.test_restoring import LEVELS, a_new_machine, known, restored
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_lot

PASS = Permit(Plate("GUEST1"), id=PermitId("0193e1a0-0000-7000-8000-0000000000aa"), limits=Limits((), None, 2))
BY = "a person"


@pytest.fixture
async def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> AsyncIterator[Mirror]:
    """Of a lot that has closed a day and is in the middle of the next."""
    made = Mirror(a_lot(tmp_path, LEVELS, id=lot.id), database)
    a_day(made.lot)
    await made.catches_up()
    yield made
    made.lot.store.close()


def a_day(lot: Lot) -> None:
    first, second = (lot.enters(f"AB{number}CDE").ticket for number in (1, 2))
    lot.decide(lambda tx: closing.open_shift(tx, OUT, Minor(5000), "EUR", BY))
    lot.decide(lambda tx: pays_in_cash(tx, first))
    lot.decide(lambda tx: closing.close_shift(tx, OUT, Minor(5200), Minor(5000), "EUR", BY))
    lot.clock.forward(minutes=1)  # the ids of one millisecond have no order
    lot.decide(lambda tx: closing.close_day(tx, BY))
    lot.decide(lambda tx: pays_in_cash(tx, second))
    lot.decide(lambda tx: a_receipt(tx, first))
    for _ in range(2):
        comes_on_its_pass(lot)
    spot = SpotId(str(lot.one("SELECT id FROM spots WHERE status = 'AVAILABLE' LIMIT 1")))
    lot.decide(lambda tx: tx.record(SpotWithdrawn(spot=spot, by=BY, reason="wet paint", at=tx.at.wall)))


def pays_in_cash(tx: Transaction, ticket: TicketId) -> None:
    booking.taken(tx, PaymentId(tx.mint()), ticket, Minor(200), "EUR", Receipt(OUT, "cash", "", ""))


def a_receipt(tx: Transaction, ticket: TicketId) -> int:
    number = ledger.count(tx, ledger.RECEIPTS)
    told = {"receipt": tx.mint(), "number": number, "ticket": ticket, "total": 200, "currency": "EUR", "said": "{}"}
    tx.record(ReceiptIssued.model_validate({**told, "at": tx.at.wall}))
    return number


def comes_on_its_pass(lot: Lot) -> None:
    """And leaves again, unseen: what counts is that it was let in."""
    arrival = entry.Arrival(IN, PASS.plate, 0.98, VehicleType.REGULAR, Entitlement(PASS))
    admitted = lot.decide(lambda tx: entry.admit(tx, arrival, TARIFF))
    assert isinstance(admitted, entry.Admitted), admitted
    lot.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
    gone = {"ticket": admitted.ticket, "lane": OUT, "exited": lot.clock.wall, "amount_due": 0, "amount_paid": 0}
    lot.decide(lambda tx: tx.record(TicketClosed.model_validate(gone)))


def drawer(lot: Lot) -> Minor:
    return lot.decide(lambda tx: ledger.held(tx.connection, cash(OUT), "EUR"))


def let_in(lot: Lot) -> int:
    return lot.decide(lambda tx: coverage.used(tx.connection, PASS, None)).entries


async def test_days_shifts_receipts_and_tickets_are_counted_on(mirror: Mirror, tmp_path: Path) -> None:
    a_new_machine(mirror, tmp_path / "new")
    await restored(mirror)
    lot, stay = mirror.lot, mirror.lot.enters("NEW1")
    assert lot.decide(lambda tx: closing.close_day(tx, BY)).number == 2
    assert lot.decide(lambda tx: closing.close_shift(tx, OUT, Minor(0), Minor(0), "EUR", BY)).number == 2
    assert lot.decide(lambda tx: a_receipt(tx, stay.ticket)) == 2
    assert lot.one("SELECT serial FROM tickets WHERE id = ?", stay.ticket) == 5
    await mirror.catches_up()
    assert await mirror.value("SELECT count(*) FROM parked_facts") == 0
    for what in ("day", "shift"):
        numbers = await mirror.database.fetch("SELECT number FROM closings WHERE what = $1 ORDER BY number", what)
        assert [row["number"] for row in numbers] == [1, 2]


async def test_a_drawer_holds_what_it_held_and_what_was_paid_meanwhile(mirror: Mirror, tmp_path: Path) -> None:
    assert drawer(mirror.lot) == 5200
    a_new_machine(mirror, tmp_path / "new")
    lot = mirror.lot
    heard, unheard = lot.enters("NEW1").ticket, lot.enters("NEW2").ticket
    lot.decide(lambda tx: pays_in_cash(tx, heard))
    await mirror.catches_up()  # the cloud has this one in its sums already
    told = await restored_later(mirror, lambda: lot.decide(lambda tx: pays_in_cash(tx, unheard)))
    assert told == 5600
    closed = lot.decide(lambda tx: closing.close_day(tx, BY))
    taken = {total.account: total.amount for total in closed.totals if total.kind == "payment"}
    assert taken[cash(OUT)] == 600, "one payment of before, two of the time when it didn't know its day"
    assert {total.account: total.amount for total in closed.held}[cash(OUT)] == 5600
    assert lot.one("SELECT count(*) FROM ledger_entries WHERE day = 0") == 4, "two payments, two lines each"
    lot.decide(lambda tx: pays_in_cash(tx, heard))
    assert lot.one("SELECT max(day) FROM ledger_entries") == 3


async def restored_later(mirror: Mirror, meanwhile: Callable[[], object]) -> Minor:
    """The cloud has answered, and something happens before the lot has taken the answer over."""
    told = await known(mirror)
    meanwhile()
    for step in steps(told):
        mirror.lot.decide(step)
    was = mirror.lot.decide(lambda tx: pending(tx.connection))
    assert was is not None
    mirror.lot.decide(lambda tx: conclude(tx, was, told, []))
    return drawer(mirror.lot)


async def test_until_it_is_told_nothing_is_closed(mirror: Mirror, tmp_path: Path) -> None:
    a_new_machine(mirror, tmp_path / "new")
    for close in (
        lambda tx: closing.close_day(tx, BY),
        lambda tx: closing.close_shift(tx, OUT, Minor(0), Minor(0), "EUR", BY),
        lambda tx: closing.open_shift(tx, OUT, Minor(0), "EUR", BY),
    ):
        with pytest.raises(Refused, match="store is new"):
            mirror.lot.decide(close)
    assert mirror.lot.one("SELECT count(*) FROM closings") == 0


async def test_a_pass_that_is_used_up_and_a_spot_out_of_service_stay_so(mirror: Mirror, tmp_path: Path) -> None:
    blocked = "SELECT spot_number, blocked FROM spots WHERE blocked IS NOT NULL"
    before = mirror.lot.rows(blocked)
    a_new_machine(mirror, tmp_path / "new")
    assert (let_in(mirror.lot), mirror.lot.rows(blocked)) == (0, [])
    await restored(mirror)
    assert (let_in(mirror.lot), mirror.lot.rows(blocked)) == (2, before)
    arrival = entry.Arrival(IN, PASS.plate, 0.98, VehicleType.REGULAR, Entitlement(PASS))
    right = mirror.lot.decide(lambda tx: coverage.covered(tx, arrival.right, transients=False, by_hand=False))
    assert right != arrival.right, "a third time it lets nobody in"
    await mirror.catches_up()
    assert (await mirror.compares())[1] <= {"parking_lots", "lane_states", "tickets"}


async def test_the_control_without_what_is_counted_begins_at_one_and_lets_the_pass_in_again(
    mirror: Mirror, tmp_path: Path
) -> None:
    a_new_machine(mirror, tmp_path / "new")
    lot = mirror.lot
    was = lot.decide(lambda tx: pending(tx.connection))
    assert was is not None
    lot.decide(lambda tx: finish(tx, was, 1, 0, []))
    assert lot.decide(lambda tx: closing.close_day(tx, BY)).number == 1
    assert (drawer(lot), let_in(lot)) == (0, 0)
    assert lot.one("SELECT serial FROM tickets WHERE id = ?", lot.enters("NEW1").ticket) == 1
