"""Paying at a station and leaving without stopping; merchants' codes and lost tickets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import DriverContext
from drivers.simulated_terminal import SimulatedTerminal, SimulatedTerminalSettings
from edge.lane.signals import Asked, Code
from edge.parking import entry, exit
from edge.parking.claims import stay_claimed
from edge.parking.money import validations
from edge.parking.money.station import Owed, PayStation, Settled
from edge.parking.money.till import Till
from edge.parking.stays.lost import NotThisOne, declare_lost
from edge.parking.stays.tickets import open_ticket
from edge.parking.stays.word import Word
from models.ids import LaneName
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff.reading import parse_tariff
from tests.drivers.conftest import Notebook
from tests.edge.lots import IN, OUT, Lot, a_lot
from tests.edge.test_store import tables_agree_with_facts

PLATE, OTHER, HALL = Plate("AB12CDE"), Plate("CD34EFG"), LaneName("hall")
CONFIG = Path(__file__).parents[2] / "config"


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


def enters_by(place: Place, tariff: str) -> entry.Admitted:
    """Another car, which stays for two hours."""
    terms = parse_tariff((CONFIG / "tariffs" / f"{tariff}.yaml").read_text(), tariff)
    arrival = entry.Arrival(IN, OTHER, 0.98, VehicleType.REGULAR)
    admitted = place.lot.decide(lambda tx: entry.admit(tx, arrival, terms))
    assert isinstance(admitted, entry.Admitted)
    place.lot.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
    place.lot.clock.forward(hours=1.9)
    return admitted


def owes(place: Place, admitted: entry.Admitted) -> int:
    owed = asyncio.run(place.station().show(admitted.code))
    assert isinstance(owed, Owed)
    return owed.amount


def test_a_merchants_code_given_at_the_station_counts_once(place: Place) -> None:
    admitted, station = enters_by(place, "shopping-centre"), place.station()
    assert owes(place, admitted) == 400
    assert asyncio.run(station.validate(admitted.code, "CINEMA")) == ""
    assert asyncio.run(station.validate(admitted.code, "CINEMA")) == ""
    assert owes(place, admitted) == 100
    assert "no validation" in asyncio.run(station.validate(admitted.code, "BAKERY"))
    assert len(place.lot.rows("SELECT 1 FROM journal WHERE type = 'validation.given'")) == 1


@pytest.mark.parametrize(("read", "left"), [(OTHER, 100), (PLATE, 400), (None, 400)])
def test_one_shown_at_the_exit_counts_for_the_stay_of_the_vehicle_that_stands_there(
    place: Place, read: Plate | None, left: int
) -> None:
    admitted = enters_by(place, "shopping-centre")
    asked = Asked(Code("CINEMA"), plate=read)
    claimed = place.lot.decide(lambda tx: stay_claimed(tx, OUT, asked, {}))
    assert (claimed is Refusal.NO_SUCH_TICKET) is (read != OTHER)
    assert owes(place, admitted) == left


def test_a_lost_ticket_costs_what_its_tariff_says(place: Place) -> None:
    admitted = enters_by(place, "station-lost-ticket")
    before = owes(place, admitted)
    for _ in range(2):
        assert place.lot.decide(lambda tx: declare_lost(tx, admitted.code, HALL, Word("Ada", "lost")))
    assert owes(place, admitted) > before
    assert len(place.lot.rows("SELECT 1 FROM journal WHERE type = 'ticket.lost'")) == 1


def test_of_a_stay_that_is_over_nothing_is_taken_off(place: Place) -> None:
    asyncio.run(place.station().pay(place.admitted.code))
    cleared = place.leaves()
    assert isinstance(cleared, exit.Cleared)
    place.lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))
    assert place.lot.decide(lambda tx: validations.give(tx, cleared.ticket, HALL, "CINEMA", "Ada"))
    with pytest.raises(NotThisOne):
        place.lot.decide(lambda tx: declare_lost(tx, cleared.code, HALL, Word("Ada", "lost")))
