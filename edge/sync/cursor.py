"""How far a stream has been sent and acknowledged: pure bookkeeping for the uplink."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from models.ids import StreamId
from models.wire.envelopes import Ack

WINDOWS_AHEAD = 8
"""Windows that may be under way at once; more would only wait in a broker that may die."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """`acked`: applied by the cloud. `sent`: published so far. `ends`: the last number of each window under way.

    `highest`: the last number that can ever have been published, by this run or the one before.
    `repeats_to`: facts up to here may have been published more than once.
    """

    stream_id: StreamId
    acked: int
    sent: int
    highest: int
    ends: tuple[int, ...] = ()
    repeats_to: int = 0

    @property
    def may_send(self) -> bool:
        return len(self.ends) < WINDOWS_AHEAD


def resumed(stream_id: StreamId, acked: int, last: int) -> Cursor:
    """At a start: all that this lot has written, up to number `last`, may have been published by the run before."""
    return Cursor(stream_id, acked, acked, highest=last, repeats_to=last if last > acked else 0)


def after_sending(cursor: Cursor, last: int) -> Cursor:
    return replace(cursor, sent=last, highest=max(cursor.highest, last), ends=(*cursor.ends, last))


def rewound(cursor: Cursor) -> Cursor:
    """Everything unacknowledged is to be sent again: the link is new, or has been silent for too long."""
    repeats_to = cursor.highest if cursor.highest > cursor.acked else cursor.repeats_to
    return replace(cursor, sent=cursor.acked, ends=(), repeats_to=repeats_to)


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
        return Heard(replace(cursor, acked=ack.seq, sent=max(cursor.sent, ack.seq), ends=ends), "advanced")
    return _gap(cursor, ack.seq)


def _gap(cursor: Cursor, seq: int) -> Heard:
    """The cloud stands where it stood: a window before the ones under way was lost, or one came twice.

    Up to `repeats_to` it may be our own repetition that is answered, and answering that with another would go on
    for as long as there is a backlog. Beyond, all repeated windows have been answered and it can only be a gap.
    What this leaves out, silence brings back.
    """
    if seq != cursor.acked or cursor.sent == cursor.acked or seq <= cursor.repeats_to:
        return Heard(cursor, "repeated")
    return Heard(rewound(cursor), "replay")
