"""Snapshots on the wire: cut into parts that fit, and put together again as they come. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from models.ids import LotId
from models.wire.intents import Place, SentIntent, SnapshotPart, checksum

TEXT_IN_A_MESSAGE = 100 * 1024
"""Intents shrink to a third or less: so much of their text fits into an envelope."""
_AROUND_A_BODY = 400


@dataclass(frozen=True, slots=True)
class Gathered:
    """The parts of one snapshot that have come so far, by their numbers."""

    parts: Mapping[int, SnapshotPart] = field(default_factory=dict[int, SnapshotPart])

    @property
    def whole(self) -> list[SnapshotPart] | None:
        """All parts in order, once the last one is here."""
        if not self.parts or len(self.parts) < next(iter(self.parts.values())).parts:
            return None
        return [self.parts[number] for number in sorted(self.parts)]


def with_part(gathered: Gathered, part: SnapshotPart) -> Gathered:
    """A part of a newer snapshot begins anew; one of an older snapshot is left out."""
    if part.part > part.parts:
        return gathered
    known = next(iter(gathered.parts.values()), None)
    if known is None or part.revision > known.revision:
        return Gathered({part.part: part})
    if part.revision < known.revision:
        return gathered
    if _whole(part) != _whole(known):
        return Gathered({part.part: part})
    return Gathered({**gathered.parts, part.part: part})


def _whole(part: SnapshotPart) -> tuple[int, str, str, int]:
    return part.revision, part.hash, part.checksum, part.parts


def in_parts(lot: LotId, place: Place, standing: Sequence[SentIntent]) -> list[SnapshotPart]:
    """All that stands at a place, as it is sent."""
    pieces = list(parcels(standing)) or [()]
    whole = checksum(entry.entry for entry in standing)
    return [
        SnapshotPart(
            lot=lot,
            revision=place.revision,
            hash=place.hash,
            checksum=whole,
            part=number,
            parts=len(pieces),
            entries=piece,
        )
        for number, piece in enumerate(pieces, start=1)
    ]


def is_true(lot: LotId, parts: Sequence[SnapshotPart]) -> bool:
    """Whether a whole snapshot is what its checksum and its digests say."""
    entries = [entry for part in parts for entry in part.entries]
    right = all(entry.is_right(lot) and not entry.ends for entry in entries)
    return right and checksum(entry.entry for entry in entries) == parts[0].checksum


def parcels(intents: Sequence[SentIntent]) -> Iterator[tuple[SentIntent, ...]]:
    """In order, as many at a time as fit into one message; always at least one."""
    parcel: list[SentIntent] = []
    size = 0
    for intent in intents:
        text = len(intent.body or "") + len(json.dumps(intent.personal)) + _AROUND_A_BODY
        if parcel and size + text > TEXT_IN_A_MESSAGE:
            yield tuple(parcel)
            parcel, size = [], 0
        parcel.append(intent)
        size += text
    if parcel:
        yield tuple(parcel)
