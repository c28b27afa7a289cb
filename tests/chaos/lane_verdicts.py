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
    came_in: int = 1
    """The run of the daemon, counted from 1, in which it came; `gone_in`: in which it went"""
    gone_in: int = 1


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
    phantoms = max(0, seen.raised - len(opened))
    if seen.undisturbed:
        lost, twice = _as_it_should([stay.status for stay in opened if stay.run >= seen.gone_in], seen.passed)
        # Of what was cut short before it asked again, nobody knows; but that it is inside isn't said twice.
        twice += sum(stay.status == "ACTIVE" for stay in opened if stay.run < seen.gone_in)
    elif seen.passed:
        lost, twice = int("ACTIVE" not in said and "UNRESOLVED" not in said), max(0, said.count("ACTIVE") - 1)
    else:
        lost, twice = 0, said.count("ACTIVE")
    return _found(seen, said, lost + said.count("ADMITTED"), twice, phantoms)


def _as_it_should(said: list[str], passed: bool) -> tuple[int, int]:
    """Lost and twice, where no kill is an excuse: a vehicle that passed has one stay and no other, one that backed
    out at most one that was void."""
    if passed:
        return int("ACTIVE" not in said), max(0, len(said) - 1)
    return 0, max(len(said) - 1, sum(status != "VOIDED" for status in said))


def at_exit(seen: Seen, before: Stay, after: Stay) -> Findings:
    """The ticket that the vehicle showed, as it was when it came and as it is now that it is gone."""
    if seen.passed:
        right = ("COMPLETED",) if seen.undisturbed else ("COMPLETED", "UNRESOLVED")
    elif seen.undisturbed and seen.came_in == seen.gone_in:
        right = (before.status,)
    else:
        right = ("ACTIVE", "UNRESOLVED")
    half_way = after.status == "ACTIVE" and after.exit_lane is not None
    phantoms = max(0, seen.raised - (after.allowed_out - before.allowed_out))
    return _found(seen, [after.status], int(after.status not in right or half_way), int(after.overpaid), phantoms)


def _found(seen: Seen, said: list[str], lost: int, twice: int, phantoms: int) -> Findings:
    if not (lost or twice or phantoms):
        return NOTHING
    return Findings(lost=lost, twice=twice, phantom_opens=phantoms, examples=(f"{seen}: {said}",))
