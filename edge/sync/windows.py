"""Cuts the journal into windows that fit into one envelope each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.wire.envelopes import WINDOW_BYTES, SentFact, Tombstone, Window, pack

_LIKELY_TEXT = 3 * WINDOW_BYTES
"""Facts shrink about six-fold, so this much text usually fits with room to spare."""
_AROUND_A_BODY = 400


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on the windows of a stream, whatever is in them."""

    lot: LotId
    stream: Stream
    stream_id: StreamId
    epoch: int = 1
    session: str | None = None


def fill_window(
    label: Label, previous: str, facts: Sequence[SentFact], dropped: Tombstone | None = None
) -> tuple[Window, bytes]:
    """As many of the facts as fit into one envelope, and the envelope as published; always at least the first.

    Raises ValueError when there are no facts.
    """
    count = _likely(facts)
    while True:
        window = Window(
            lot=label.lot,
            stream=label.stream,
            stream_id=label.stream_id,
            previous=previous,
            epoch=label.epoch,
            session=label.session,
            dropped=dropped,
            facts=tuple(facts[:count]),
        )
        packed = pack(window)
        if len(packed) <= WINDOW_BYTES or count == 1:
            return window, packed
        count = max(1, min(count - 1, count * WINDOW_BYTES // len(packed)))


def _likely(facts: Sequence[SentFact]) -> int:
    size = 0
    for count, fact in enumerate(facts):
        size += len(fact.body) + _AROUND_A_BODY
        if count and size > _LIKELY_TEXT:
            return count
    return len(facts)
