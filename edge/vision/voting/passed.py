"""Vehicles that have passed while their camera still sees them: they are nobody who comes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.vision.voting.track import ALIKE, Track, similarity
from edge.vision.voting.vote import Verdict
from models.instants import BOOT, SECOND, Monotonic

OUT_OF_SIGHT = 30 * SECOND
"""Hidden for longer, it has driven away: the arm that comes down behind it may hide it for a while."""
LOOKED_FOR = 5 * SECOND
MOST = 4


@dataclass(frozen=True, slots=True)
class Passed:
    """`certain`: that is its plate for sure; `track`: the one that it was read in; `seen`: by the newest read that
    showed it; `there`: when it was still there, as far as is known."""

    text: str
    certain: bool = True
    track: int | None = None
    seen: Monotonic = BOOT
    there: Monotonic = BOOT


Known = tuple[Passed, ...]


def passed_with(known: Known, one: Passed) -> Known:
    return (*known, one)[-MOST:]


def has_passed(known: Known, track: Track, verdict: Verdict) -> bool:
    """Whether this is read of one that has passed. A plate that is certainly another one is the next vehicle's, however
    like it is: a firm's vehicles have plates in a row."""
    return any(_is_its_own(one, track, verdict) for one in known)


def looked_at(known: Known, at: Monotonic, first: bool, stands_since: Monotonic | None) -> Known:
    """A frame came. `first`: of a picture that has just begun, or begun again. `stands_since`: nothing has moved since;
    who was read after that is still there."""
    if first:
        return tuple(replace(one, track=None, seen=BOOT, there=at) for one in known)
    still = (replace(one, there=at) if stands_since is not None and one.seen >= stands_since else one for one in known)
    return tuple(one for one in still if at - one.there < OUT_OF_SIGHT)


def read(known: Known, at: Monotonic, tracks: tuple[tuple[Track, Verdict], ...]) -> Known:
    """A frame was read: what is followed now."""
    numbers = {track.number for track, _ in tracks}
    shown = [(track, verdict) for track, verdict in tracks if track.seen == at]
    # Another track may get the number of one that is followed no more.
    followed = (one if one.track in numbers else replace(one, track=None) for one in known)
    return tuple(_seen_again(one, at, shown) for one in followed)


def is_looked_for(known: Known, at: Monotonic, newest: Monotonic) -> bool:
    """Whether one of them may have left since it was read: `newest` is when something moved, or was read."""
    return any(one.seen < newest and at - one.there < LOOKED_FOR for one in known)


def _seen_again(one: Passed, at: Monotonic, shown: Sequence[tuple[Track, Verdict]]) -> Passed:
    for track, verdict in shown:
        if _is_its_own(one, track, verdict):
            surer = verdict.certain and not one.certain
            text = verdict.text if surer else one.text
            return replace(one, text=text, certain=one.certain or surer, seen=at, there=at)
    return one


def _is_its_own(one: Passed, track: Track, verdict: Verdict) -> bool:
    if one.certain and verdict.certain:
        return one.text == verdict.text
    return track.number == one.track or similarity(one.text, verdict.text) >= ALIKE
