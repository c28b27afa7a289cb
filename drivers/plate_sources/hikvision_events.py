"""ISAPI's EventNotificationAlert of cameras with plate recognition, in XML and JSON. Pure.

After Hikvision's "Intelligent Security API (ANPR) Developer Guide" and messages of cameras that their owners have
published: the namespace differs by firmware, and so does what is left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast
from xml.etree import ElementTree

from drivers.plate_sources.heard import LONGEST_EVENT, Bearing, HeardPlate, share
from drivers.plate_sources.kinds import kind_named
from models.instants import Instant, from_rfc3339

LARGEST_ALERT = 256 * 1024
_BEARINGS = {"forward": Bearing.APPROACHES, "reverse": Bearing.LEAVES}


@dataclass(frozen=True, slots=True)
class Alert:
    """`plate`: what was read now; None for any other event, a sign of life, and what the camera only tells again.
    `event`: under which id pictures that follow belong to it."""

    event: str
    channel: str
    taken: Instant | None
    plate: HeardPlate | None


def alert(content: bytes) -> Alert:
    """Raises ValueError for what is no alert; the text never holds what stands there."""
    said = _json(content) if content.lstrip()[:1] == b"{" else _xml(content)
    taken = _moment(_text(said, "dateTime"))
    anpr = said.get("ANPR")
    read = cast("dict[str, Any]", anpr) if isinstance(anpr, dict) else {}
    channel = _text(said, "channelID") or _text(said, "dynChannelID")
    when = _text(said, "dateTime")
    event = (_text(said, "UUID") or (when and f"{when} {_text(read, 'licensePlate')}"))[:LONGEST_EVENT]
    plate = _plate(read, event, taken) if _text(said, "eventType").upper() == "ANPR" else None
    again = _text(said, "isDataRetransmission").lower() == "true" or _text(read, "alarmDataType") == "1"
    return Alert(event, channel, None, None) if again else Alert(event, channel, taken, plate)


def is_whole(content: bytes) -> bool:
    """Whether an alert without a length has arrived to its end."""
    if content.endswith(b"</EventNotificationAlert>"):
        return True
    return content.lstrip()[:1] == b"{" and _is_json(content)


def _plate(read: dict[str, Any], event: str, taken: Instant | None) -> HeardPlate | None:
    text = _text(read, "licensePlate")
    if not text:
        return None
    info = read.get("vehicleInfo")
    more = cast("dict[str, Any]", info) if isinstance(info, dict) else {}
    kind = _text(read, "vehicleType") or _text(more, "vehicleType")
    return HeardPlate(
        event=event,
        text=text,
        confidence=_percent(_text(read, "confidenceLevel")),
        confidences=_each(_text(read, "plateCharBelieve")),
        vehicle_type=kind_named(kind),
        bearing=_BEARINGS.get(_text(read, "direction").lower()),
        taken=taken,
    )


def _xml(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST_ALERT:
        raise ValueError("an alert without end")
    if b"\0" in content or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        # Nothing that a camera says needs a document type or entities of its own.
        raise ValueError("XML with declarations isn't read")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError, ValueError):
        raise ValueError("this is no XML") from None
    if _local(root) != "EventNotificationAlert":
        raise ValueError("an EventNotificationAlert is expected")
    return _inside(root, 0)


def _inside(element: ElementTree.Element, depth: int) -> dict[str, Any]:
    """By the local names of what stands there; of several of a name, the first."""
    found: dict[str, Any] = {}
    for child in element:
        value = _inside(child, depth + 1) if len(child) and depth < 3 else (child.text or "").strip()
        found.setdefault(_local(child), value)
    return found


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _json(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST_ALERT:
        raise ValueError("an alert without end")
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("this is no JSON") from None
    inner = document.get("EventNotificationAlert", document) if isinstance(document, dict) else None
    if not isinstance(inner, dict) or "eventType" not in inner:
        raise ValueError("an event with its eventType is expected")
    return cast("dict[str, Any]", inner)


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _percent(text: str) -> float | None:
    """0 to 100; some firmware says 0.95 for 95."""
    try:
        value = float(text)
    except ValueError:
        return None
    return share(value, 1) if "." in text and value <= 1 else share(value, 100)


def _each(text: str) -> tuple[float, ...]:
    shares = [_percent(one.strip()) for one in text.split(",")] if text else []
    return tuple(one for one in shares if one is not None) if None not in shares else ()


def _moment(text: str) -> Instant | None:
    try:
        return from_rfc3339(text)
    except (ValueError, OverflowError):
        return None
