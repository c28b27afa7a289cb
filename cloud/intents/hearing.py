"""What the cloud makes of a lot's word on how far it has taken its intents: judged purely, kept in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from cloud.intents.sending import IN_FLIGHT, Towards
from models.instants import Instant
from models.wire.intents import Taken

Kind = Literal["agrees", "ahead", "forked", "unknown_past"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the cloud has of its own to compare with. `hash_there`: at the revision that the lot names, None when that
    isn't kept. `checksum`: of all that stands, None unless the lot is at the head. `runs_withheld`: one of those that
    were kept from the lot it says now it can run."""

    hash_there: str | None
    checksum: str | None
    runs_withheld: bool


@dataclass(frozen=True, slots=True)
class Judged:
    lot: Towards
    kind: Kind
    differs: bool = False
    advanced: bool = False


def judge_taken(lot: Towards, taken: Taken, known: Known, now: Instant) -> Judged:
    """A lot may have come back from an old copy: it is sent what it lacks. One that has more than the cloud, or other
    intents under the same numbers, is sent nothing until a person has looked: the cloud's own copy may be the old one.
    """
    lot = replace(lot, said=taken)
    if taken.revision > lot.revision:
        return Judged(replace(lot, forked=True), "ahead")
    if known.hash_there is None:
        return Judged(replace(lot, needs_snapshot=True), "unknown_past")
    if known.hash_there != taken.hash:
        return Judged(replace(lot, forked=True), "forked")
    differs = known.checksum is not None and known.checksum != taken.checksum
    wants = taken.wants == "snapshot" or known.runs_withheld or differs
    advanced = taken.revision > lot.acked or (lot.needs_snapshot and not wants and taken.revision == lot.revision)
    return Judged(_moved(lot, taken, wants, advanced, now), "agrees", differs, advanced)


def _moved(lot: Towards, taken: Taken, wants: bool, advanced: bool, now: Instant) -> Towards:
    settled = taken.revision == lot.revision and not wants
    needs_snapshot = not settled and (wants or lot.needs_snapshot)
    # A lot that says hello has just come up, or heard nothing for long: what was sent before didn't reach it.
    fresh = now - lot.sent_at < IN_FLIGHT and not taken.hello
    sent = max(lot.sent, taken.revision) if advanced or fresh else taken.revision
    anew = taken.hello and now - lot.sent_at >= IN_FLIGHT  # a snapshot that has just left needn't leave twice
    tries = 0 if advanced or settled or anew or (needs_snapshot and not lot.needs_snapshot) else lot.tries
    return replace(lot, acked=taken.revision, sent=sent, tries=tries, needs_snapshot=needs_snapshot)
