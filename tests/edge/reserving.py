"""Builders: a cloud that sells places of one lot, with its signed codes, and the lot's desks as a driver meets them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome
from edge.lane.signals import Allowed, Asked, Code, Credential, Read, Refused, Unread
from edge.parking.desks import EntryDesk, ExitDesk
from edge.parking.reservations.claiming import Claims
from edge.parking.reservations.keeping import keep
from edge.store import inbox
from models.allocation import AS_WRITTEN, Plan
from models.ids import LotId, PaymentId, ReservationId
from models.instants import HOUR, SECOND, Instant
from models.intents import Intent, ReservationMade, ReservationQuota
from models.lanes import LaneState
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.reservations.codes import ReservationCode, written_code
from models.reservations.rules import Rules
from models.spots import SpotType, VehicleType
from models.tariff import Tariff
from models.wire.seals import Keyring, Signer
from tests.edge.lots import IN, OUT, TARIFF, Lot
from tests.intents import Issued

SIGNER = Signer.generated()
KEYS = Keyring.of([SIGNER.public_text])
MINUTE = 60 * SECOND


class FreeTerminal(ChargesOnly):
    """Takes whatever it is asked for, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Minor] = []

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        self.asked.append(amount)
        return Charged(ChargeOutcome.TAKEN, reference="T-1")


@dataclass(frozen=True)
class Sold:
    """What a driver has: the text of the code."""

    reservation: ReservationId
    spot_type: SpotType
    start: Instant
    end: Instant
    code: str


@dataclass
class Gate:
    """A lot with its desks, and the cloud that it hears of when a test says so (`hears`)."""

    lot: Lot
    rules: Rules = field(default_factory=Rules)
    tariff: Tariff = TARIFF
    plan: Plan = AS_WRITTEN
    cloud: Issued = field(default_factory=Issued)
    terminal: FreeTerminal = field(default_factory=FreeTerminal)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def claims(self) -> Claims:
        return Claims(lambda: KEYS, self.rules)

    @property
    def now(self) -> Instant:
        return self.lot.clock.wall

    def sells(
        self, hours: float = 2, begins_in: float = 0, plate: str | None = None, spot_type: SpotType = SpotType.REGULAR
    ) -> Sold:
        """One more reservation; the lot hears of it with the next `hears`."""
        start = Instant(self.now + round(begins_in * HOUR))
        sold = self.signed(start, Instant(start + round(hours * HOUR)), spot_type)
        self.says_of(sold, plate)
        return sold

    def signed(self, start: Instant, end: Instant, spot_type: SpotType, lot: LotId | None = None) -> Sold:
        """Of which the lot hears nothing but by its code."""
        start, end = Instant(start // SECOND * SECOND), Instant(end // SECOND * SECOND)
        id = ReservationId(f"0193e1a0-0000-7000-8000-{next(self._numbers):012d}")
        code = ReservationCode(lot or self.lot.id, id, spot_type, start, end)
        return Sold(id, spot_type, start, end, written_code(code, SIGNER))

    def says_of(self, sold: Sold, plate: str | None = None, end: Instant | None = None) -> None:
        self.cloud.says(
            ReservationMade(
                reservation=sold.reservation,
                user="u1",
                spot_type=sold.spot_type,
                start_time=sold.start,
                end_time=end or sold.end,
                license_plate=plate,
            )
        )

    def asks_for(self, places: int, spot_type: SpotType = SpotType.REGULAR) -> None:
        self.cloud.says(ReservationQuota(quota=spot_type, places=places))
        self.hears()

    def hears(self, *more: Intent) -> None:
        """The lot hears all that the cloud has said until now."""
        for intent in more:
            self.cloud.says(intent)
        self.lot.decide(lambda tx: inbox.take(tx, self.cloud.deltas(inbox.place(tx.connection).revision)))
        self.keeps()

    def keeps(self) -> None:
        self.lot.decide(lambda tx: keep(tx, self.rules, self.plan))

    @property
    def kept(self) -> dict[str, int]:
        return {
            str(row[0]): int(str(row[1])) for row in self.lot.rows("SELECT spot_type, kept FROM reservation_quotas")
        }

    def status(self, sold: Sold) -> object:
        return self.lot.one("SELECT status FROM reservations WHERE id = ?", sold.reservation)

    # --- what drivers do ---

    def entry(self, vehicle: VehicleType = VehicleType.REGULAR) -> EntryDesk:
        return EntryDesk(
            IN, self.lot.store, lambda: self.tariff, {}, lambda: vehicle, plan=self.plan, reservations=self.claims
        )

    def exit(self) -> ExitDesk:
        return ExitDesk(OUT, self.lot.store, self.lot.till(self.terminal), reservations=self.claims)

    def shows(self, credential: Credential | Sold | str, plate: str | None = None, **more: object) -> Allowed | Refused:
        """At the entry; a text is a plate that the camera reads. `vehicle_type`: where it isn't a car."""
        asked = Asked(_credential(credential), plate=None if plate is None else Plate(plate), **more)  # type: ignore[arg-type]
        return _answer(self.entry().decide(asked))

    def enters(self, credential: Credential | Sold | str, plate: str | None = None, **more: object) -> Allowed:
        answer = self.shows(credential, plate, **more)
        assert isinstance(answer, Allowed), answer
        assert answer.ticket is not None
        self.lot.decide(self.entry().confirm(answer.ticket))
        return answer

    def leaves(self, credential: Credential | Sold | str, plate: str | None = None) -> Minor:
        """Returns what its driver paid on the way out."""
        asked = Asked(_credential(credential), plate=None if plate is None else Plate(plate))
        before = sum(self.terminal.asked)
        answer = _answer(self.exit().decide(asked))
        assert isinstance(answer, Allowed), answer
        assert answer.ticket is not None
        self.lot.decide(self.exit().confirm(answer.ticket))
        return Minor(sum(self.terminal.asked) - before)

    def spot_of(self, answer: Allowed) -> object:
        return self.lot.one(
            "SELECT spot_type FROM tickets JOIN spots ON spots.id = spot_id WHERE tickets.id = ?", answer.ticket
        )


def refused(answer: Allowed | Refused) -> Refusal:
    assert isinstance(answer, Refused), answer
    return answer.reason


def _answer(deciding: Coroutine[None, None, Allowed | Refused]) -> Allowed | Refused:
    """On a loop of its own: some tests are on one already."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, deciding).result()


def _credential(shown: Credential | Sold | str) -> Credential:
    if isinstance(shown, Sold):
        return Code(shown.code)
    return Read(Plate(shown), 0.98) if isinstance(shown, str) else shown


BUTTON = Unread(by_policy=False)
FULL = LaneState.FULL
