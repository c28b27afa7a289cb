"""A vehicle leaves whose plate is exactly nobody's: what the exit's desk does, and what never happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from drivers.contract import ChargeOutcome
from edge.lane.actions import Decide
from edge.lane.signals import Allowed, Asked, Button, Code, Guess, Presence, Pressed, Question, Read, Refused
from edge.parking import exit
from edge.parking.access.lists import Lists
from edge.parking.access.permits import Permit
from edge.parking.bills import bill
from edge.parking.codes_shown import CodeDesk
from edge.parking.desks import ExitDesk
from edge.parking.matching import known, lookalikes
from edge.parking.matching.known import Listed
from edge.parking.matching.lookalikes import LetOut, Lookalikes
from edge.parking.matching.rules import Ruled, Ruling
from edge.parking.money import booking, debts
from edge.parking.money.booking import Receipt
from edge.parking.stays import moments
from edge.parking.stays.lost import declare_lost
from edge.parking.stays.restoring import want
from edge.parking.stays.tickets import open_ticket
from edge.parking.stays.word import Word
from edge.store import Transaction
from models.access.barred import Barred, BarredAction
from models.ids import LaneName, PaymentId, TicketId
from models.money import Minor
from models.phrases.phrase import Phrase
from models.plates import Plate, RunnerUp, SeenPlate
from models.refusals import Refusal
from models.tickets import Direction
from tests.edge.lanes import a_quiet_lane
from tests.edge.lots import OUT, Lot, a_lot
from tests.edge.test_desks import Terminal, let_through, matches, the_entry
from tests.edge.test_store import tables_agree_with_facts

INSIDE, SEEN, STRANGER = Plate("AB12CDB"), Plate("AB12CD8"), Plate("KL55XYZ")
PICTURE = "5a" * 32
ASKED = Refused(Refusal.NO_TICKET, "You came 12:06? AB12CD*", Question(INSIDE, "AB12CD*", "You came 12:06? AB12CD*"))
TOLD = Refused(Refusal.NO_TICKET, Phrase.SCAN_YOUR_TICKET)


def a_read(plate: Plate = SEEN, *others: Plate) -> Read:
    """Not sure of its last character."""
    sure = (0.99,) * (len(plate) - 1)
    return Read(plate, 0.6, seen=SeenPlate(plate, (*sure, 0.6), tuple(RunnerUp(other, 0.3) for other in others)))


@dataclass
class Exit:
    lot: Lot
    desk: ExitDesk
    terminal: Terminal

    def asks(self, read: Read, *, denied: frozenset[Plate] = frozenset()) -> Allowed | Refused:
        return asyncio.run(self.desk.decide(Asked(read, plate=read.plate, denied=denied)))

    def hears_yes(self, plate: Plate = INSIDE, read: Plate = SEEN) -> Allowed | Refused:
        """The driver said that this plate is theirs, though `read` was read."""
        said = replace(a_read(read), plate=plate, by_driver=True)
        return asyncio.run(self.desk.decide(Asked(said, plate=read)))

    @property
    def facts(self) -> list[object]:
        return [row[0] for row in self.lot.rows("SELECT type FROM journal ORDER BY seq")]

    def told(self, type: str) -> list[dict[str, object]]:
        rows = self.lot.rows("SELECT body FROM journal WHERE type = ? ORDER BY seq", type)
        return [json.loads(str(row[0])) for row in rows]


def an_exit(
    lot: Lot,
    *,
    listed: Listed | None = None,
    asks: bool = True,
    let_out: LetOut = LetOut.ALONE,
    outcome: ChargeOutcome = ChargeOutcome.TAKEN,
    permits: Mapping[Plate, Permit] | None = None,
) -> Exit:
    terminal = Terminal(outcome)
    lot.clock.forward(minutes=2)
    seeks = Lookalikes(
        OUT, lot.store, lot.clock, listed or Listed(), asks, let_out, "Europe/Berlin", picture=lambda: PICTURE
    )
    desk = ExitDesk(OUT, lot.store, lot.till(terminal), permits or {}, lookalikes=seeks, picture=lambda: PICTURE)
    return Exit(lot, desk, terminal)


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    lot = a_lot(tmp_path)
    lot.enters(STRANGER)
    return lot


def prepaid(lot: Lot, plate: Plate = INSIDE) -> TicketId:
    """Inside, and it owes nothing for the next minutes."""
    ticket = lot.enters(plate).ticket
    lot.decide(lambda tx: pays(tx, ticket))
    return ticket


def pays(tx: Transaction, ticket: TicketId) -> None:
    due = bill(tx, ticket, moments.now(tx))
    booking.taken(
        tx, PaymentId(tx.mint()), ticket, due.owed, "EUR", Receipt(LaneName("station"), "terminal", "sumup", "T-0")
    )
    exit.settle(tx, LaneName("station"), bill(tx, ticket, due.until))


# --- found ---


def test_a_vehicle_that_owes_nothing_leaves_on_a_plate_that_looks_like_its_own(lot: Lot) -> None:
    ticket, at = prepaid(lot), an_exit(lot)
    assert let_through(at.asks(a_read())).ticket == ticket
    assert (matches(lot), at.terminal.asked) == (["alike"], [])
    assert lot.one("SELECT exit_match FROM tickets WHERE id = ?", ticket) == "alike"
    assert "plate.differed" in at.facts, "what was read stands beside it"
    lot.decide(at.desk.confirm(ticket))
    assert lot.rows("SELECT status, exit_picture FROM tickets WHERE id = ?", ticket) == [("COMPLETED", PICTURE)]
    assert tables_agree_with_facts(lot.path)


def test_exactly_its_plate_goes_before_any_likeness(lot: Lot) -> None:
    prepaid(lot)
    exact = prepaid(lot, SEEN)
    assert let_through(an_exit(lot).asks(a_read())).ticket == exact
    assert matches(lot) == ["exact"]


def test_a_driver_who_owes_is_asked_before_anything_is_charged(lot: Lot) -> None:
    ticket, at = lot.enters(INSIDE).ticket, an_exit(lot)
    assert at.asks(a_read()) == ASKED
    assert at.terminal.asked == []
    assert not {"payment.taken", "payment.uncollected", "exit.allowed", "exit.doubted"} & set(at.facts)
    assert let_through(at.hears_yes()).ticket == ticket
    assert (at.terminal.asked, matches(lot)) == ([250], ["alike"])
    assert at.told("exit.allowed")[0]["confirmed"] is True


def test_nobody_is_charged_on_a_likeness_alone_control(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rules gone, the stay of somebody who was never asked is charged: the test above can fail."""
    monkeypatch.setattr(lookalikes, "ruled", lambda *_, **__: Ruled(Ruling.BY_ITSELF))
    lot.enters(INSIDE)
    at = an_exit(lot)
    let_through(at.asks(a_read()))
    assert at.terminal.asked == [250]


