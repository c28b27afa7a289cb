"""Paying at a station and leaving without stopping; merchants' codes and lost tickets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import DriverContext
from drivers.simulated_terminal import SimulatedTerminal, SimulatedTerminalSettings
from edge.parking import entry, exit
from edge.parking.money import validations
from edge.parking.money.station import Owed, PayStation, Settled
from edge.parking.money.till import Till
from edge.parking.stays.tickets import open_ticket, ticket
from models.ids import LaneName
from models.plates import Plate
from models.refusals import Refusal
from models.tariff import Terms
from tests.drivers.conftest import Notebook
from tests.edge.lots import OUT, Lot, a_lot
from tests.edge.test_store import tables_agree_with_facts

PLATE, HALL = Plate("AB12CDE"), LaneName("hall")


@dataclass
class Place:
    lot: Lot
    admitted: entry.Admitted
    tills: dict[str, Till]

    def terminal(self, **said: Any) -> SimulatedTerminal:
        settings = SimulatedTerminalSettings(delay=0, **said)
        return settings.build(DriverContext("hall.payment_terminal", self.lot.clock, Notebook()))

    def station(self, **said: Any) -> PayStation:
        till = Till(self.terminal(**said), self.lot.store, self.lot.clock, HALL, others=self.tills)
        return PayStation(HALL, self.lot.store, till)

    def leaves(self) -> object:
        till = Till(self.terminal(answer="declined"), self.lot.store, self.lot.clock, OUT, others=self.tills)
        departure = exit.Departure(
            OUT, lambda tx: open_ticket(tx.connection, PLATE) or Refusal.NO_TICKET, "exact", PLATE
        )
        return asyncio.run(exit.clear(self.lot.store, till, departure))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    lot = a_lot(tmp_path)
    yield Place(lot, lot.enters(PLATE), {})
    assert tables_agree_with_facts(lot.path)


@pytest.mark.parametrize("by", ["code", "plate"])
def test_who_has_paid_at_the_station_leaves_without_being_asked_again(place: Place, by: str) -> None:
    shown = place.admitted.code if by == "code" else "ab12 cde"
    station = place.station()
    owed = asyncio.run(station.show(shown))
    assert isinstance(owed, Owed)
    assert owed.amount == 250
    assert isinstance(asyncio.run(station.pay(shown)), Settled)
    assert place.lot.rows("SELECT lane, status FROM payments") == [(HALL, "TAKEN")]
    place.lot.clock.forward(minutes=9)
    assert isinstance(place.leaves(), exit.Cleared), "its terminal would have declined"


def test_after_the_grace_the_exit_asks_for_what_has_fallen_due_since(place: Place) -> None:
    asyncio.run(place.station().pay(place.admitted.code))
    place.lot.clock.forward(hours=2)
    assert place.leaves() is Refusal.PAYMENT_DECLINED


@pytest.mark.parametrize("answer", ["declined", "unreachable"])
def test_what_a_station_cannot_take_is_no_debt_and_still_owed_at_the_exit(place: Place, answer: str) -> None:
    assert asyncio.run(place.station(answer=answer).pay(place.admitted.code)) is Refusal.PAYMENT_DECLINED
    assert place.lot.rows("SELECT * FROM payments") == []
    assert place.leaves() is Refusal.PAYMENT_DECLINED


@pytest.mark.parametrize("shown", ["ZZ99ZZZ", "?!"])
def test_what_nobody_knows_is_said_so(place: Place, shown: str) -> None:
    assert isinstance(asyncio.run(place.station().pay(shown)), Refusal)


# --- validations and lost tickets ---


def terms() -> Terms:
    return Terms.model_validate(
        {
            "currency": "EUR",
            "timezone": "Europe/Berlin",
            "rates": [{"steps": [{"per": "1 h", "price": Decimal("2.50")}]}],
            "validations": {"offers": {"SHOP": {"amount": Decimal("1.00")}}},
            "lost_ticket": {"charge": Decimal("30.00")},
        }
    )


def test_a_lost_ticket_and_a_validation_are_on_the_ticket_once(place: Place) -> None:
    id = place.admitted.ticket
    assert place.lot.decide(lambda tx: validations.declare_lost(tx, id, HALL, "Ada")) == ""
    assert place.lot.decide(lambda tx: validations.declare_lost(tx, id, HALL, "Ada")) == ""
    assert "no validation" in place.lot.decide(lambda tx: validations.give(tx, id, HALL, "SHOP", "Ada"))
    assert place.lot.decide(lambda tx: ticket(tx.connection, id)).lost
    assert len(place.lot.rows("SELECT 1 FROM journal WHERE type = 'ticket.lost'")) == 1
