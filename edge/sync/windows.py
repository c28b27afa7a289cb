"""Cuts the journal into windows that fit into one envelope each."""

from __future__ import annotations

from collections.abc import Sequence

from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.wire.envelopes import WINDOW_BYTES, SentFact, Tombstone, Window, pack

_LIKELY_TEXT = 3 * WINDOW_BYTES
"""Facts shrink about six-fold, so this much text usually fits with room to spare."""
_AROUND_A_BODY = 400


def fill_window(
    lot: LotId,
    stream: Stream,
    stream_id: StreamId,
    previous: str,
    facts: Sequence[SentFact],
    dropped: Tombstone | None = None,
) -> tuple[Window, bytes]:
    """As many of the facts as fit into one envelope, and the envelope as published; always at least the first.

    Raises ValueError when there are no facts.
    """
    count = _likely(facts)
    while True:
        window = Window(
            lot=lot,
            stream=stream,
            stream_id=stream_id,
            previous=previous,
            facts=tuple(facts[:count]),
            dropped=dropped,
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
