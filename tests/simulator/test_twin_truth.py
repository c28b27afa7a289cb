"""What the twin expects by the rules of the house: money, lanes that can't know, a closing loop that seems dead."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from drivers.contract import ChargeOutcome, Position
from models.ids import LaneName
from models.instants import HOUR, SECOND, Instant
from models.money import Minor
from models.tariff import HourlyTariff
from models.tickets import Direction
from simulator.cars import Traffic
from simulator.lanes import How
from simulator.twin.doubt import Doubts, Shown
from simulator.twin.episodes import episodes
from simulator.twin.money import Account
from simulator.twin.patience import Patience
from simulator.twin.terminal import Entry
from simulator.twin.truth import Life, Truth, Visit

MINUTE = 60 * SECOND
IN, OUT = LaneName("in"), LaneName("out")
TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
TAKEN, DECLINED, UNREACHABLE = ChargeOutcome.TAKEN, ChargeOutcome.DECLINED, ChargeOutcome.UNREACHABLE


def asked(amount: int, at: int, outcome: ChargeOutcome = TAKEN, currency: str = "EUR") -> Entry:
    return Entry("p", OUT, 0, amount, currency, at, at + 5 * SECOND, outcome)


def an_account(*charges: Entry, let_out: list[int]) -> Account:
    account = Account(TARIFF, Instant(0), 0)
    account.goes(charges, let_out)
    return account


def test_who_paid_what_the_stay_cost_is_let_out_and_owes_nothing() -> None:
    account = an_account(asked(500, HOUR + MINUTE), let_out=[HOUR + MINUTE + 5 * SECOND])
    assert (account.wrong, account.paid, account.due) == ([], 500, 500)


def test_who_is_let_out_unasked_still_owes_all() -> None:
    assert an_account(let_out=[2 * HOUR + 1]).wrong == ["the arm rose at 7200.00 s for a driver who still owed 750"]


def test_who_is_declined_and_let_out_still_owes_all() -> None:
    account = an_account(asked(250, MINUTE, DECLINED), let_out=[2 * MINUTE])
    assert len(account.wrong) == 1


def test_a_terminal_out_of_reach_leaves_a_debt_and_nothing_wrong() -> None:
    account = an_account(asked(250, MINUTE, UNREACHABLE), let_out=[MINUTE + 5 * SECOND])
    assert (account.wrong, account.paid, account.uncollected) == ([], 0, 250)


@pytest.mark.parametrize("outcome", [TAKEN, UNREACHABLE])
def test_an_hour_that_begins_while_the_terminal_answers_costs_nothing(outcome: ChargeOutcome) -> None:
    account = an_account(asked(250, HOUR - SECOND, outcome), let_out=[HOUR + 4 * SECOND])
    assert (account.wrong, account.due) == ([], 250)


def test_who_backs_out_after_paying_pays_no_more_within_ten_minutes_but_does_later() -> None:
    paid = asked(250, 55 * MINUTE)
    assert an_account(paid, let_out=[55 * MINUTE + 5 * SECOND, 65 * MINUTE]).wrong == []
    assert len(an_account(paid, let_out=[55 * MINUTE + 5 * SECOND, 66 * MINUTE]).wrong) == 1


def test_too_little_and_the_wrong_currency_are_found() -> None:
    account = an_account(asked(125, MINUTE, currency="USD"), let_out=[])
    assert account.wrong == ["out asked for 125, 250 were owed", "out asked for USD"]


# --- what a lane can't know ---


@dataclass
class Lot:
    """Visits to one lane, one car each."""

    truth: Truth = field(default_factory=Truth)

    def visit(self, came: int, lane: LaneName = IN, **about: int | bool | How | list[int]) -> Visit:
        number = len(self.truth.lives)
        visit = Visit(lane, Direction.ENTRY, came * SECOND)
        for name, value in about.items():
            setattr(visit, name, value * SECOND if type(value) is int else value)
        self.truth.lives[number] = Life(Traffic().car(number), [visit])
        return visit

    def arm(self, *positions: tuple[int, Position]) -> None:
        for at, position in positions:
            self.truth.begins(IN, "arm", position, at * SECOND)


def crowded() -> tuple[Lot, Visit]:
    lot = Lot()
    first = lot.visit(0, vends=[10 * SECOND], how=How.VEND, under_arm=12, passed=14, crowded=True)
    lot.visit(2, under_arm=30, passed=32)
    return lot, first


def doubt(reads: dict[int, list[int]], codes: dict[int, list[int]]) -> bool:
    lot, first = crowded()
    return Doubts(lot.truth, Shown(reads, codes), Patience()).stands(0, first)


def test_the_plate_of_who_stands_close_behind_tells_that_a_car_with_a_plate_has_passed() -> None:
    assert not doubt({0: [8 * SECOND], 1: [15 * SECOND]}, {})


def test_it_tells_nothing_of_a_car_that_showed_a_paper_ticket() -> None:
    assert doubt({1: [15 * SECOND]}, {0: [8 * SECOND]})


def test_the_ticket_of_who_stands_close_behind_tells_it() -> None:
    assert not doubt({}, {0: [8 * SECOND], 1: [19 * SECOND]})


def test_what_is_shown_too_late_tells_nothing() -> None:
    assert doubt({0: [8 * SECOND], 1: [27 * SECOND]}, {})


def backed_out(lot: Lot, at: int) -> None:
    lot.visit(at, vends=[(at + 5) * SECOND], turned_back=at + 15)


def test_three_in_a_row_that_turn_back_before_a_raised_arm_make_the_closing_loop_suspect() -> None:
    lot = Lot()
    lot.arm((0, Position.CLOSED), (6, Position.OPEN), (900, Position.CLOSED))
    for at in (0, 100, 200):
        backed_out(lot, at)
    lot.visit(300, vends=[305 * SECOND], how=How.VEND, under_arm=307, passed=309)
    (found,) = episodes(lot.truth, Patience())
    assert (found.code, found.cleared) == ("lane.closing_loop_silent", 307 * SECOND)
    assert found.raised <= 215 * SECOND <= (found.latest or 0)


def test_two_do_not_nor_does_one_that_passes_between_them() -> None:
    lot = Lot()
    lot.arm((0, Position.CLOSED), (6, Position.OPEN), (900, Position.CLOSED))
    for at in (0, 100, 300):
        backed_out(lot, at)
    lot.visit(200, vends=[205 * SECOND], how=How.VEND, under_arm=207, passed=209)
    assert episodes(lot.truth, Patience()) == []


def waits_until(at: int, *vends: int) -> Lot:
    lot = Lot()
    lot.visit(0, vends=[vend * SECOND for vend in vends], how=How.VEND, under_arm=at, passed=at + 2)
    return lot


def test_an_arm_that_stays_down_while_a_car_waits_is_silent() -> None:
    lot = waits_until(19, 10, 15)
    lot.arm((0, Position.CLOSED), (17, Position.OPEN))
    (found,) = episodes(lot.truth, Patience())
    assert (found.code, found.raised, found.cleared) == ("barrier.silent", 15 * SECOND, 17 * SECOND)


def test_an_arm_that_came_down_before_a_slow_driver_was_not_silent() -> None:
    lot = waits_until(48, 10, 45)
    lot.arm((0, Position.CLOSED), (12, Position.OPEN), (43, Position.CLOSED), (46, Position.OPEN))
    assert episodes(lot.truth, Patience()) == []


def test_an_arm_that_came_down_and_stays_down_when_it_is_told_again_is_silent() -> None:
    lot = waits_until(59, 10, 45, 50)
    lot.arm((0, Position.CLOSED), (12, Position.OPEN), (43, Position.CLOSED), (52, Position.OPEN))
    (found,) = episodes(lot.truth, Patience())
    assert (found.raised, found.cleared) == (50 * SECOND, 52 * SECOND)
