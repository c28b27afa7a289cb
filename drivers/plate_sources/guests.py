"""Who is connected where cameras post, and who makes room when there are too many. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from models.instants import Monotonic


@dataclass(eq=False, slots=True)
class Guest:
    """One connection. `known`: it has shown the secret; `speaking`: what it posts is being taken in just now."""

    address: str
    quiet_since: Monotonic
    known: bool = False
    speaking: bool = False


def makes_room(guests: Collection[Guest], newcomer: Guest, most: int, most_of_one: int) -> Guest | None:
    """Who has to go for this newcomer; None: there is room for it. It goes itself where all others are speaking.

    Whoever has shown no secret goes first, of whichever address has most connections, and then whoever has been quiet
    for longest: a camera that leaves its connections open loses only those that it has done with. An address that has
    its share makes room by itself: it can't push out anybody else.
    """
    its_own = [guest for guest in guests if guest.address == newcomer.address]
    if len(its_own) < most_of_one and len(guests) < most:
        return None
    of_each = Counter(guest.address for guest in guests)
    return min(
        (guest for guest in (its_own if len(its_own) >= most_of_one else guests) if not guest.speaking),
        key=lambda guest: (guest.known, -of_each[guest.address], guest.quiet_since),
        default=newcomer,
    )
