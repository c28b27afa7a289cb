"""How far a stream has been sent and acknowledged: pure bookkeeping for the uplink."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from models.ids import StreamId
from models.wire.envelopes import Ack

WINDOWS_AHEAD = 8
"""Windows that may be under way at once; more would only wait in a broker that may die."""
REST_AHEAD = 2
"""So many before one that isn't full: over a slow line many small ones would be sent, each with an answer to wait for,
and the lot would never catch up."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """`acked`: applied by the cloud. `sent`: published so far. `ends`: the last number of each window under way.

    `highest`: the last number that can ever have been published, by this run or the one before.
    `repeats_to`: facts up to here may have been published more than once. `replay_to`: up to here the cloud may
    have had the facts and lost them; of these it is believed only when it answers in this `session`.
    """

    stream_id: StreamId
    acked: int
    sent: int
    highest: int
    ends: tuple[int, ...] = ()
    repeats_to: int = 0
    replay_to: int = 0
    session: str = ""

    @property
    def may_send(self) -> bool:
        return len(self.ends) < WINDOWS_AHEAD

    @property
    def may_send_rest(self) -> bool:
        """Whether all that there is may go up, though a window has room for more."""
        return len(self.ends) < REST_AHEAD


def resumed(stream_id: StreamId, acked: int, last: int, *, replay_to: int = 0, session: str = "") -> Cursor:
    """At a start: all that this lot has written, up to number `last`, may have been published by the run before."""
    repeats_to = last if last > acked else 0
    return Cursor(stream_id, acked, acked, highest=last, repeats_to=repeats_to, replay_to=replay_to, session=session)


def after_sending(cursor: Cursor, last: int) -> Cursor:
    return replace(cursor, sent=last, highest=max(cursor.highest, last), ends=(*cursor.ends, last))


def still_next(filled: Cursor, now: Cursor) -> bool:
    """Whether a window that was filled for the one cursor is what comes next for the other: an acknowledgement that
    came meanwhile changes nothing about it."""
    same = (filled.stream_id, filled.sent, filled.session) == (now.stream_id, now.sent, now.session)
    return same and filled.replay_to == now.replay_to and now.may_send


def rewound(cursor: Cursor) -> Cursor:
    """Everything unacknowledged is to be sent again: the link is new, or has been silent for too long."""
    repeats_to = cursor.highest if cursor.highest > cursor.acked else cursor.repeats_to
    return replace(cursor, sent=cursor.acked, ends=(), repeats_to=repeats_to)


def moved_back(cursor: Cursor, seq: int, session: str) -> Cursor:
    """The cloud has lost all after fact `seq`, and said so when it was asked. What it said in an earlier session, it
    may have said before."""
    lost_to = max(cursor.replay_to, cursor.highest)
    return rewound(replace(cursor, acked=min(seq, cursor.acked), replay_to=lost_to, session=session))


@dataclass(frozen=True, slots=True)
class Heard:
    """What an acknowledgement means.

    `advanced`: facts are newly applied and may be marked so. `replay`: the cloud misses some, and `cursor` is
    rewound. `foreign`, `forked`, `beyond`: it isn't about the facts that this lot sent; `behind`: the cloud had more;
    `stale`: it may have been said before the cloud lost them. These five aren't believed: the cloud is asked.
    """

    cursor: Cursor
    verdict: Literal["advanced", "replay", "repeated", "foreign", "forked", "beyond", "behind", "stale"]


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
        if ack.seq <= cursor.replay_to and ack.session != cursor.session:
            return Heard(cursor, "stale")
        ends = tuple(end for end in cursor.ends if end > ack.seq)
        return Heard(replace(cursor, acked=ack.seq, sent=max(cursor.sent, ack.seq), ends=ends), "advanced")
    if ack.seq < cursor.acked:
        return Heard(cursor, "behind")
    return _gap(cursor, ack.seq)


def _gap(cursor: Cursor, seq: int) -> Heard:
    """The cloud stands where it stood: a window before the ones under way was lost, or one came twice.

    Up to `repeats_to` it may be our own repetition that is answered, and answering that with another would go on
    for as long as there is a backlog. Beyond, all repeated windows have been answered and it can only be a gap.
    What this leaves out, silence brings back.
    """
    if cursor.sent == cursor.acked or seq <= cursor.repeats_to:
        return Heard(cursor, "repeated")
    return Heard(rewound(cursor), "replay")
