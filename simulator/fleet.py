"""Lots on paper: hundreds in one process, with real chains of facts, real windows, and the cloud's word honoured.

There are no lanes and no store behind them, only a ledger. What is measured with them is the cloud.
"""

from __future__ import annotations

import random
import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import zstandard

from models.codes import ticket_code
from models.facts import (
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
    VehicleRegistered,
)
from models.ids import ENTROPY_BYTES, LaneName, LevelId, LotId, PaymentId, SpotId, StreamId, TicketId, VehicleId, uuid7
from models.instants import Instant, Monotonic, Reading
from models.money import Minor
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff
from models.tickets import Direction
from models.wire.chain import GENESIS, link
from models.wire.envelopes import WINDOW_BYTES, Ack, SentFact, body_text

IN, OUT = LaneName("in"), LaneName("out")
_TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
_WINDOWS_AHEAD = 8
_FACTS_AT_ONCE = 400
_TEXT_AT_ONCE = 3 * WINDOW_BYTES
"""Facts shrink six-fold and more: so much text fits into an envelope with room to spare."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an acknowledgement said: how long each of these transactions had to wait for it, in seconds."""

    waited: tuple[float, ...]


class PaperLot:
    """One lot's ledger and its end of the link. Times are what the caller says, in seconds."""

    def __init__(self, lot: LotId, at: Instant, spots: int = 40, seed: int = 0) -> None:
        self.id = lot
        self._chance, self._at = random.Random(f"{lot}{seed}"), at
        self.stream_id = StreamId(self._mint())
        self._texts: list[str] = []
        self._hashes: list[str] = [GENESIS]
        self._ends: list[int] = []
        """Of each transaction that is written out, the number of its last fact"""
        self._inside: deque[tuple[TicketId, SpotId]] = deque()
        self._free: deque[SpotId] = deque()
        self._plates = 0
        self._happened = 0
        self.written = self.acked = self._sent = 0
        self._repeats_to = 0
        self._under_way: deque[int] = deque()
        self._waiting: deque[tuple[int, float]] = deque()
        self.progress = 0.0
        self._open(spots)

    # --- what happens there ---

    def write_out(self, transactions: int) -> None:
        """Facts of so many more entries and exits, to happen later: working them out takes the most time."""
        for _ in range(transactions):
            comes = not self._inside or (bool(self._free) and self._chance.random() < 0.5)
            for fact in self._entry() if comes else self._exit():
                self._say(fact)
            self._ends.append(len(self._texts))

    def happens(self, now: float) -> None:
        """The next transaction that was written out is committed at the lot."""
        self.written = self._ends[self._happened]
        self._happened += 1
        self._waiting.append((self.written, now))

    @property
    def backlog(self) -> int:
        return self.written - self.acked

    def hash_of(self, seq: int) -> str:
        return self._hashes[seq]

    def oldest(self) -> float | None:
        """When the first transaction that the cloud hasn't acknowledged happened."""
        return self._waiting[0][1] if self._waiting else None

    # --- the link ---

    def windows(self, now: float) -> Iterator[bytes]:
        """What is to be published now."""
        while self._sent < self.written and len(self._under_way) < _WINDOWS_AHEAD:
            first = self._sent
            last, size = first, 0
            while last < self.written and last - first < _FACTS_AT_ONCE and size < _TEXT_AT_ONCE:
                size += len(self._texts[last])
                last += 1
            if not self._under_way:
                self.progress = now
            self._sent = last
            self._under_way.append(last)
            yield self._window(first, last)

    def rewind(self, now: float) -> None:
        """Silence, or facts that the cloud misses: everything that isn't acknowledged is sent again."""
        self._repeats_to = max(self._repeats_to, self._sent)
        self._sent, self.progress = self.acked, now
        self._under_way.clear()

    def hear(self, ack: Ack, now: float) -> Heard:
        """Raises ValueError for one that isn't about this lot's facts."""
        if ack.stream_id != self.stream_id or ack.seq > self.written or self._hashes[ack.seq] != ack.hash:
            raise ValueError(f"{self.id}: the acknowledgement of {ack.seq} isn't about its facts")
        if ack.seq <= self.acked:
            if ack.seq == self.acked < self._sent and ack.seq >= self._repeats_to:
                self.rewind(now)
            return Heard(())
        self.acked, self.progress = ack.seq, now
        self._sent = max(self._sent, ack.seq)
        while self._under_way and self._under_way[0] <= ack.seq:
            self._under_way.popleft()
        waited: list[float] = []
        while self._waiting and self._waiting[0][0] <= ack.seq:
            waited.append(now - self._waiting.popleft()[1])
        return Heard(tuple(waited))

    def _window(self, first: int, last: int) -> bytes:
        text = (
            f'{{"v":1,"lot":"{self.id}","stream":"ledger","stream_id":"{self.stream_id}",'
            f'"previous":"{self._hashes[first]}","facts":[{",".join(self._texts[first:last])}]}}'
        )
        return zstandard.ZstdCompressor(level=3).compress(text.encode())

    # --- the ledger ---

    def _open(self, spots: int) -> None:
        lanes = (DeclaredLane(name=IN, direction=Direction.ENTRY), DeclaredLane(name=OUT, direction=Direction.EXIT))
        self._say(
            LotDeclared(
                name=f"Lot {self.id[-6:]}",
                address="",
                timezone="UTC",
                currency="EUR",
                total_spots=spots,
                lat_microdegrees=None,
                lng_microdegrees=None,
                lanes=lanes,
            )
        )
        self._free.extend(SpotId(self._mint()) for _ in range(spots))
        declared = tuple(
            DeclaredSpot(id=spot, number=str(number), type=SpotType.REGULAR)
            for number, spot in enumerate(self._free, 1)
        )
        self._say(LevelDeclared(level=LevelId(self._mint()), floor_number=0, name="Ground", spots=declared))
        self.written = len(self._texts)

    def _entry(self) -> Iterator[Fact]:
        vehicle, ticket, spot = VehicleId(self._mint()), TicketId(self._mint()), self._free.popleft()
        self._plates += 1
        plate = f"P{self._plates:06}"
        yield VehicleRegistered(vehicle=vehicle, vehicle_type=VehicleType.REGULAR, license_plate=plate)
        yield TicketOpened(
            ticket=ticket,
            code=ticket_code(self._chance.getrandbits(35)),
            vehicle=vehicle,
            vehicle_type=VehicleType.REGULAR,
            lane=IN,
            spot=spot,
            entered=self._at,
            tariff=_TARIFF,
            confidence_permille=990,
        )
        yield TicketConfirmed(ticket=ticket, lane=IN, passed=self._at)
        self._inside.append((ticket, spot))

    def _exit(self) -> Iterator[Fact]:
        (ticket, spot), due = self._inside.popleft(), Minor(250)
        yield PaymentTaken(
            payment=PaymentId(self._mint()),
            ticket=ticket,
            lane=OUT,
            amount=due,
            currency="EUR",
            method="terminal",
            reference="T",
            taken=self._at,
            paid_in_all=due,
        )
        yield ExitAllowed(
            ticket=ticket,
            lane=OUT,
            at=self._at,
            settled_until=self._at,
            amount_due=due,
            amount_paid=due,
            started_hours=1,
            match="exact",
        )
        yield TicketClosed(ticket=ticket, lane=OUT, exited=self._at, amount_due=due, amount_paid=due)
        self._free.append(spot)

    def _say(self, fact: Fact) -> None:
        body, personal = fact.parts()
        salt = secrets.token_hex(16) if personal else None
        text = body_text(body, salt, personal)
        seq, at = len(self._hashes), Reading("paper", Monotonic(len(self._hashes)), self._at, True)
        hash = link(self._hashes[-1], self.id, "ledger", self.stream_id, seq, fact.type, fact.version, at, text)
        sent = SentFact(
            seq=seq,
            type=fact.type,
            version=fact.version,
            boot_id=at.boot_id,
            monotonic=at.monotonic,
            wall=at.wall,
            synced=at.synced,
            body=text,
            salt=salt,
            personal=personal or None,
            hash=hash,
        )
        self._texts.append(sent.model_dump_json())
        self._hashes.append(hash)

    def _mint(self) -> str:
        return uuid7(self._at, self._chance.randbytes(ENTROPY_BYTES))
