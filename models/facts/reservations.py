"""Facts about reservations at the lot: the places kept back for them, who came, and who didn't."""

from __future__ import annotations

from typing import Literal

from models.facts.base import Fact
from models.ids import LaneName, ReservationId, TicketId
from models.instants import Instant
from models.spots import SpotType


class QuotaKept(Fact, type="quota.kept", version=1):
    """From now on the lot keeps back `places` of this type for reservations, of the `asked` ones (an intent's of
    `revision`): those inside on a reservation in its time count. Fewer than asked while others stand there."""

    spot_type: SpotType
    asked: int
    places: int
    revision: int
    at: Instant


class ReservationArrived(Fact, type="reservation.arrived", version=1):
    """Its vehicle was admitted: written with the ticket; or its driver showed it only at the exit, and the stay is on
    it from then on. `by`: what showed it. A code that the lot heard of first from the driver says what it was sold as.
    """

    reservation: ReservationId
    ticket: TicketId
    lane: LaneName
    by: Literal["code", "plate", "by_hand"]
    spot_type: SpotType
    start_time: Instant
    end_time: Instant
    at: Instant


class ReservationReturned(Fact, type="reservation.returned", version=1):
    """Its vehicle backed out of the entry, or was never let in: the reservation may be used again."""

    reservation: ReservationId
    ticket: TicketId
    at: Instant


class ReservationMissed(Fact, type="reservation.missed", version=1):
    """Nobody came until its time was over, by the lot's rule: its place is no longer kept."""

    reservation: ReservationId
    at: Instant
