"""A store that was lost: refunds are asked for under their old ids, debts that may be paid yet aren't paid twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from edge.lane.signals import Asked, Read
from edge.parking import valet
from edge.parking.access.permits import Permit
from edge.parking.claims import stay_claimed
from edge.parking.money import booking, charges, debts, refunds
from edge.parking.money.booking import Receipt
from edge.parking.money.charges import Charge, Standing
from edge.parking.stays import moments
from edge.parking.stays.tickets import WithoutStay, open_ticket
from edge.parking.stays.tickets import ticket as find
from edge.parking.tariffs.former import former_stays
from edge.store import Transaction
from models.facts import TicketClosed
from models.ids import PaymentId, TicketId
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import Mirror
from tests.cloud.test_restoring import LEVELS, a_new_machine, known, restored
from tests.edge.lots import OUT, TARIFF, Lot, a_lot

BY = "a person"


@pytest.fixture
def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> Iterator[Mirror]:
    made = Mirror(a_lot(tmp_path, LEVELS, id=lot.id), database)
    yield made
    made.lot.store.close()


def left_paying(lot: Lot, plate: str) -> TicketId:
    ticket = lot.enters(plate).ticket
    paid = Receipt(OUT, "terminal", "simulated", "token")
    lot.decide(lambda tx: booking.taken(tx, PaymentId(tx.mint()), ticket, Minor(500), "EUR", paid))
    gone = {"ticket": ticket, "lane": OUT, "exited": lot.clock.wall, "amount_due": 500, "amount_paid": 500}
    lot.decide(lambda tx: tx.record(TicketClosed.model_validate(gone)))
    return ticket


def promised(tx: Transaction, ticket: TicketId) -> refunds.Due:
    return refunds.promise(tx, find(tx.connection, ticket), Minor(200), BY, "the arm was stuck")


def waiting(lot: Lot) -> list[str]:
    return [due.refund for due in lot.decide(lambda tx: refunds.waiting(tx.connection))]


async def test_a_refund_is_asked_for_under_its_old_id_and_what_is_over_is_not(mirror: Mirror, tmp_path: Path) -> None:
    stays = [left_paying(mirror.lot, plate) for plate in ("DUE1", "PAID1", "DENIED1")]
    due, paid, denied = (mirror.lot.decide(lambda tx, stay=stay: promised(tx, stay)) for stay in stays)
    mirror.lot.decide(lambda tx: refunds.paid(tx, paid, "token"))
    mirror.lot.decide(lambda tx: refunds.declined(tx, denied))
    await mirror.catches_up()
    a_new_machine(mirror, tmp_path / "new")
    assert waiting(mirror.lot) == [], "without being told, a person would promise it again under another id"
    await restored(mirror)
    assert waiting(mirror.lot) == [due.refund]
    with pytest.raises(refunds.Refused, match="can be given back"):
        mirror.lot.decide(lambda tx: refunds.promise(tx, find(tx.connection, stays[0]), Minor(400), BY, "again"))
    assert mirror.lot.decide(lambda tx: refunds.paid(tx, due, "token"))
    again = mirror.lot.decide(lambda tx: promised(tx, stays[2]))
    assert again.refund != denied.refund
    await mirror.catches_up()
    assert await mirror.value("SELECT count(*) FROM parked_facts") == 0
    told = [refund.refund for one in await known(mirror) for stay in one.stays for refund in stay.refunds]
    assert told == [again.refund]


def given_up(tx: Transaction, ticket: TicketId) -> Charge:
    charge = Charge(PaymentId(tx.mint()), ticket, Minor(500), "EUR", moments.now(tx), OUT, "simulated")
    charges.await_answer(tx, charge)
    assert charges.give_up(tx, OUT, charge, "no answer")
    return charge


@pytest.mark.parametrize("said_who", [True, False])
async def test_a_debt_that_may_be_paid_yet_is_asked_about_and_not_asked_for(
    mirror: Mirror, tmp_path: Path, said_who: bool
) -> None:
    ticket = mirror.lot.enters("OWES1").ticket
    charge = mirror.lot.decide(lambda tx: given_up(tx, ticket))
    await mirror.catches_up()
    if not said_who:  # the control: as it was before the fact said who may take it yet
        await mirror.database.execute("UPDATE payments SET provider = NULL")
    a_new_machine(mirror, tmp_path / "new")
    await restored(mirror)
    unresolved = mirror.lot.decide(lambda tx: charges.unresolved(tx, OUT, 10))
    assert [each.charge.payment for each in unresolved] == ([charge.payment] if said_who else [])
    assert mirror.lot.decide(lambda tx: debts.owes(tx.connection, Plate("OWES1"))) is not said_who
    taken = Receipt(OUT, "terminal", "simulated", "token")
    for each in unresolved:
        assert mirror.lot.decide(lambda tx, each=each: charges.book(tx, each.charge, taken)) is Standing.GIVEN_UP
        assert mirror.lot.rows("SELECT status, amount FROM payments") == [("TAKEN", 500)]


async def test_keys_hang_where_they_hung_and_drivers_wait_in_their_order(mirror: Mirror, tmp_path: Path) -> None:
    codes = [taken_over(mirror.lot, tag) for tag in ("0", "1", "2")]
    for number in (2, 0):
        mirror.lot.clock.forward(minutes=1)
        mirror.lot.decide(lambda tx, code=codes[number]: valet.call(tx, code, "ticket", BY))
    before = kept(mirror.lot)
    await mirror.catches_up()
    a_new_machine(mirror, tmp_path / "new")
    assert kept(mirror.lot) == []
    await restored(mirror)
    assert kept(mirror.lot) == before
    mirror.lot.decide(lambda tx: valet.call(tx, codes[1], "ticket", BY))
    assert [tag for tag, _, _ in kept(mirror.lot)] == ["2", "0", "1"]
    assert mirror.lot.decide(lambda tx: valet.fetch(tx, None, BY)).code == codes[2]
    await mirror.catches_up()
    assert await mirror.value("SELECT count(*) FROM parked_facts") == 0


def taken_over(lot: Lot, tag: str) -> str:
    code = lot.decide(lambda tx: valet.take(tx, tag, BY, TARIFF, None, VehicleType.REGULAR, None)).code
    lot.decide(lambda tx: valet.park(tx, tag, "R6" if tag == "0" else "yard", BY))
    return code


def kept(lot: Lot) -> list[tuple[str, str, str | None]]:
    found = lot.decide(lambda tx: valet.kept(tx.connection, 1, lot.clock.wall))
    return [(each.tag, each.state.value, each.place) for each in found]


async def test_who_left_lately_comes_again_on_the_same_stay(mirror: Mirror, tmp_path: Path) -> None:
    left = left_paying(mirror.lot, "AGAIN1")
    mirror.lot.clock.forward(minutes=5)
    mirror.lot.enters("AGAIN1")
    await mirror.catches_up()
    a_new_machine(mirror, tmp_path / "new")
    await restored(mirror)

    def former(tx: Transaction) -> list[Minor]:
        stay = open_ticket(tx.connection, Plate("AGAIN1"))
        assert stay is not None
        return [each.paid for each in former_stays(tx, stay, moments.now(tx))]

    assert mirror.lot.decide(former) == [500]
    assert mirror.lot.one("SELECT status FROM tickets WHERE id = ?", left) == "COMPLETED"


async def test_a_permit_leaves_a_lot_that_waits_to_be_told_who_is_inside(mirror: Mirror, tmp_path: Path) -> None:
    permit = Permit(Plate("PERMIT1"))

    def leaves() -> object:
        asked = Asked(Read(permit.plate, 1.0))
        return mirror.lot.decide(lambda tx: stay_claimed(tx, OUT, asked, {permit.plate: permit}))

    mirror.lot.enters("OTHER1")
    await mirror.catches_up()
    assert leaves() is Refusal.PASSBACK
    a_new_machine(mirror, tmp_path / "new")
    assert leaves() == WithoutStay()
    await restored(mirror)
    assert leaves() is Refusal.PASSBACK
