"""Who comes on a reservation: by its plate, or by its signed code, which is enough where nothing was heard of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.parking.access.entitlement import Reserved, ShownBy
from edge.parking.reservations.bookings import (
    Booking,
    booking,
    booking_with_code,
    bookings_of_plate,
    known_time,
    nobody_saw_it_pass,
)
from edge.store import Transaction
from models.instants import Instant
from models.plates import Plate
from models.refusals import Refusal
from models.reservations.codes import BadCode, ReservationCode, is_reservation_code, read_code
from models.reservations.rules import Rules, Standing, Window, standing
from models.tickets import ReservationStatus
from models.timeline import Bounds
from models.wire.seals import NO_KEYS, Keyring

_WAITED_FOR = (ReservationStatus.BOOKED, ReservationStatus.EXPIRED)
"""Also one that was given up: whoever comes after all, within its time, is let in if there is a place."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a vehicle at an entry shows: the text of a code, or None; and its plate, as far as it was read."""

    code: str | None
    plate: Plate | None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class ComeLater:
    """It opens from `at` on, or has a place then; `now` is what the clock says."""

    at: Instant
    now: Instant


@dataclass(frozen=True, slots=True)
class Claims:
    """Reservations as a lot takes them. `keys` are those of the cloud that it believes now."""

    keys: Callable[[], Keyring] = lambda: NO_KEYS
    rules: Rules = field(default_factory=Rules)

    def claim(self, tx: Transaction, shown: Shown) -> Reserved | ComeLater | Refusal | None:
        """On which reservation the vehicle comes, or why what it shows opens nothing; None: it comes as anybody.
        Changes nothing: `arriving.arrive` does, in the same transaction."""
        now = known_time(tx.connection, tx.at)
        if shown.code is not None:
            claimed = self._by_code(tx, shown.code, shown, now)
            if not shown.by_hand or isinstance(claimed, Reserved):
                return claimed
        return None if shown.plate is None else self._by_plate(tx, shown.plate, shown, now)

    def named(self, tx: Transaction, text: str) -> Booking | Refusal | None:
        """Which reservation a code stands for; None: it isn't the code of one."""
        known = booking_with_code(tx.connection, text)
        if known is not None:
            return known
        if not is_reservation_code(text):
            return None
        try:
            code = read_code(text, self.keys())
        except BadCode:
            return Refusal.RESERVATION_UNKNOWN
        if code.lot != tx.lot:
            return Refusal.RESERVATION_ELSEWHERE
        return booking(tx.connection, code.reservation) or _as_sold(code)

    def _by_code(self, tx: Transaction, text: str, shown: Shown, now: Bounds) -> Reserved | ComeLater | Refusal | None:
        found = self.named(tx, text)
        if not isinstance(found, Booking):
            return found or Refusal.NO_SUCH_TICKET
        against = self._against(tx, found, shown, now)
        if against is Refusal.RESERVATION_EARLY and not shown.by_hand:
            opens = Instant(found.window.start - self.rules.early)
            return None if self.rules.too_early == "transient" else ComeLater(opens, tx.at.wall)
        if against is None or against is Refusal.RESERVATION_EARLY:
            return self._reserved(found, now, "by_hand" if shown.by_hand else "code")
        return against

    def _by_plate(self, tx: Transaction, plate: Plate, shown: Shown, now: Bounds) -> Reserved | None:
        """The one that it is time for. Whoever has a reservation for tomorrow may park today like anybody."""
        good = [each for each in bookings_of_plate(tx.connection, plate) if not self._against(tx, each, shown, now)]
        found = [self._reserved(each, now, "by_hand" if shown.by_hand else "plate") for each in good]
        return next((each for each in found if each.kept), found[0] if found else None)

    def _against(self, tx: Transaction, found: Booking, shown: Shown, now: Bounds) -> Refusal | None:
        """Why nobody comes in on it now."""
        if found.status is ReservationStatus.ARRIVED and not nobody_saw_it_pass(tx.connection, found.id, shown.plate):
            return Refusal.RESERVATION_USED
        if found.withdrawn or found.status is ReservationStatus.CANCELLED:
            return Refusal.RESERVATION_CANCELLED
        match standing(found.window, now, self.rules):
            case Standing.OVER:
                return Refusal.RESERVATION_OVER
            case Standing.TOO_EARLY:
                return Refusal.RESERVATION_EARLY
            case Standing.EARLY | Standing.DUE:
                return None

    def _reserved(self, found: Booking, now: Bounds, by: ShownBy) -> Reserved:
        where = standing(found.window, now, self.rules)
        given_up = found.status is ReservationStatus.EXPIRED
        return Reserved(
            reservation=found.id,
            spot_type=found.spot_type,
            window=found.window,
            by=by,
            kept=where is Standing.DUE and not given_up,
            early=where in (Standing.EARLY, Standing.TOO_EARLY),
        )


def _as_sold(code: ReservationCode) -> Booking:
    """The lot hears of it first from its driver."""
    return Booking(code.reservation, code.spot_type, Window(code.start, code.end), ReservationStatus.BOOKED)
