"""A wrong match is undone: whose stay it is goes on, the exit goes to who left, and no money is lost or made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.contract import ChargeOutcome
from edge.lane.signals import Asked, Code, Read, Refused
from edge.parking import entry, exit
from edge.parking.attending import Refused as CantBeDone
from edge.parking.attending import carry_out
from edge.parking.bills import bill
from edge.parking.matching import undoing
from edge.parking.money import booking, mended, refunds
from edge.parking.money.booking import Receipt
from edge.parking.stays import mending, moments
from edge.parking.stays.mending import CantBeMended
from edge.parking.stays.tickets import ticket
from edge.parking.stays.word import Word
from edge.ticket_orders import ThisOne, UndoMatch
from models.ids import PaymentId, TicketId
from models.instants import Instant
from models.ledger.accounts import REFUNDS_OWED, UNCOLLECTED
from models.ledger.booking import fee_posted
from models.money import Minor
from models.refusals import Refusal
from models.spots import VehicleType
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_level, a_lot
from tests.edge.test_desks import Terminal, let_through
from tests.edge.test_lookalikes import INSIDE, SEEN, Exit, a_read, an_exit, code_of, prepaid
from tests.edge.test_store import tables_agree_with_facts

WORD = Word("ann", "the pictures show another car")
Ends = Callable[[Lot, Exit, TicketId], None]


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


def leaves_as(lot: Lot, at: Exit, ticket: TicketId) -> None:
    """Somebody else drives out on that stay, and says yes if they are asked."""
    answer = at.asks(a_read())
    if isinstance(answer, Refused):
        answer = at.hears_yes()
    assert let_through(answer).ticket == ticket
    lot.decide(at.desk.confirm(ticket))


def is_taken_for(lot: Lot, at: Exit, ticket: TicketId) -> None:
    """A person lets somebody else out on that stay."""
    order = ThisOne(at=OUT, this_one=code_of(lot, ticket), vehicle="x-x-x", by="ann", reason="same car")
    lot.decide(lambda tx: carry_out(tx, order, lambda: TARIFF))
    named = Code(code_of(lot, ticket), by_person=True, plate_seen=SEEN)
    assert let_through(asyncio.run(at.desk.decide(Asked(named, plate=SEEN)))).ticket == ticket
    lot.decide(at.desk.confirm(ticket))


WRONGLY = pytest.mark.parametrize("ends", [leaves_as, is_taken_for])
"""How a stay is ended by a vehicle that isn't its own: by a likeness, or by a person."""


def comes_itself(lot: Lot, at: Exit, stay: TicketId, *, by_code: bool) -> Refused:
    """Its own vehicle is read there, or its driver shows the ticket."""
    shown = Code(code_of(lot, stay)) if by_code else Read(INSIDE, 0.99)
    answer = asyncio.run(at.desk.decide(Asked(shown, plate=INSIDE)))
    assert isinstance(answer, Refused)
    return answer


def unread(lot: Lot) -> TicketId:
    """Inside with a paper ticket."""
    arrival = entry.Arrival(IN, None, 0.0, VehicleType.REGULAR, by="button")
    admitted = lot.decide(lambda tx: entry.admit(tx, arrival, TARIFF))
    assert isinstance(admitted, entry.Admitted)
    lot.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
    return admitted.ticket


def undo(lot: Lot, ended: TicketId, right: TicketId | None = None, left: Instant | None = None) -> undoing.Undone:
    own = None if right is None else code_of(lot, right)
    return lot.decide(lambda tx: undoing.undo(tx, code_of(lot, ended), own, left, WORD))


def state(lot: Lot, stay: TicketId) -> tuple[object, ...]:
    columns = "status, amount_paid, amount_due, exit_match, exit_picture IS NOT NULL, exit_lane"
    return lot.rows(f"SELECT {columns} FROM tickets WHERE id = ?", stay)[0]


def money(lot: Lot) -> dict[str, int]:
    """What lies in each place, whosever it is."""
    rows = lot.rows("SELECT account, sum(amount) FROM ledger_entries GROUP BY account ORDER BY account")
    return {str(account): int(str(amount)) for account, amount in rows if amount}


def books_agree(lot: Lot) -> None:
    for id, paid, due in lot.rows("SELECT id, amount_paid, amount_due FROM tickets"):
        rows = lot.rows("SELECT account, sum(amount) FROM ledger_entries WHERE ticket_id = ? GROUP BY account", id)
        held = {str(account): int(str(amount)) for account, amount in rows}
        total = "SELECT coalesce(sum(amount), 0) FROM payments WHERE ticket_id = ? AND status = ?"
        debts, taken = lot.one(total, id, "UNCOLLECTED"), lot.one(total, id, "TAKEN")
        assert (taken, held.get(UNCOLLECTED, 0)) == (paid, debts), id
        assert fee_posted(held) == (due or 0), id
    assert sum(money(lot).values()) == 0
    assert tables_agree_with_facts(lot.path)


