"""The decisions behind the page, without a browser: what comes first, how a day is counted, how a fact reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.console import events
from cloud.console import lot_shown as shown
from cloud.console.cards import Card, SpotCount, midnight
from cloud.console.events import line
from cloud.console.lot_reading import DAY, MINUTE, Charges, OpenTicket, Stay, occupancy
from cloud.console.shown import attention, by_level, by_type, refusal, totals
from cloud.queries import LotView
from models.facts import AccessRefused, LaneOrdered, PassageCounted, TicketOpened, UnableToCollect
from models.ids import LaneName, LotId, PaymentId, TicketId
from models.instants import HOUR, SECOND, Instant, from_rfc3339
from models.lanes import OrderKind, PassageKind
from models.money import Minor
from models.spots import SpotType, VehicleType
from models.tariff import Terms
from models.tickets import Direction
from tests.browser.garages import AIRPORT, an_open_ticket

NOON = from_rfc3339("2026-11-23T12:00:00Z")


def a_lot(*, total: int = 100, free: int = 50, online: bool = True, alarms: int = 0) -> LotView:
    return LotView(
        id=LotId("0190d9f0-0000-7000-8000-000000000000"),
        name="North",
        address="",
        timezone="Europe/Berlin",
        currency="EUR",
        lat=None,
        lng=None,
        total=total,
        available=free,
        online=online,
        last_contact=NOON,
        backlog=None,
        applied_seq=0,
        applied_at=None,
        release=None,
        alarms=alarms,
        parked=0,
    )


def test_alarms_come_before_lost_links_and_lost_links_before_full_lots() -> None:
    alarmed, offline = Card(a_lot(free=100, alarms=1)), Card(a_lot(free=100, online=False))
    full, empty = Card(a_lot(free=0)), Card(a_lot(free=100))
    assert sorted([empty, full, offline, alarmed], key=attention, reverse=True) == [alarmed, offline, full, empty]


def test_a_lot_without_spots_isnt_full() -> None:
    assert attention(Card(a_lot(total=0, free=0))) == 0


def test_takings_of_different_currencies_are_never_added_up() -> None:
    euros, yen = {"EUR": Minor(250)}, {"JPY": Minor(400)}
    sums = totals([Card(a_lot(), takings=euros), Card(a_lot(), takings=euros), Card(a_lot(), takings=yen)])
    assert sums["takings"] == ["5.00 EUR", "400 JPY"]
    assert (sums["free"], sums["total"]) == (150, 300)


def test_takings_begin_at_the_lots_own_midnight() -> None:
    assert midnight("Europe/Berlin", NOON) == from_rfc3339("2026-11-22T23:00:00Z")
    assert midnight("Nowhere/Land", NOON) == from_rfc3339("2026-11-23T00:00:00Z")


def test_spots_are_counted_by_level_and_by_type() -> None:
    counts = [
        SpotCount(2, "Upper", SpotType.REGULAR, 10, 4),
        SpotCount(1, "Lower", SpotType.REGULAR, 5, 5),
        SpotCount(1, "Lower", SpotType.COMPACT, 3, 0),
    ]
    assert [(each["name"], each["free"], each["total"]) for each in by_level(counts)] == [
        ("Lower", 5, 8),
        ("Upper", 4, 10),
    ]
    assert [(each["name"], each["free"], each["total"]) for each in by_type(counts)] == [
        ("Compact", 0, 3),
        ("Regular", 9, 15),
    ]


def test_a_days_occupancy_counts_who_was_inside_at_each_moment() -> None:
    stays = [Stay(Instant(NOON - 3 * HOUR), Instant(NOON - HOUR)), Stay(Instant(NOON - 2 * HOUR), None)]
    inside = dict(occupancy(stays, NOON, points=24))
    assert inside[Instant(NOON - 4 * HOUR)] == 0
    assert inside[Instant(NOON - 3 * HOUR)] == 1
    assert inside[Instant(NOON - 2 * HOUR)] == 2
    assert inside[Instant(NOON - HOUR)] == 1
    assert inside[NOON] == 1
    assert min(inside) == NOON - DAY


def test_a_refusal_reads_as_the_catalogue_says_and_an_unknown_one_by_its_name() -> None:
    assert refusal("LOT_FULL") == "No spot that fits the vehicle is free"
    assert refusal("TOO_TALL") == "Too tall"
    assert refusal(None) is None


def test_the_feed_tells_of_debts_and_refusals_but_not_of_what_only_prepares() -> None:
    lane, ticket = LaneName("out"), TicketId("t")
    debt = UnableToCollect(
        payment=PaymentId("p"), ticket=ticket, lane=lane, amount=Minor(250), currency="EUR", reason="terminal", at=NOON
    )
    refused = AccessRefused(
        refusal="r", lane=lane, direction=Direction.EXIT, reason="NO_TICKET", at=NOON, license_plate=None
    )
    told = [line(debt), line(refused), line(TicketOpened.model_construct())]
    assert [each.said if each else None for each in told] == [
        "Unable to collect 2.50 EUR: terminal",
        "Exit refused: No open ticket for this plate",
        None,
    ]


def fee_at(ticket: OpenTicket, now: Instant) -> int | None:
    bill = ticket.bill_at(now)
    return None if bill is None else ticket.due(bill)


def test_a_fee_on_the_page_changes_with_the_stays_own_hours() -> None:
    ticket = an_open_ticket(entered=Instant(NOON - HOUR // 2))
    assert fee_at(ticket, NOON) == 250
    assert ticket.next_change(NOON) == NOON + HOUR // 2
    assert fee_at(ticket, Instant(ticket.next_change(NOON) + SECOND)) == 500


def test_a_fee_of_the_second_dialect_is_looked_at_once_a_minute() -> None:
    ticket = an_open_ticket(Instant(NOON - HOUR // 2), AIRPORT)
    assert ticket.next_change(NOON) == NOON + MINUTE
    assert ticket.next_change(Instant(NOON + 59 * SECOND)) == NOON + MINUTE


def test_the_vehicle_and_its_spot_count() -> None:
    entered = Instant(NOON - 2 * HOUR)
    assert fee_at(an_open_ticket(entered, AIRPORT), NOON) == 1000
    assert fee_at(an_open_ticket(entered, AIRPORT, SpotType.EV), NOON) == 1200
    large = replace(an_open_ticket(entered, AIRPORT), vehicle_type=VehicleType.LARGE, paid=Minor(300))
    assert fee_at(large, NOON) == 1500 - 300


def test_a_tariff_that_cant_be_read_or_whose_holidays_nobody_said_shows_no_fee() -> None:
    abroad = Terms.model_validate({**AIRPORT.model_dump(mode="json"), "holidays": {"country": "DE"}})
    unreadable, unresolved = (an_open_ticket(NOON, tariff) for tariff in (None, abroad))
    assert (fee_at(unreadable, NOON), fee_at(unresolved, NOON)) == (None, None)
    bills = Charges().bills([unreadable, unresolved], NOON)
    assert [shown.ticket(each, bills[each.id], "UTC", str)["due"] for each in (unreadable, unresolved)] == [None, None]


def test_what_a_stay_costs_is_worked_out_once_until_it_may_change() -> None:
    ticket, charges = an_open_ticket(Instant(NOON - HOUR), AIRPORT), Charges()
    [first] = charges.bills([ticket], NOON).values()
    [same] = charges.bills([replace(ticket, paid=Minor(100))], Instant(NOON + 59 * SECOND)).values()
    [later] = charges.bills([ticket], Instant(NOON + MINUTE)).values()
    [dated] = charges.bills([replace(ticket, entered=Instant(NOON - 3 * HOUR))], Instant(NOON + MINUTE)).values()
    assert same is first
    assert [bill and bill.total for bill in (first, later, dated)] == [600, 1000, 1800]


def test_a_bill_is_told_line_by_line_by_the_lots_clock() -> None:
    ticket = replace(an_open_ticket(Instant(NOON - 30 * HOUR), AIRPORT), paid=Minor(3200))
    so_far = ticket.bill_at(NOON)
    assert so_far is not None
    told = shown.bill(ticket, so_far, "Europe/Berlin")
    lines = [(line.what, line.text, f"{line.amount / 100:.2f} EUR") for line in so_far.lines]
    assert [(each["what"], each["text"], each["amount"]) for each in told["lines"]] == lines
    assert told["lines"][0]["times"] == "Sun 22 Nov 07:00 – 08:00"
    assert told["lines"][1]["times"].startswith("Sun 22 Nov 08:00 – Mon 23 Nov ")
    [capped] = [each["times"] for each in told["lines"] if each["what"] == "cap"]
    assert capped.startswith("from Sun 22 Nov ")
    assert (told["tariff"], told["total"], told["paid"], told["due"]) == (
        *("Airport 2026-11", "56.00 EUR", "32.00 EUR", "24.00 EUR"),
    )
    assert told["taxes"] == ["Tax 8.94 EUR"]


def test_a_tailgate_at_an_exit_reads_as_money_that_could_not_be_collected() -> None:
    passed = PassageCounted(
        passage="p",
        lane=LaneName("out"),
        direction=Direction.EXIT,
        kind=PassageKind.TAILGATE,
        order=None,
        unable_to_collect=True,
        at=NOON,
        license_plate=None,
    )
    told = line(passed)
    assert told is not None
    assert (told.sign, told.said) == ("debt", "Followed another vehicle through, out; unable to collect")


@pytest.mark.parametrize(
    ("why_not", "said"),
    [
        ("", "Ada keeps the arm open: a delivery"),
        ("the arm is kept up already", "Not obeyed, the arm is kept up already (Ada: a delivery)"),
    ],
)
def test_an_order_stands_in_the_feed_with_who_gave_it_and_why(why_not: str, said: str) -> None:
    order = LaneOrdered(
        record="r",
        order="o",
        lane=LaneName("in"),
        kind=OrderKind.KEEP_OPEN,
        by="Ada",
        reason="a delivery",
        state=None,
        obeyed=not why_not,
        why_not=why_not,
        at=NOON,
    )
    told = line(order)
    assert told is not None
    assert told.said == said


def test_every_kind_of_passage_and_order_has_its_words() -> None:
    for kind in PassageKind:
        assert kind in events._PASSED
    for order in OrderKind:
        assert order in events._ORDERS
