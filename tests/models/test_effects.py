"""What facts change: the same in the lot's SQLite, in a cloud that folds them first, and on paper."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from cloud.ingest.fold import fold
from edge.store.database import connect
from edge.store.migrations import migrations
from edge.store.transaction import apply
from models.effects import Change, effects
from models.facts import (
    DebtCollected,
    DeclaredSpot,
    ExitAbandoned,
    ExitAllowed,
    Fact,
    FaultCleared,
    FaultRaised,
    FeeBounded,
    FeeCorrected,
    HelpCalled,
    LaneHeld,
    LaneOrdered,
    LaneReleased,
    LevelDeclared,
    LotDeclared,
    PassageCounted,
    PassbackReset,
    PaymentTaken,
    SpotsRemoved,
    StayDated,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    TicketUnresolved,
    TicketVoided,
    UnableToCollect,
    VehicleRegistered,
)
from models.ids import LaneName, LevelId, PaymentId, SpotId, TicketId, VehicleId
from models.instants import Instant
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.money import Minor
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff
from models.tickets import Direction
from tests.models.happenings import LOT, any_fact
from tests.models.paper import NOT_FROM_FACTS, TABLES, Rows, on_paper

IN, OUT = LaneName("in"), LaneName("out")
TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
SPOTS = 3
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("enters", "enters", "confirms", "backs_out", "pays", "owes", "is_let_out", "turns_back", "leaves"),
                *("pays_late", "is_lost", "breaks", "is_repaired", "is_closed_off", "is_declared"),
                *("is_set", "is_kept_open", "is_let_down", "is_counted", "is_forgotten", "calls"),
                *("is_dated", "is_bounded", "is_corrected"),
            ]
        ),
        st.integers(0, 3),
    ),
    max_size=40,
)


@dataclass
class Day:
    """A lot's day, made up step by step; a step that makes no sense now is left out."""

    facts: list[Fact] = field(default_factory=list)
    spot_of: dict[str, SpotId | None] = field(default_factory=dict)
    status: dict[TicketId, str] = field(default_factory=dict)
    plates: int = 0
    payments: int = 0
    debts: list[UnableToCollect] = field(default_factory=list)
    entries: int = 0
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts.append(
            LotDeclared(
                name="North",
                address="",
                timezone="UTC",
                currency="EUR",
                total_spots=SPOTS,
                lat_microdegrees=None,
                lng_microdegrees=None,
                lanes=(),
            )
        )
        self.is_declared(0)

    def live(self, steps: Iterable[tuple[str, int]]) -> Day:
        for what, which in steps:
            getattr(self, what)(which)
        return self

    def open(self, which: int, *statuses: str) -> TicketId | None:
        tickets = [ticket for ticket, status in self.status.items() if status in (statuses or ("in", "out", "lost"))]
        return tickets[which % len(tickets)] if tickets else None

    def enters(self, which: int) -> None:
        taken = {self.spot_of[ticket] for ticket, status in self.status.items() if status != "gone"}
        free = [spot for n in range(SPOTS) if (spot := SpotId(f"s{n}")) not in taken]
        if not free:
            return
        self.plates += 1
        vehicle, ticket = VehicleId(f"v{self.plates}"), TicketId(f"t{self.plates}")
        spot = free[which % len(free)] if which < 3 else None
        self.facts += [
            VehicleRegistered(
                vehicle=vehicle,
                vehicle_type=VehicleType.REGULAR,
                license_plate=None if which == 2 else f"P{self.plates}",
            ),
            TicketOpened(
                ticket=ticket,
                code=str(self.plates),
                vehicle=vehicle,
                vehicle_type=VehicleType.REGULAR,
                lane=IN,
                spot=spot,
                entered=Instant(self.plates),
                tariff=TARIFF,
                confidence_permille=1000,
            ),
        ]
        self.spot_of[ticket], self.status[ticket] = spot, "out"

    def confirms(self, which: int) -> None:
        if ticket := self.open(which, "out"):
            self.facts.append(TicketConfirmed(ticket=ticket, lane=IN, passed=Instant(which)))
            self.status[ticket] = "in"

    def backs_out(self, which: int) -> None:
        if ticket := self.open(which, "out"):
            self.facts.append(TicketVoided(ticket=ticket, lane=IN, at=Instant(which), reason="back_out"))
            self.status[ticket] = "gone"

    def is_lost(self, which: int) -> None:
        if ticket := self.open(which, "out", "in"):
            self.facts.append(TicketUnresolved(ticket=ticket, at=Instant(which), during="entry"))
            self.status[ticket] = "lost"

    def pays(self, which: int) -> None:
        if ticket := self.open(which):
            self.payments += 1
            self.facts.append(
                PaymentTaken(
                    payment=PaymentId(f"p{self.payments}"),
                    ticket=ticket,
                    lane=OUT,
                    amount=Minor(250),
                    currency="EUR",
                    method="terminal",
                    reference="r",
                    taken=Instant(which),
                    paid_in_all=Minor(250 * self.payments),
                )
            )

    def owes(self, which: int) -> None:
        if ticket := self.open(which):
            self.payments += 1
            payment, amount = PaymentId(f"p{self.payments}"), Minor(250)
            debt = UnableToCollect(
                payment=payment, ticket=ticket, lane=OUT, amount=amount, currency="EUR", reason="-", at=Instant(1)
            )
            self.facts.append(debt)
            self.debts.append(debt)

    def pays_late(self, which: int) -> None:
        """For a stay that may be over."""
        if self.debts:
            debt = self.debts.pop(which % len(self.debts))
            self.facts.append(
                DebtCollected(
                    payment=debt.payment,
                    ticket=debt.ticket,
                    lane=OUT,
                    amount=debt.amount,
                    currency="EUR",
                    method="terminal",
                    reference="late",
                    taken=Instant(which),
                    paid_in_all=Minor(250 + which),
                )
            )

    def is_let_out(self, which: int) -> None:
        if ticket := self.open(which):
            self.facts.append(
                ExitAllowed(
                    ticket=ticket,
                    lane=OUT,
                    at=Instant(which),
                    settled_until=Instant(which),
                    amount_due=Minor(250),
                    amount_paid=Minor(which),
                    started_hours=1,
                    match="exact",
                )
            )

    def turns_back(self, which: int) -> None:
        if ticket := self.open(which):
            self.facts.append(ExitAbandoned(ticket=ticket, lane=OUT, at=Instant(which)))

    def leaves(self, which: int) -> None:
        if ticket := self.open(which):
            due, paid = Minor(250), Minor(which)
            self.facts.append(
                TicketClosed(ticket=ticket, lane=OUT, exited=Instant(which), amount_due=due, amount_paid=paid)
            )
            self.status[ticket] = "gone"

    def breaks(self, which: int) -> None:
        fault = f"f{len(self.broken)}"
        self.broken.append(fault)
        self.facts.append(
            FaultRaised(fault=fault, code="camera.lost", source="in.camera", detail="", at=Instant(which))
        )

    def is_repaired(self, which: int) -> None:
        if self.broken:
            fault = self.broken[which % len(self.broken)]
            self.facts.append(FaultCleared(fault=fault, code="camera.lost", source="in.camera", at=Instant(which)))

    def is_closed_off(self, which: int) -> None:
        self.facts.append(SpotsRemoved(spots=(SpotId(f"s{which % SPOTS}"),)))

    def is_declared(self, which: int) -> None:
        kind = list(SpotType)[which]
        spots = tuple(DeclaredSpot(id=SpotId(f"s{n}"), number=str(n), type=kind) for n in range(SPOTS))
        self.facts.append(LevelDeclared(level=LevelId("l0"), floor_number=0, name=f"Level {which}", spots=spots))

    def is_set(self, which: int) -> None:
        """A state that is obeyed, one that isn't, or an order that sets none."""
        self.entries += 1
        state = None if which == 3 else list(LaneState)[which]
        self.facts.append(
            LaneOrdered(
                record=f"o{self.entries}",
                order="again and again",
                lane=(IN, OUT)[which % 2],
                kind=OrderKind.SET_STATE if state else OrderKind.OPEN,
                by="Ann",
                reason="-",
                state=state,
                obeyed=which != 1,
                why_not="no" if which == 1 else "",
                at=Instant(which),
            )
        )

    def is_kept_open(self, which: int) -> None:
        cause = list(HoldCause)[which % 2]
        self.facts.append(LaneHeld(lane=IN, cause=cause, by=None, reason=None, at=Instant(which)))

    def is_let_down(self, which: int) -> None:
        self.facts.append(LaneReleased(lane=IN, cause=HoldCause.FIRE, by=None, reason=None, at=Instant(which)))

    def is_counted(self, which: int) -> None:
        self.entries += 1
        self.facts.append(
            PassageCounted(
                passage=f"c{self.entries}",
                lane=OUT,
                direction=Direction.EXIT,
                kind=list(PassageKind)[which],
                order=None,
                unable_to_collect=which > 1,
                at=Instant(which),
                license_plate=None,
            )
        )

    def is_forgotten(self, which: int) -> None:
        vehicle = VehicleId(f"v{self.plates}") if which and self.plates else None
        self.facts.append(PassbackReset(vehicle=vehicle, by=None, reason="-", at=Instant(which)))

    def calls(self, which: int) -> None:
        self.entries += 1
        self.facts.append(
            HelpCalled(call=f"h{self.entries}", lane=IN, why="help", at=Instant(which), license_plate=f"P{which}")
        )

    def is_dated(self, which: int) -> None:
        """Also one that is over."""
        if self.status:
            ticket, at = list(self.status)[which % len(self.status)], Instant(7_000 + which)
            self.facts.append(StayDated(ticket=ticket, entered=at, settled=at if which > 1 else None, exited=None))

    def is_bounded(self, which: int) -> None:
        if ticket := self.open(which):
            self.facts.append(FeeBounded(ticket=ticket, lane=OUT, at=Instant(which), shortest=which, longest=None))

    def is_corrected(self, which: int) -> None:
        over = [ticket for ticket, status in self.status.items() if status == "gone"]
        if over:
            self.entries += 1
            self.facts.append(
                FeeCorrected(
                    correction=f"k{self.entries}",
                    ticket=over[which % len(over)],
                    at=Instant(which),
                    why="clock_set",
                    fee_before=Minor(500),
                    fee=Minor(250),
                    paid=Minor(500),
                    refund_owed=Minor(250 + which),
                    currency="EUR",
                )
            )

    def changes(self) -> list[Change]:
        return [change for fact in self.facts for change in effects(fact, LOT, self.spot_of.get)]


