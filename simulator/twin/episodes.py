"""The faults that have to be on record, worked out from the truth alone. Times in microseconds since the run began."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers.contract import Position
from models.instants import SECOND
from simulator.lanes import How
from simulator.troubles import Trouble
from simulator.twin.patience import Patience
from simulator.twin.truth import Spell, Truth, Visit

_FAULTS = {How.TAILGATE: "lane.tailgate", How.WRONG_WAY: "lane.wrong_way", How.FORCED: "lane.forced_passage"}
_RISEN = (Position.MOVING, Position.OPEN, Position.HELD)
_TOO_MANY = 3
"""Vehicles in a row that went away from a raised arm."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A fault that stood for a while. `cleared` None: it stands still. `latest`: the last moment at which the lot may
    have raised it, where the truth doesn't tell exactly."""

    source: str
    code: str
    raised: int
    cleared: int | None
    latest: int | None = None


def episodes(truth: Truth, patience: Patience) -> list[Episode]:
    spells = truth.over()
    hidden = [spell for spell in spells if spell.what in (Trouble.BARRIER_SILENT, Trouble.POSITION_DEAD)]
    arms: dict[str, list[Spell]] = {}
    for spell in spells:
        if isinstance(spell.what, Position):
            arms.setdefault(spell.lane, []).extend(_seen(spell, hidden))
    found: list[Episode] = []
    for life in truth.lives.values():
        for visit in life.visits:
            found += _of_visit(visit, arms.get(visit.lane, ()), patience)
    found += _silent_loops(truth, arms, patience)
    found += _fires([spell for spell in spells if spell.what is Trouble.FIRE])
    for spell in hidden:
        if spell.what is Trouble.BARRIER_SILENT:
            found.append(Episode(f"{spell.lane}.barrier", "device.unreachable", spell.began, spell.ended))
    for spell in (spell for of_lane in arms.values() for spell in of_lane):
        if spell.what is Position.FAULTED:
            found.append(Episode(spell.lane, "barrier.faulted", spell.began, spell.ended))
        elif spell.what is Position.MOVING and _lasts(spell, patience.travel_within):
            late = spell.began + round(patience.travel_within * SECOND)
            found.append(Episode(spell.lane, "barrier.stuck_half_way", late, spell.ended))
    return found


def _fires(spells: Sequence[Spell]) -> list[Episode]:
    """One contact for the whole lot: it is open again when no lane's fire burns any more."""
    found: list[Episode] = []
    for spell in spells:
        last = found[-1] if found else None
        if last is not None and (last.cleared is None or spell.began <= last.cleared):
            ends = None if spell.ended is None or last.cleared is None else max(last.cleared, spell.ended)
            found[-1] = replace(last, cleared=ends)
        else:
            found.append(Episode("lot.fire", "lot.fire", spell.began, spell.ended))
    return found


def _seen(spell: Spell, hidden: Sequence[Spell]) -> list[Spell]:
    """The parts of an arm's spell during which its barrier could be heard."""
    parts = [spell]
    for dark in hidden:
        if dark.lane == spell.lane:
            parts = [piece for part in parts for piece in _without(part, dark)]
    return parts


def _without(part: Spell, dark: Spell) -> list[Spell]:
    if (dark.ended is not None and dark.ended <= part.began) or (part.ended is not None and part.ended <= dark.began):
        return [part]
    before = [replace(part, ended=dark.began)] if part.began < dark.began else []
    goes_on = dark.ended is not None and (part.ended is None or dark.ended < part.ended)
    return [*before, replace(part, began=dark.ended)] if goes_on else before


def _of_visit(visit: Visit, arms: Sequence[Spell], patience: Patience) -> list[Episode]:
    found: list[Episode] = []
    code = _FAULTS.get(visit.how) if visit.how else None
    if code is not None and visit.under_arm is not None:
        found.append(Episode(visit.lane, code, visit.under_arm, visit.passed))
    if blocked(visit, patience) and visit.under_arm is not None:
        stuck = visit.under_arm + round(patience.clear_within * SECOND)
        found.append(Episode(visit.lane, "lane.closing_loop_stuck", stuck, visit.passed))
    if visit.vends:
        found += _silent_arm(visit, arms, patience)
    return found