def test_the_stay_goes_on_and_its_own_driver_pays_for_it(lot: Lot) -> None:
    """Somebody of whom nothing is known paid 2.50 and left; the driver whose stay it was comes two hours later."""
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    leaves_as(lot, at, stay)
    lot.clock.forward(hours=2)
    assert at.asks(Read(INSIDE, 0.99)) == Refused(Refusal.NO_TICKET)
    undone = undo(lot, stay)
    assert (undone.goes_on, undone.moved) == (True, 250)
    assert state(lot, stay) == ("ACTIVE", 0, None, None, 0, None)
    assert state(lot, undone.other.id) == ("COMPLETED", 250, 250, "by_hand", 1, OUT)
    assert undone.other.plate == SEEN, "what was read of it stands on its ticket"
    books_agree(lot)
    assert let_through(at.asks(Read(INSIDE, 0.99))).ticket == stay
    assert at.terminal.asked == [250, 750], "three hours begun, and nothing of it paid"
    lot.decide(at.desk.confirm(stay))
    books_agree(lot)


def test_what_its_own_driver_had_paid_before_stays_paid(lot: Lot) -> None:
    stay, at = prepaid(lot), an_exit(lot)
    leaves_as(lot, at, stay)
    undone = undo(lot, stay)
    assert (undone.moved, state(lot, stay)[:3]) == (0, ("ACTIVE", 250, 250))
    books_agree(lot)
    assert let_through(at.asks(Read(INSIDE, 0.99))).ticket == stay
    assert at.terminal.asked == [], "within the grace of that payment"


@pytest.mark.parametrize("control", [False, True])
def test_what_its_own_driver_paid_in_that_very_lane_before_the_other_came_stays_paid(lot: Lot, control: bool) -> None:
    """It paid there, found that something was left behind, and backed away; minutes later another vehicle leaves on its
    stay. Control: were it the other one that had paid, the money would go along."""
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    let_through(at.asks(Read(INSIDE, 0.99)))
    if control:
        turned = "UPDATE journal SET body = replace(body, '\"exact\"', '\"alike\"') WHERE type = 'exit.allowed'"
        lot.decide(lambda tx: tx.connection.execute(turned))
    lot.decide(at.desk.withdraw(stay, vended=True))
    lot.clock.forward(minutes=5)
    leaves_as(lot, at, stay)
    assert at.terminal.asked == [250]
    undone = undo(lot, stay)
    assert (undone.moved, state(lot, stay)[1]) == ((250, 0) if control else (0, 250))
    if not control:
        books_agree(lot)


def test_what_a_terminal_took_late_of_the_other_vehicle_goes_along(lot: Lot) -> None:
    """Its answer came while that vehicle drove through, so the stay counted as settled just then."""
    stay, at = prepaid(lot), an_exit(lot)
    let_through(at.asks(a_read()))
    lot.clock.forward(minutes=1)
    lot.decide(lambda tx: exit.settle(tx, OUT, bill(tx, stay, moments.now(tx))))
    receipt = Receipt(OUT, "terminal", "sumup", "T-9")
    lot.decide(lambda tx: booking.taken(tx, PaymentId(tx.mint()), stay, Minor(250), "EUR", receipt))
    lot.decide(at.desk.confirm(stay))
    assert undo(lot, stay).moved == 250
    books_agree(lot)


@WRONGLY
@pytest.mark.parametrize("by_code", [False, True])
@pytest.mark.parametrize(("came_after", "owed"), [(3, 0), (20, 250)])
def test_who_came_in_time_and_was_kept_waiting_by_the_lot_pays_nothing_for_it(
    lot: Lot, ends: Ends, by_code: bool, came_after: int, owed: int
) -> None:
    """Control: who came when the grace was over owes what anybody would."""
    stay, at = prepaid(lot), an_exit(lot)
    ends(lot, at, stay)
    lot.clock.forward(minutes=came_after)
    comes_itself(lot, at, stay, by_code=by_code)
    lot.clock.forward(minutes=61)
    undo(lot, stay)
    assert lot.decide(lambda tx: bill(tx, stay, moments.now(tx)).owed) == owed
    books_agree(lot)
    lot.clock.forward(minutes=11)
    assert lot.decide(lambda tx: bill(tx, stay, moments.now(tx)).owed) == 250, "no longer than the grace"