def in_sqlite(changes: Iterable[Change]) -> Rows:
    with closing(connect(Path(":memory:"))) as connection:
        migrations.apply(Database(connection))
        for change in changes:
            apply(connection, change)
        return {
            (table, row["id"]): {column: row[column] for column in row.keys() if column not in NOT_FROM_FACTS}  # noqa: SIM118
            for table in TABLES
            for row in connection.execute(f"SELECT * FROM {table}")
        }


@given(any_fact())
def test_every_fact_says_what_it_changes(fact: Fact) -> None:
    for change in effects(fact, LOT, lambda ticket: SpotId("s")):
        assert change.values
        assert change.table in TABLES


@given(any_fact())
def test_a_row_that_is_made_belongs_to_its_lot(fact: Fact) -> None:
    for change in effects(fact, LOT, lambda ticket: SpotId("s")):
        if change.kind == "insert":
            assert change.values["lot_id"] == LOT
        if change.kind == "declare" and change.table != "parking_lots":
            assert change.at_first["lot_id"] == LOT


@given(STEPS)
def test_the_lots_tables_say_what_its_facts_say(steps: list[tuple[str, int]]) -> None:
    changes = Day().live(steps).changes()
    assert in_sqlite(changes) == on_paper(changes)


@given(STEPS)
def test_changes_folded_row_by_row_end_like_changes_made_one_after_another(steps: list[tuple[str, int]]) -> None:
    changes = Day().live(steps).changes()
    assert on_paper(fold(changes)) == on_paper(changes)
    assert in_sqlite(fold(changes)) == in_sqlite(changes)


@given(STEPS)
def test_a_spot_is_taken_exactly_while_somebody_holds_it(steps: list[tuple[str, int]]) -> None:
    day = Day().live(steps)
    rows = on_paper(day.changes())
    held = {day.spot_of[ticket] for ticket, status in day.status.items() if status != "gone"}
    for n in range(SPOTS):
        assert (rows["spots", f"s{n}"]["status"] == "OCCUPIED") == (f"s{n}" in held)


def test_a_change_to_a_row_that_is_not_there_is_refused() -> None:
    with closing(connect(Path(":memory:"))) as connection:
        migrations.apply(Database(connection))
        with pytest.raises(LookupError):
            apply(connection, Change("update", "tickets", "nobody's", {"status": "ACTIVE"}))
        with pytest.raises(sqlite3.IntegrityError):
            apply(connection, Change("insert", "levels", "l", {"lot_id": "nobody's", "floor_number": 0, "name": "L"}))