@pytest.mark.parametrize("outcome", [ChargeOutcome.UNREACHABLE, ChargeOutcome.DECLINED, ChargeOutcome.STORED])
def test_no_debt_and_no_stored_payment_is_made_before_the_driver_said_yes(lot: Lot, outcome: ChargeOutcome) -> None:
    lot.enters(INSIDE)
    at = an_exit(lot, outcome=outcome)
    assert at.asks(a_read()) == ASKED
    assert lot.one("SELECT count(*) FROM payments") == lot.one("SELECT count(*) FROM charges") == 0
    answer = at.hears_yes()
    assert at.terminal.asked == [250]
    assert isinstance(answer, Refused) is (outcome is ChargeOutcome.DECLINED)


def test_debts_of_former_stays_are_never_asked_for_on_a_likeness(lot: Lot) -> None:
    lot.enters(INSIDE)
    lot.leaves(INSIDE, Terminal(ChargeOutcome.UNREACHABLE))
    lot.decide(lambda tx: exit.close(tx, open_stay(tx, INSIDE), OUT))
    lot.clock.forward(hours=5)
    lot.enters(INSIDE)
    at = an_exit(lot)
    assert isinstance(at.asks(a_read()), Refused)
    let_through(at.hears_yes())
    assert at.terminal.asked == [250], "the fee, and not the 2.50 of before"


def open_stay(tx: Transaction, plate: Plate) -> TicketId:
    stay = open_ticket(tx.connection, plate)
    assert stay is not None
    return stay.id


