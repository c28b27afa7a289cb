"""Whoever guesses codes or cards waits ever longer, at entries and pay stations too; each place counts for itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.contract import FaultReporter
from edge.lane.faults import CODES_GUESSED
from edge.lane.signals import Allowed, Asked, Card, Code, Credential, Read, Refused
from edge.parking.access.code_limit import CodeLimit
from edge.parking.access.permits import Permit
from edge.parking.codes_shown import CodeDesk
from edge.parking.desks import EntryDesk
from edge.parking.money.station import PayStation, Settled
from models.codes import ticket_code
from models.ids import LaneName
from models.plates import Plate
from models.refusals import Refusal
from models.reservations.codes import PREFIX
from tests.edge.lots import Lot, a_lot
from tests.edge.reserving import FreeTerminal, Gate
from tests.edge.test_tickets_looked_after import Board

TRIES = 240
HALL = LaneName("hall")
GOOD = Card("17")
HOLDER = Permit(Plate("AB12CDE"), cards=frozenset({"17"}))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(a_lot(tmp_path))


def an_entry(gate: Gate, faults: FaultReporter | None = None, *, limited: bool = True) -> EntryDesk:
    codes = CodeDesk(gate.lot.clock if limited else None, faults)
    return replace(gate.entry(), permits={HOLDER.plate: HOLDER}, codes=codes)


def asked(desk: EntryDesk, credential: Credential) -> Allowed | Refused:
    return asyncio.run(desk.decide(Asked(credential)))


def each_second(lot: Lot, desk: EntryDesk, tries: list[Credential]) -> list[Allowed | Refused]:
    answers: list[Allowed | Refused] = []
    for credential in tries:
        answers.append(asked(desk, credential))
        lot.clock.forward(minutes=1 / 60)
    return answers


def guesses(kind: str) -> list[Credential]:
    return [Card(f"9{n:05}") if kind == "card" else Code(f"{PREFIX}{n:052}") for n in range(TRIES)]


@pytest.mark.parametrize(("kind", "said"), [("card", Refusal.CARD_UNKNOWN), ("code", Refusal.RESERVATION_UNKNOWN)])
def test_at_an_entry_unknown_cards_and_reservations_are_looked_up_ever_more_slowly(
    gate: Gate, kind: str, said: Refusal
) -> None:
    board = Board()
    desk = an_entry(gate, board)
    answers = each_second(gate.lot, desk, guesses(kind))
    assert {answer.reason for answer in answers if isinstance(answer, Refused)} == {said, Refusal.TOO_MANY_CODES}
    assert answers.count(Refused(said)) <= 14, "four minutes of trying each second"
    assert board.open == {CODES_GUESSED.code}
    assert asked(desk, GOOD) == Refused(Refusal.TOO_MANY_CODES), "nobody learns that this one is right"
    assert isinstance(asked(an_entry(gate), Read(Plate("ZZ1ZZZ"), 0.99)), Allowed), "a plate that is read goes on"
    gate.lot.clock.forward(minutes=1)
    assert isinstance(asked(desk, GOOD), Allowed)
    assert board.open == set(), "whoever stood there is in"


def test_control_without_the_limit_every_card_is_looked_up(gate: Gate) -> None:
    answers = each_second(gate.lot, an_entry(gate, limited=False), guesses("card"))
    assert answers == [Refused(Refusal.CARD_UNKNOWN)] * TRIES


def test_each_lane_counts_for_itself(gate: Gate) -> None:
    each_second(gate.lot, an_entry(gate), guesses("card")[:20])
    assert isinstance(asked(an_entry(gate), GOOD), Allowed)


def test_a_right_card_that_opens_nothing_forgives_no_wrong_ones(gate: Gate) -> None:
    """Or a guesser would show a good one of their own between any two guesses."""
    desk = an_entry(gate)
    assert isinstance(asked(desk, GOOD), Allowed)
    answers = each_second(gate.lot, desk, [card for wrong in guesses("card")[:120] for card in (wrong, GOOD)])
    assert answers.count(Refused(Refusal.CARD_UNKNOWN)) <= 14


def a_station(lot: Lot, board: Board | None = None, *, limited: bool = True) -> PayStation:
    return PayStation(HALL, lot.store, lot.till(FreeTerminal()), CodeLimit(lot.clock if limited else None, board))


def looked_up(lot: Lot, station: PayStation, texts: list[str]) -> int:
    async def tried() -> int:
        found = 0
        for text in texts:
            found += await station.show(text) is not Refusal.TOO_MANY_CODES
            lot.clock.forward(minutes=1 / 60)
        return found

    return asyncio.run(tried())


def test_at_a_pay_station_codes_and_plates_are_guessed_ever_more_slowly(gate: Gate) -> None:
    lot, board = gate.lot, Board()
    station, code = a_station(lot, board), gate.lot.enters("AB12CDE").code
    wrong = [ticket_code(n) if n % 2 else f"ZZ{n:03}" for n in range(TRIES)]
    assert looked_up(lot, station, wrong) <= 14
    assert board.open == {CODES_GUESSED.code}
    assert asyncio.run(station.show(code)) is Refusal.TOO_MANY_CODES
    assert asyncio.run(station.pay(code)) is Refusal.TOO_MANY_CODES
    assert asyncio.run(a_station(lot).show(code)) is not Refusal.TOO_MANY_CODES, "the next station counts for itself"
    lot.clock.forward(minutes=1)
    assert isinstance(asyncio.run(station.pay(code)), Settled)
    assert board.open == set(), "whoever stood there has paid"


def test_a_ticket_of_ones_own_between_the_guesses_doesnt_help(gate: Gate) -> None:
    code = gate.lot.enters("AB12CDE").code
    tries = [text for n in range(TRIES // 2) for text in (f"ZZ{n:03}", code)]
    assert looked_up(gate.lot, a_station(gate.lot), tries) <= 30


def test_control_a_station_without_the_limit_answers_each_time(gate: Gate) -> None:
    assert looked_up(gate.lot, a_station(gate.lot, limited=False), [f"ZZ{n:03}" for n in range(30)]) == 30


def test_a_merchants_code_isnt_guessed_faster(gate: Gate) -> None:
    station, code = a_station(gate.lot), gate.lot.enters("AB12CDE").code
    answers: list[str] = []
    for n in range(60):
        answers.append(asyncio.run(station.validate(code, f"shop{n}")))
        gate.lot.clock.forward(minutes=1 / 60)
    assert answers.count(Refusal.TOO_MANY_CODES.operator) > 45
