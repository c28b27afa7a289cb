"""What a lot's books have to say, worked out from the truth alone: each stay, passage, fault and sum of money.

The rules of the house are written down here a second time, in the words of the car park, and share nothing with the
daemon but the tariff. Times in microseconds since the run began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from models.lanes import PassageKind
from models.tariff import Tariff
from models.tickets import Direction, TicketStatus
from simulator.lanes import How
from simulator.troubles import Trouble
from simulator.twin.doubt import Doubts, Shown
from simulator.twin.episodes import Episode, blocked, episodes, holds
from simulator.twin.money import Account
from simulator.twin.patience import Patience
from simulator.twin.terminal import Entry
from simulator.twin.truth import Life, Spell, Truth, Visit

_KINDS = {
    How.TAILGATE: PassageKind.TAILGATE,
    How.WRONG_WAY: PassageKind.WRONG_WAY,
    How.FORCED: PassageKind.FORCED,
    How.HELD: PassageKind.FIRE,
}
"""A twin's arms are kept up for a fire only."""


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


@dataclass(slots=True)
class Expected:
    """`wrong_sums`: charges over another sum than was owed then, and drivers who were let out and still owed some.
    `unseen`: passages without a ticket of which the lane can't know, for the next car stood close behind and showed
    nothing that tells."""

    stays: list[Stay] = field(default_factory=list[Stay])
    passages: list[Passage] = field(default_factory=list[Passage])
    episodes: list[Episode] = field(default_factory=list[Episode])
    wrong_sums: list[str] = field(default_factory=list[str])
    unseen: int = 0


def expected(
    truth: Truth, book: Sequence[Entry], shown: Shown, tariff: Tariff, wall: int, patience: Patience
) -> Expected:
    """`book` is what the lot's terminals did; `wall` the UTC microsecond at which the run's time began."""
    found = Expected()
    rules = _Rules(tariff, wall, patience, shown, Doubts(truth, shown, patience), _silent(truth))
    charges: dict[int | None, list[Entry]] = {}
    for entry in book:
        charges.setdefault(entry.car, []).append(entry)
    found.wrong_sums += [f"{entry.lane} asked for {entry.amount}, with nobody there" for entry in charges.pop(None, ())]
    for number, life in truth.lives.items():
        found.stays += _stays(life, charges.get(number, ()), rules, found.wrong_sums)
        for visit in life.visits:
            passage = _passage(visit, life.car.text)
            if passage is not None and visit.by_order is not None and rules.doubts.stands(number, visit):
                found.unseen += 1
            elif passage is not None:
                found.passages.append(passage)
    found.episodes = episodes(truth, patience)
    return found


@dataclass(frozen=True, slots=True)
class _Rules:
    """What all stays are judged by. `silent`: when barriers couldn't be told anything."""

    tariff: Tariff
    wall: int
    patience: Patience
    shown: Shown
    doubts: Doubts
    silent: Sequence[Spell]


def _silent(truth: Truth) -> list[Spell]:
    return [spell for spell in truth.over() if spell.what is Trouble.BARRIER_SILENT]


# --- stays ---


def _stays(life: Life, charges: Sequence[Entry], rules: _Rules, wrong_sums: list[str]) -> list[Stay]:
    """A ticket for each vend at an entry; the money is that of the one with which it got in."""
    stays: list[Stay] = []
    for visit in (visit for visit in life.visits if _opens_a_ticket(visit)):
        stay = _void(life, visit, rules)
        if visit.how is How.VEND and visit.passed is not None:
            account = Account(rules.tariff, rules.wall, stay.entry_time)
            account.goes(charges, _let_out(life))
            wrong_sums += [f"car {life.car.number}: {wrong}" for wrong in account.wrong]
            stay, charges = _inside(life, stay, account, rules), ()
        stays.append(stay)
    if charges:
        wrong_sums.append(f"car {life.car.number} was asked for {charges[0].amount} without a ticket")
    return stays


def _opens_a_ticket(visit: Visit) -> bool:
    return visit.direction is Direction.ENTRY and bool(visit.vends) and visit.by_order is None


def _let_out(life: Life) -> list[int]:
    """When an arm rose for it at an exit, and not because a person said so."""
    exits = (visit for visit in life.visits if visit.direction is Direction.EXIT and visit.by_order is None)
    return [visit.vends[0] for visit in exits if visit.vends]


def _void(life: Life, visit: Visit, rules: _Rules) -> Stay:
    """The ticket of a car that didn't get in, for all that this visit tells."""
    car = life.car
    opened = _opened(visit, rules.silent)
    void = Stay(car.number, car.text, car.vehicle_type.value, TicketStatus.VOIDED, visit.lane, opened)
    if visit.under_arm is not None and not _read_again(visit, rules.shown.reads.get(car.number, ())):
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
    if shown is not None and any(spell.lane == visit.lane and holds(spell, shown) for spell in silent):
        return shown
    return visit.vends[0]


def _inside(life: Life, stay: Stay, account: Account, rules: _Rules) -> Stay:
    """The stay of a car that came in, as far as it has got."""
    left = life.exit
    if left is None or left.how is not How.VEND or left.by_order is not None or left.passed is None:
        status = TicketStatus.UNRESOLVED if _unseen(life, life.entry, rules) else TicketStatus.ACTIVE
        return _with(stay, status, None, account.due, account)
    if _unseen(life, left, rules):
        return _with(stay, TicketStatus.UNRESOLVED, None, account.due, account)
    return _with(stay, TicketStatus.COMPLETED, left, account.due or 0, account)


def _unseen(life: Life, visit: Visit | None, rules: _Rules) -> bool:
    return blocked(visit, rules.patience) or rules.doubts.stands(life.car.number, visit)


def _with(stay: Stay, status: TicketStatus, left: Visit | None, due: int | None, account: Account) -> Stay:
    known = replace(stay, status=status, amount_due=due, amount_paid=account.paid, uncollected=account.uncollected)
    if left is None:
        return known
    return replace(known, exit_lane=left.lane, exit_time=left.passed, seen_late=left.crowded)


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