def test_what_a_machine_may_not_take_needs_a_person_though_the_driver_said_yes(lot: Lot) -> None:
    prepaid(lot)
    at = an_exit(lot, let_out=LetOut.ASK)
    answer = at.asks(a_read())
    assert isinstance(answer, Refused)
    assert answer.question is not None, "a lot that always asks"
    assert let_through(at.hears_yes()).ticket is not None


# --- not found ---


def test_a_lot_that_lets_nobody_out_on_a_likeness_does_as_ever(lot: Lot) -> None:
    prepaid(lot)
    at = an_exit(lot, let_out=LetOut.NEVER)
    assert at.asks(a_read()) == Refused(Refusal.NO_TICKET)
    assert at.hears_yes() == Refused(Refusal.NO_TICKET)
    assert "exit.doubted" not in at.facts


def test_a_stranger_is_refused_as_ever_and_nothing_is_put_on_record(lot: Lot) -> None:
    prepaid(lot)
    at, before = an_exit(lot), lot.one("SELECT count(*) FROM journal")
    assert at.asks(a_read(Plate("WX77QQQ"))) == Refused(Refusal.NO_TICKET)
    assert lot.one("SELECT count(*) FROM journal") == before


def test_where_nobody_can_be_asked_who_owes_shows_the_ticket_and_a_person_hears_of_it_once(lot: Lot) -> None:
    ticket = lot.enters(INSIDE).ticket
    at = an_exit(lot, asks=False)
    assert [at.asks(a_read()) for _ in range(3)] == [TOLD] * 3
    [doubt] = at.told("exit.doubted")
    assert (doubt["why"], doubt["denied"], doubt["picture"]) == ("owes", False, PICTURE)
    among = doubt["among"]
    assert isinstance(among, list)
    assert [one["ticket"] for one in among] == [ticket]
    assert SEEN not in json.dumps(doubt), "the plate stands beside what is hashed"
    assert let_through(asyncio.run(at.desk.decide(Asked(Code(code_of(lot, ticket)), plate=SEEN)))).ticket == ticket


def code_of(lot: Lot, ticket: TicketId) -> str:
    return str(lot.one("SELECT code FROM tickets WHERE id = ?", ticket))


def test_where_nobody_can_be_asked_who_owes_nothing_leaves_all_the_same(lot: Lot) -> None:
    ticket = prepaid(lot)
    assert let_through(an_exit(lot, asks=False).asks(a_read())).ticket == ticket


def test_a_no_leads_to_the_ticket_and_to_no_charge(lot: Lot) -> None:
    lot.enters(INSIDE)
    at = an_exit(lot)
    assert at.asks(a_read()) == ASKED
    assert at.asks(a_read(), denied=frozenset({INSIDE})) == TOLD
    assert (at.terminal.asked, at.told("exit.doubted")[0]["denied"]) == ([], True)


def test_a_yes_to_what_nobody_asked_about_opens_nothing(lot: Lot) -> None:
    """Whatever comes as the driver's word, the plate has to look like the one that was read there."""
    lot.enters(INSIDE)
    at = an_exit(lot)
    assert at.hears_yes(STRANGER) == TOLD
    assert at.hears_yes(INSIDE, Plate("WX77QQQ")) == Refused(Refusal.NO_TICKET)
    assert at.terminal.asked == []


def test_what_is_listed_is_never_found_by_a_likeness(lot: Lot) -> None:
    prepaid(lot)
    by_plate = {
        "a permit's stay": Listed(permit=lambda plate: plate == INSIDE),
        "a permit was read": Listed(permit=lambda plate: plate == SEEN),
        "a barred stay": Listed(lists=Bars(INSIDE)),
        "a barred plate was read": Listed(lists=Bars(SEEN)),
    }
    for what, listed in by_plate.items():
        at = an_exit(lot, listed=listed)
        assert at.asks(a_read()) == TOLD, what
        assert at.hears_yes() == TOLD, what
        assert at.terminal.asked == [], what
    assert matches(lot) == []


