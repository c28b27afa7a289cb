"""More than a machine may take: a person is called at once, nobody waits unseen, and nobody is kept in all night."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.lane.actions import Call, Decide
from edge.lane.signals import Allowed, Asked, Button, Order, Phase, Presence, Read, Refused, Vend
from edge.lane.timing import LaneTiming
from edge.parking import entry
from edge.parking.desks import ExitDesk
from edge.parking.lanes import open_calls
from models.lanes import OrderKind
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff.reading import parse_tariff
from models.tickets import Direction
from tests.edge.lanes import ANOTHER, PLATE, Story, a_quiet_lane, risen
from tests.edge.lots import IN, OUT, Lot, a_lot
from tests.edge.test_parking import Terminal

DEAR = parse_tariff(
    "currency: EUR\ntimezone: Europe/Berlin\nmachine_maximum: 20.00\nrates: {price: 15.00, per: 1 h}\n", "dear.yaml"
)
COMING = "Help is on its way"
TIMING = LaneTiming(answer_within=120, person_within=600, retry_after=5)


def stands_there() -> Story:
    """At the exit, and told that a person has to come."""
    return a_quiet_lane(direction=Direction.EXIT, timing=TIMING).then(
        Presence(True), PLATE, Refused(Refusal.NEEDS_PERSON)
    )


def waits(story: Story, seconds: int) -> Story:
    for _ in range(seconds // 5):
        story.wait(5)
        if story.lane.phase is Phase.DECIDING:
            story.then(Refused(Refusal.NEEDS_PERSON))
    return story


# --- the lane ---


def test_a_person_is_called_as_if_the_driver_had_pressed_for_help() -> None:
    story = stands_there()
    assert story.asked(Call) == [Call(Button.HELP, Plate("AB12CDE"))]
    assert story.line == COMING
    assert story.lane.phase is Phase.REFUSED


def test_it_is_called_once_however_long_the_driver_waits() -> None:
    story = waits(stands_there(), 300)
    assert story.asked(Call) == [Call(Button.HELP, Plate("AB12CDE"))]
    assert story.line == COMING


def test_the_desk_is_asked_again_and_told_how_long_that_has_been() -> None:
    story = waits(stands_there(), 60)
    waited = [decide.asked.waited for decide in story.asked(Decide)]
    assert waited == [5.0 * times for times in range(len(waited))]
    assert waited[-1] >= 50


def test_the_next_vehicles_wait_begins_anew_and_so_does_its_call() -> None:
    story = waits(stands_there(), 60)
    story.then(Presence(False)).wait(5).then(Presence(True), ANOTHER)
    assert story.asked(Decide)[-1].asked.waited == 0
    story.then(Refused(Refusal.NEEDS_PERSON))
    assert len(story.asked(Call)) == 2


def test_a_person_who_opens_ends_it() -> None:
    story = waits(stands_there(), 30)
    story.order(OrderKind.OPEN)
    story.then(Allowed(None, "Please drive on"))
    assert story.asked(Vend) == [Vend(None, "order-1")]
    assert risen(story).lane.phase is Phase.VENDED


def test_any_other_refusal_calls_nobody() -> None:
    story = a_quiet_lane(direction=Direction.EXIT).then(Presence(True), PLATE, Refused(Refusal.PAYMENT_DECLINED))
    assert story.asked(Call) == []


# --- the desk ---


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    lot = a_lot(tmp_path)
    arrival = entry.Arrival(IN, Plate("AB12CDE"), 1.0, VehicleType.REGULAR)
    admitted = lot.decide(lambda tx: entry.admit(tx, arrival, DEAR))
    assert isinstance(admitted, entry.Admitted)
    lot.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
    lot.clock.forward(hours=4)
    return lot


def answer(
    lot: Lot, waited: float, is_heard: Callable[[], bool], by_hand: Order | None = None
) -> tuple[Allowed | Refused, int]:
    """What the exit answers to somebody who has waited so long, and how often the terminal was asked."""
    terminal = Terminal()
    desk = ExitDesk(OUT, lot.store, lot.till(terminal), is_heard=is_heard, timing=TIMING)
    asked = Asked(Read(Plate("AB12CDE"), 0.99), by_hand=by_hand, plate=Plate("AB12CDE"), waited=waited)
    return asyncio.run(desk.decide(asked)), len(terminal.asked)


def debts(lot: Lot) -> list[tuple[object, ...]]:
    return lot.rows("SELECT status, amount, json_extract(body, '$.reason') FROM payments JOIN journal"
                    " ON type = 'payment.uncollected' AND json_extract(body, '$.payment') = payments.id")  # fmt: skip


def heard() -> bool:
    return True


def unheard() -> bool:
    return False


@pytest.mark.parametrize(("is_heard", "waited"), [(heard, 0), (heard, 595), (unheard, 0), (unheard, 115)])
def test_until_then_nobody_is_charged_and_nobody_is_let_out(
    lot: Lot, is_heard: Callable[[], bool], waited: float
) -> None:
    assert answer(lot, waited, is_heard) == (Refused(Refusal.NEEDS_PERSON), 0)
    assert debts(lot) == []


def test_at_three_in_the_morning_with_the_network_down_the_driver_goes_home_and_the_fee_is_a_debt(lot: Lot) -> None:
    said, charged = answer(lot, 120, unheard)
    assert isinstance(said, Allowed)
    assert (said.greeting, charged) == ("60.00 EUR to pay later, goodbye", 0)
    why = "more than a machine may take, and nobody could hear the call for a person for 120 s"
    assert debts(lot) == [("UNCOLLECTED", 6000, why)]


def test_where_the_call_is_heard_and_nobody_comes_the_driver_goes_too_but_later(lot: Lot) -> None:
    said, _ = answer(lot, 600, heard)
    assert isinstance(said, Allowed)
    assert debts(lot) == [("UNCOLLECTED", 6000, "more than a machine may take, and no person came for 600 s")]


def test_a_person_lets_it_out_at_once_and_the_fee_is_a_debt_as_ever(lot: Lot) -> None:
    said, _ = answer(lot, 10, heard, Order("o-1", OrderKind.OPEN, "Ann", "wrong plate"))
    assert isinstance(said, Allowed)
    assert debts(lot) == [("UNCOLLECTED", 6000, "let out by hand (open, o-1) by Ann: wrong plate")]


def test_control_without_the_maximum_the_machine_takes_it(lot: Lot) -> None:
    """The same stay by the same rate, without `machine_maximum`: the terminal is asked."""
    cheap = DEAR.model_copy(update={"machine_maximum": None})
    lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET tariff = ?", (cheap.model_dump_json(),)) and None)
    said, charged = answer(lot, 0, heard)
    assert isinstance(said, Allowed)
    assert charged == 1


def test_the_call_is_one_that_stands_open_until_a_person_tells_the_lane_something(lot: Lot) -> None:
    desk = ExitDesk(OUT, lot.store, lot.till(Terminal()))
    lot.decide(desk.call(Button.HELP, Plate("AB12CDE")))
    assert [call.lane for call in lot.decide(lambda tx: open_calls(tx.connection, tx.at))] == [OUT]
