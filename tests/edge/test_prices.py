"""The price on a lane's sign is the price on the ticket, and stands still while a vehicle waits there."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from edge.lane.lane import Fitted, a_lane
from edge.lane.offer import Offer, sign_lines, waits_to_enter
from edge.lane.signals import Allowed, Asked, Phase, Read, Unread
from edge.parking.tariffs.prices import Quoting
from edge.post import Post
from models.ids import LaneName
from models.plates import Plate
from models.pricing import Quote, Standing, lane_quote
from models.tariff import Terms
from models.tickets import Direction
from tests.edge.lanes import in_phase
from tests.edge.lots import TARIFF
from tests.edge.priced_lot import FULLER, MOVING, NORTH, SOUTH, PricedLot, a_priced_lot, said, terms

BY_DAY, BY_DAY_FULL = "2.60 EUR for each hour begun", "5.20 EUR for each hour begun"


def always_the_newest(_shown: Quote | None, standing: Standing, _waits: bool | None) -> Quote:
    """A sign that is careless of who waits: the negative control."""
    return Quote(standing.factor, standing.since)


# --- the law ---


@dataclass
class Witness:
    """Stands beside the lanes and writes down what each sign showed while a vehicle waited there."""

    lot: PricedLot
    seen: dict[LaneName, set[str]] = field(default_factory=dict[LaneName, set[str]])
    broken: list[str] = field(default_factory=list[str])
    tickets: int = 0

    async def happens(self, chance: random.Random) -> None:
        lot, lane = self.lot, chance.choice((NORTH, SOUTH))
        match chance.choice(("comes", "comes", "goes in", "drives off", "taken", "hours", "tariff", "restart", "lost")):
            case "comes" if lane not in self.seen:
                self.seen[lane] = {lot.price_on_sign(lane)}
                lot.lanes[lane].arming.becomes(True)
            case "goes in" if lane in self.seen:
                pinned = said(await lot.gets_a_ticket(lane))
                self.tickets += 1
                self.looks()
                if self.seen.pop(lane) != {pinned}:
                    self.broken.append(f"a ticket with {pinned}")
                await lot.drives_in(lane)
            case "drives off" if lane in self.seen:
                del self.seen[lane]
                lot.lanes[lane].arming.becomes(False)
            case "taken":
                await lot.is_taken(chance.choice((0, 50, 75, 92)))
            case "hours":
                await lot.passes(chance.choice((0.02, 1, 5)))
            case "tariff":
                await lot.new_tariff(chance.choice((terms("2.00", MOVING), terms("3.00", FULLER))))
            case "restart":
                await lot.restarts()
            case "lost" if lane in self.seen:
                lot.lanes[lane].arming.becomes(None)
                await lot.is_taken(chance.choice((0, 92)))
                lot.lanes[lane].arming.becomes(True)
            case _:
                pass
        await lot.settles()
        self.looks()

    def looks(self) -> None:
        for lane, seen in self.seen.items():
            shown = self.lot.price_on_sign(lane)
            seen.update({shown} if shown else ())
            if len(seen) > 1:
                self.broken.append(f"{lane} showed {seen}")


async def witnessed(folder: Path, seed: int, quoting: Quoting = lane_quote) -> Witness:
    folder.mkdir()
    chance = random.Random(seed)
    async with a_priced_lot(folder, quoting=quoting) as lot:
        witness = Witness(lot)
        for _ in range(40):
            await witness.happens(chance)
    return witness


async def test_no_lanes_price_changes_while_a_car_waits_and_each_ticket_has_what_its_sign_showed(
    tmp_path: Path,
) -> None:
    tickets = 0
    for seed in range(6):
        witness = await witnessed(tmp_path / str(seed), seed)
        assert witness.broken == [], f"seed {seed}"
        tickets += witness.tickets
    assert tickets > 8


async def test_a_sign_that_is_not_frozen_is_found_out(tmp_path: Path) -> None:
    """The negative control, over the same days."""
    found = [(await witnessed(tmp_path / str(seed), seed, always_the_newest)).broken for seed in range(3)]
    assert any(found)


# --- by example ---


async def test_a_car_that_comes_before_the_lot_fills_pays_what_it_saw(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        assert lot.price_on_sign(NORTH) == BY_DAY
        lot.lanes[NORTH].arming.becomes(True)
        await lot.is_taken(95)
        assert lot.price_on_sign(NORTH) == BY_DAY
        assert lot.price_on_sign(SOUTH) == BY_DAY_FULL
        pinned = await lot.gets_a_ticket(NORTH)
        assert said(pinned) == BY_DAY
        assert isinstance(pinned, Terms)
        assert (pinned.factor, pinned.dynamic) == (Decimal("1.3"), None)
        await lot.drives_in(NORTH)
        assert lot.price_on_sign(NORTH) == BY_DAY_FULL


async def test_the_question_takes_the_price_along_however_late_the_desk_comes_to_it(tmp_path: Path) -> None:
    """Two cars leave the loop and the price moves on before the desk has answered: what counts is when it was asked."""
    async with a_priced_lot(tmp_path) as lot:
        lane = lot.lanes[NORTH]
        lane.arming.becomes(True)
        kept = lane.controller.offer()
        assert kept is not None
        asked = Asked(Unread(by_policy=True), tariff=kept.tariff)
        lane.arming.becomes(False)
        await lot.is_taken(95)
        assert lot.price_on_sign(NORTH) == BY_DAY_FULL
        desk = lane.controller._desks[Direction.ENTRY]  # pyright: ignore[reportPrivateUsage]
        assert isinstance(await desk.decide(asked), Allowed)
        assert '"factor":"1.30"' in str(lot.lot.one("SELECT tariff FROM tickets"))


async def test_a_restart_while_a_car_waits_changes_nothing_for_it(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        lot.lanes[NORTH].arming.becomes(True)
        await lot.is_taken(95)
        await lot.restarts()
        assert lot.price_on_sign(NORTH) == BY_DAY
        assert lot.price_on_sign(SOUTH) == BY_DAY_FULL
        assert said(await lot.gets_a_ticket(NORTH)) == BY_DAY


async def test_before_a_loop_is_heard_of_after_a_restart_its_sign_stands(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        lot.lanes[NORTH].arming.becomes(True)
        await lot.stops()
        await lot.starts()
        await lot.is_taken(95)
        assert (lot.price_on_sign(NORTH), lot.price_on_sign(SOUTH)) == (BY_DAY, BY_DAY)
        await lot.is_quiet()
        assert (lot.price_on_sign(NORTH), lot.price_on_sign(SOUTH)) == (BY_DAY_FULL, BY_DAY_FULL)


async def test_a_new_tariff_does_not_reach_who_waits_and_reaches_the_next(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        lot.lanes[NORTH].arming.becomes(True)
        await lot.new_tariff(terms("9.00", FULLER))
        assert (lot.price_on_sign(NORTH), lot.price_on_sign(SOUTH)) == (BY_DAY, "9.90 EUR for each hour begun")
        assert said(await lot.gets_a_ticket(NORTH)) == BY_DAY


async def test_a_price_that_no_longer_moves_leaves_the_sign_once_nobody_waits(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        lot.lanes[NORTH].arming.becomes(True)
        await lot.new_tariff(TARIFF)
        assert lot.price_on_sign(NORTH) == BY_DAY
        assert (lot.prices.offer(SOUTH), lot.prices.standing) == (None, None)
        lot.lanes[NORTH].arming.becomes(False)
        await lot.settles()
        assert (lot.prices.offer(NORTH), lot.lanes[NORTH].sign.text) == (None, [""])
        assert lot.lot.rows("SELECT * FROM lane_prices UNION ALL SELECT *, '' FROM price_now") == []


async def test_where_the_lane_is_set_so_a_price_that_does_not_move_is_shown_too(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path, TARIFF, always=True) as lot:
        assert lot.price_on_sign(NORTH) == "2.50 EUR for each hour begun"


async def test_the_price_stands_while_it_can_not_be_put_on_record(tmp_path: Path) -> None:
    """A sign shows nothing that a restart would forget."""
    async with a_priced_lot(tmp_path) as lot:
        await lot.is_taken(50)
        lot.store._only_reserve = True  # pyright: ignore[reportPrivateUsage]
        await lot.is_taken(95)
        assert lot.price_on_sign(NORTH) == BY_DAY
        lot.store._only_reserve = False  # pyright: ignore[reportPrivateUsage]
        await lot.settles()
        assert lot.price_on_sign(NORTH) == BY_DAY_FULL


async def test_who_comes_while_a_price_is_being_put_on_record_keeps_the_one_they_saw(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        write = lot.prices._write  # pyright: ignore[reportPrivateUsage]

        async def somebody_comes(book: object) -> None:
            await write(book)  # type: ignore[arg-type]
            lot.lanes[NORTH].arming.becomes(True)

        lot.prices._write = somebody_comes  # type: ignore[method-assign]
        await lot.is_taken(95)
        assert (lot.price_on_sign(NORTH), lot.price_on_sign(SOUTH)) == (BY_DAY, BY_DAY_FULL)
        await lot.restarts()
        assert lot.price_on_sign(NORTH) == BY_DAY


async def test_the_price_changes_on_the_minute_without_anybody_coming(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        lot.clock.forward(hours=12)
        for _ in range(100):
            if lot.price_on_sign(NORTH) != BY_DAY:
                break
            await asyncio.sleep(0.005)
        assert lot.price_on_sign(NORTH) == "1.60 EUR for each hour begun"


async def test_while_the_time_is_not_known_nobody_pays_for_a_dear_hour(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        assert lot.factor(NORTH) == Decimal("1.3")
        lot.clock.synced = False
        await lot.settles()
        assert lot.factor(NORTH) == Decimal("0.8")
        await lot.is_taken(95)
        assert lot.factor(NORTH) == Decimal("1.6")
        lot.clock.synced = True
        await lot.settles()
        assert lot.factor(NORTH) == Decimal("2.6")


async def test_a_ticket_that_no_lane_has_shown_a_price_for_has_the_price_of_the_lot(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        await lot.is_taken(75)
        desk = lot.lanes[NORTH].controller._desks[Direction.ENTRY]  # pyright: ignore[reportPrivateUsage]
        assert isinstance(await desk.decide(Asked(Read(Plate("AB1"), 0.9))), Allowed)
        assert '"factor":"1.95"' in str(lot.lot.one("SELECT tariff FROM tickets"))


async def test_the_paper_ticket_has_the_pinned_price(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        offer = lot.prices.offer(NORTH)
        assert offer is not None
        await lot.is_taken(95)
        desk = lot.lanes[NORTH].controller._desks[Direction.ENTRY]  # pyright: ignore[reportPrivateUsage]
        answer = await desk.decide(Asked(Unread(by_policy=False), tariff=offer.tariff))
        assert isinstance(answer, Allowed)
        assert answer.printed is not None
        assert "Parking: 2.60 EUR for each 1 h" in answer.printed.lines


async def test_the_kiosks_idle_page_shows_the_price(tmp_path: Path) -> None:
    async with a_priced_lot(tmp_path) as lot:
        post = Post(lot.lanes[NORTH].controller, choose_type=False)
        assert post.screen().price == BY_DAY
        lot.lanes[NORTH].arming.becomes(True)
        assert post.screen().price == BY_DAY
        await lot.gets_a_ticket(NORTH)
        assert post.screen().price == ""


# --- what a sign has room for ---

OFFER = Offer("2.60 EUR for each hour begun", Decimal("1.3"), terms())


@pytest.mark.parametrize(
    ("phase", "line", "shown"),
    [
        (Phase.IDLE, "", [OFFER.line]),
        (Phase.IDLE, "Lane closed", ["Lane closed"]),
        (Phase.READING, "Press for a ticket", ["Press for a ticket", OFFER.line]),
        (Phase.REFUSED, "Car park full", ["Car park full"]),
        (Phase.VENDED, "Welcome, spot 12", ["Welcome, spot 12"]),
    ],
)
def test_the_price_stands_there_for_as_long_as_the_driver_can_turn_round(
    phase: Phase, line: str, shown: list[str]
) -> None:
    assert sign_lines(in_phase(phase), line, OFFER) == shown
    assert sign_lines(in_phase(phase), line, None) == [line]


def test_of_a_lane_that_works_both_ways_the_loop_counts_from_which_vehicles_come_in() -> None:
    near_in = a_lane(Fitted(direction=Direction.ENTRY, two_way=True))
    near_out = a_lane(Fitted(direction=Direction.EXIT, two_way=True))
    assert waits_to_enter(replace(near_in, near=True, far=False)) is True
    assert waits_to_enter(replace(near_out, near=True, far=False)) is False
    assert waits_to_enter(replace(near_out, near=False, far=None)) is None
