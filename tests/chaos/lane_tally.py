"""What came of a campaign in the lanes, and by what a careless daemon gives itself away."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from tests.chaos.lane_verdicts import NOTHING, Findings


class Careless(StrEnum):
    """A daemon with one of its safeguards off."""

    LEAVES = "leaves contacts made"
    RESENDS = "sends the last vend again"
    HASTY = "vends before the commit"
    VOIDS = "settles what was half way as void"

    def what_was_found(self, found: Findings) -> dict[str, int]:
        kinds = {
            Careless.LEAVES: ("left_pulsing",),
            Careless.RESENDS: ("moved_after_restart",),
            Careless.HASTY: ("phantom_opens", "lost"),
            Careless.VOIDS: ("lost",),
        }
        return {kind: getattr(found, kind) for kind in kinds[self]}

    def caught(self, found: Findings) -> bool:
        return any(self.what_was_found(found).values())


class Phase(StrEnum):
    """Where a vehicle is when the daemon is killed."""

    ARRIVING = "arriving"
    DECIDING = "deciding"
    CONTACT = "contact"
    RISING = "rising"
    UNDER = "under"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a campaign came to. `accepted`: passages that the witness saw."""

    kills: int = 0
    interrupted: int = 0
    """Vehicles that were in a lane at a kill"""
    accepted: int = 0
    undisturbed: int = 0
    """Vehicles for which no kill is an excuse: the daemon lived from their last asking on until they were gone"""
    backed_out: int = 0
    """How many of those didn't pass"""
    unresolved: int = 0
    stranded: int = 0
    """Vehicles for which no arm rose after the restart, however often they asked"""
    told_again: int = 0
    """Contacts made anew for the vehicle that stands there, whose arm had come down or hadn't risen"""
    crossed: int = 0
    """Contacts made for a vehicle that had left a moment before: the order and the news of it crossed"""
    longest_crossing_ms: int = 0
    """How long the lane had been empty at the last of those"""
    longest_contact_ms: int = 0
    """Of boards that can't time a pulse: as long as the daemon is dead, and until it has opened them"""
    longest_timed_contact_ms: int = 0
    """Of the relay that times its pulses itself"""
    longest_after_start_ms: int = 0
    """From the daemon's being there again until the last contact was open"""
    longest_from_start_ms: int = 0
    """From the beginning of its process: nearly all of it is Python loading the daemon"""
    phases: Counter[str] = field(default_factory=Counter[str])
    """Kills by where the vehicle was at which they were aimed"""
    found: Findings = NOTHING

    @property
    def clean(self) -> bool:
        return self.found.none and not self.stranded

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.kills + other.kills,
            self.interrupted + other.interrupted,
            self.accepted + other.accepted,
            self.undisturbed + other.undisturbed,
            self.backed_out + other.backed_out,
            self.unresolved + other.unresolved,
            self.stranded + other.stranded,
            self.told_again + other.told_again,
            self.crossed + other.crossed,
            max(self.longest_crossing_ms, other.longest_crossing_ms),
            max(self.longest_contact_ms, other.longest_contact_ms),
            max(self.longest_timed_contact_ms, other.longest_timed_contact_ms),
            max(self.longest_after_start_ms, other.longest_after_start_ms),
            max(self.longest_from_start_ms, other.longest_from_start_ms),
            self.phases + other.phases,
            self.found + other.found,
        )
