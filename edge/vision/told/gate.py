"""A lane with an arming loop whose camera reads plates itself: which of them is that of the vehicle there. Pure.

What is heard while the loop is on is about the vehicle on it; what was heard shortly before, too, for cameras look
ahead. A plate of the vehicle that has just left is never the next one's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.plate_sources.trust import Trust
from edge.vision.events import PlateDecided, PlateGuessed, VehicleGone, VisionEvent
from edge.vision.loops import ECHO
from edge.vision.told.scenery import Doubt, Scenery, doubt, noted
from edge.vision.told.spent import Spent, is_spent, spent_with
from edge.vision.told.voices import Voice, Voices, joined, plates, weighed
from models.ids import LaneName
from models.instants import BOOT, SECOND, Monotonic
from models.lanes import DROPS_OUT
from models.plates import Plate
from models.plates.alike import NEIGHBOUR, apart

AFRESH = SECOND // 20
"""One that is told off and on again at once was no loop: the lane wants the vehicle looked at afresh"""
WAITS = 60 * SECOND
"""What was said of one on the loop longer ago than this, while the lane didn't look, is a question: by now another may
stand there"""
_MOST_BEFORE = 32


@dataclass(frozen=True, slots=True)
class Gate:
    """`on`: the lane wants to know who is on the loop; `occupied`: what the loop itself says, None while it is unknown;
    `stands`: since when one is on it whom the lane doesn't look at.

    `ahead`: heard while no vehicle is looked at, or after the one there was decided; `before`: of those that have
    left, and when; `spent`: the device's ids under which nothing counts any more; `scenery`: what it says with nobody
    there."""

    lane: LaneName
    vehicle: int = 0
    on: bool = False
    occupied: bool | None = False
    stands: Monotonic | None = None
    voices: Voices = ()
    ahead: Voices = ()
    decided: bool = False
    asked: Plate | None = None
    since: Monotonic = BOOT
    left: Monotonic | None = None
    before: tuple[tuple[Plate, Monotonic], ...] = ()
    spent: Spent = ()
    scenery: Scenery = ()


Stepped = tuple[Gate, list[VisionEvent]]


def arrives(gate: Gate, at: Monotonic, trust: Trust) -> Stepped:
    """The loop went on, or the lane wants to look again."""
    if gate.on:
        # The same one stands there, and its device has said its plate already. What was heard ahead stays another's:
        # nobody is asked for the plate of the one behind.
        again = replace(gate, vehicle=gate.vehicle + 1, decided=False, asked=None, since=at)
        return tick(again, at, trust)
    gap = None if gate.left is None else at - gate.left
    spent, before = gate.spent, gate.before
    if gap is not None and AFRESH < gap < DROPS_OUT:
        known = joined_all(gate.voices, gate.ahead)
        spent = tuple(each for each in spent if each[0] not in {voice.event for voice in known})
        before = tuple((plate, left) for plate, left in before if left != gate.left)
    else:
        known = _heard_ahead(gate, at, trust)
    vehicle = gate.vehicle + 1
    here = replace(
        gate,
        vehicle=vehicle,
        on=True,
        stands=None,
        voices=known,
        ahead=(),
        decided=False,
        asked=None,
        since=at,
        spent=spent,
        before=before,
    )
    return tick(here, at, trust)


def leaves(gate: Gate, at: Monotonic) -> Stepped:
    if not gate.on:
        return gate, []
    recent = tuple((plate, left) for plate, left in gate.before if at - left < ECHO)
    before = (*recent, *((plate, at) for plate in plates(gate.voices)))[-_MOST_BEFORE:]
    spent = spent_with(gate.spent, (voice.event for voice in gate.voices), at)
    return replace(gate, on=False, left=at, before=before, spent=spent), [VehicleGone(gate.lane, gate.vehicle)]


def loop_says(gate: Gate, occupied: bool | None, at: Monotonic) -> Gate:
    """Whether a vehicle is on the loop, also while the lane doesn't look at it: closed, or with its arm up for a
    fire. What is said of that one is no parked car's plate."""
    if occupied is gate.occupied:
        return gate
    return replace(gate, occupied=occupied, stands=at if occupied and not gate.on else None)


