"""The text of a tariff that is pinned on a ticket: the lot and the cloud each write it down, and compare it."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable
from decimal import Decimal

import pytest

from models.effects import effects
from models.facts import TicketOpened, decode
from models.ids import LaneName, LotId, TicketId, VehicleId
from models.instants import Instant, Monotonic, Reading
from models.spots import VehicleType
from models.tariff import Tariff, Terms, read_pinned
from models.tariff.calendars import resolved
from models.tariff.reading import parse_tariff
from models.wire.bounds import LONGEST_TARIFF
from models.wire.chain import GENESIS, canonical
from models.wire.envelopes import WINDOW_BYTES, Window, body_text, pack, read_body
from tests.models.happenings import STREAM, sent

LOT = LotId("0193e1a0-0000-7000-8000-000000000001")
WRITTEN = """
tariff: Flughafen Süd
version: 2026-04
currency: EUR
timezone: Europe/Berlin
holidays: {country: DE, region: BY, also: [2026-12-24, 2026-12-31], except: 2026-10-03}
rates:
  - name: Day
    days: monday - friday
    from: "8:00"
    to: "20:00"
    tiers:
      - {up_to: 60 min, price: 3.00}
      - {price: 2, per: 60 min, in_steps_of: 1 min}
    cap: 15
  - {name: Rest, price: 1.0, per: 1h}
  - {name: Feiertag, days: holidays, price: 1.50, per: 1 hour}
caps:
  - {amounts: [20, 15.0], per: 24 hours}
  - {amount: 80, per: week, resets: mon 04:00}
specials:
  - {name: Early bird, price: 9, arrive: {days: weekdays, from: "05:00", to: "09:00"}, leave: {by: "19:00"}}
validations:
  offers:
    ZOO: {percent: 50}
    APPLE: {time: 90 min}
    mall: {amount: 2.5}
  together: 2
tax: 19%
machine_maximum: 200
lost_ticket: {charge: day  maximum, plus: 5}
grace: {entry: 10 min}
"""
CITY = parse_tariff(WRITTEN, "airport.yaml")
PINNED: dict[str, Callable[[], Terms]] = {
    "as written": lambda: CITY,
    "at a dynamic price": lambda: CITY.at_factor(Decimal("1.30")),
    "at the price of 1": lambda: CITY.at_factor(Decimal("1.00")),
    "with its holidays as dates": lambda: resolved(CITY, range(2025, 2029)),
    "with both": lambda: resolved(CITY.at_factor(Decimal("0.8")), range(2026, 2028)),
}


def opened_by(tariff: Tariff) -> TicketOpened:
    return TicketOpened(
        ticket=TicketId("0193e1a0-0000-7000-8000-0000000000aa"),
        code="ABCDEFG",
        vehicle=VehicleId("0193e1a0-0000-7000-8000-0000000000bb"),
        vehicle_type=VehicleType.REGULAR,
        lane=LaneName("in"),
        spot=None,
        entered=Instant(1_800_000_000_000_000),
        tariff=tariff,
        confidence_permille=990,
    )


def texts_of(tariff: Tariff) -> tuple[object, object]:
    """What the lot writes into its ticket, and the cloud into its own once the fact has travelled."""
    fact = opened_by(tariff)
    there = decode(fact.type, fact.version, read_body(body_text(fact.body(), None, None)), None)
    at_the_lot, in_the_cloud = (effects(each, LOT, lambda _: None)[0].values["tariff"] for each in (fact, there))
    return at_the_lot, in_the_cloud


@pytest.mark.parametrize("name", PINNED)
def test_the_lot_and_the_cloud_pin_the_same_text(name: str) -> None:
    at_the_lot, in_the_cloud = texts_of(PINNED[name]())
    assert at_the_lot == in_the_cloud


@pytest.mark.parametrize("name", PINNED)
def test_a_pinned_text_that_is_read_and_written_again_stays_as_it_is(name: str) -> None:
    text = PINNED[name]().model_dump_json()
    assert read_pinned(text).model_dump_json() == text


def test_terms_that_come_down_as_an_intent_are_pinned_as_those_of_the_lots_own_file() -> None:
    down = json.loads(body_text(json.loads(CITY.model_dump_json()), None, None))
    assert Terms.model_validate(down).model_dump_json() == CITY.model_dump_json()


def in_the_order_of_the_file() -> Terms:
    """What no reading of a tariff gives."""
    assert CITY.validations is not None
    offers = {code: CITY.validations.offers[code] for code in ("ZOO", "APPLE", "mall")}
    return CITY.model_copy(update={"validations": CITY.validations.model_copy(update={"offers": offers})})


def test_a_tariff_that_kept_the_order_of_its_keys_would_differ() -> None:
    """The control."""
    at_the_lot, in_the_cloud = texts_of(in_the_order_of_the_file())
    assert at_the_lot != in_the_cloud


def test_the_fact_of_a_ticket_fits_into_one_envelope_however_badly_its_tariff_shrinks() -> None:
    """The control is a tariff three times as long, which `tariffs set` refuses: a window holds at least one fact."""
    chance = random.Random(5)

    def packed(bytes_of_terms: int) -> int:
        base = json.loads(CITY.model_dump_json())
        specials: list[dict[str, str]] = []
        while len(canonical({**base, "specials": specials})) < bytes_of_terms - 110:
            specials.append({"name": "".join(chance.choices(string.printable[:94], k=80)), "price": "9"})
        tariff = Terms.model_validate({**base, "specials": specials})
        fact = sent(opened_by(tariff), Reading("boot", Monotonic(0), Instant(0), True))
        window = Window(lot=LOT, stream="ledger", stream_id=STREAM, previous=GENESIS, facts=(fact,))
        return len(pack(window))

    assert packed(LONGEST_TARIFF) <= WINDOW_BYTES
    assert packed(3 * LONGEST_TARIFF) > WINDOW_BYTES
