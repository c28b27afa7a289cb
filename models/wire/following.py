"""What a lot makes of intents that come down, judged from how far it has come. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from models.wire.intents import Intents, Place, SentIntent, SnapshotPart, chained


@dataclass(frozen=True, slots=True)
class Follows:
    """These come next; after them the lot is at `place`."""

    intents: tuple[SentIntent, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Nothing:
    """The lot has all of it already."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Some before these are missing."""


@dataclass(frozen=True, slots=True)
class Fork:
    """The lot has another history than the cloud: its own hash is another one at the same revision."""


def judge(own: Place, message: Intents) -> Follows | Nothing | Gap | Fork:
    """Whatever came before, twice or late, changes nothing; whatever lies beyond a gap waits for what is missing."""
    if message.after > own.revision:
        return Gap()
    reached = Place(message.after, message.previous)
    fresh: list[SentIntent] = []
    for intent in message.intents:
        if intent.revision != reached.revision + 1:
            return Gap()
        if reached.revision == own.revision and reached.hash != own.hash:
            return Fork()
        reached = Place(intent.revision, chained(reached.hash, intent.digest))
        if intent.revision > own.revision:
            fresh.append(intent)
    if reached.revision == own.revision and reached.hash != own.hash:
        return Fork()
    if fresh:
        return Follows(tuple(fresh), reached)
    return Gap() if message.head > own.revision else Nothing()


def may_replace(own: Place, part: SnapshotPart) -> bool:
    """Whether a snapshot may take the place of what the lot has: never one of the past, nor of another history."""
    return part.revision > own.revision or Place(part.revision, part.hash) == own