def test_the_exit_goes_to_the_right_ticket_with_its_money(lot: Lot) -> None:
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    lot.clock.forward(hours=2)
    right = unread(lot)
    leaves_as(lot, at, stay)
    assert at.terminal.asked == [750]
    undone = undo(lot, stay, right)
    assert undone.other.id == right
    assert state(lot, right) == ("COMPLETED", 750, 250, "by_hand", 1, OUT)
    assert lot.one("SELECT refund_owed FROM tickets WHERE id = ?", right) == 500, "it had paid for somebody else"
    books_agree(lot)
    refund = lot.decide(lambda tx: refunds.promise(tx, ticket(tx.connection, right), Minor(500), "ann", "too much"))
    assert refund.amount == 500, "by the ordinary way"


def test_what_the_right_stay_owes_beyond_that_is_a_debt(lot: Lot) -> None:
    right = unread(lot)
    lot.clock.forward(hours=3)
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    leaves_as(lot, at, stay)
    undo(lot, stay, right)
    assert lot.rows("SELECT amount, status FROM payments WHERE ticket_id = ? ORDER BY amount", right) == [
        (250, "TAKEN"),
        (750, "UNCOLLECTED"),
    ]
    books_agree(lot)


def test_a_debt_that_was_left_at_that_exit_goes_along(lot: Lot) -> None:
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot, outcome=ChargeOutcome.UNREACHABLE)
    leaves_as(lot, at, stay)
    undone = undo(lot, stay)
    assert lot.rows("SELECT ticket_id, status FROM payments") == [(undone.other.id, "UNCOLLECTED")]
    books_agree(lot)
    assert lot.decide(lambda tx: bill(tx, stay, moments.now(tx)).owed) == 250


def test_a_stay_whose_own_vehicle_has_left_since_ends_then_and_owes_what_it_cost(lot: Lot) -> None:
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    leaves_as(lot, at, stay)
    lot.clock.forward(hours=2)
    left = lot.clock.wall
    lot.clock.forward(hours=1)
    undone = undo(lot, stay, left=left)
    assert not undone.goes_on
    assert state(lot, stay)[:3] == ("COMPLETED", 0, 750)
    assert lot.one("SELECT exit_time FROM tickets WHERE id = ?", stay) == left
    assert lot.one("SELECT amount FROM payments WHERE ticket_id = ? AND status = 'UNCOLLECTED'", stay) == 750
    books_agree(lot)


@pytest.mark.parametrize("taken", [False, True])
def test_it_gets_its_spot_back_unless_somebody_was_led_there_since(tmp_path: Path, taken: bool) -> None:
    lot = a_lot(tmp_path, (a_level(0, REGULAR=1),))
    stay, at = prepaid(lot), an_exit(lot)
    spot = lot.one("SELECT spot_id FROM tickets WHERE id = ?", stay)
    leaves_as(lot, at, stay)
    if taken:
        lot.enters("ZZ99ZZZ")
    undo(lot, stay)
    assert lot.one("SELECT spot_id FROM tickets WHERE id = ?", stay) == (None if taken else spot)
    assert lot.one("SELECT status FROM spots WHERE id = ?", spot) == "OCCUPIED"
    assert tables_agree_with_facts(lot.path)


def came_again(lot: Lot, stay: TicketId) -> None:
    lot.enters(INSIDE)


def was_exact(lot: Lot, stay: TicketId) -> None:
    lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET exit_match = 'exact' WHERE id = ?", (stay,)))


def was_refunded(lot: Lot, stay: TicketId) -> None:
    lot.decide(lambda tx: refunds.pay_in_cash(tx, ticket(tx.connection, stay), Minor(100), "desk", "ann", "kind"))


def was_undone(lot: Lot, stay: TicketId) -> None:
    undo(lot, stay)


def was_masked(lot: Lot, stay: TicketId) -> None:
    lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET masked_at = 1 WHERE id = ?", (stay,)))


def was_long_ago(lot: Lot, stay: TicketId) -> None:
    lot.clock.forward(hours=32 * 24)


@pytest.mark.parametrize("since", [came_again, was_exact, was_refunded, was_undone, was_masked, was_long_ago])
def test_what_can_not_be_undone_is_refused_in_a_line_and_changes_nothing(
    lot: Lot, since: Callable[[Lot, TicketId], None]
) -> None:
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    leaves_as(lot, at, stay)
    since(lot, stay)
    before = lot.one("SELECT count(*) FROM journal")
    with pytest.raises(CantBeMended):
        undo(lot, stay)
    assert lot.one("SELECT count(*) FROM journal") == before


@pytest.mark.parametrize("known", [False, True])
def test_an_exit_that_was_given_to_a_ticket_by_an_undo_is_not_taken_from_it_again(lot: Lot, known: bool) -> None:
    right = unread(lot) if known else None
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    leaves_as(lot, at, stay)
    other, before = undo(lot, stay, right).other.id, money(lot)
    with pytest.raises(CantBeMended, match="undone match"):
        undo(lot, other)
    assert (state(lot, other)[0], state(lot, stay)[0], money(lot)) == ("COMPLETED", "ACTIVE", before)


