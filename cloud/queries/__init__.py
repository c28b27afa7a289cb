"""What the API and the operators' page read from PostgreSQL: typed, and always within one tenant.

Every query takes the connection first and the tenant second; a lot of another tenant is a lot that
doesn't exist.
"""

from cloud.queries.alarms import Alarm, active_alarms
from cloud.queries.availability import Availability, Count, availability
from cloud.queries.differences import Differed, differences_of
from cloud.queries.lanes import LaneView, lanes_now
from cloud.queries.lots import DigestView, LotView, find_lot, is_id, lots_named, lots_overview
from cloud.queries.reservations import (
    ReservationFilter,
    ReservationPage,
    ReservationView,
    find_reservation,
    reservations_page,
)
from cloud.queries.tickets import TicketFilter, TicketPage, TicketView, tickets_page

__all__ = [
    "Alarm",
    "Availability",
    "Count",
    "Differed",
    "DigestView",
    "LaneView",
    "LotView",
    "ReservationFilter",
    "ReservationPage",
    "ReservationView",
    "TicketFilter",
    "TicketPage",
    "TicketView",
    "active_alarms",
    "availability",
    "differences_of",
    "find_lot",
    "find_reservation",
    "is_id",
    "lanes_now",
    "lots_named",
    "lots_overview",
    "reservations_page",
    "tickets_page",
]
