"""How ingest processes divide the lots among themselves, decided from who holds what. Pure.

Lots fall into 64 shares by their ids; each share is held by one process at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zlib import crc32

from models.ids import LotId
from models.wire.topics import ROOT

SHARES = 64
ALL = frozenset(range(SHARES))
_HEARD = ("up/+", "up/+/ask", "state")
"""What the cloud listens to of a lot."""

Member = int
"""A process, by the number of its session at the database."""


def share_of(lot: LotId) -> int:
    """The same in every process and release: two that differed would both serve the lot, or neither."""
    return crc32(lot.encode()) % SHARES


@dataclass(frozen=True, slots=True)
class Plan:
    """What one process should do about its shares now. What it claims, another may get first."""

    give_up: frozenset[int]
    claim: frozenset[int]


def plan(me: Member, held: Mapping[Member, frozenset[int]]) -> Plan:
    """Everybody is to have as many as the others, give or take one, and none is to move without need.

    `held` is what each member holds, all members named. Those that hold the most keep the odd ones.
    """
    ranked = sorted(held, key=lambda member: (-len(held[member]), member))
    each, odd = divmod(SHARES, len(ranked))
    rank = ranked.index(me)
    target, mine = each + (rank < odd), held[me]
    if len(mine) >= target:
        return Plan(frozenset(sorted(mine)[target:]), frozenset())
    free = ALL.difference(*held.values())
    # Each begins at a place of its own, so that two that look at once seldom want the same.
    begin = SHARES * rank // len(ranked)
    wanted = sorted(free, key=lambda share: (share - begin) % SHARES)
    return Plan(frozenset(), frozenset(wanted[: target - len(mine)]))


def topics(held: frozenset[int], lots: Iterable[LotId]) -> frozenset[str]:
    """What the holder of these shares subscribes to.

    Who holds all hears every lot, also of one that isn't enrolled; each of several hears its own lots only.
    """
    own = ("+",) if held == ALL else tuple(lot for lot in lots if share_of(lot) in held)
    return frozenset(f"{ROOT}/{lot}/{heard}" for lot in own for heard in _HEARD)