class Bars:
    """A list with one plate."""

    def __init__(self, plate: Plate) -> None:
        self._plate = plate

    def barred(self, plates: object) -> Barred | None:
        return Barred("b", "unpaid", BarredAction.REFUSE, None) if self._plate in list(plates) else None  # type: ignore[call-overload]

    def in_hours(self, permit: Permit) -> bool:
        return True

    def account_limit(self, account: str | None) -> int | None:
        return None


_LISTS: type[Lists] = Bars


@pytest.mark.parametrize("column", ["permit_id", "account", "reservation_id"])
def test_a_stay_on_somebodys_right_is_never_found_by_a_likeness(lot: Lot, column: str) -> None:
    ticket = prepaid(lot)
    lot.decide(lambda tx: tx.connection.execute(f"UPDATE tickets SET {column} = 'x' WHERE id = ?", (ticket,)))
    at = an_exit(lot)
    assert at.asks(a_read()) == TOLD
    assert at.told("exit.doubted")[0]["why"] == "by_right"


def test_a_lost_ticket_is_its_drivers_and_not_anybodys_who_looks_like_it(lot: Lot) -> None:
    ticket = prepaid(lot)
    lot.decide(lambda tx: declare_lost(tx, code_of(lot, ticket), None, Word("ann", "says so")))
    assert an_exit(lot).asks(a_read()) == TOLD


def test_a_stay_that_another_lane_is_letting_out_is_left_alone(lot: Lot) -> None:
    ticket = prepaid(lot)
    lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET exit_lane = 'east' WHERE id = ?", (ticket,)))
    assert an_exit(lot).asks(a_read()) == TOLD


def test_two_that_look_like_it_are_asked_about_one_after_the_other(lot: Lot) -> None:
    prepaid(lot)
    prepaid(lot, Plate("AB12CD3"))
    at = an_exit(lot)
    read = Read(SEEN, 0.6, seen=SeenPlate(SEEN))
    first = at.asks(read)
    if isinstance(first, Refused) and first.question is not None:
        second = at.asks(read, denied=frozenset({first.question.plate}))
        assert isinstance(second, Refused)
    assert matches(lot) == [], "neither of the two leaves by itself"


# --- at an entry ---


def test_at_an_entry_a_plate_that_looks_like_one_inside_is_another_vehicle(lot: Lot) -> None:
    lot.enters(INSIDE)
    allowed = let_through(asyncio.run(the_entry(lot).decide(Asked(a_read(), plate=SEEN))))
    assert allowed.ticket is not None
    assert lot.one("SELECT count(*) FROM tickets WHERE status IN ('ACTIVE', 'ADMITTED')") == 3


# --- its own vehicle comes, and somebody has left with its ticket ---


def test_who_comes_to_an_exit_after_another_left_as_them_gets_a_person_at_once(lot: Lot) -> None:
    ticket, at = prepaid(lot), an_exit(lot)
    let_through(at.asks(a_read()))
    lot.decide(at.desk.confirm(ticket))
    assert [at.asks(Read(INSIDE, 0.99)) for _ in range(3)] == [Refused(Refusal.NO_TICKET)] * 3
    assert [(one["kind"], one["ticket"]) for one in at.told("ticket.suspected")] == [("matched_wrongly", ticket)]
    assert len(at.told("help.called")) == 1
    assert lot.rows("SELECT kind, ticket_id FROM ticket_suspicions") == [("matched_wrongly", ticket)]


def test_the_ticket_of_a_stay_that_another_ended_says_the_same(lot: Lot) -> None:
    ticket, at = prepaid(lot), an_exit(lot)
    let_through(at.asks(a_read()))
    lot.decide(at.desk.confirm(ticket))
    shown = Asked(Code(code_of(lot, ticket)), plate=INSIDE)
    assert asyncio.run(at.desk.decide(shown)) == Refused(Refusal.TICKET_USED)
    assert [one["kind"] for one in at.told("ticket.suspected")] == ["matched_wrongly"]


def test_a_stay_that_ended_by_exactly_its_plate_is_nobodys_case(lot: Lot) -> None:
    ticket, at = prepaid(lot), an_exit(lot)
    let_through(at.asks(Read(INSIDE, 0.99)))
    lot.decide(at.desk.confirm(ticket))
    assert at.asks(Read(INSIDE, 0.99)) == Refused(Refusal.NO_TICKET)
    assert at.told("ticket.suspected") == []


# --- what else counts ---


