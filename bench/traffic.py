"""A lot's journal as real days leave it behind, made by the lot's own store: what the benches have to carry."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from edge.clock import SystemClock
from edge.parking.places.layout import PlannedLevel, declare
from edge.store import Store, Transaction, journal
from edge.sync.windows import Label, fill_window
from models.codes import ticket_code
from models.facts import (
    DeclaredLane,
    Fact,
    LotDeclared,
    PaymentTaken,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    VehicleRegistered,
)
from models.facts.tickets import ExitAllowed
from models.ids import LaneName, LotId, PaymentId, SpotId, TicketId, VehicleId
from models.instants import HOUR, SECOND, Instant, Monotonic, Reading
from models.money import Minor
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff
from models.tickets import Direction
from models.wire.envelopes import Window

IN, OUT = LaneName("north-in"), LaneName("north-out")
SPOTS = 400
_TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
_AT_ONCE = 400
_FACTS_AT_ONCE = 400
_BEGAN = Instant(1_795_000_000_000_000)


class _Days:
    """A clock on which a vehicle comes or goes every eight seconds."""

    def __init__(self) -> None:
        self._at = 0

    def read(self) -> Reading:
        self._at += 8 * SECOND
        return Reading("bench", Monotonic(self._at), Instant(_BEGAN + self._at), True)

    def monotonic(self) -> Monotonic:
        return Monotonic(self._at)

    async def sleep(self, seconds: float) -> None:
        await SystemClock().sleep(seconds)


class Traffic:
    """Vehicles that come and go at one lot; each thing that happens is a decision's facts."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._inside: deque[TicketId] = deque()
        self._free: deque[SpotId] = deque()
        self._vehicles = 0

    def opens(self, tx: Transaction) -> None:
        lanes = (DeclaredLane(name=IN, direction=Direction.ENTRY), DeclaredLane(name=OUT, direction=Direction.EXIT))
        declared = LotDeclared(
            name="North",
            address="1 North Street",
            timezone="Europe/Berlin",
            currency="EUR",
            total_spots=SPOTS,
            lat_microdegrees=None,
            lng_microdegrees=None,
            lanes=lanes,
        )
        declare(tx, declared, (PlannedLevel(0, "Ground", tuple((str(n), SpotType.REGULAR) for n in range(SPOTS))),))
        self._free.extend(SpotId(row["id"]) for row in tx.connection.execute("SELECT id FROM spots"))

    def happens(self, tx: Transaction) -> None:
        """The next vehicle comes or goes: the facts of its passage."""
        full, empty = not self._free, len(self._inside) < SPOTS // 4
        comes = empty or (not full and self._chance.random() < 0.5)
        for fact in self._entry(tx) if comes else self._exit(tx):
            tx.record(fact)

    def _entry(self, tx: Transaction) -> Iterator[Fact]:
        vehicle, ticket, at = VehicleId(tx.mint()), TicketId(tx.mint()), tx.at.wall
        self._vehicles += 1
        plate = f"HH{self._vehicles:06}"
        yield VehicleRegistered(vehicle=vehicle, vehicle_type=VehicleType.REGULAR, license_plate=plate)
        yield TicketOpened(
            ticket=ticket,
            code=ticket_code(tx.random_bits(35)),
            vehicle=vehicle,
            vehicle_type=VehicleType.REGULAR,
            lane=IN,
            spot=self._free.popleft(),
            entered=at,
            tariff=_TARIFF,
            confidence_permille=990,
        )
        yield TicketConfirmed(ticket=ticket, lane=IN, passed=at)
        self._inside.append(ticket)

    def _exit(self, tx: Transaction) -> Iterator[Fact]:
        ticket, at, due = self._inside.popleft(), tx.at.wall, Minor(250 * self._chance.randrange(1, 7))
        paid = PaymentId(tx.mint())
        yield PaymentTaken(
            payment=paid,
            ticket=ticket,
            lane=OUT,
            amount=due,
            currency="EUR",
            method="terminal",
            reference=f"T-{paid[:8]}",
            taken=at,
            paid_in_all=due,
        )
        yield ExitAllowed(
            ticket=ticket,
            lane=OUT,
            at=at,
            settled_until=Instant(at + HOUR // 4),
            amount_due=due,
            amount_paid=due,
            started_hours=due // 250,
            match="exact",
        )
        yield TicketClosed(ticket=ticket, lane=OUT, exited=at, amount_due=due, amount_paid=due)
        spot = tx.connection.execute("SELECT spot_id FROM tickets WHERE id = ?", (ticket,)).fetchone()["spot_id"]
        self._free.append(SpotId(spot))


def a_backlog(path: Path, lot: LotId, facts: int, seed: int = 1) -> Store:
    """A lot's open store with at least so many facts in its journal that no cloud has heard of."""
    # What is measured is how they leave, not how they came.
    store = Store(path, lot, _Days(), synchronous="OFF")
    traffic = Traffic(seed)
    store.write_now(traffic.opens)
    while length(store) < facts:
        store.write_now(lambda tx: _many(traffic, tx, facts))
    return store


def _many(traffic: Traffic, tx: Transaction, facts: int) -> None:
    for _ in range(min(_AT_ONCE, (facts - _head(tx).seq + 2) // 3)):
        traffic.happens(tx)


def length(store: Store) -> int:
    return store.write_now(lambda tx: _head(tx).seq)


def windows(store: Store, lot: LotId) -> list[tuple[Window, bytes]]:
    """The whole journal as the lot would send it: each window, and as published."""
    cut: list[tuple[Window, bytes]] = []

    def look(tx: Transaction) -> None:
        head, sent = _head(tx), 0
        while facts := journal.run(tx.connection, head.stream_id, sent, _FACTS_AT_ONCE):
            previous = journal.hash_at(tx.connection, head.stream_id, sent)
            assert previous is not None
            cut.append(fill_window(Label(lot, "ledger", head.stream_id), previous, facts))
            sent = cut[-1][0].facts[-1].seq

    store.write_now(look)
    return cut


def _head(tx: Transaction) -> journal.Head:
    head = journal.head_of(tx.connection, "ledger")
    assert head is not None
    return head
