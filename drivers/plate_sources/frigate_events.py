"""What Frigate says on its topics, in the forms of its releases from 0.14 on. Pure.

After Frigate's own documentation (docs.frigate.video: Integrations, MQTT) and its HTTP API, where a plate may stand as
a text with its score beside it, or as a pair of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from drivers.over_mqtt.json_values import read_json, value_at
from drivers.plate_sources.heard import LONGEST_EVENT, HeardPlate, share
from drivers.plate_sources.kinds import kind_named
from models.instants import Instant

_LAST_SECOND = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Tracked:
    """Something that Frigate follows through its picture. `plate`: what it takes its plate for."""

    id: str
    camera: str
    label: str
    zones: frozenset[str]
    stationary: bool
    over: bool
    plate: HeardPlate | None


@dataclass(frozen=True, slots=True)
class Update:
    """A plate that was read of something it follows."""

    camera: str
    plate: HeardPlate


def tracked(text: str, sub_label_is_plate: bool = False) -> Tracked | None:
    """A message on `events`. None for one that isn't of this form."""
    document = read_json(text)
    now = value_at(document, "after")
    id, camera, label = (_word(value_at(now, key)) for key in ("id", "camera", "label"))
    if not id or not camera or not label:
        return None
    over = value_at(document, "type") == "end" or isinstance(value_at(now, "end_time"), int | float)
    zones = value_at(now, "current_zones")
    known = frozenset(str(zone) for zone in cast("list[Any]", zones)) if isinstance(zones, list) else frozenset[str]()
    false_positive = value_at(now, "false_positive") is True
    return Tracked(
        id=id,
        camera=camera,
        label=label,
        zones=known,
        stationary=value_at(now, "stationary") is True,
        over=over or false_positive,
        plate=None if over or false_positive else _plate_of(now, id, label, sub_label_is_plate),
    )


def update(text: str) -> Update | None:
    """A message on `tracked_object_update` of the kind `lpr`; None for any other."""
    document = read_json(text)
    id, camera, plate = (_word(value_at(document, key)) for key in ("id", "camera", "plate"))
    if value_at(document, "type") != "lpr" or not id or not camera or not plate:
        return None
    sure, taken = value_at(document, "score"), _moment(value_at(document, "timestamp"))
    return Update(camera, HeardPlate(id, plate, _sure(sure), taken=taken))


def is_other_news(text: str) -> bool:
    """Whether a message on `tracked_object_update` is one of Frigate's, about something else than plates."""
    kind = value_at(read_json(text), "type")
    return isinstance(kind, str) and kind != "lpr"


def _plate_of(now: Any, id: str, label: str, sub_label_is_plate: bool) -> HeardPlate | None:
    text, sure = _pair(value_at(now, "recognized_license_plate"))
    if text is None and sub_label_is_plate:
        text, sure = _pair(value_at(now, "sub_label"))
    if text is None:
        return None
    if sure is None:
        sure = _sure(value_at(now, "recognized_license_plate_score"))
    return HeardPlate(id, text, sure, vehicle_type=kind_named(label), taken=_moment(value_at(now, "frame_time")))


def _pair(value: Any) -> tuple[str | None, float | None]:
    """A text, or a list of a text and how sure that is."""
    if isinstance(value, list):
        both = cast("Sequence[Any]", value)
        return (_word(both[0]) or None, _sure(both[1])) if len(both) == 2 else (None, None)
    return _word(value) or None, None


def _word(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_EVENT else ""


def _sure(value: Any) -> float | None:
    return share(value, 1) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(value: Any) -> Instant | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LAST_SECOND:
        return None
    return Instant(round(value * 1_000_000))
