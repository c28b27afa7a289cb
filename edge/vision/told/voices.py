"""What a device has said about one vehicle, weighed: one plate, how sure that is, and what else it may be. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from drivers.contract import Box
from drivers.plate_sources.heard import HeardPlate
from drivers.plate_sources.trust import Trust
from edge.vision.events import PlateRead
from edge.vision.told.text import plate_in
from models.instants import Monotonic
from models.plates import Plate, RunnerUp
from models.spots import VehicleType

MOST_VOICES = 16
_LEAST = 0.05
"""Weight of a voice that says nothing of how sure it is"""
_SHARE = 2 / 3
"""Of the weight of all that was said of a vehicle, the least for a plate that opens without a question"""


@dataclass(frozen=True, slots=True)
class Voice:
    """What was said under one id of the device. `at`: when that was seen last; `since`: when this plate was
    heard first."""

    event: str
    plate: Plate
    confidence: float
    at: Monotonic
    since: Monotonic
    confidences: tuple[float, ...] = ()
    vehicle_type: VehicleType | None = None


Voices = tuple[Voice, ...]


def voice_of(heard: HeardPlate, at: Monotonic, trust: Trust, late: int = 0) -> Voice | None:
    """None where what was said is no plate, or of a vehicle that drives the other way. `late`: how long before `at` it
    was seen, in microseconds, as far as that is known."""
    plate = plate_in(heard.text)
    if plate is None or not trust.only.counts(heard.bearing):
        return None
    sure = trust.unsaid if heard.confidence is None else heard.confidence
    each = heard.confidences if len(heard.confidences) == len(plate) else ()
    return Voice(heard.event, plate, sure, Monotonic(at - late), at, each, heard.vehicle_type)


def joined(voices: Voices, new: Voice) -> Voices:
    """With the new one, which takes the place of what was said under the same id before."""
    before = next((voice for voice in voices if voice.event == new.event), None)
    if before is not None:
        kind = new.vehicle_type or before.vehicle_type
        since = before.since if before.plate == new.plate else new.since
        new = replace(new, since=since, vehicle_type=kind)
    return (*(voice for voice in voices if voice.event != new.event), new)[-MOST_VOICES:]


def kind_of(voices: Voices) -> VehicleType | None:
    """What the device takes the vehicle for; the newest word counts."""
    return next((voice.vehicle_type for voice in reversed(voices) if voice.vehicle_type is not None), None)


@dataclass(frozen=True, slots=True)
class Weighed:
    """`agreed`: sure enough to open, once nothing else was said since `since` for long enough."""

    read: PlateRead
    agreed: bool
    since: Monotonic


def weighed(voices: Voices, trust: Trust) -> Weighed | None:
    """None where nothing was said."""
    if not voices:
        return None
    weights: dict[Plate, float] = {}
    for voice in voices:
        weights[voice.plate] = weights.get(voice.plate, 0.0) + max(voice.confidence, _LEAST)
    total = sum(weights.values())
    leader, *others = sorted(weights, key=lambda plate: (-weights[plate], plate))
    of_leader = [voice for voice in voices if voice.plate == leader]
    best = max(of_leader, key=lambda voice: voice.confidence)
    read = PlateRead(
        plate=leader,
        confidence=best.confidence,
        frames=len(of_leader),
        box=Box(0, 0, 0, 0),
        width=0,
        confidences=best.confidences,
        others=tuple(RunnerUp(plate, weights[plate] / total) for plate in others),
    )
    agreed = best.confidence >= trust.min_confidence and weights[leader] / total > _SHARE
    return Weighed(read, agreed, max(voice.since for voice in voices))


def plates(voices: Iterable[Voice]) -> frozenset[Plate]:
    return frozenset(voice.plate for voice in voices)
