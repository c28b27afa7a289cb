"""What the clients were told, kept outside the cloud, and counted minute by minute at each lot.

A code opens its lot from the moment in which its client has it until the lot has said that it knows of its end: so long
its place counts here, whatever the cloud counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Place = tuple[str, str]
"""A lot and a type of spot."""


@dataclass
class Wish:
    """What one client wants, under one key, and what it was told: ids of reservations, the last word on each."""

    key: str
    place: Place
    begins: int
    ends: int
    """In minutes"""
    ids: set[str] = field(default_factory=set[str])
    refused: str | None = None
    cancelled: bool = False

    @property
    def settled(self) -> bool:
        return bool(self.ids) or self.refused is not None


@dataclass
class Oracle:
    """`kept`: the places of each lot and type, as the lots keep them."""

    kept: Mapping[Place, int]
    wishes: dict[str, Wish] = field(default_factory=dict[str, Wish])
    oversold: list[str] = field(default_factory=list[str])
    _standing: dict[Place, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    _counted: dict[str, Wish] = field(default_factory=dict[str, Wish])

    def accepted(self, wish: Wish, id: str) -> None:
        """The client has its answer, once more perhaps."""
        wish.ids.add(id)
        if id in self._counted:
            return
        self._counted[id] = wish
        standing = self._standing[wish.place]
        standing.update(range(wish.begins, wish.ends))
        most = max(standing[minute] for minute in range(wish.begins, wish.ends))
        if most > self.kept[wish.place]:
            self.oversold.append(f"{wish.place}: {most} of {self.kept[wish.place]} by {id}")

    def ended(self, id: str) -> None:
        """The lot is about to say that it knows of the end of this one; one of the run before isn't counted here."""
        wish = self._counted.get(id)
        if wish is not None:
            self._standing[wish.place].subtract(range(wish.begins, wish.ends))

    def judged(self, rows: Sequence[Mapping[str, Any]]) -> Verdict:
        """By what the database has, when every wish is settled."""
        stored = {str(row["id"]): row for row in rows}
        told = {id: wish for wish in self.wishes.values() for id in wish.ids}
        lost = [id for id, wish in told.items() if not _stands(wish, stored.get(id))]
        twice = [wish.key for wish in self.wishes.values() if len(wish.ids) > 1]
        unheard = [id for id in stored if id not in told]
        return Verdict(
            accepted=sum(bool(wish.ids) for wish in self.wishes.values()),
            stored=len(stored),
            lost=len(lost),
            twice=len(twice) + len(unheard),
            oversold=len(self.oversold),
            examples=(*lost[:3], *twice[:3], *unheard[:3], *self.oversold[:3]),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`twice` counts keys with two reservations, and reservations that nobody was told of."""

    accepted: int
    stored: int
    lost: int
    twice: int
    oversold: int
    examples: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        return self.accepted == self.stored and not (self.lost or self.twice or self.oversold)


def _stands(wish: Wish, row: Mapping[str, Any] | None) -> bool:
    """Whether the database says what the client was told."""
    if row is None:
        return False
    said = (str(row["lot_id"]), row["spot_type"]), row["end_time"] - row["start_time"], row["status"]
    return said == (wish.place, (wish.ends - wish.begins) * 60_000_000, "CANCELLED" if wish.cancelled else "BOOKED")
