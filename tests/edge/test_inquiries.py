"""Whoever took money and couldn't say so is asked what became of it: it pays once, and nobody is charged twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.contract import Charged, DriverContext
from drivers.far_book import FarBook
from drivers.simulated_terminal import SimulatedTerminal, SimulatedTerminalSettings, Trouble
from edge.parking import entry, exit
from edge.parking.money import debts
from edge.parking.money.inquiries import Inquiries
from edge.parking.money.policy import AboveCeiling, DebtsAtExit, PaymentPolicy, WhenUnreachable
from edge.parking.money.till import Till
from edge.parking.stays.tickets import Ticket, open_ticket, ticket
from models.ids import PaymentId, TicketId
from models.instants import Instant
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from tests.drivers.conftest import Notebook
from tests.edge.lots import IN, OUT, TARIFF, HandClock, Lot, a_lot
from tests.edge.test_store import tables_agree_with_facts

PLATE = Plate("AB12CDE")
EVER = Instant(2**62)


@dataclass
class Place:
    """A lot with an exit, whose terminal keeps its books in a file of its own."""

    lot: Lot
    folder: Path
    tills: dict[str, Till]

    def terminal(self, book: str = "far.sqlite", **said: object) -> SimulatedTerminal:
        settings = SimulatedTerminalSettings.model_validate({"delay": 0, "book": self.folder / book, **said})
        return settings.build(DriverContext("out.payment_terminal", self.lot.clock, Notebook()))

    def till(self, terminal: object, name: str = OUT, policy: PaymentPolicy | None = None) -> Till:
        return Till(terminal, self.lot.store, self.lot.clock, name, policy or PaymentPolicy(), self.tills)  # type: ignore[arg-type]

    def breaks_off(self, *, taken: bool) -> Till:
        trouble = Trouble.TAKES_AND_BREAKS_OFF if taken else Trouble.BREAKS_OFF
        return self.till(self.terminal(troubles=(trouble,), trouble_permille=1000))

    def leaves(self, till: Till, plate: Plate | None = PLATE, *, seen: bool = True, alone: str = "") -> object:
        departure = exit.Departure(
            OUT,
            lambda tx: open_ticket(tx.connection, PLATE) or Refusal.NO_TICKET,
            "exact",
            plate if seen else None,
            alone,
        )
        return asyncio.run(exit.clear(self.lot.store, till, departure))

    def goes_out(self, cleared: object) -> None:
        assert isinstance(cleared, exit.Cleared)
        self.lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))

    def asks(self, till: Till) -> int:
        return asyncio.run(Inquiries({till.name: till}, self.lot.store, self.lot.clock).go_round())

    def payments(self) -> list[tuple[object, ...]]:
        return self.lot.rows("SELECT amount, status FROM payments ORDER BY rowid")

    def paid(self) -> int:
        return sum(int(str(amount)) for amount, status in self.payments() if status == "TAKEN")

    def in_the_far_book(self, book: str = "far.sqlite") -> int:
        return sum(line.amount for line in FarBook(self.folder / book).report(Instant(0), EVER))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    lot = a_lot(tmp_path, clock=HandClock())
    lot.enters(PLATE)
    yield Place(lot, tmp_path, {})
    assert tables_agree_with_facts(lot.path)


# --- fate unknown ---


def test_money_taken_by_a_terminal_that_broke_off_pays_the_debt_once(place: Place) -> None:
    cleared = place.leaves(place.breaks_off(taken=True))
    place.goes_out(cleared)
    assert place.payments() == [(250, "UNCOLLECTED")]
    after_restart = place.till(place.terminal())
    assert (place.asks(after_restart), place.asks(after_restart)) == (1, 0)
    assert place.payments() == [(250, "TAKEN")]
    assert place.lot.rows("SELECT provider, method FROM payments") == [("simulated", "terminal")]
    assert place.paid() == place.in_the_far_book() == 250


def test_what_never_was_taken_stays_a_debt_and_is_asked_about_no_more(place: Place) -> None:
    place.leaves(place.breaks_off(taken=False))
    till = place.till(place.terminal())
    assert (place.asks(till), place.asks(till)) == (1, 0)
    assert (place.payments(), place.in_the_far_book()) == ([(250, "UNCOLLECTED")], 0)


def test_a_charge_that_a_dead_daemon_left_behind_is_asked_about_at_the_start(place: Place) -> None:
    """Nobody stands at the arm any more: what was taken counts, and the vehicle is still inside."""

    class Dies(SimulatedTerminal):
        async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
            await super().charge(payment, amount, currency)
            raise SystemExit

    with pytest.raises(SystemExit):
        place.leaves(
            place.till(
                Dies(
                    SimulatedTerminalSettings(delay=0, book=place.folder / "far.sqlite"),
                    DriverContext("t", place.lot.clock, Notebook()),
                )
            )
        )
    assert place.lot.one("SELECT till FROM charges") == OUT
    assert place.asks(place.till(place.terminal())) == 1
    assert (place.payments(), place.lot.one("SELECT count(*) FROM charges")) == ([(250, "TAKEN")], 0)


def test_another_terminal_takes_nothing_while_the_first_may_have_taken_it(place: Place) -> None:
    place.till(place.terminal(), "other-out")
    first = place.terminal()

    class Elsewhere(SimulatedTerminal):
        provider = "another bank"

    gone = asyncio.Event()
    gone.set()
    # The driver goes away from the first terminal, which takes the money all the same.
    departure = exit.Departure(OUT, lambda tx: open_ticket(tx.connection, PLATE) or Refusal.NO_TICKET, "exact", PLATE)
    till = place.till(first, "first-out")

    async def goes_away() -> object:
        answer = await exit.clear(place.lot.store, till, departure, gone)
        await till.stop()
        return answer

    asyncio.run(goes_away())
    asked = place.lot.one("SELECT payment_id FROM charges")
    if asked is not None:
        asyncio.run(first.charge(PaymentId(str(asked)), Minor(250), "EUR"))
    other = Elsewhere(
        SimulatedTerminalSettings(delay=0, book=place.folder / "other.sqlite"),
        DriverContext("t", place.lot.clock, Notebook()),
    )
    assert isinstance(place.leaves(place.till(other, "second-out")), exit.Cleared)
    assert (place.paid(), place.in_the_far_book(), place.in_the_far_book("other.sqlite")) == (250, 250, 0)


# --- debts of former stays ---


def came_back_owing(place: Place) -> None:
    place.goes_out(place.leaves(place.till(place.terminal(answer="unreachable"))))
    place.lot.clock.forward(hours=20)
    place.lot.enters(PLATE)


def test_fee_and_debt_are_asked_for_together_and_each_is_booked_to_its_own_ticket(place: Place) -> None:
    came_back_owing(place)
    cleared = place.leaves(place.till(place.terminal()))
    assert isinstance(cleared, exit.Cleared)
    assert place.payments() == [(250, "TAKEN"), (250, "TAKEN")]
    assert place.lot.rows("SELECT amount_paid FROM tickets") == [(250,), (250,)]
    book = FarBook(place.folder / "far.sqlite").report(Instant(0), EVER)
    assert [line.amount for line in book] == [500]
    assert place.lot.rows("SELECT DISTINCT charge_id FROM payments") == [(book[0].payment,)]


@pytest.mark.parametrize("how", ["another plate was read", "no plate was read", "the lot leaves debts"])
def test_a_debt_is_asked_for_only_of_exactly_its_plate_and_by_policy(place: Place, how: str) -> None:
    came_back_owing(place)
    policy = PaymentPolicy(debts_at_exit=DebtsAtExit.LEAVE) if how == "the lot leaves debts" else None
    till = place.till(place.terminal(), policy=policy)
    place.leaves(till, Plate("AB12CDF") if how == "another plate was read" else PLATE, seen=how != "no plate was read")
    assert sorted(place.payments()) == [(250, "TAKEN"), (250, "UNCOLLECTED")]


def test_a_debt_that_a_terminal_may_have_taken_is_not_asked_for_again(place: Place) -> None:
    place.goes_out(place.leaves(place.breaks_off(taken=True)))
    place.lot.clock.forward(hours=20)
    place.lot.enters(PLATE)
    till = place.till(place.terminal())
    place.leaves(till)
    assert place.in_the_far_book() == 500
    place.asks(till)
    assert place.payments() == [(250, "TAKEN"), (250, "TAKEN")]


def test_fee_and_debt_whose_fate_is_unknown_are_both_paid_once_it_is_known(place: Place) -> None:
    came_back_owing(place)
    place.goes_out(place.leaves(place.breaks_off(taken=True)))
    assert place.payments() == [(250, "UNCOLLECTED"), (250, "UNCOLLECTED")]
    stay = _last(place)
    assert not place.lot.decide(lambda tx: debts.of_former_stays(tx.connection, stay))
    place.asks(place.till(place.terminal()))
    assert place.payments() == [(250, "TAKEN"), (250, "TAKEN")]
    assert place.paid() == place.in_the_far_book()


def test_a_plate_with_debts_is_refused_at_the_entry_if_the_lot_says_so(place: Place) -> None:
    place.goes_out(place.leaves(place.till(place.terminal(answer="unreachable"))))
    arrival = entry.Arrival(IN, PLATE, 0.98, VehicleType.REGULAR, debtors_refused=True)
    assert place.lot.decide(lambda tx: entry.admit(tx, arrival, TARIFF)) is Refusal.DEBTS_OPEN


# --- no bank ---


LATER = PaymentPolicy(when_unreachable=WhenUnreachable.AUTHORISE_LATER, stay_ceiling=Minor(300), lot_ceiling=Minor(400))


@pytest.mark.parametrize("confirms", [True, False])
def test_what_is_stored_off_line_is_confirmed_later_or_stays_a_debt(place: Place, confirms: bool) -> None:
    place.goes_out(place.leaves(place.till(place.terminal(answer="unreachable", stores=True), policy=LATER)))
    assert place.payments() == [(250, "UNCOLLECTED")]
    assert place.lot.one("SELECT authorised FROM charges_given_up") == 1
    assert str(place.lot.one("SELECT reference FROM payments")).startswith("SIM-")
    assert place.asks(place.till(place.terminal(answer="unreachable", stores=True))) == 0
    assert place.asks(place.till(place.terminal(confirms=confirms))) == 1
    assert place.payments() == [(250, "TAKEN" if confirms else "UNCOLLECTED")]
    assert place.lot.one("SELECT count(*) FROM charges_given_up") == 0


def test_above_the_ceiling_a_person_is_called_or_it_is_a_debt(place: Place) -> None:
    policy = PaymentPolicy(
        when_unreachable=WhenUnreachable.AUTHORISE_LATER,
        stay_ceiling=Minor(200),
        lot_ceiling=Minor(400),
        above_ceiling=AboveCeiling.PERSON,
    )
    till = place.till(place.terminal(answer="unreachable", stores=True), policy=policy)
    assert place.leaves(till) is Refusal.NEEDS_PERSON
    assert place.leaves(till) is Refusal.NEEDS_PERSON
    told = place.lot.rows("SELECT body FROM journal WHERE type = 'payment.person_needed'")
    assert len(told) == 1, "told once, not each time that the lane asks"
    assert isinstance(place.leaves(till, alone="no person came"), exit.Cleared)
    assert place.payments() == [(250, "UNCOLLECTED")]


def _last(place: Place) -> Ticket:
    id = TicketId(str(place.lot.one("SELECT id FROM tickets ORDER BY rowid DESC LIMIT 1")))
    return place.lot.decide(lambda tx: ticket(tx.connection, id))
