"""A real lot and its mirror in a real PostgreSQL: what the lot writes is applied there, window by window."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import asyncpg

from cloud.ingest.apply import Outcome, apply_window
from edge.lane.actions import Count
from edge.lane.signals import Button
from edge.parking import lanes
from edge.parking.money import closing, ledger
from edge.parking.stays import mending
from edge.parking.stays.word import Word
from edge.store import Transaction, journal
from edge.store.database import looking_into
from edge.store.digests import digest
from edge.sync.windows import Label, fill_window
from models.facts import (
    ExitAllowed,
    FaultCleared,
    FaultRaised,
    FeeCorrected,
    LaneHeld,
    LaneOrdered,
    PassbackReset,
    PaymentTaken,
    QuotaKept,
    ReceiptIssued,
    Suspicion,
    TicketClosed,
    TicketPictured,
    TicketSuspected,
    UnableToCollect,
    ValetParked,
    ValetTaken,
)
from models.ids import PaymentId, TicketId
from models.instants import Instant
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import SpotType
from models.tickets import Direction
from models.wire.chain import GENESIS
from models.wire.envelopes import Window
from tests.edge.lots import IN, NOON, OUT, Lot

LATER = Instant(NOON + 3_600_000_000)


@dataclass
class Mirror:
    """`lot` at one end, the cloud's `database` at the other."""

    lot: Lot
    database: asyncpg.Connection
    sent: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    def windows(self) -> list[Window]:
        """What the lot has written since it was last asked."""
        found: list[Window] = []
        with looking_into(self.lot.path) as connection:
            head = journal.head_of(connection, "ledger")
            assert head is not None
            while facts := journal.run(connection, head.stream_id, self.sent, 300):
                previous = journal.hash_at(connection, head.stream_id, self.sent) or GENESIS
                window, _ = fill_window(Label(self.lot.id, "ledger", head.stream_id), previous, facts)
                found.append(window)
                self.sent = window.facts[-1].seq
        return found

    async def catches_up(self, at: Instant = LATER) -> Outcome:
        """Everything new is applied; the last window's outcome."""
        for window in self.windows():
            self.outcomes.append(await apply_window(self.database, window, at))
        return self.outcomes[-1]

    async def compares(self, at: Instant = LATER) -> tuple[str, set[str]]:
        """The lot writes a digest, and the cloud says what came of it: the verdict and the tables that differ."""
        self.lot.decide(digest)
        outcome = await self.catches_up(at)
        assert outcome.digest is not None
        return outcome.digest.verdict, {part.table for part in outcome.digest.differs}

    async def value(self, sql: str, *args: Any) -> Any:
        return await self.database.fetchval(sql, *args)


def live_a_day(lot: Lot, cars: int = 6) -> list[TicketId]:
    """Everything that leaves a row happens at the lot. Returns the tickets of those who stay."""
    stays = [lot.enters(f"AB{n:02}CDE").ticket for n in range(cars)]
    for number, ticket in enumerate(stays[:2]):
        leaves_paying(lot, ticket, number)
    lot.decide(lambda tx: lanes.refuse(tx, IN, Direction.ENTRY, Refusal.LOT_FULL, Plate("ZZ99ZZZ")))
    lot.decide(lambda tx: lanes.count(tx, OUT, Count(PassageKind.PERMIT, Direction.EXIT, Plate("PP11PPP"))))
    lot.decide(lambda tx: lanes.call(tx, IN, Button.HELP, Plate("HH11HHH")))
    lot.decide(has_faults)
    lot.decide(has_orders)
    lot.decide(keeps_places_back)
    lot.decide(lambda tx: tx.record(owes(stays[2], tx.mint(), 400)))
    lot.decide(lambda tx: tx.record(had_paid_too_much(tx, stays[0])))
    lot.decide(lambda tx: ledger.begin(tx, stays[0]))
    twice = lot.enters("AB02COE").ticket
    lot.decide(lambda tx: looked_after(tx, stays[2], twice))
    lot.decide(lambda tx: closing.close_day(tx, "a person"))
    lot.decide(lambda tx: tx.record(a_receipt(tx, stays[0])))
    return stays[2:]


