"""What Dahua cameras with plate recognition say: of `eventManager.cgi`, and what they post by ITSAPI. Pure.

After Dahua's HTTP API ("attach" of events, TrafficJunction) and its ITSAPI, and messages of cameras that their owners
have published. Fields that a firmware leaves out are done without.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, cast

from drivers.over_mqtt.json_values import MISSING, read_json, value_at
from drivers.plate_sources.heard import LONGEST_EVENT, Bearing, HeardPlate, share
from drivers.plate_sources.kinds import kind_named
from drivers.plate_sources.posted_json import posted_json
from models.instants import SECOND, Instant, from_datetime

_LARGEST = 256 * 1024
_LAST_SECOND = 4_000_000_000
_HEAD = re.compile(r"\s*Code=(?P<code>\w{1,64})\s*;\s*action=(?P<action>\w{1,16})\s*;\s*index=(?P<index>\d{1,6})", re.I)
_DATA = re.compile(r"\s*;\s*data=", re.I)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?")
_BEARINGS = {
    "approach": Bearing.APPROACHES,
    "obverse": Bearing.APPROACHES,
    "leave": Bearing.LEAVES,
    "reverse": Bearing.LEAVES,
}


@dataclass(frozen=True, slots=True)
class Said:
    """An event. `index`: of the camera, counted from 0; `plate` None: about something else. `local`: its time is by the
    camera's own clock and zone, and nobody says which."""

    code: str
    index: int
    plate: HeardPlate | None = None
    local: bool = False


def event(content: bytes, full_confidence: int) -> Said | None:
    """A part of the endless answer; None for a sign of life. Raises ValueError, never with what stands there."""
    if len(content) > _LARGEST:
        raise ValueError("an event without end")
    text = content.decode("utf-8", errors="replace").strip()
    if not text or text.lower().startswith("heartbeat") or text.startswith("Code=Heartbeat"):
        return None
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("an event with its code is expected")
    said = Said(head["code"], int(head["index"]))
    data = _DATA.match(text, head.end())
    if data is None or head["action"].lower() == "stop":
        return said
    document = read_json(text[data.end() :])
    if document is MISSING:
        raise ValueError("an event whose data can't be read")
    plate, local = _plate_of(document, full_confidence)
    return Said(said.code, said.index, plate, local)


def is_whole(content: bytes) -> bool:
    """Whether an event without a length has arrived to its end."""
    _, found, data = content.partition(b"data=")
    return bool(found) and read_json(data.decode("utf-8", errors="replace")) is not MISSING


def toll_gate(content: bytes, full_confidence: int) -> Said | None:
    """A post of ITSAPI with a plate, and its picture; None for any other of its posts. Raises ValueError."""
    document = posted_json(content)
    picture = value_at(document, "Picture")
    if not isinstance(picture, dict):
        if not isinstance(document, dict):
            raise ValueError("an object is expected")
        return None
    text, snapped = _word(value_at(picture, "Plate.PlateNumber")), value_at(picture, "SnapInfo")
    if not text:
        return Said("TollgateInfo", 0)
    when = _word(value_at(snapped, "AccurateTime")) or _word(value_at(snapped, "SnapTime"))
    return Said(
        code="TollgateInfo",
        index=0,
        plate=HeardPlate(
            event=f"{_word(value_at(snapped, 'DeviceID'))} {when} {text}"[:LONGEST_EVENT] if when else "",
            text=text,
            confidence=_sure(value_at(picture, "Plate.Confidence"), full_confidence),
            vehicle_type=kind_named(_word(value_at(picture, "Vehicle.VehicleType"))),
            bearing=_BEARINGS.get(_word(value_at(snapped, "Direction")).lower()),
            taken=_written(when),
            picture=_jpeg(value_at(picture, "NormalPic.Content")),
        ),
        local=True,
    )


def _plate_of(data: Any, full_confidence: int) -> tuple[HeardPlate | None, bool]:
    read_of_plate = value_at(data, "Object.ObjectType") == "Plate"
    text = _word(value_at(data, "TrafficCar.PlateNumber"))
    if not text and read_of_plate:
        text = _word(value_at(data, "Object.Text"))
    if not text:
        return None, False
    real, by_its_clock = _seconds(value_at(data, "RealUTC")), _seconds(value_at(data, "UTC"))
    taken = by_its_clock if real is None else real
    number = "-".join(str(value) for key in ("GroupID", "EventID") if (value := value_at(data, key)) is not MISSING)
    directions = value_at(data, "TrafficCar.DrivingDirection")
    way = cast("list[Any]", directions)[:1] if isinstance(directions, list) else [directions]
    return HeardPlate(
        event=f"{number} {taken} {text}"[:LONGEST_EVENT] if number or taken is not None else "",
        text=text,
        confidence=_sure(value_at(data, "Object.Confidence"), full_confidence) if read_of_plate else None,
        vehicle_type=kind_named(_word(value_at(data, "Vehicle.Category"))),
        bearing=_BEARINGS.get(_word(way[0]).lower()) if way else None,
        taken=taken,
    ), real is None


def _word(value: Any) -> str:
    return value.strip() if isinstance(value, str) and len(value) <= LONGEST_EVENT else ""


def _sure(value: Any, full: int) -> float | None:
    """0 is what a camera says that doesn't know."""
    return share(value, full) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _seconds(value: Any) -> Instant | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LAST_SECOND:
        return None
    return Instant(round(value * SECOND))


def _written(text: str) -> Instant | None:
    """A time without its zone, as if it were UTC."""
    found = _TIME.match(text)
    if found is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00")
    except ValueError:
        return None
    return Instant(from_datetime(moment) + int((found[3] or "0").ljust(6, "0")))


def _jpeg(value: Any) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value.partition("base64,")[2] or value)
    except (ValueError, binascii.Error):
        return None