def nothing_since(lot: Lot, stay: TicketId) -> None:
    lot.clock.forward(hours=13 * 24)


def much_later(lot: Lot, stay: TicketId) -> None:
    lot.clock.forward(hours=14 * 24)


@WRONGLY
@pytest.mark.parametrize(("since", "calls"), [(nothing_since, 1), (much_later, 0), (was_masked, 0)])
@pytest.mark.parametrize("by_code", [False, True])
def test_nobody_is_called_for_a_match_of_long_ago(
    lot: Lot, ends: Ends, since: Callable[[Lot, TicketId], None], calls: int, by_code: bool
) -> None:
    """Whoever is read so then was read wrongly, or came in unread: it is no sign that the match was wrong."""
    stay, at = prepaid(lot), an_exit(lot)
    ends(lot, at, stay)
    since(lot, stay)
    comes_itself(lot, at, stay, by_code=by_code)
    kinds = [one["kind"] for one in at.told("ticket.suspected")]
    assert (kinds.count("matched_wrongly"), len(at.told("help.called"))) == (calls, calls)


def test_who_said_so_and_why_is_on_record_and_it_is_done_once(lot: Lot) -> None:
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    leaves_as(lot, at, stay)
    undone = undo(lot, stay)
    assert lot.rows("SELECT id, kind, ticket_id, other_id, given_by, reason FROM ticket_mendings") == [
        (undone.mending, "match", stay, undone.other.id, WORD.by, WORD.reason)
    ]
    with pytest.raises(CantBeMended, match="wrong match"):
        lot.decide(lambda tx: mending.undo(tx, undone.mending, WORD))


def test_money_would_be_lost_without_moving_it_control(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The books notice a payment that stays behind: what is asserted above can fail."""
    monkeypatch.setattr(mended, "follow", lambda *_: None)
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    leaves_as(lot, at, stay)
    before = money(lot)
    undo(lot, stay)
    assert money(lot).get(REFUNDS_OWED, 0) == before.get(REFUNDS_OWED, 0)
    held = lot.one("SELECT sum(amount) FROM ledger_entries WHERE ticket_id = ? AND account LIKE 'provider%'", stay)
    assert held == 250, "of a ticket that has no payment"


# --- as people say it ---


def test_a_person_says_so_with_the_codes_and_hears_what_became_of_it(lot: Lot) -> None:
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot)
    leaves_as(lot, at, stay)
    order = UndoMatch(unmatch=code_of(lot, stay), by="ann", reason="pictures")
    done = lot.decide(lambda tx: carry_out(tx, order, lambda: TARIFF))
    assert done.said.startswith(f"the stay of {code_of(lot, stay)} goes on; ")
    assert "2.50 EUR of that exit went along" in done.said
    with pytest.raises(CantBeDone, match="hasn't ended"):
        lot.decide(lambda tx: carry_out(tx, order, lambda: TARIFF))


def test_a_person_who_has_seen_both_pictures_says_which_ticket_it_is(lot: Lot) -> None:
    stay, at = lot.enters(INSIDE).ticket, an_exit(lot, asks=False)
    assert isinstance(at.asks(a_read()), Refused)
    order = ThisOne(at=OUT, this_one=code_of(lot, stay), vehicle="x-x-x", pictures=True, by="ann", reason="same car")
    done = lot.decide(lambda tx: carry_out(tx, order, lambda: TARIFF, picture=lambda lane: "5a" * 32))
    assert done.code == code_of(lot, stay)
    said = Asked(Code(str(done.code), by_person=True, plate_seen=SEEN), plate=SEEN)
    assert let_through(asyncio.run(at.desk.decide(said))).ticket == stay
    assert at.terminal.asked == [250], "whose ticket it is pays as ever"
    [decided] = at.told("match.decided")
    assert (decided["by"], decided["reason"], decided["seen"], decided["picture"]) == (
        *("ann", "same car", "pictures"),
        "5a" * 32,
    )
    assert at.told("exit.allowed")[0]["match"] == "by_hand"
    assert at.told("ticket.suspected") == [], "a person has looked"
    lot.decide(at.desk.confirm(stay))
    assert undo(lot, stay).goes_on, "a person may have looked wrongly"


def test_a_stay_that_is_over_is_nobodys_ticket(lot: Lot) -> None:
    stay = lot.enters(INSIDE).ticket
    lot.leaves(INSIDE, Terminal())
    lot.decide(lambda tx: exit.close(tx, stay, OUT))
    order = ThisOne(at=OUT, this_one=code_of(lot, stay), vehicle="x-x-x", by="ann", reason="same car")
    with pytest.raises(CantBeDone, match="is over"):
        lot.decide(lambda tx: carry_out(tx, order, lambda: TARIFF))
