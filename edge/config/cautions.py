"""What a lot can be run with and shouldn't be: shown with its place, and refused by nobody. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.contract import Barrier, DriverContext
from drivers.plate_sources.posting import PostSettings
from drivers.plate_sources.settings import PlateSourceSettings
from drivers.settings import DriverSettings
from edge.clock import SystemClock
from edge.config.lane_settings import LaneSettings
from edge.config.parts import parts_of
from edge.config.settings import LotSettings
from models.documents.document import Path
from models.documents.finding import Finding
from models.faults import Fault

SLOWEST_CLOSING_LOOP = 0.25
"""Seconds. At walking pace a car's bumper is under the arm by then."""


def cautions(lot: LotSettings) -> Iterator[Finding]:
    """Of the lanes in their order, then of the lot."""
    for path, part in parts_of(lot):
        yield from (Finding((*path, *key), _AT_AN_END) for key in _slashes_at_an_end(part))
    for index, lane in enumerate(lot.lanes):
        for key in _LOOPS:
            loop = getattr(lane, key)
            if loop is not None and not loop.is_missed:
                yield Finding(("lanes", index, key), _STANDS_AS_IT_WAS)
        loop = lane.closing_loop
        if loop is not None and loop.notices_within > SLOWEST_CLOSING_LOOP:
            yield Finding(("lanes", index, "closing_loop"), _slow(loop.notices_within))
        yield from _told(index, lane)
        if lot.fire is not None and not as_built(lane.barrier).can_hold:
            yield Finding(("lanes", index, "barrier"), _COMES_DOWN_IN_A_FIRE)
    if lot.fire is not None and lot.fire.on_when_cut is False:
        yield Finding(("fire",), _CUT_WIRE_GOES_UNSEEN)
    calls = _calls_for_help(lot)
    if calls is not None and lot.link is None and (lot.kiosk is None or lot.kiosk.help_number is None):
        yield Finding(calls, _NOBODY_HEARS)


def _told(index: int, lane: LaneSettings) -> Iterator[Finding]:
    """Of a camera that reads plates itself."""
    for key in ("camera", "far_camera"):
        camera = getattr(lane, key)
        if not isinstance(camera, PlateSourceSettings):
            continue
        posts = camera if isinstance(camera, PostSettings) else getattr(camera, "post", None)
        if isinstance(posts, PostSettings) and posts.tls is None and not posts.on_loopback:
            yield Finding(("lanes", index, key), _SECRET_IN_CLEAR)
        if lane.camera_only and not camera.tells_ends:
            yield Finding(("lanes", index, key), _NOBODY_TELLS_WHO_LEFT)
        if lane.camera_only and getattr(camera, "zones", None) == ():
            yield Finding(("lanes", index, key), _THE_WHOLE_PICTURE)


def _calls_for_help(lot: LotSettings) -> Path | None:
    """Where drivers are offered to call for a person, if they are."""
    if lot.kiosk is not None:
        return ("kiosk",)
    for index, lane in enumerate(lot.lanes):
        for button in ("help", "lost_ticket"):
            if getattr(lane.buttons, button) is not None:
                return ("lanes", index, "buttons", button)
    return None


def _slashes_at_an_end(part: DriverSettings) -> Iterator[tuple[str, ...]]:
    """The keys of topics that were written down whole and have a slash too many, also of a barrier's own parts."""
    for key, value in part:
        if isinstance(value, DriverSettings):
            yield from ((key, *below) for below in _slashes_at_an_end(value))
        elif key in _TOPICS and isinstance(value, str) and value != value.strip("/"):
            yield (key,)


_SECRET_IN_CLEAR = (
    "whoever listens in this network hears the secret with which plates are posted, and could post some; keep cameras "
    "in a network of their own, or give it `tls: {certificate, key}`"
)
_NOBODY_TELLS_WHO_LEFT = (
    "this camera doesn't tell when a vehicle has left, and the lane has no arming loop: the arm opens for whoever was "
    "read, though they may have driven on; wire an `arming_loop`"
)
_THE_WHOLE_PICTURE = (
    "every vehicle in the picture counts as one before the arm: draw a zone in Frigate where vehicles stop, and name "
    "it in `zones`"
)
_LOOPS = ("arming_loop", "closing_loop", "far_arming_loop")
_TOPICS = ("topic", "command_topic", "state_topic", "position_topic", "poll_topic", "availability_topic")
_AT_AN_END = "a / at an end of a topic is part of its name; is it there in the device's own settings?"
_STANDS_AS_IT_WAS = (
    "if this device dies, its loop stands as it was, and a vehicle isn't seen: name its last will with "
    "`availability_topic`, or let it repeat its state and set `stale_after`"
)


def _slow(seconds: float) -> str:
    return (
        f"what comes onto this loop is noticed up to {seconds:g} s later, and may be under the arm by then; wire the "
        "closing loop to a pin, a Modbus input or an MQTT board that speaks by itself. In any case the barrier's own "
        "controller needs it, too"
    )


_COMES_DOWN_IN_A_FIRE = (
    "nothing keeps this arm up in a fire: it is told to rise again every few seconds, and may come down in between; "
    "wire a contact `hold` to the controller's input for that"
)


_CUT_WIRE_GOES_UNSEEN = (
    "nobody would notice that the wire of this fire contact is cut, and no arm would rise in a fire then; wire the "
    "panel's normally closed contact, which opens in a fire, and say so: `active_low: false` on a pin, "
    "`inverted: true` elsewhere"
)

_NOBODY_HEARS = (
    "nobody hears a driver who calls for help: there is no link, and no telephone number to show instead; give the lot "
    "a `link`, or write the number of somebody who answers at night under `kiosk: help_number`"
)


class _NobodyListens:
    """For a driver that is built only to be asked what it can do."""

    def raised(self, fault: Fault, detail: str) -> None: ...

    def cleared(self, fault: Fault) -> None: ...


def as_built(barrier: DriverSettings) -> Barrier:
    """What the barrier of these settings can do. Building a driver opens nothing."""
    return barrier.build(DriverContext("barrier", SystemClock(), _NobodyListens()))
