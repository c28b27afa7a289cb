"""How far a stream has been sent and acknowledged: pure bookkeeping for the uplink."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from models.ids import StreamId
from models.wire.envelopes import WINDOW_BYTES, Ack, SentFact

WINDOWS_AHEAD = 8
"""Windows that may be under way at once; more would only wait in a broker that may die."""
PACKED_SAFELY = 3 * WINDOW_BYTES
"""Facts whose text is this long pack into one envelope with room to spare (they shrink about six-fold)."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """`acked`: applied by the cloud. `sent`: published so far. `ends`: the last number of each window under way.

    `highest`: the last number that can ever have been published, by this run or the one before.
    `rewound_at`: the acknowledgement that a gap was answered for; the cloud may ask many times for one gap.
    """

    stream_id: StreamId
    acked: int
    sent: int
    highest: int
    ends: tuple[int, ...] = ()
    rewound_at: int | None = None

    @property
    def may_send(self) -> bool:
        return len(self.ends) < WINDOWS_AHEAD


def after_sending(cursor: Cursor, last: int) -> Cursor:
    return replace(cursor, sent=last, highest=max(cursor.highest, last), ends=(*cursor.ends, last))


def rewound(cursor: Cursor) -> Cursor:
    """Everything unacknowledged is to be sent again: the link is new, or has been silent for too long."""
    return replace(cursor, sent=cursor.acked, ends=())


@dataclass(frozen=True, slots=True)
class Heard:
    """What an acknowledgement means.

    `advanced`: facts are newly applied and may be marked so. `replay`: the cloud misses some, and `cursor` is
    rewound. `foreign`, `forked`, `beyond`: it isn't about the facts that this lot sent, and isn't believed.
    """

    cursor: Cursor
    verdict: Literal["advanced", "replay", "repeated", "foreign", "forked", "beyond"]


def hear_ack(cursor: Cursor, ack: Ack, own_hash: str | None) -> Heard:
    """Judge an acknowledgement. `own_hash` is this lot's hash of fact `ack.seq`, None when it has no such fact.

    Only a matching hash is believed: a card restored from last week has other facts under the same numbers.
    """
    if ack.stream_id != cursor.stream_id:
        return Heard(cursor, "foreign")
    if own_hash is None or ack.seq > cursor.highest:
        return Heard(cursor, "beyond")
    if own_hash != ack.hash:
        return Heard(cursor, "forked")
    if ack.seq > cursor.acked:
        ends = tuple(end for end in cursor.ends if end > ack.seq)
        return Heard(
            replace(cursor, acked=ack.seq, sent=max(cursor.sent, ack.seq), ends=ends, rewound_at=None), "advanced"
        )
    return _gap(cursor, ack.seq)


def _gap(cursor: Cursor, seq: int) -> Heard:
    """The cloud stands where it stood: a window before the ones under way was lost, or one came twice."""
    if seq != cursor.acked or cursor.sent == cursor.acked or cursor.rewound_at == seq:
        return Heard(cursor, "repeated")
    return Heard(replace(rewound(cursor), rewound_at=seq), "replay")


def fill_window(facts: list[SentFact]) -> tuple[SentFact, ...]:
    """As many of the facts as fit into one envelope; always at least the first."""
    size = 0
    for count, fact in enumerate(facts):
        size += len(fact.body) + 400
        if count and size > PACKED_SAFELY:
            return tuple(facts[:count])
    return tuple(facts)