def heard(gate: Gate, voice: Voice, at: Monotonic, trust: Trust) -> Stepped:
    """The device has said a plate."""
    gate = replace(gate, scenery=noted(gate.scenery, voice.plate, at, nobody=_is_of_nobody(gate, voice, at)))
    doubted = doubt(gate.scenery, voice.plate, at, trust.early)
    if is_spent(gate.spent, voice.event, at):
        return replace(gate, spent=spent_with(gate.spent, (voice.event,), at)), []
    if doubted is Doubt.SCENERY:
        return gate, []
    if gate.on and voice.at < gate.since - trust.early:
        return gate, []  # Seen long before this one came, and told late.
    if doubted is Doubt.ASK or (gate.left is not None and voice.at < gate.left):
        voice = replace(voice, confidence=0.0)
    if gate.on and not gate.decided:
        if _is_echo(gate, voice, at):
            voice = replace(voice, confidence=0.0)
        return tick(replace(gate, voices=joined(gate.voices, voice)), at, trust)
    if gate.on and (voice.event in {known.event for known in gate.voices} or _alike(voice.plate, plates(gate.voices))):
        # More about the one that is decided: its name isn't to be given to the next one.
        return replace(gate, voices=joined(gate.voices, voice)), []
    if not gate.on and not _is_new(gate, voice, at):
        return gate, []
    return replace(gate, ahead=joined(gate.ahead, voice)), []


def tick(gate: Gate, at: Monotonic, trust: Trust) -> Stepped:
    """Time has passed, or something was said."""
    found = weighed(gate.voices, trust) if gate.on and not gate.decided else None
    if found is None:
        return gate, []
    if found.agreed and at - found.since >= trust.settle:
        return replace(gate, decided=True), [PlateDecided(gate.lane, gate.vehicle, found.read)]
    if not found.agreed and at - max(gate.since, found.since) >= trust.ask_after and gate.asked != found.read.plate:
        return replace(gate, asked=found.read.plate), [PlateGuessed(gate.lane, gate.vehicle, found.read)]
    return gate, []


def due(gate: Gate, trust: Trust) -> Monotonic | None:
    """When `tick` may have something to say; None: not before something is heard."""
    found = weighed(gate.voices, trust) if gate.on and not gate.decided else None
    if found is None or (not found.agreed and gate.asked == found.read.plate):
        return None
    return Monotonic(found.since + trust.settle if found.agreed else max(gate.since, found.since) + trust.ask_after)


def joined_all(voices: Voices, more: Voices) -> Voices:
    for voice in more:
        voices = joined(voices, voice)
    return voices


def _is_of_nobody(gate: Gate, voice: Voice, at: Monotonic) -> bool | None:
    """Whether it is said with nobody on the loop, and not of the one that has just left; None: that isn't known."""
    if gate.on or gate.occupied or not _is_new(gate, voice, at):
        return False
    return True if gate.occupied is False else None


def _heard_ahead(gate: Gate, at: Monotonic, trust: Trust) -> Voices:
    """What may be about the one that is looked at from now on: of one that waited on the loop, all since it came."""
    since = at if gate.stands is None else gate.stands
    heard_of_it = (voice for voice in gate.ahead if _is_new(gate, voice, at) and since - voice.at <= trust.early)
    return tuple(voice if at - voice.at <= WAITS else replace(voice, confidence=0.0) for voice in heard_of_it)


def _is_echo(gate: Gate, voice: Voice, at: Monotonic) -> bool:
    """Whether it may be one more word about a vehicle that has left."""
    return _alike(voice.plate, frozenset(plate for plate, left in gate.before if at - left < ECHO))


def _is_new(gate: Gate, voice: Voice, at: Monotonic) -> bool:
    return not _is_echo(gate, voice, at) and not is_spent(gate.spent, voice.event, at)


def _alike(plate: Plate, others: frozenset[Plate]) -> bool:
    return any(apart(plate, other) <= NEIGHBOUR for other in others)
