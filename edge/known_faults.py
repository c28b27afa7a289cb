"""Every fault that a lot can raise, for whoever has only its code and must say what it means."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from drivers.registry import catalogue
from edge import inputs
from edge.kiosk import faults as of_kiosk
from edge.lane import faults as of_lane
from edge.parking.access import faults as of_access
from edge.parking.money import faults as of_money
from edge.parking.places import faults as of_places
from edge.store import faults as of_store
from edge.sync import faults as of_link
from edge.vision import faults as of_vision
from models.faults import Fault


@functools.cache
def known_faults() -> Mapping[str, Fault]:
    """By their codes."""
    of_parts = [fault for settings in catalogue().found.values() for fault in settings.faults]
    rooms = (of_lane, of_vision, of_kiosk, of_access, of_money, of_places, of_store, of_link, inputs)
    of_rooms = [fault for room in rooms for fault in vars(room).values() if isinstance(fault, Fault)]
    return {fault.code: fault for fault in [*of_parts, *of_rooms]}
