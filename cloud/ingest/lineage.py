"""Which facts the cloud has that a lot, going on in a new stream, doesn't know: spans of the history it lost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from models.ids import StreamId


@dataclass(frozen=True, slots=True)
class Branch:
    """A stream as the cloud has it, and what it goes on from: another one, up to and with fact `parent_seq`."""

    stream_id: StreamId
    seq: int
    hash: str
    current: bool
    epoch: int
    parent: StreamId | None = None
    parent_seq: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Facts of a stream: those after number `after`, up to and with `to`."""

    stream_id: StreamId
    after: int
    to: int


def lost(branches: Iterable[Branch], left: StreamId, parent: StreamId, parent_seq: int) -> tuple[Span, ...]:
    """What stood in the line of `left`, the lot's last stream, and not in that of a stream that goes on from fact
    `parent_seq` of `parent`."""
    known = {branch.stream_id: branch for branch in branches}
    kept = {span.stream_id: span.to for span in _line(known, parent, parent_seq)}
    spans: list[Span] = []
    for span in _line(known, left, known[left].seq if left in known else 0):
        if span.stream_id in kept:
            spans.append(Span(span.stream_id, kept[span.stream_id], span.to))
            break
        spans.append(span)
    return tuple(span for span in spans if span.to > span.after)


def goes_on_from_its_end(branches: Iterable[Branch], stream_id: StreamId) -> bool:
    """Whether the lot's current stream knows all of this one: it goes on from its last fact, or from one that does."""
    known = {branch.stream_id: branch for branch in branches}
    current = next((branch for branch in known.values() if branch.current), None)
    if current is None:
        return True  # nobody has gone on from anywhere yet
    line = _line(known, current.stream_id, current.seq)
    return any(span.stream_id == stream_id and span.to >= known[stream_id].seq for span in line)


def _line(known: Mapping[StreamId, Branch], stream_id: StreamId | None, to: int) -> Iterator[Span]:
    """A stream and all that it goes on from, each up to where it was left."""
    seen: set[StreamId] = set()
    while stream_id is not None and stream_id not in seen:
        seen.add(stream_id)
        yield Span(stream_id, 0, to)
        branch = known.get(stream_id)
        stream_id, to = (branch.parent, branch.parent_seq) if branch is not None else (None, 0)
