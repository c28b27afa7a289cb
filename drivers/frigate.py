"""Plates that Frigate reads, by its MQTT topics. Tested against: a real Mosquitto; no real Frigate yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from drivers.contract import DriverContext
from drivers.over_mqtt.faults import HEARING, NEVER_HEARD, OFFLINE, REFUSED, SILENT, UNREACHABLE
from drivers.over_mqtt.part import Availability, MqttPart, MqttSettings, Said, Wiring
from drivers.plate_sources.faults import CLOCK, GARBLED
from drivers.plate_sources.frigate_events import Tracked, is_other_news, tracked, update
from drivers.plate_sources.heard import HeardPlate, HeardVehicle
from drivers.plate_sources.kinds import kind_named
from drivers.plate_sources.posting import Ears
from drivers.plate_sources.settings import PlateSourceSettings
from drivers.values import BaseTopic, Seconds
from models.faults import Fault
from models.instants import SECOND, Monotonic

_LONGEST_MESSAGE = 1 << 20
_MOST_REMEMBERED = 256
_KNOWN_FOR = 600 * SECOND
"""Somebody who was there when the connection broke, and still is when it is back, hasn't been parked meanwhile"""
_Name = Annotated[str, Field(min_length=1, max_length=64)]


class FrigateSettings(PlateSourceSettings, MqttSettings):
    """One camera of a Frigate recorder that reads plates (its `lpr:`). Frigate tells when a vehicle comes and leaves,
    and its text of a plate grows better while the vehicle drives."""

    faults: ClassVar[tuple[Fault, ...]] = (*HEARING, GARBLED, CLOCK)
    blinds: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, REFUSED, OFFLINE, SILENT, NEVER_HEARD)
    tells_ends: ClassVar[bool] = True

    driver: Literal["frigate"] = "frigate"
    camera: _Name
    """The camera's name in Frigate"""
    zones: tuple[_Name, ...] = ()
    """Only vehicles in one of these zones of Frigate's count. Without an arming loop, draw one where vehicles stop
    before the arm"""
    labels: tuple[_Name, ...] = Field(
        default=("car", "truck", "bus", "motorcycle", "school_bus", "garbage_truck", "license_plate"), min_length=1
    )
    """What counts as a vehicle, as Frigate calls it"""
    sub_label_is_plate: bool = False
    """True where another programme writes the plate into Frigate's sub label"""
    prefix: BaseTopic = "frigate"
    """What Frigate's topics begin with: its `topic_prefix`"""
    settle: Seconds = Field(default=1.0, ge=0, le=10)
    """A plate counts once Frigate has said no other of this vehicle for so long"""
    stale_after: Seconds | None = 200.0
    """Silent for longer than this, it counts as gone. It says how it is once a minute (its `stats_interval`)"""
    heard_within: Seconds = Field(default=130.0, gt=0)
    """A Frigate that wasn't heard even once for so long since the connection was made is reported"""

    @property
    def claims(self) -> Mapping[str, str]:
        where = f" in {', '.join(sorted(self.zones))}" if self.zones else ""
        return {"camera": f"camera {self.camera}{where} of the Frigate behind {self.address}"}

    def topic(self, name: str) -> str:
        return f"{self.prefix}/{name}"

    def build(self, context: DriverContext) -> Frigate:
        return Frigate(self, context)


class Frigate(MqttPart, Ears):
    """What one of its cameras sees."""

    def __init__(self, settings: FrigateSettings, context: DriverContext) -> None:
        availability = Availability(settings.topic("available"), "online", "offline")
        states = tuple(settings.topic(name) for name in ("events", "tracked_object_update", "stats"))
        MqttPart.__init__(self, settings, context, Wiring(states=states, availability=availability))
        Ears.__init__(self)
        self._settings = settings
        self._here: dict[str, None] = {}
        """Whoever was spoken of last is the last"""
        self._known: dict[str, Monotonic] = {}
        """Those who were there when Frigate was heard no more, and when that was"""
        self._waiting: dict[str, HeardPlate] = {}
        """Plates of vehicles that aren't in the zone yet"""

    def _understood(self, topic: str, text: str) -> Said:
        """A fault never shows what was said: a plate may stand in it."""
        if topic == self._settings.topic("stats"):
            return Said.STATE
        understand = self._event if topic == self._settings.topic("events") else self._update
        if len(text) <= _LONGEST_MESSAGE and understand(text):
            self._context.faults.cleared(GARBLED)
        else:
            self._context.faults.raised(GARBLED, f"a message on {topic} that isn't of Frigate's form")
        return Said.STATE

    def _event(self, text: str) -> bool:
        seen = tracked(text, self._settings.sub_label_is_plate)
        if seen is None:
            return False
        if seen.camera == self._settings.camera and seen.label in self._settings.labels:
            self._follow(seen)
        return True

    def _follow(self, seen: Tracked) -> None:
        zones = self._settings.zones
        counts = not seen.over and (not zones or bool(seen.zones.intersection(zones)))
        if counts and seen.id not in self._here and seen.stationary and not self._was_here(seen.id):
            return  # It stood there when we began to listen: parked, until it moves.
        if counts:
            self._is_here(seen.id)
            self.tell(HeardVehicle(seen.id, here=True, vehicle_type=kind_named(seen.label)))
            held_back = self._waiting.pop(seen.id, None)
            for plate in (held_back, seen.plate):
                if plate is not None:
                    self.tell(plate)
            return
        if seen.id in self._here:
            del self._here[seen.id]
            self.tell(HeardVehicle(seen.id, here=False))
        self._known.pop(seen.id, None)
        if seen.over:
            self._waiting.pop(seen.id, None)
        elif seen.plate is not None:
            self._hold_back(seen.plate)

    def _is_here(self, id: str) -> None:
        """Too many at once: of whom nothing was said for longest, the end was lost."""
        self._here.pop(id, None)
        self._here[id] = None
        while len(self._here) > _MOST_REMEMBERED:
            gone = next(iter(self._here))
            del self._here[gone]
            self.tell(HeardVehicle(gone, here=False))

    def _was_here(self, id: str) -> bool:
        since = self._known.get(id)
        return since is not None and self._context.clock.monotonic() - since < _KNOWN_FOR

    def _update(self, text: str) -> bool:
        read = update(text)
        if read is None:
            return is_other_news(text)
        if read.camera == self._settings.camera:
            if self._settings.zones and read.plate.event not in self._here:
                self._hold_back(read.plate)
            else:
                self.tell(read.plate)
        return True

    def _hold_back(self, plate: HeardPlate) -> None:
        if not self._settings.zones:
            self.tell(plate)
            return
        self._waiting.pop(plate.event, None)
        self._waiting[plate.event] = plate
        while len(self._waiting) > _MOST_REMEMBERED:
            self._waiting.pop(next(iter(self._waiting)))

    def _forget(self) -> None:
        """What was said was said; a lane that can't hear Frigate forgets by itself who was there.

        Whoever goes meanwhile goes unheard, and a Frigate that begins anew never tells their end.
        """
        now = self._context.clock.monotonic()
        known = {id: since for id, since in self._known.items() if now - since < _KNOWN_FOR}
        known |= dict.fromkeys(self._here, now)
        self._known = dict(list(known.items())[-_MOST_REMEMBERED:])
        self._here.clear()
        self._waiting.clear()
