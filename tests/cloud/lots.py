"""Lots as the cloud's tests need them: they say what happened, and it becomes a chain of facts in windows."""

from __future__ import annotations

import secrets
from typing import Any

from models.codes import ticket_code
from models.facts import (
    AccessRefused,
    DeclaredLane,
    DeclaredSpot,
    ExitAllowed,
    Fact,
    LevelDeclared,
    LotDeclared,
    PaymentTaken,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    TicketVoided,
    VehicleRegistered,
)
from models.facts.base import Stream
from models.ids import LaneName, LevelId, LotId, PaymentId, SpotId, StreamId, TicketId, VehicleId, uuid7
from models.instants import HOUR, SECOND, Instant, Monotonic, Reading
from models.money import Minor
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff
from models.tickets import Direction
from models.wire.chain import GENESIS, link
from models.wire.envelopes import SentFact, Window, body_text

NOON = Instant(1_795_000_000_000_000)
TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
IN, OUT = LaneName("north-in"), LaneName("north-out")


def an_id(at: int = NOON) -> str:
    return uuid7(Instant(at), secrets.token_bytes(10))


class Lot:
    """A lot's own journal. Each thing that happens there is a fact, numbered and chained to the one before."""

    def __init__(self, lot: LotId, stream: Stream = "ledger") -> None:
        self.id, self.stream = lot, stream
        self.stream_id = StreamId(an_id())
        self.facts: list[SentFact] = []
        self.now = NOON
        self.spots: list[SpotId] = []

    def says(self, fact: Fact) -> SentFact:
        return self.says_as(fact.type, fact.version, fact.body(), fact.personal_part())

    def says_as(
        self, type: str, version: int, body: dict[str, Any], personal: dict[str, Any] | None = None
    ) -> SentFact:
        """A fact in this lot's words, known to the cloud or not."""
        salt = secrets.token_hex(16) if personal else None
        text = body_text(body, salt, personal)
        at = Reading("boot", Monotonic(self.now - NOON), self.now, True)
        seq, previous = len(self.facts) + 1, self.facts[-1].hash if self.facts else GENESIS
        hash = link(previous, self.id, self.stream, self.stream_id, seq, type, version, at, text)
        sent = SentFact(
            seq=seq,
            type=type,
            version=version,
            boot_id=at.boot_id,
            monotonic=at.monotonic,
            wall=at.wall,
            synced=at.synced,
            body=text,
            salt=salt,
            personal=personal or None,
            hash=hash,
        )
        self.facts.append(sent)
        self.now = Instant(self.now + SECOND)
        return sent

    def window(self, first: int = 1, last: int | None = None) -> Window:
        """Facts `first` to `last` as the lot would send them; all of them unless told."""
        previous = GENESIS if first == 1 else self.facts[first - 2].hash
        facts = tuple(self.facts[first - 1 : last])
        return Window(lot=self.id, stream=self.stream, stream_id=self.stream_id, previous=previous, facts=facts)

    def opens_for_business(self, spots_a_level: int = 4, levels: int = 2) -> Lot:
        lanes = (DeclaredLane(name=IN, direction=Direction.ENTRY), DeclaredLane(name=OUT, direction=Direction.EXIT))
        self.says(
            LotDeclared(
                name="North",
                address="1 North Street",
                timezone="Europe/Berlin",
                currency="EUR",
                total_spots=spots_a_level * levels,
                lat_microdegrees=52_500_000,
                lng_microdegrees=13_400_000,
                lanes=lanes,
            )
        )
        kinds = (SpotType.COMPACT, SpotType.REGULAR)
        for floor in range(levels):
            ids = [SpotId(an_id()) for _ in range(spots_a_level)]
            self.spots += ids
            spots = tuple(
                DeclaredSpot(id=spot, number=f"{floor}{n:02}", type=kinds[n % 2]) for n, spot in enumerate(ids)
            )
            self.says(LevelDeclared(level=LevelId(an_id()), floor_number=floor, name=f"Level {floor}", spots=spots))
        return self

    def meets(self, plate: str | None) -> VehicleId:
        vehicle = VehicleId(an_id())
        self.says(VehicleRegistered(vehicle=vehicle, vehicle_type=VehicleType.REGULAR, license_plate=plate))
        return vehicle

    def admits(self, vehicle: VehicleId, spot: SpotId | None = None) -> TicketId:
        ticket = TicketId(an_id(self.now))
        self.says(
            TicketOpened(
                ticket=ticket,
                code=ticket_code(secrets.randbits(35)),
                vehicle=vehicle,
                vehicle_type=VehicleType.REGULAR,
                lane=IN,
                spot=spot,
                entered=self.now,
                tariff=TARIFF,
                confidence_permille=990,
            )
        )
        return ticket

    def lets_in(self, plate: str | None, spot: SpotId | None = None) -> TicketId:
        """A car comes, is admitted and passes."""
        ticket = self.admits(self.meets(plate), spot)
        self.says(TicketConfirmed(ticket=ticket, lane=IN, passed=self.now))
        return ticket

    def sees_backing_out(self, ticket: TicketId) -> None:
        self.says(TicketVoided(ticket=ticket, lane=IN, at=self.now, reason="back_out"))

    def lets_out(self, ticket: TicketId, amount: int = 250) -> None:
        """An hour later the car pays, is let out and passes."""
        self.now = Instant(self.now + HOUR // 2)
        money = Minor(amount)
        self.says(
            PaymentTaken(
                payment=PaymentId(an_id()),
                ticket=ticket,
                lane=OUT,
                amount=money,
                currency="EUR",
                method="terminal",
                reference="sim-1",
                taken=self.now,
                paid_in_all=money,
            )
        )
        self.says(
            ExitAllowed(
                ticket=ticket,
                lane=OUT,
                at=self.now,
                settled_until=self.now,
                amount_due=money,
                amount_paid=money,
                started_hours=1,
                match="exact",
            )
        )
        self.says(TicketClosed(ticket=ticket, lane=OUT, exited=self.now, amount_due=money, amount_paid=money))

    def refuses(self, plate: str | None) -> None:
        self.says(
            AccessRefused(
                refusal=an_id(),
                lane=IN,
                direction=Direction.ENTRY,
                reason="LOT_FULL",
                at=self.now,
                license_plate=plate,
            )
        )
