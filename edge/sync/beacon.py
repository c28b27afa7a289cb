"""The lot's present state, as the cloud shows it within seconds of a reconnection, ahead of any backlog."""

from __future__ import annotations

from edge.parking.places.spots import Availability, Count
from edge.store.journal import Head
from models.ids import LotId
from models.instants import Reading
from models.wire.envelopes import Beacon, LaneNow


def beacon(
    lot: LotId, release: str, at: Reading, free: Availability, lanes: tuple[LaneNow, ...], head: Head | None
) -> Beacon:
    return Beacon(
        lot=lot,
        online=True,
        at=at.wall,
        release=release,
        boot_id=at.boot_id,
        available=free.whole.available,
        total=free.whole.total,
        by_level=_pairs(free.by_level),
        by_type=_pairs(free.by_type),
        by_zone=_pairs(free.by_zone),
        lanes=lanes,
        backlog=head.backlog if head else 0,
    )


def will(lot: LotId) -> Beacon:
    """What the broker says for a lot that has gone silent."""
    return Beacon(lot=lot, online=False)


def _pairs(counts: dict[str, Count]) -> dict[str, tuple[int, int]]:
    return {name: (count.total, count.available) for name, count in counts.items()}
