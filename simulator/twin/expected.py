"""What a lot's books have to say, worked out from the truth alone: each stay, passage, fault and sum of money.

The rules of the house are written down here a second time, in the words of the car park, and share nothing with the
daemon but the tariff. Times in microseconds since the run began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from drivers.contract import Position
from models.instants import SECOND
from models.lanes import PassageKind
from models.tariff import Tariff
from models.tickets import Direction, TicketStatus
from simulator.lanes import How
from simulator.troubles import Trouble
from simulator.twin.money import Account
from simulator.twin.terminal import Entry
from simulator.twin.truth import Life, Spell, Truth, Visit

_KINDS = {
    How.TAILGATE: PassageKind.TAILGATE,
    How.WRONG_WAY: PassageKind.WRONG_WAY,
    How.FORCED: PassageKind.FORCED,
    How.HELD: PassageKind.FIRE,
}
"""A twin's arms are kept up for a fire only."""
_FAULTS = {How.TAILGATE: "lane.tailgate", How.WRONG_WAY: "lane.wrong_way", How.FORCED: "lane.forced_passage"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the lot's lanes wait, as its YAML says, in seconds."""

    read_within: float = 12.0
    rise_within: float = 5.0
    travel_within: float = 8.0
    clear_within: float = 60.0


@dataclass(frozen=True, slots=True)
class Stay:
    """One ticket."""

    car: int
    plate: str | None
    vehicle_type: str
    status: TicketStatus
    entry_lane: str
    entry_time: int
    exit_lane: str | None = None
    exit_time: int | None = None
    seen_late: bool = False
    """The next car stood so close behind that the lane knew only once it had read that one's plate"""
    amount_due: int | None = None
    amount_paid: int = 0
    uncollected: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """A vehicle that passed without a ticket. `order` is on whose order."""

    lane: str
    direction: Direction
    kind: PassageKind
    at: int
    plate: str | None
    order: str | None = None
    seen_late: bool = False


@dataclass(frozen=True, slots=True)
class Episode:
    """A fault that stood for a while. `cleared` None: it stands still."""

    source: str
    code: str
    raised: int
    cleared: int | None


@dataclass(slots=True)
class Expected:
    """`wrong_sums`: charges over another sum than was owed then, and drivers who were let out and still owed some."""

    stays: list[Stay] = field(default_factory=list[Stay])
    passages: list[Passage] = field(default_factory=list[Passage])
    episodes: list[Episode] = field(default_factory=list[Episode])
    wrong_sums: list[str] = field(default_factory=list[str])


def expected(
    truth: Truth,
    book: Sequence[Entry],
    reads: Mapping[int, Sequence[int]],
    tariff: Tariff,
    wall: int,
    patience: Patience,
) -> Expected:
    """`reads` is when the plate of each car was read; `wall` the UTC microsecond at which the run's time began."""
    found = Expected()
    silent = [spell for spell in truth.over() if spell.what is Trouble.BARRIER_SILENT]
    charges: dict[int | None, list[Entry]] = {}
    for entry in book:
        charges.setdefault(entry.car, []).append(entry)
    found.wrong_sums += [f"{entry.lane} asked for {entry.amount}, with nobody there" for entry in charges.pop(None, ())]
    for number, life in truth.lives.items():
        opened = [visit for visit in life.visits if _opens_a_ticket(visit)]
        stays = [_stay(life, visit, reads.get(number, ()), silent) for visit in opened]
        inside = [place for place, visit in enumerate(opened) if visit.how is How.VEND and visit.passed is not None]
        own = charges.pop(number, [])
        for place in inside:
            account = Account(tariff, wall, stays[place].entry_time)
            account.goes(own, _let_out(life))
            stays[place] = _inside(life, stays[place], account, patience)
            found.wrong_sums += [f"car {number}: {wrong}" for wrong in account.wrong]
        if own and not inside:
            found.wrong_sums.append(f"car {number} was asked for {own[0].amount} without a ticket")
        found.stays += stays
        found.passages += [passage for visit in life.visits if (passage := _passage(visit, life.car.text)) is not None]
    found.episodes = _episodes(truth, patience)
    return found


# --- stays ---


def _opens_a_ticket(visit: Visit) -> bool:
    return visit.direction is Direction.ENTRY and bool(visit.vends) and visit.by_order is None


def _let_out(life: Life) -> list[int]:
    """When an arm rose for it at an exit, and not because a person said so."""
    exits = (visit for visit in life.visits if visit.direction is Direction.EXIT and visit.by_order is None)
    return [visit.vends[0] for visit in exits if visit.vends]


def _stay(life: Life, visit: Visit, reads: Sequence[int], silent: Sequence[Spell]) -> Stay:
    """The ticket of a car that didn't get in, for all that this visit tells."""
    car = life.car
    opened = _opened(visit, silent)
    void = Stay(car.number, car.text, car.vehicle_type.value, TicketStatus.VOIDED, visit.lane, opened)
    if visit.under_arm is not None and not _read_again(visit, reads):
        # On a loop all the time, and nobody saw whose: passed with another close behind, or rolled back?
        return replace(void, status=TicketStatus.UNRESOLVED)
    return void


def _read_again(visit: Visit, reads: Sequence[int]) -> bool:
    """Whether a car that rolled back was read as it stood before the arm again."""
    assert visit.under_arm is not None, "only asked of a car that was under the arm"
    return any(visit.under_arm < read <= (visit.turned_back or read) for read in reads)


def _opened(visit: Visit, silent: Sequence[Spell]) -> int:
    """When the ticket was opened: with the first vend, or before it, if the barrier couldn't be told then."""
    shown = visit.shown_at
    if shown is not None and any(spell.lane == visit.lane and _holds(spell, shown) for spell in silent):
        return shown
    return visit.vends[0]


def _holds(spell: Spell, moment: int) -> bool:
    return spell.began <= moment and (spell.ended is None or moment <= spell.ended)


def _inside(life: Life, stay: Stay, account: Account, patience: Patience) -> Stay:
    """The stay of a car that came in, as far as it has got."""
    left = life.exit
    if left is None or left.how is not How.VEND or left.by_order is not None or left.passed is None:
        status = TicketStatus.UNRESOLVED if _blocked(life.entry, patience) else TicketStatus.ACTIVE
        return _with(stay, status, None, account.due, account)
    if _blocked(left, patience):
        return _with(stay, TicketStatus.UNRESOLVED, None, account.due, account)
    return _with(stay, TicketStatus.COMPLETED, left, account.due or 0, account)


def _with(stay: Stay, status: TicketStatus, left: Visit | None, due: int | None, account: Account) -> Stay:
    known = replace(stay, status=status, amount_due=due, amount_paid=account.paid, uncollected=account.uncollected)
    if left is None:
        return known
    return replace(known, exit_lane=left.lane, exit_time=left.passed, seen_late=left.crowded)


def _blocked(visit: Visit | None, patience: Patience) -> bool:
    """Whether the car stood under the arm for so long that the lane had to give up on it."""
    if visit is None or visit.passed is None or visit.under_arm is None:
        return False
    return visit.passed - visit.under_arm > patience.clear_within * SECOND


# --- passages without a ticket ---


def _passage(visit: Visit, plate: str) -> Passage | None:
    if visit.passed is None or visit.how is None:
        return None
    if visit.how is How.VEND:
        if visit.by_order is None:
            return None
        return Passage(
            visit.lane, visit.direction, PassageKind.MANUAL, visit.passed, plate, visit.by_order, visit.crowded
        )
    return Passage(visit.lane, visit.direction, _KINDS[visit.how], visit.passed, plate)


# --- faults ---


def _episodes(truth: Truth, patience: Patience) -> list[Episode]:
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
    if _blocked(visit, patience) and visit.under_arm is not None:
        stuck = visit.under_arm + round(patience.clear_within * SECOND)
        found.append(Episode(visit.lane, "lane.closing_loop_stuck", stuck, visit.passed))
    if visit.vends:
        found += _silent_arm(visit, arms, patience)
    return found


def _silent_arm(visit: Visit, arms: Sequence[Spell], patience: Patience) -> list[Episode]:
    """The arm was told to rise, and each time the lane looks again the vehicle waits before it in vain."""
    gone = visit.turned_back or visit.under_arm or visit.vends[-1] + round(patience.rise_within * SECOND)
    looks = range(visit.vends[0], gone, round(patience.rise_within * SECOND))
    found: dict[int, Episode] = {}
    for look in looks[1:]:
        down = next((spell for spell in arms if spell.what is Position.CLOSED and _holds(spell, look - 1)), None)
        if down is not None and down.began < look:
            found.setdefault(down.began, Episode(visit.lane, "barrier.silent", look, down.ended))
    return list(found.values())


def _lasts(spell: Spell, seconds: float) -> bool:
    return spell.ended is not None and spell.ended - spell.began > seconds * SECOND
