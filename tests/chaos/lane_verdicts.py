"""Compares what a vehicle did with what the lot has on record of it. Pure: only the witness's word and the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.lane_lot import Stay


@dataclass(frozen=True, slots=True)
class Seen:
    """What the witness saw of one vehicle in one lane."""

    lane: str
    entry: bool
    passed: bool
    raised: int
    """How often the contact that raises the arm was made for it"""
    undisturbed: bool = False
    """The daemon lived from its last asking on until it was gone"""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, counted by kind."""

    lost: int = 0
    """A passage that no ticket stands for, or a stay that ended while the vehicle is inside"""
    twice: int = 0
    """A stay for a vehicle that isn't inside, a second one for the same, or more money than was due"""
    phantom_opens: int = 0
    """The arm was told to rise for a vehicle that nothing on record lets pass, or for nobody"""
    left_pulsing: int = 0
    moved_after_restart: int = 0
    examples: tuple[str, ...] = field(default=())

    @property
    def none(self) -> bool:
        return not any((self.lost, self.twice, self.phantom_opens, self.left_pulsing, self.moved_after_restart))

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.lost + other.lost,
            self.twice + other.twice,
            self.phantom_opens + other.phantom_opens,
            self.left_pulsing + other.left_pulsing,
            self.moved_after_restart + other.moved_after_restart,
            (self.examples + other.examples)[:10],
        )


NOTHING = Findings()


def at_entry(seen: Seen, opened: Sequence[Stay]) -> Findings:
    """`opened`: the tickets that were opened in that lane while the vehicle was there."""
    said = [stay.status for stay in opened]
    active, unresolved = said.count("ACTIVE"), said.count("UNRESOLVED")
    half_way = said.count("ADMITTED")
    if seen.passed:
        on_record = active == 1 if seen.undisturbed else active + unresolved > 0
        lost, twice = int(not on_record), max(0, active - 1)
    else:
        lost, twice = 0, active
    phantoms = max(0, seen.raised - len(opened))
    return _found(seen, said, lost + half_way, twice, phantoms)


def at_exit(seen: Seen, before: Stay, after: Stay) -> Findings:
    """The ticket that the vehicle showed, as it was when it came and as it is now that it is gone."""
    if seen.passed:
        right = ("COMPLETED",) if seen.undisturbed else ("COMPLETED", "UNRESOLVED")
    else:
        right = ("ACTIVE", "UNRESOLVED")
    half_way = after.status == "ACTIVE" and after.exit_lane is not None
    phantoms = max(0, seen.raised - (after.allowed_out - before.allowed_out))
    return _found(seen, [after.status], int(after.status not in right or half_way), int(after.overpaid), phantoms)


def _found(seen: Seen, said: list[str], lost: int, twice: int, phantoms: int) -> Findings:
    if not (lost or twice or phantoms):
        return NOTHING
    return Findings(lost=lost, twice=twice, phantom_opens=phantoms, examples=(f"{seen}: {said}",))
