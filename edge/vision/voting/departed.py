"""Who has left the picture of a lane without an arming loop: what is still seen of it is nobody new. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.contract import Box
from edge.vision.voting.track import ALIKE, distance, similarity
from models.instants import BOOT, SECOND, Monotonic

ECHO, STAYS = 5 * SECOND, 10 * SECOND
STILL = 0.15


@dataclass(frozen=True, slots=True)
class Departed:
    """Its plate is no new vehicle's for a while (an arm swings through the view).

    `at`: when it was seen last. `stands`: where it has been seen without moving since `since`. `stays`: it stood there
    for so long that it wasn't driving off.
    """

    text: str
    at: Monotonic
    stands: Box | None = None
    since: Monotonic = BOOT
    stays: bool = False


def is_echo(departed: Departed | None, text: str, at: Monotonic) -> bool:
    """Whether this is read of the one that left, and not of one that comes."""
    if departed is None or departed.stays or at - departed.at >= ECHO:
        return False
    return similarity(text, departed.text) >= ALIKE


def seen_on(departed: Departed, box: Box, at: Monotonic) -> Departed:
    if departed.stands is None or distance(departed.stands, box) >= STILL:
        return replace(departed, at=at, stands=box, since=at)
    return replace(departed, at=at, stays=at - departed.since >= STAYS)


def resized(departed: Departed | None) -> Departed | None:
    """In pictures of another size it stands nowhere yet."""
    return None if departed is None else replace(departed, stands=None)
