"""What the desks answer to whatever a vehicle shows: plate, ticket, card, nothing, or a person who speaks for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome
from edge.lane.desk import Desk
from edge.lane.signals import Allowed, Asked, Card, Code, Credential, Order, Read, Refused, Unread
from edge.parking import entry
from edge.parking.access.permits import Permit
from edge.parking.desks import UNDATED, EntryDesk, ExitDesk
from edge.parking.places.spots import availability
from models.ids import PaymentId, TicketId
from models.instants import Instant, Monotonic, Reading, from_rfc3339
from models.lanes import LaneState, OrderKind
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import Right, VehicleType
from models.vehicle_types import Sensed
from tests.edge.lots import IN, OUT, TARIFF, HandClock, Lot, a_level, a_lot
from tests.edge.test_store import tables_agree_with_facts

PLATE, OTHER, KNOWN = Plate("AB12CDE"), Plate("ZZ99ZZZ"), Plate("PERM1T")
PERMITS = {KNOWN: Permit(KNOWN, frozenset({Right.EV}), frozenset({"17-04711"}))}
BUTTON, POLICY = Unread(by_policy=False), Unread(by_policy=True)
BY_HAND = Order("o-1", OrderKind.OPEN, "Ann", "ambulance")


class Terminal(ChargesOnly):
    def __init__(self, outcome: ChargeOutcome = ChargeOutcome.TAKEN) -> None:
        self.outcome, self.asked = outcome, list[Minor]()

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        self.asked.append(amount)
        return Charged(self.outcome, reference="T-1", detail="told so")


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


def the_entry(lot: Lot) -> EntryDesk:
    return EntryDesk(IN, lot.store, lambda: TARIFF, PERMITS, lambda: VehicleType.REGULAR, "North", "Europe/Berlin")


def the_exit(lot: Lot, terminal: Terminal | None = None) -> ExitDesk:
    return ExitDesk(OUT, lot.store, lot.till(terminal or Terminal()), PERMITS)


def asks(desk: Desk, credential: Credential, plate: Plate | None = None, **more: object) -> Allowed | Refused:
    return asyncio.run(desk.decide(Asked(credential, plate=plate, **more)))  # type: ignore[arg-type]


def let_through(answer: Allowed | Refused) -> Allowed:
    assert isinstance(answer, Allowed), answer
    return answer


def enters(lot: Lot, credential: Credential, plate: Plate | None = None) -> Allowed:
    """Let in, and passed."""
    desk = the_entry(lot)
    allowed = let_through(asks(desk, credential, plate))
    assert allowed.ticket is not None
    lot.decide(desk.confirm(allowed.ticket))
    return allowed


def status(lot: Lot, ticket: TicketId | None) -> object:
    return lot.one("SELECT status FROM tickets WHERE id = ?", ticket)


def matches(lot: Lot) -> list[object]:
    rows = lot.rows("SELECT json_extract(body, '$.match') FROM journal WHERE type = 'exit.allowed' ORDER BY seq")
    return [row[0] for row in rows]


# --- at an entry ---


def test_two_entries_at_half_past_two_on_the_night_when_summer_time_ends_are_told_apart(lot: Lot) -> None:
    shown: list[str] = []
    for at in ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"):
        lot.clock.wall = from_rfc3339(at)
        printed = enters(lot, BUTTON).printed
        assert printed is not None
        shown.append(printed.entered)
    assert shown == ["2026-10-25 02:30 CEST", "2026-10-25 02:30 CET"]


def test_paper_bears_no_time_while_nobody_knows_it(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot.clock, "read", lambda: Reading("boot-1", Monotonic(0), Instant(0), False))
    printed = enters(lot, BUTTON).printed
    assert printed is not None
    assert printed.entered == UNDATED


def test_a_driver_whose_plate_can_not_be_read_gets_a_ticket_on_paper(lot: Lot) -> None:
    allowed = enters(lot, BUTTON)
    code = lot.one("SELECT code FROM tickets")
    assert allowed.printed is not None
    assert (allowed.printed.lot, allowed.printed.code, allowed.printed.qr) == ("North", code, f"PG1:{code}")
    assert allowed.printed.entered == "2026-11-18 12:06 CET"
    assert allowed.printed.lines == ("No. 1", "Spot R1", "2.50 EUR for each hour begun", "At most 18.00 EUR")
    assert lot.rows("SELECT license_plate FROM vehicles") == [(None,)]
    assert tables_agree_with_facts(lot.path)


def test_any_number_of_vehicles_without_a_plate_are_inside_at_once(lot: Lot) -> None:
    tickets = {enters(lot, POLICY).ticket for _ in range(4)}
    assert len(tickets) == 4
    assert lot.one("SELECT count(*) FROM vehicles WHERE license_plate IS NULL") == 4


def test_a_plate_that_was_read_all_the_same_is_kept_with_the_ticket(lot: Lot) -> None:
    enters(lot, BUTTON, PLATE)
    assert lot.rows("SELECT license_plate FROM vehicles") == [(PLATE,)]
    assert asks(the_entry(lot), BUTTON, PLATE) == Refused(Refusal.ALREADY_INSIDE)


def test_whoever_is_known_by_plate_or_card_needs_no_paper(lot: Lot) -> None:
    assert enters(lot, Read(PLATE, 0.99)).printed is None
    assert enters(lot, Card("17-04711")).printed is None


def test_a_card_is_its_permits_vehicle_whatever_drives_up(lot: Lot) -> None:
    allowed = enters(lot, Card(" 17-04711 "), OTHER)
    assert lot.rows("SELECT license_plate FROM vehicles") == [(KNOWN,)]
    assert "E1" in allowed.greeting, "with the permit's rights"


def test_a_card_that_nobody_has_opens_nothing(lot: Lot) -> None:
    assert asks(the_entry(lot), Card("17-4711")) == Refused(Refusal.CARD_UNKNOWN)
    assert asks(the_exit(lot), Card("17-4711")) == Refused(Refusal.CARD_UNKNOWN)


def test_a_code_opens_no_entry(lot: Lot) -> None:
    printed = enters(lot, BUTTON).printed
    assert printed is not None
    assert asks(the_entry(lot), Code(printed.qr)) == Refused(Refusal.NO_SUCH_TICKET)


def test_the_drivers_word_on_the_kind_of_vehicle_goes_over_the_lanes(lot: Lot) -> None:
    let_through(asks(the_entry(lot), Read(PLATE, 0.99), vehicle_type=VehicleType.MOTORCYCLE))
    assert lot.one("SELECT vehicle_type FROM tickets") == "MOTORCYCLE"


@pytest.mark.parametrize(
    ("sensed", "recorded"),
    [(Sensed(camera=VehicleType.LARGE), "LARGE"), (Sensed(classifier=VehicleType.COMPACT), "REGULAR")],
)
def test_no_driver_makes_a_vehicle_smaller_than_the_lane_sees_it(lot: Lot, sensed: Sensed, recorded: str) -> None:
    desk = replace(the_entry(lot), sensed=lambda: sensed)
    let_through(asks(desk, Read(PLATE, 0.99), vehicle_type=VehicleType.REGULAR))
    assert lot.one("SELECT vehicle_type FROM tickets") == recorded


def test_a_permit_says_what_kind_its_vehicle_is(lot: Lot) -> None:
    permit = Permit(PLATE, vehicle_type=VehicleType.LARGE)
    desk = replace(the_entry(lot), permits={PLATE: permit}, sensed=lambda: Sensed(classifier=VehicleType.REGULAR))
    let_through(asks(desk, Read(PLATE, 0.99)))
    assert lot.one("SELECT vehicle_type FROM tickets") == "LARGE"


@pytest.mark.parametrize(
    ("state", "reason"),
    [(LaneState.FULL, Refusal.LOT_FULL), (LaneState.CLOSED_TO_TRANSIENTS, Refusal.CLOSED_TO_TRANSIENTS)],
)
def test_a_lane_that_is_set_to_full_or_closed_still_lets_permits_in(
    lot: Lot, state: LaneState, reason: Refusal
) -> None:
    before = lot.one("SELECT count(*) FROM journal")
    for nobody in (Read(PLATE, 0.99), BUTTON, POLICY):
        assert asks(the_entry(lot), nobody, state=state) == Refused(reason)
    assert lot.one("SELECT count(*) FROM journal") == before
    assert let_through(asks(the_entry(lot), Read(KNOWN, 0.99), state=state)).ticket


# --- at an exit ---


@pytest.mark.parametrize("written", ["{0}", " pg1:{2} ", "{1}", "{2}", "PG1:{2}"])
def test_the_code_of_a_ticket_pays_and_leaves_however_it_is_typed(lot: Lot, written: str) -> None:
    inside = enters(lot, BUTTON)
    assert inside.printed is not None
    code, terminal = inside.printed.code, Terminal()
    text = written.format(inside.printed.qr, code.lower().replace("-", " "), code.replace("-", ""))
    allowed = let_through(asks(the_exit(lot, terminal), Code(text)))
    assert (allowed.ticket, terminal.asked) == (inside.ticket, [250])
    assert matches(lot) == ["code"]


def test_a_ticket_opens_an_exit_once(lot: Lot) -> None:
    inside, desk = enters(lot, BUTTON), the_exit(lot)
    assert inside.printed is not None
    assert inside.ticket is not None
    let_through(asks(desk, Code(inside.printed.qr)))
    lot.decide(desk.confirm(inside.ticket))
    assert asks(desk, Code(inside.printed.qr)) == Refused(Refusal.TICKET_USED)


def test_the_paper_of_a_driver_who_backed_out_opens_nothing(lot: Lot) -> None:
    desk = the_entry(lot)
    allowed = let_through(asks(desk, BUTTON))
    assert allowed.printed is not None
    assert allowed.ticket is not None
    lot.decide(desk.withdraw(allowed.ticket, vended=True))
    assert asks(the_exit(lot), Code(allowed.printed.qr)) == Refused(Refusal.TICKET_USED)


@pytest.mark.parametrize("text", ["", "PG1:", "PG2:7Q2K-M4XD", "7Q2K-M4XX", "https://example.org", "0" * 500, "\0"])
def test_what_is_no_ticket_of_this_lot_is_said_to_be_none(lot: Lot, text: str) -> None:
    assert asks(the_exit(lot), Code(text)) == Refused(Refusal.NO_SUCH_TICKET)


def test_a_ticket_with_another_cars_plate_lets_out_and_is_noted(lot: Lot) -> None:
    enters(lot, Read(PLATE, 0.99))
    let_through(asks(the_exit(lot), Code(str(lot.one("SELECT code FROM tickets"))), OTHER))
    [(body, personal)] = lot.rows("SELECT body, personal FROM journal WHERE type = 'plate.differed'")
    assert str(lot.one("SELECT id FROM tickets")) in str(body)
    assert OTHER in str(personal)
    assert OTHER not in str(body)


@pytest.mark.parametrize("read", [PLATE, None])
def test_a_ticket_with_its_own_plate_or_none_raises_no_eyebrow(lot: Lot, read: Plate | None) -> None:
    enters(lot, Read(PLATE, 0.99))
    let_through(asks(the_exit(lot), Code(str(lot.one("SELECT code FROM tickets"))), read))
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'plate.differed'") == 0


def test_a_permits_card_pays_for_its_vehicles_stay(lot: Lot) -> None:
    inside = enters(lot, Read(KNOWN, 0.99))
    terminal = Terminal()
    assert let_through(asks(the_exit(lot, terminal), Card("17-04711"))).ticket == inside.ticket
    assert (matches(lot), terminal.asked) == (["card"], [250])


def test_an_exit_set_to_open_when_nothing_can_be_read_lets_out_without_a_ticket(lot: Lot) -> None:
    enters(lot, Read(PLATE, 0.99))
    assert asks(the_exit(lot), POLICY) == Allowed(None, "Goodbye")
    assert asks(the_exit(lot), BUTTON) == Refused(Refusal.NO_TICKET)
    assert lot.one("SELECT status FROM tickets") == "ACTIVE"


# --- a person lets it through ---


def test_a_person_lets_in_whatever_speaks_against_it(tmp_path: Path) -> None:
    lot = a_lot(tmp_path, (a_level(0, REGULAR=1),))
    enters(lot, Read(PLATE, 0.99))
    desk = the_entry(lot)
    assert asks(desk, Read(OTHER, 0.99)) == Refused(Refusal.LOT_FULL)
    for credential in (Read(OTHER, 0.99), BUTTON, Code("nothing"), Card("nobody's")):
        state = LaneState.CLOSED_TO_TRANSIENTS
        allowed = let_through(asks(desk, credential, state=state, by_hand=BY_HAND))
        assert allowed.ticket is not None
        assert allowed.greeting == "Welcome"
        assert lot.one("SELECT spot_id FROM tickets WHERE id = ?", allowed.ticket) is None
    assert tables_agree_with_facts(lot.path)


@pytest.mark.parametrize("plate", [PLATE, KNOWN])
def test_whoever_is_inside_already_gets_no_second_stay_from_a_person_either(lot: Lot, plate: Plate) -> None:
    inside = enters(lot, Read(plate, 0.99))
    assert asks(the_entry(lot), Read(plate, 0.99), by_hand=BY_HAND) == Allowed(None, "Welcome")
    assert lot.rows("SELECT id, status FROM tickets") == [(inside.ticket, "ACTIVE")]


@pytest.mark.parametrize("by", ["plate", "code", "card", "plate beside a torn ticket"])
def test_who_is_let_out_by_hand_owes_what_they_owe(lot: Lot, by: str) -> None:
    inside = enters(lot, Read(KNOWN, 0.99))
    code = str(lot.one("SELECT code FROM tickets"))
    shown: dict[str, tuple[Credential, Plate | None]] = {
        "plate": (Read(KNOWN, 0.99), KNOWN),
        "code": (Code(code), None),
        "card": (Card("17-04711"), None),
        "plate beside a torn ticket": (Code("7Q2"), KNOWN),
    }
    lot.clock.forward(minutes=90)
    terminal = Terminal()
    allowed = let_through(asks(the_exit(lot, terminal), *shown[by], by_hand=BY_HAND))
    assert (allowed.ticket, allowed.greeting) == (inside.ticket, "5.00 EUR to pay later, goodbye")
    assert (terminal.asked, matches(lot)) == ([], ["by_hand"])
    [(amount, state, why)] = lot.rows("SELECT amount, status, reference FROM payments")
    assert (amount, state) == (500, "UNCOLLECTED")
    assert "o-1" in str(why)
    assert "Ann" in str(why)


def test_who_has_paid_and_is_let_out_by_hand_owes_nothing(lot: Lot) -> None:
    inside, desk = enters(lot, Read(PLATE, 0.99)), the_exit(lot)
    assert inside.ticket is not None
    let_through(asks(desk, Read(PLATE, 0.99)))
    lot.decide(desk.withdraw(inside.ticket, vended=True))
    let_through(asks(desk, Read(PLATE, 0.99), by_hand=BY_HAND))
    assert lot.rows("SELECT amount, status FROM payments") == [(250, "TAKEN")]


@pytest.mark.parametrize("credential", [Read(PLATE, 0.99), BUTTON, POLICY, Code("nothing"), Card("nobody's")])
def test_a_person_lets_out_whoever_has_no_stay(lot: Lot, credential: Credential) -> None:
    before = lot.one("SELECT count(*) FROM journal")
    assert asks(the_exit(lot), credential, by_hand=BY_HAND) == Allowed(None, "Goodbye")
    assert lot.one("SELECT count(*) FROM journal") == before


def test_a_payment_that_a_person_gave_up_and_that_comes_through_after_all_is_on_record(lot: Lot) -> None:
    inside = enters(lot, Read(PLATE, 0.99))

    class Patient(HandClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    class TakesItsTime(Terminal):
        async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
            allowed = await the_exit(lot).decide(Asked(Read(PLATE, 0.99), by_hand=BY_HAND))
            assert isinstance(allowed, Allowed)
            return await super().charge(payment, amount, currency)

    lot.clock = Patient()
    allowed = let_through(asks(the_exit(lot, TakesItsTime()), Read(PLATE, 0.99)))
    assert allowed.ticket == inside.ticket
    assert lot.rows("SELECT amount, status FROM payments") == [(250, "TAKEN")], "and the debt is paid with it"
    assert lot.one("SELECT amount_paid FROM tickets") == 250
    assert lot.one("SELECT count(*) FROM charges") == lot.one("SELECT count(*) FROM charges_given_up") == 0
    assert tables_agree_with_facts(lot.path)


# --- trouble ---


@pytest.mark.parametrize("order", [None, BY_HAND])
def test_what_can_not_be_recorded_is_refused(lot: Lot, order: Order | None) -> None:
    code = enters(lot, BUTTON).printed.code  # type: ignore[union-attr]
    lot.decide(lambda tx: tx.connection.execute("PRAGMA query_only = ON"))
    for credential in (Read(PLATE, 0.99), BUTTON, Card("17-04711")):
        assert asks(the_entry(lot), credential, by_hand=order) == Refused(Refusal.NOT_RECORDED)
    assert asks(the_exit(lot), Code(code), by_hand=order) == Refused(Refusal.NOT_RECORDED)


def test_the_desks_are_what_a_lane_asks_for(lot: Lot) -> None:
    desks: list[Desk] = [the_entry(lot), the_exit(lot)]
    assert [desk.lane for desk in desks] == [IN, OUT]  # type: ignore[attr-defined]


def test_a_refusal_fits_on_a_sign() -> None:
    assert all(len(refusal.driver) <= 32 for refusal in Refusal)
    assert all(text for refusal in Refusal for text in refusal.value)


def test_a_ticket_without_a_plate_holds_its_spot_like_any_other(lot: Lot) -> None:
    free = lot.decide(lambda tx: availability(tx.connection)).whole.available
    inside = enters(lot, BUTTON)
    assert lot.decide(lambda tx: availability(tx.connection)).whole.available == free - 1
    assert inside.ticket is not None
    lot.decide(lambda tx: entry.withdraw(tx, TicketId(str(inside.ticket)), IN, "back_out"))
    assert lot.decide(lambda tx: availability(tx.connection)).whole.available == free