def looked_after(tx: Transaction, stay: TicketId, twice: TicketId) -> None:
    """A person has something to do with that stay, and `twice` is another ticket of it."""
    tx.record(ValetTaken(ticket=stay, tag="17", by="ann", at=tx.at.wall))
    tx.record(ValetParked(ticket=stay, spot=None, place="yard", by="ann", at=tx.at.wall))
    tx.record(
        TicketSuspected(
            suspicion=tx.mint(),
            kind=Suspicion.TWO_TICKETS,
            ticket=twice,
            other=stay,
            lane=OUT,
            done="noted",
            at=tx.at.wall,
            license_plate="AB02CDE",
        )
    )
    tx.record(TicketPictured(ticket=stay, lane=IN, picture="5a" * 32, at=tx.at.wall))
    mending.merge(tx, stay, twice, Word("ann", "read wrongly"))


def a_receipt(tx: Transaction, ticket: TicketId) -> ReceiptIssued:
    return ReceiptIssued(
        receipt=tx.mint(), number=1, ticket=ticket, total=Minor(250), currency="EUR", said="{}", at=tx.at.wall
    )


def has_faults(tx: Transaction) -> None:
    for number in range(3):
        fault = tx.mint()
        tx.record(FaultRaised(fault=fault, code=f"barrier.{number}", source="in.barrier", detail="", at=tx.at.wall))
        if number == 0:
            tx.record(FaultCleared(fault=fault, code="barrier.0", source="in.barrier", at=tx.at.wall))
    tx.record(PassbackReset(vehicle=None, by="a person", reason="", at=tx.at.wall))


def keeps_places_back(tx: Transaction) -> None:
    tx.record(QuotaKept(spot_type=SpotType.REGULAR, asked=3, places=2, revision=1, at=tx.at.wall))


def has_orders(tx: Transaction) -> None:
    tx.record(
        LaneOrdered(
            record=tx.mint(),
            order="o-1",
            lane=IN,
            kind=OrderKind.SET_STATE,
            by="a person",
            reason="sweeping",
            state=LaneState.CLOSED,
            obeyed=True,
            why_not="",
            at=tx.at.wall,
        )
    )
    tx.record(LaneHeld(lane=OUT, cause=HoldCause.FIRE, by=None, reason=None, at=tx.at.wall))


def had_paid_too_much(tx: Transaction, ticket: TicketId) -> FeeCorrected:
    return FeeCorrected(
        correction=tx.mint(),
        ticket=ticket,
        at=tx.at.wall,
        why="clock_set",
        fee_before=Minor(250),
        fee=Minor(200),
        paid=Minor(250),
        refund_owed=Minor(50),
        currency="EUR",
    )


def owes(ticket: TicketId, payment: str, amount: int) -> UnableToCollect:
    return UnableToCollect(
        payment=PaymentId(payment),
        ticket=ticket,
        lane=OUT,
        amount=Minor(amount),
        currency="EUR",
        reason="terminal.down",
        at=NOON,
    )


def leaves_paying(lot: Lot, ticket: TicketId, number: int) -> None:
    lot.decide(lambda tx: pay_and_leave(tx, ticket, number))


def pay_and_leave(tx: Transaction, ticket: TicketId, number: int) -> None:
    money, now = Minor(250), tx.at.wall
    tx.record(
        PaymentTaken(
            payment=PaymentId(tx.mint()),
            ticket=ticket,
            lane=OUT,
            amount=money,
            currency="EUR",
            method="terminal",
            reference=f"sim-{number}",
            taken=now,
            paid_in_all=money,
        )
    )
    tx.record(
        ExitAllowed(
            ticket=ticket,
            lane=OUT,
            at=now,
            settled_until=now,
            amount_due=money,
            amount_paid=money,
            started_hours=1,
            match="exact",
        )
    )
    tx.record(TicketClosed(ticket=ticket, lane=OUT, exited=now, amount_due=money, amount_paid=money))
