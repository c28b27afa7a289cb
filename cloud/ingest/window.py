"""What to do with a window of facts, decided from how far its stream has been applied. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from models.facts.base import Stream
from models.wire.chain import GENESIS, Chain
from models.wire.envelopes import SentFact, Window

LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a stream has been taken in. `current` is false once the lot has opened a later stream."""

    stream: Stream
    seq: int = 0
    hash: str = GENESIS
    current: bool = True


@dataclass(frozen=True, slots=True)
class Apply:
    """These facts are new and follow what was applied; `previous` is the hash before the first of them.

    `lacking`: so many facts before them were dropped by their lot and will never come.
    """

    facts: tuple[SentFact, ...]
    previous: str
    lacking: int = 0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """All of it was applied before: acknowledge again."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Facts are missing before it: the acknowledgement asks for them."""


@dataclass(frozen=True, slots=True)
class Fork:
    """A sound chain, but not the one that was applied. Acknowledging what we hold shows the lot that it differs."""

    why: str


@dataclass(frozen=True, slots=True)
class Superseded:
    """New facts on a stream that isn't the lot's any more: kept, not applied, for an operator to judge."""

    why: str
    facts: tuple[SentFact, ...]
    previous: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not a window that an honest lot sends: nothing is applied and nothing acknowledged."""

    why: str


Verdict = Apply | Duplicate | Gap | Fork | Superseded | Refused


def overlap(cursor: Cursor, window: Window) -> int | None:
    """The last seq that is both applied and in the window, None when all of the window is new."""
    last = min(cursor.seq, window.facts[-1].seq)
    return last if last >= window.facts[0].seq else None


@dataclass(frozen=True, slots=True)
class Checked:
    """What can be said of a window before anything is known of its stream: it takes the most time."""

    wrong: str | None
    broken: int | None


def check(window: Window) -> Checked:
    wrong = _unsound(window)
    return Checked(wrong, None if wrong is not None else _broken_link(window))


def judge(cursor: Cursor, window: Window, held: str | None = None, checked: Checked | None = None) -> Verdict:
    """The verdict on a window. `held` is our own hash at `overlap(cursor, window)`, when there is an overlap;
    `checked` is what `check` said of it, when it was asked before."""
    wrong = _unsound(window) if checked is None else checked.wrong
    if wrong is not None:
        return Refused(wrong)
    if cursor.stream != window.stream:
        return Refused(f"stream {window.stream_id} belongs to {cursor.stream}, not to {window.stream}")
    shared = overlap(cursor, window)
    first = window.facts[0].seq
    lacking = 0 if shared is not None else first - cursor.seq - 1
    if lacking and window.dropped is None:
        return Gap()
    broken = _broken_link(window) if checked is None else checked.broken
    if broken is not None:
        return Refused(f"the chain of hashes breaks at {broken}")
    if lacking:
        if not cursor.current:
            return _left_behind(window.facts, window.previous)
        return Apply(window.facts, window.previous, lacking)
    before, after = (0, 0) if shared is None else (shared, shared - first + 1)
    ours, theirs = (cursor.hash, window.previous) if shared is None else (held, window.facts[after - 1].hash)
    if ours != theirs:
        return Fork(f"at {before or cursor.seq} the lot's hash is {theirs[:12]} and ours {(ours or 'missing')[:12]}")
    fresh = window.facts[after:]
    if not fresh:
        return Duplicate()
    if not cursor.current:
        return _left_behind(fresh, theirs)
    return Apply(fresh, theirs)


def _left_behind(facts: tuple[SentFact, ...], previous: str) -> Superseded:
    return Superseded(f"facts from {facts[0].seq} on a stream that isn't the lot's any more", facts, previous)


def _unsound(window: Window) -> str | None:
    first = window.facts[0].seq
    if window.dropped is not None and window.stream == "ledger" and window.dropped.why != "age":
        return "it leaves facts out, and a ledger has none to spare: it drops only what the cloud has had for long"
    if window.dropped is not None and window.dropped.last != first - 1:
        return "what it leaves out doesn't end where it begins"
    if [fact.seq for fact in window.facts] != list(range(first, first + len(window.facts))):
        return "its facts aren't numbered one by one"
    if not is_uuid(window.stream_id):
        return "the stream's id isn't a UUID"
    for fact in window.facts:
        if not (fact.seq <= LARGEST and abs(fact.monotonic) <= LARGEST and abs(fact.wall) <= LARGEST):
            return f"a number of fact {fact.seq} is beyond 64 bits"
        if not 0 <= fact.version < 2**31:
            return f"fact {fact.seq} has version {fact.version}"
        if "\0" in fact.body or "\0" in f"{fact.type}{fact.boot_id}{fact.salt}{fact.hash}":
            return f"a text of fact {fact.seq} holds a NUL character"
        if fact.personal and fact.salt is None:
            # Without a salt nothing proves the personal part, and it could rewrite the body's own fields.
            return f"the personal part of fact {fact.seq} has no salt"
    return None


def _broken_link(window: Window) -> int | None:
    previous, chain = window.previous, Chain(window.lot, window.stream, window.stream_id)
    for fact in window.facts:
        if not fact.continues(previous, chain):
            return fact.seq
        previous = fact.hash
    return None


def is_uuid(text: str) -> bool:
    """Whether it is one, written as Parkgate writes them."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