def _silent_arm(visit: Visit, arms: Sequence[Spell], patience: Patience) -> list[Episode]:
    """The arm was told to rise, and each time the lane looks again the vehicle waits before it in vain. One that rose
    and came down again since then is told anew, and wasn't silent."""
    gone = visit.turned_back or visit.under_arm or visit.vends[-1] + round(patience.rise_within * SECOND)
    looks = range(visit.vends[0], gone, round(patience.rise_within * SECOND))
    found: dict[int, Episode] = {}
    for look in looks[1:]:
        down = next((spell for spell in _at(arms, look - 1) if spell.what is Position.CLOSED), None)
        told = max((vend for vend in visit.vends if vend < look), default=visit.vends[0])
        if down is not None and down.began <= told:
            found.setdefault(down.began, Episode(visit.lane, "barrier.silent", look, down.ended))
    return list(found.values())


def _silent_loops(truth: Truth, arms: Mapping[str, Sequence[Spell]], patience: Patience) -> list[Episode]:
    """Lanes from whose raised arm several vehicles in a row went away: had they passed, the loop would be dead."""
    happened: dict[str, list[tuple[int, Visit]]] = {}
    for visit in (visit for life in truth.lives.values() for visit in life.visits):
        at = visit.under_arm or visit.turned_back
        if at is not None and (visit.under_arm is not None or _rose_for(visit, arms.get(visit.lane, ()))):
            happened.setdefault(visit.lane, []).append((at, visit))
    return [episode for of_lane in happened.values() for episode in _in_a_row(of_lane, patience)]


def _in_a_row(happened: list[tuple[int, Visit]], patience: Patience) -> Iterator[Episode]:
    row: list[Visit] = []
    for at, visit in sorted(happened, key=lambda each: each[0]):
        if visit.under_arm is None:
            row.append(visit)
            continue
        if len(row) >= _TOO_MANY:
            yield _silent_loop(row[_TOO_MANY - 1], at, patience)
        row = []
    if len(row) >= _TOO_MANY:
        yield _silent_loop(row[_TOO_MANY - 1], None, patience)


def _silent_loop(last: Visit, cleared: int | None, patience: Patience) -> Episode:
    """The lane waits for a while, in case that vehicle is between the loops."""
    waits = round((patience.back_out_after + patience.used_within) * SECOND)
    latest = (last.turned_back or last.came) + waits
    return Episode(last.lane, "lane.closing_loop_silent", last.vends[-1], cleared, latest)


def _rose_for(visit: Visit, arms: Sequence[Spell]) -> bool:
    """Whether the arm was seen to move or be up while a vehicle that turned back had its vend."""
    if not visit.vends or visit.turned_back is None:
        return False
    begins = bisect_right(arms, visit.vends[0], key=_began)
    during = [*_at(arms, visit.vends[0]), *arms[begins : bisect_right(arms, visit.turned_back, key=_began)]]
    return any(spell.what in _RISEN for spell in during)


def _at(arms: Sequence[Spell], moment: int) -> list[Spell]:
    """What lasted at that moment, of spells that follow one another."""
    place = bisect_right(arms, moment, key=_began)
    return [spell for spell in arms[max(place - 2, 0) : place] if holds(spell, moment)]


def _began(spell: Spell) -> int:
    return spell.began


def holds(spell: Spell, moment: int) -> bool:
    return spell.began <= moment and (spell.ended is None or moment <= spell.ended)


def blocked(visit: Visit | None, patience: Patience) -> bool:
    """Whether the car stood under the arm for so long that the lane had to give up on it."""
    if visit is None or visit.passed is None or visit.under_arm is None:
        return False
    return visit.passed - visit.under_arm > patience.clear_within * SECOND


def _lasts(spell: Spell, seconds: float) -> bool:
    return spell.ended is not None and spell.ended - spell.began > seconds * SECOND