def test_a_question_forgives_no_wrong_codes(lot: Lot) -> None:
    lot.enters(INSIDE)
    at = an_exit(lot)
    at.desk = replace(at.desk, codes=CodeDesk(lot.clock))
    shown = [asyncio.run(at.desk.decide(Asked(Code(f"wrong {number}"), plate=SEEN))) for number in range(4)]
    assert shown == [Refused(Refusal.NO_SUCH_TICKET)] * 4
    assert at.asks(a_read()) == ASKED
    assert asyncio.run(at.desk.decide(Asked(Code("another"), plate=SEEN))) == Refused(Refusal.TOO_MANY_CODES)


def test_a_guess_of_the_camera_says_how_it_was_seen() -> None:
    seen = SeenPlate(SEEN, (0.6,) * 7, (RunnerUp(INSIDE, 0.4),))
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), Guess(SEEN, 0.6, seen), Pressed(Button.CONFIRM))
    assert story.asked(Decide)[-1].asked.credential == Read(SEEN, 0.6, by_driver=True, seen=seen)


def test_a_new_store_that_was_not_told_yet_who_is_inside_lets_nobody_out_by_a_likeness(lot: Lot) -> None:
    """The vehicle's own stay may be one of which only the cloud knows."""
    ticket, at = prepaid(lot), an_exit(lot)
    lot.decide(lambda tx: want(tx, "new"))
    assert at.asks(a_read()) == TOLD
    assert at.hears_yes() == TOLD
    assert at.told("exit.doubted")[0]["why"] == "new_store"
    lot.decide(lambda tx: tx.connection.execute("UPDATE restorations SET ended_at = ?", (tx.at.wall,)))
    assert let_through(at.asks(a_read())).ticket == ticket


def test_who_owes_nothing_as_far_as_anybody_knows_is_asked_first(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket, at = prepaid(lot), an_exit(lot)
    monkeypatch.setattr(known, "bill", lambda *all: replace(bill(*all), certain=False))
    answer = at.asks(a_read())
    assert isinstance(answer, Refused)
    assert answer.question is not None
    monkeypatch.undo()
    assert let_through(at.asks(a_read())).ticket == ticket


@pytest.mark.parametrize("first", [None, PICTURE])
def test_the_picture_of_the_next_vehicle_is_nobody_elses(lot: Lot, first: str | None) -> None:
    """It has come onto the loop by the time that the one before is through."""
    ticket, at = prepaid(lot), an_exit(lot)
    stands = [first]
    desk = replace(at.desk, picture=lambda: stands[-1])
    let_through(asyncio.run(desk.decide(Asked(Read(INSIDE, 0.99), plate=INSIDE))))
    stands.append("99" * 32)
    lot.decide(desk.confirm(ticket))
    assert lot.one("SELECT exit_picture FROM tickets WHERE id = ?", ticket) == first


# --- what it left unpaid ---


def comes_again(lot: Lot, at: Exit) -> list[Minor]:
    """What its driver is asked for at the next exit, by exactly its plate."""
    lot.enters(INSIDE)
    lot.clock.forward(minutes=2)
    at.terminal.outcome = ChargeOutcome.TAKEN
    asked = len(at.terminal.asked)
    let_through(at.asks(Read(INSIDE, 0.99)))
    return at.terminal.asked[asked:]


@pytest.mark.parametrize("control", [False, True])
def test_what_a_lookalike_left_unpaid_is_asked_of_nobody_else(lot: Lot, control: bool) -> None:
    """Its driver can't be told from the plate's owner, who may never have been there. Control: found by its ticket, it
    is asked for."""
    ticket, at = lot.enters(INSIDE).ticket, an_exit(lot, outcome=ChargeOutcome.UNREACHABLE)
    at.asks(a_read())
    let_through(at.hears_yes())
    lot.decide(at.desk.confirm(ticket))
    if control:
        lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET exit_match = 'code' WHERE id = ?", (ticket,)))
    assert lot.one("SELECT status FROM payments WHERE ticket_id = ?", ticket) == "UNCOLLECTED"
    assert lot.decide(lambda tx: debts.owes(tx.connection, INSIDE)) is control
    assert comes_again(lot, at) == [500 if control else 250]
