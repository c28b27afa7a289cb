"""How far permits reach: n in at a time, accounts, hours, passes for some entries; decided at the gate, off line."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.lane.signals import Allowed, Asked, Card, Order, Read, Refused, Unread
from edge.parking import exit
from edge.parking.access import coverage
from edge.parking.access.policy import LotPolicy
from edge.parking.desks import EntryDesk
from edge.parking.stays.tickets import open_ticket
from edge.retention import records
from edge.store import Store, inbox
from models.access.passing import Used
from models.ids import TicketId
from models.instants import HOUR, Instant, Monotonic, Reading, from_rfc3339
from models.intents import AccountLimited, AccountUnlimited
from models.lanes import LaneState, OrderKind
from models.passback import Passback
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff.reading import parse_tariff
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_lot
from tests.edge.test_store import tables_agree_with_facts
from tests.intents import Issued, a_permit, revoked

P1, P2 = "0193e1a0-0000-7000-8000-0000000000a1", "0193e1a0-0000-7000-8000-0000000000a2"
BY_HAND = Order("o-1", OrderKind.OPEN, "Ann", "lets in")


class Gate:
    """An entry of a lot whose permits come from the cloud."""

    def __init__(self, lot: Lot, zone: str = "Europe/Berlin") -> None:
        self.lot, self.cloud, self.zone = lot, Issued(), zone
        self.starts()

    def starts(self) -> None:
        """As a daemon does: all that it knows is in the store."""
        self.policy = LotPolicy({}, TARIFF, Passback.HARD, self.lot.clock, zone=self.zone)
        self.lot.decide(lambda tx: self.policy.load(tx.connection))
        policy = self.policy
        self.desk = EntryDesk(
            IN, self.lot.store, policy.tariff, policy.permits, lambda: VehicleType.REGULAR, lists=policy.lists
        )

    def restarts(self) -> None:
        self.lot.store.close()
        self.lot.store = Store(self.lot.path, self.lot.id, self.lot.clock)
        self.starts()

    def hears(self, *intents: object) -> None:
        before = len(self.cloud.log)
        for intent in intents:
            self.cloud.says(intent)  # type: ignore[arg-type]
        self.lot.decide(lambda tx: inbox.take(tx, self.cloud.deltas(before)))
        self.lot.decide(lambda tx: self.policy.load(tx.connection))

    def asked(self, shown: str | Card | Unread, **more: object) -> Allowed | Refused:
        credential = Read(Plate(shown), 0.99) if isinstance(shown, str) else shown
        return asyncio.run(self.desk.decide(Asked(credential, **more)))  # type: ignore[arg-type]

    def lets_in(self, shown: str | Card | Unread, **more: object) -> tuple[object, ...]:
        """By what it came in, and by what right: `by`, permit, account."""
        answer = self.asked(shown, **more)
        assert isinstance(answer, Allowed), answer
        assert answer.ticket is not None
        self.lot.decide(self.desk.confirm(answer.ticket))
        found = "SELECT entered_by, permit_id, account FROM tickets WHERE id = ?"
        [row] = self.lot.rows(found, answer.ticket)
        return row

    def lets_out(self, plate: str) -> None:
        """Whatever it owes: a person does."""
        departure = exit.Departure(
            OUT, lambda tx: open_ticket(tx.connection, Plate(plate)) or Refusal.NO_TICKET, "exact"
        )
        cleared = self.lot.decide(lambda tx: exit.let_out(tx, departure, "a test"))
        assert isinstance(cleared, exit.Cleared)
        self.lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(a_lot(tmp_path))


def test_the_ticket_says_on_what_and_by_what_right_its_vehicle_came_in(gate: Gate) -> None:
    gate.hears(a_permit(P1, "AA1", "AA2", cards=("17",), account="ACME", in_at_a_time=2))
    assert gate.lets_in(Card("17")) == ("card", P1, "ACME")
    assert gate.lets_in("AA2") == ("permit", P1, "ACME")
    assert gate.lets_in("ZZ1") == ("plate", None, None)
    assert gate.lets_in(Unread(by_policy=False)) == ("button", None, None)
    assert gate.lets_in("ZZ2", by_hand=BY_HAND) == ("by_hand", None, None)
    assert tables_agree_with_facts(gate.lot.path)


def test_the_next_of_a_permits_vehicles_is_a_transient_or_refused(gate: Gate) -> None:
    gate.hears(
        a_permit(P1, "AA1", "AA2", in_at_a_time=1),
        a_permit(P2, "BB1", "BB2", in_at_a_time=1, beyond="refuse"),
    )
    for plate in ("AA1", "BB1"):
        gate.lets_in(plate)
    assert gate.lets_in("AA2") == ("plate", None, None)
    assert gate.asked("BB2") == Refused(Refusal.PERMIT_LIMIT)
    assert gate.lets_in("BB2", by_hand=BY_HAND) == ("by_hand", None, None), "a person's word; it counts as nobody's"
    for plate in ("AA1", "BB1", "BB2"):
        gate.lets_out(plate)
    assert gate.lets_in("BB2") == ("permit", P2, None)


def test_where_no_transients_are_let_in_the_rule_says_why(gate: Gate) -> None:
    gate.hears(a_permit(P1, "AA1", "AA2", in_at_a_time=1))
    gate.lets_in("AA1", state=LaneState.CLOSED_TO_TRANSIENTS)
    assert gate.asked("AA2", state=LaneState.CLOSED_TO_TRANSIENTS) == Refused(Refusal.PERMIT_LIMIT)


def test_a_vehicle_that_is_inside_is_told_so_before_anything_is_counted(gate: Gate) -> None:
    gate.hears(
        a_permit(P1, "AA1", "AA2", in_at_a_time=1, beyond="refuse"),
        a_permit(P2, "BB1", "BB2", in_at_a_time=1, beyond="refuse", passback="soft"),
    )
    gate.lets_in("AA1")
    gate.lets_in("BB1")
    assert gate.asked("AA1") == Refused(Refusal.PASSBACK)
    assert gate.lets_in("BB1")[1] == P2, "seen outside, its stay is over: it takes nobody's place"
    assert gate.asked("BB2") == Refused(Refusal.PERMIT_LIMIT)


def test_an_account_has_its_own_limit_over_all_its_permits(gate: Gate) -> None:
    gate.hears(
        a_permit(P1, "AA1", "AA2", account="ACME", in_at_a_time=2, beyond="refuse"),
        a_permit(P2, "BB1", account="ACME", beyond="refuse"),
        AccountLimited(account="ACME", in_at_a_time=2),
    )
    gate.lets_in("AA1")
    gate.lets_in("AA2")
    assert gate.asked("BB1") == Refused(Refusal.ACCOUNT_LIMIT)
    gate.hears(AccountUnlimited(account="ACME"))
    assert gate.lets_in("BB1")[2] == "ACME"


def test_a_pass_lets_in_so_often_and_a_back_out_doesnt_count(gate: Gate) -> None:
    gate.hears(a_permit(P1, "AA1", kind="guest", entries=2, beyond="refuse"))
    backs_out = gate.asked("AA1")
    assert isinstance(backs_out, Allowed)
    gate.lot.decide(gate.desk.withdraw(TicketId(str(backs_out.ticket)), vended=True))
    for _ in range(2):
        gate.lets_in("AA1")
        gate.lets_out("AA1")
    gate.restarts()
    assert gate.asked("AA1") == Refused(Refusal.PASS_USED_UP)


def test_an_entry_counts_also_when_its_stay_is_forgotten(gate: Gate) -> None:
    gate.hears(a_permit(P1, "AA1", kind="guest", entries=2, beyond="refuse"))
    gate.lets_in("AA1")
    gate.lets_out("AA1")
    ticket = str(gate.lot.one("SELECT id FROM tickets"))
    gate.lot.decide(lambda tx: records._forget_stay(tx, ticket))
    gate.lets_in("AA1")
    gate.lets_out("AA1")
    assert gate.lot.one("SELECT count(*) FROM tickets") == 1
    assert gate.asked("AA1") == Refused(Refusal.PASS_USED_UP)


def test_hours_go_by_the_clock_on_the_wall_also_when_it_is_changed(gate: Gate) -> None:
    hours = [{"days": "sun", "from": "02:30", "to": "03:30"}]
    gate.hears(a_permit(P1, "AA1", hours=hours, beyond="refuse"))
    permit = gate.policy.permits[Plate("AA1")]
    held: dict[str, bool] = {}
    for moment in (
        *("2026-10-25T00:29:59Z", "2026-10-25T00:30:00Z", "2026-10-25T00:59:59Z"),  # 02:29, 02:30, 02:59 summer time
        *(
            "2026-10-25T01:29:59Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:29:59Z",
            "2026-10-25T02:30:00Z",
        ),  # again, 02:29
        *("2027-03-28T00:59:59Z", "2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z"),  # 01:59, then 03:00, 03:30
    ):
        gate.lot.clock.wall = from_rfc3339(moment)
        held[moment[8:16]] = gate.policy.lists.in_hours(permit)
    assert held == {
        "25T00:29": False,
        "25T00:30": True,
        "25T00:59": True,
        "25T01:29": False,
        "25T01:30": True,
        "25T02:29": True,
        "25T02:30": False,
        "28T00:59": False,
        "28T01:00": True,
        "28T01:30": False,
    }


def test_outside_its_hours_a_permit_pays_as_anybody_and_its_driver_may_always_leave(gate: Gate) -> None:
    gate.lot.clock.wall = from_rfc3339("2026-11-28T11:00:00Z")  # a Saturday
    gate.hears(
        a_permit(P1, "AA1", hours=[{"days": "mon-fri"}]),
        a_permit(P2, "BB1", hours=["mon-fri"], beyond="refuse"),
    )
    assert gate.lets_in("AA1") == ("plate", None, None)
    assert gate.asked("BB1") == Refused(Refusal.OUTSIDE_HOURS)
    gate.lot.clock.wall = from_rfc3339("2026-11-30T11:00:00Z")
    assert gate.lets_in("BB1") == ("permit", P2, None)
    gate.lot.clock.wall = from_rfc3339("2026-12-05T11:00:00Z")
    gate.lets_out("BB1")


def test_of_two_permits_for_a_plate_the_one_whose_hours_it_is_holds(gate: Gate) -> None:
    gate.lot.clock.wall = from_rfc3339("2026-11-28T11:00:00Z")
    gate.hears(a_permit(P1, "AA1", hours=["weekend"]), a_permit(P2, "AA1", hours=["mon-fri"]))
    assert gate.lets_in("AA1")[1] == P1


def test_while_nobody_knows_the_time_no_hour_keeps_anybody_out(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.lot.clock.wall = from_rfc3339("2026-11-28T11:00:00Z")
    gate.hears(a_permit(P1, "AA1", hours=["mon-fri"], beyond="refuse"))
    assert gate.asked("AA1") == Refused(Refusal.OUTSIDE_HOURS)
    wall = gate.lot.clock.wall
    monkeypatch.setattr(gate.lot.clock, "read", lambda: Reading("boot-2", Monotonic(0), wall, False))
    assert gate.lets_in("AA1")[1] == P1


def test_a_monthly_permit_ends_by_itself_with_the_cloud_gone(gate: Gate) -> None:
    ends = Instant(gate.lot.clock.wall + HOUR)
    gate.hears(a_permit(P1, "AA1", valid_until=ends, beyond="refuse"))
    only = LaneState.CLOSED_TO_TRANSIENTS
    gate.restarts()
    gate.lot.clock.wall = Instant(ends - 1)
    allowed = gate.asked("AA1", state=only)
    assert isinstance(allowed, Allowed)
    gate.lot.decide(gate.desk.withdraw(TicketId(str(allowed.ticket)), vended=True))
    gate.lot.clock.wall = ends
    assert gate.asked("AA1", state=only) == Refused(Refusal.CLOSED_TO_TRANSIENTS)


def test_a_courtesy_is_free_and_whoever_it_doesnt_cover_pays(gate: Gate) -> None:
    gate.hears(a_permit(P1, "AA1", "AA2", kind="courtesy", in_at_a_time=1))
    gate.lets_in("AA1")
    gate.hears(revoked(P1))
    gate.lot.clock.forward(hours=5)
    assert owed(gate, "AA1") == 0, "what was pinned at entry holds"
    gate.hears(a_permit(P2, "AA2"))
    gate.lets_in("AA2")
    gate.lot.clock.forward(hours=5)
    assert owed(gate, "AA2") == 5 * 250, "a permit pays as anybody, unless it says otherwise"


RATES = parse_tariff(
    "currency: EUR\ntimezone: Europe/Berlin\nvalidations: {offers: {gym: {own_rates: true}}}\n"
    "rates:\n  - {name: all, price: 3.00, per: 1 h}\n  - {name: members, price: 1.00, per: 1 h, validations: gym}\n",
    "rates.yaml",
)


@pytest.mark.parametrize(("rates", "due"), [("gym", 500), (None, 1500), ("gone", 1500)])
def test_a_permit_pays_by_the_rates_that_it_names_where_the_tariff_has_them(
    gate: Gate, rates: str | None, due: int
) -> None:
    gate.hears(a_permit(P1, "AA1", rates=rates))
    gate.desk = dataclasses.replace(gate.desk, tariff=lambda: RATES)
    gate.lets_in("AA1")
    gate.lot.clock.forward(hours=5)
    assert owed(gate, "AA1") == due


def test_a_code_of_rates_that_no_tariff_has_is_named_until_one_has_it(gate: Gate) -> None:
    gate.hears(a_permit(P1, "AA1", rates="gim"), a_permit(P2, "AA2"))
    gate.lets_in("AA1")
    gate.lot.clock.forward(hours=5)
    assert owed(gate, "AA1") == 5 * 250, "nobody is kept in by it"
    assert gate.policy.unknown_rates() == [f"'gim' of the permit {P1}"]
    gate.policy = LotPolicy({}, RATES, Passback.HARD, gate.lot.clock, zone=gate.zone)
    gate.hears(a_permit(P1, "AA1", rates="gym"))
    assert gate.policy.unknown_rates() == []


def owed(gate: Gate, plate: str) -> int:
    stay = gate.lot.decide(lambda tx: open_ticket(tx.connection, Plate(plate)))
    assert stay is not None
    return gate.lot.decide(lambda tx: exit.bill(tx, stay.id, exit.moments.now(tx)).owed)


# --- whatever the order ---

PLATES = ("AA1", "AA2", "AA3", "BB1", "BB2")
_STEPS = st.lists(
    st.tuples(st.sampled_from(("in", "in", "in", "back", "out", "unseen", "restart")), st.sampled_from(PLATES)),
    max_size=25,
)


def _most_inside(folder: Path, steps: list[tuple[str, str]]) -> tuple[int, int]:
    """The most vehicles of the first permit, and of the account, that ever were inside at once."""
    gate = Gate(a_lot(folder))
    gate.hears(
        a_permit(P1, "AA1", "AA2", "AA3", account="ACME", in_at_a_time=2),
        a_permit(P2, "BB1", "BB2", account="ACME", beyond="refuse"),
        AccountLimited(account="ACME", in_at_a_time=3),
    )
    most = (0, 0)
    for what, plate in steps:
        _happens(gate, what, plate)
        inside = "SELECT count(*) FILTER (WHERE permit_id = ?), count(account) FROM tickets WHERE status IN (?, ?, ?)"
        [(of_permit, of_account)] = gate.lot.rows(inside, P1, "ADMITTED", "ACTIVE", "UNRESOLVED")
        most = max(most[0], int(str(of_permit))), max(most[1], int(str(of_account)))
    assert tables_agree_with_facts(gate.lot.path)
    gate.lot.store.close()
    return most


def _happens(gate: Gate, what: str, plate: str) -> None:
    if what == "restart":
        gate.restarts()
    elif what == "out":
        if gate.lot.decide(lambda tx: open_ticket(tx.connection, Plate(plate))) is not None:
            gate.lets_out(plate)
    else:
        answer = gate.asked(plate)
        if isinstance(answer, Allowed) and answer.ticket is not None:
            ticket = answer.ticket
            then = {"in": gate.desk.confirm(ticket), "unseen": gate.desk.unresolve(ticket)}
            gate.lot.decide(then.get(what, gate.desk.withdraw(ticket, vended=True)))


@settings(max_examples=12, deadline=None)
@given(_STEPS)
def test_never_more_than_n_are_in_at_a_time_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    of_permit, of_account = _most_inside(tmp_path_factory.mktemp("lot"), steps)
    assert of_permit <= 2
    assert of_account <= 3


def test_control_where_nothing_is_counted_too_many_are_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "used", lambda *_: Used())
    assert _most_inside(tmp_path, [("in", plate) for plate in PLATES]) == (3, 5)
