"""Anti-passback: whatever happens, a hard permit is never inside twice, and after a reset never locked out."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome
from edge.lane.signals import Allowed, Asked, Card, Credential, Order, Read, Refused
from edge.parking.access import passback
from edge.parking.access.passback import Ruling, neutralise, ruling
from edge.parking.access.permits import Permit
from edge.parking.desks import EntryDesk, ExitDesk
from edge.parking.places.layout import declare
from edge.parking.stays.unresolved import settle_after_restart
from edge.store import Store
from models.ids import PaymentId, TicketId
from models.lanes import OrderKind
from models.money import Minor
from models.passback import Passback
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tickets import Direction
from tests.edge.lots import IN, LOT, OUT, TARIFF, HandClock, Lot, a_level, a_lot, closed_in_the_end, declared
from tests.edge.test_store import tables_agree_with_facts

PLATE, STRANGER = Plate("PERM1T"), Plate("AB12CDE")
READ, CARD = Read(PLATE, 0.99), Card("17-04711")
BY_HAND = Order("o-1", OrderKind.OPEN, "Ann", "lost in the system")


class Terminal(ChargesOnly):
    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        return Charged(ChargeOutcome.TAKEN, reference="T")


@dataclass
class Permitted:
    """A lot with one permit, whose vehicle comes and goes a minute apart."""

    lot: Lot
    mode: Passback = Passback.HARD

    def entry(self) -> EntryDesk:
        return EntryDesk(IN, self.lot.store, lambda: TARIFF, self._permits(), lambda: VehicleType.REGULAR)

    def exit(self) -> ExitDesk:
        return ExitDesk(OUT, self.lot.store, self.lot.till(Terminal()), self._permits())

    def comes(self, credential: Credential = READ, *, passes: bool = True, by_hand: Order | None = None) -> object:
        return self._through(self.entry(), credential, passes, by_hand)

    def goes(self, credential: Credential = READ, *, passes: bool = True, by_hand: Order | None = None) -> object:
        return self._through(self.exit(), credential, passes, by_hand)

    def is_reset(self, plate: Plate | None = PLATE) -> None:
        self.lot.clock.forward(minutes=1)
        self.lot.decide(lambda tx: neutralise(tx, "asked for it", by="Ann", plate=plate))

    def noted(self) -> list[tuple[object, ...]]:
        return self.lot.rows(
            "SELECT json_extract(body, '$.direction'), json_extract(body, '$.mode') FROM journal"
            " WHERE type = 'passback.noted' ORDER BY seq"
        )

    def open_stays(self) -> object:
        return self.lot.one("SELECT count(*) FROM tickets WHERE status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')")

    def _through(self, desk: EntryDesk | ExitDesk, credential: Credential, passes: bool, order: Order | None) -> object:
        """The ticket it passed with, None without one, or why it was refused."""
        self.lot.clock.forward(minutes=1)
        answer = asyncio.run(desk.decide(Asked(credential, by_hand=order)))
        if isinstance(answer, Refused):
            return answer.reason
        assert isinstance(answer, Allowed)
        if answer.ticket is not None and passes:
            self.lot.decide(desk.confirm(answer.ticket))
        return answer.ticket

    def _permits(self) -> dict[Plate, Permit]:
        return {PLATE: Permit(PLATE, cards=frozenset({"17-04711"}), passback=self.mode)}


@pytest.fixture
def hard(tmp_path: Path) -> Permitted:
    return Permitted(a_lot(tmp_path))


@pytest.fixture
def soft(hard: Permitted) -> Permitted:
    return replace(hard, mode=Passback.SOFT)


@pytest.fixture
def off(hard: Permitted) -> Permitted:
    return replace(hard, mode=Passback.OFF)


# --- the rule itself ---


@given(st.sampled_from(Passback), st.sampled_from(Direction), st.booleans(), st.booleans())
def test_a_permit_that_is_where_it_must_be_always_passes(
    mode: Passback, direction: Direction, inside: bool, neutral: bool
) -> None:
    where_it_must_be = inside if direction is Direction.EXIT else not inside
    told = ruling(mode, direction, inside=inside, neutral=neutral)
    if where_it_must_be or neutral:
        assert told is Ruling.PASS
    else:
        assert told is {Passback.HARD: Ruling.REFUSE, Passback.SOFT: Ruling.NOTE, Passback.OFF: Ruling.PASS}[mode]


# --- hard ---


@pytest.mark.parametrize("credential", [READ, CARD])
def test_a_permit_that_is_handed_back_through_the_window_lets_nobody_else_in(
    hard: Permitted, credential: Credential
) -> None:
    assert hard.comes()
    assert hard.comes(credential) is Refusal.PASSBACK
    assert hard.goes(credential)
    assert hard.comes(credential)


def test_a_permit_that_never_came_in_does_not_leave(hard: Permitted) -> None:
    before = hard.lot.one("SELECT count(*) FROM journal")
    assert hard.goes() is Refusal.PASSBACK
    assert hard.goes(CARD) is Refusal.PASSBACK
    assert hard.lot.one("SELECT count(*) FROM journal") == before


def test_a_vehicle_without_a_permit_is_none_of_passbacks_business(off: Permitted) -> None:
    stranger = Read(STRANGER, 0.99)
    assert off.goes(stranger) is Refusal.NO_TICKET
    assert off.comes(stranger)
    off.is_reset(None)
    assert off.comes(stranger) is Refusal.ALREADY_INSIDE


# --- soft and off ---


def test_a_soft_permit_comes_in_twice_has_one_stay_and_it_is_noted(soft: Permitted) -> None:
    first, second = soft.comes(), soft.comes()
    assert isinstance(second, str)
    assert soft.noted() == [("entry", "soft")]
    assert soft.lot.rows("SELECT id, status, amount_due, amount_paid FROM tickets ORDER BY rowid") == [
        (first, "COMPLETED", 0, 0),
        (second, "ACTIVE", None, 0),
    ]
    assert soft.lot.one("SELECT count(*) FROM spots WHERE status = 'OCCUPIED'") == 1
    assert tables_agree_with_facts(soft.lot.path)


def test_a_soft_permit_leaves_without_a_stay_and_it_is_noted(soft: Permitted) -> None:
    assert soft.goes() is None
    assert soft.goes(CARD) is None
    assert soft.noted() == [("exit", "soft"), ("exit", "soft")]
    assert soft.lot.rows("SELECT license_plate FROM vehicles") == [(PLATE,)]
    assert tables_agree_with_facts(soft.lot.path)


def test_where_it_is_off_nothing_is_checked_and_nothing_noted(off: Permitted) -> None:
    assert off.goes() is None
    assert off.comes()
    assert off.comes()
    assert off.noted() == []
    assert off.open_stays() == 1


@pytest.mark.parametrize("mode", list(Passback))
def test_a_stay_that_another_lane_is_at_work_on_does_not_end_under_its_hands(hard: Permitted, mode: Passback) -> None:
    permitted = replace(hard, mode=mode)
    permitted.comes(passes=False)
    permitted.is_reset()
    assert permitted.comes(CARD) is Refusal.PASSBACK
    assert permitted.open_stays() == 1


@pytest.mark.parametrize("mode", list(Passback))
def test_an_unresolved_stay_is_held_against_nobody(hard: Permitted, mode: Passback) -> None:
    permitted = replace(hard, mode=mode)
    permitted.comes(passes=False)
    permitted.lot.decide(settle_after_restart)
    assert permitted.comes()
    assert permitted.noted() == []
    assert permitted.lot.rows("SELECT status FROM tickets ORDER BY rowid") == [("VOIDED",), ("ACTIVE",)]


# --- neutral ---


@pytest.mark.parametrize("plate", [PLATE, None], ids=["this vehicle", "the whole lot"])
def test_after_a_reset_a_hard_permit_may_come_once(hard: Permitted, plate: Plate | None) -> None:
    hard.comes()
    hard.is_reset(plate)
    assert hard.comes()
    assert hard.comes() is Refusal.PASSBACK
    assert hard.noted() == []
    assert hard.open_stays() == 1


@pytest.mark.parametrize("plate", [PLATE, None], ids=["this vehicle", "the whole lot"])
def test_after_a_reset_a_hard_permit_that_nobody_saw_come_in_may_go(hard: Permitted, plate: Plate | None) -> None:
    hard.is_reset(plate)
    assert hard.goes() is None
    assert hard.comes()
    assert hard.goes()
    assert hard.goes() is Refusal.PASSBACK, "its passages since are on record again"


def test_a_reset_of_one_vehicle_is_none_of_another(hard: Permitted) -> None:
    hard.comes()
    hard.is_reset(STRANGER)
    assert hard.comes() is Refusal.PASSBACK


def test_backing_out_does_not_use_up_a_reset(hard: Permitted) -> None:
    hard.is_reset()
    ticket = hard.comes(passes=False)
    hard.lot.decide(hard.entry().withdraw(TicketId(str(ticket)), vended=True))
    assert hard.goes() is None


def test_a_reset_outlives_a_restart(hard: Permitted) -> None:
    hard.comes()
    hard.is_reset(None)
    hard.lot.store.close()
    hard.lot.store = closed_in_the_end(Store(hard.lot.path, LOT, hard.lot.clock))
    levels = (a_level(0, REGULAR=4),)
    hard.lot.decide(lambda tx: declare(tx, declared(levels), levels))
    assert hard.comes()
    assert tables_agree_with_facts(hard.lot.path)


def test_what_a_person_lets_through_is_not_noted(soft: Permitted) -> None:
    assert soft.goes(by_hand=BY_HAND) is None
    soft.comes()
    assert soft.comes(by_hand=BY_HAND) is None
    assert soft.noted() == []


# --- whatever happens ---

HAPPENINGS = (
    *("comes", "comes", "goes", "goes", "comes by hand", "goes by hand", "backs out", "turns back"),
    *("is reset", "lot is reset", "restarts"),
)
STEPS = st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.sampled_from([READ, CARD])), max_size=25)


@contextmanager
def a_permit(mode: Passback) -> Iterator[Permitted]:
    with tempfile.TemporaryDirectory() as folder:
        clock = HandClock()
        path = Path(folder) / "lot.sqlite"
        lot = a_lot(Path(folder), (a_level(0, REGULAR=2),), clock)
        lot.store.close()
        lot = Lot(Store(path, LOT, clock, synchronous="OFF"), clock, path)
        yield Permitted(lot, mode)
        lot.store.close()


def happens(permitted: Permitted, what: str, credential: Credential) -> object:
    match what:
        case "comes":
            return permitted.comes(credential)
        case "goes":
            return permitted.goes(credential)
        case "comes by hand":
            return permitted.comes(credential, by_hand=BY_HAND)
        case "goes by hand":
            return permitted.goes(credential, by_hand=BY_HAND)
        case "backs out":
            ticket = permitted.comes(credential, passes=False)
            if isinstance(ticket, str):
                permitted.lot.decide(permitted.entry().withdraw(TicketId(ticket), vended=True))
        case "turns back":
            ticket = permitted.goes(credential, passes=False)
            if isinstance(ticket, str):
                permitted.lot.decide(permitted.exit().withdraw(TicketId(ticket), vended=True))
        case "is reset":
            permitted.is_reset()
        case "lot is reset":
            permitted.is_reset(None)
        case "restarts":
            permitted.lot.decide(settle_after_restart)
    return "done"


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
@given(STEPS)
def test_whatever_happens_a_hard_permit_is_never_inside_twice(steps: list[tuple[str, Credential]]) -> None:
    with a_permit(Passback.HARD) as permitted:
        reset_since = False
        for what, credential in steps:
            open_before = permitted.open_stays()
            answer = happens(permitted, what, credential)
            assert permitted.open_stays() in (0, 1)
            if what == "comes" and open_before == 1 and not reset_since:
                assert answer is Refusal.PASSBACK
            if what in ("is reset", "lot is reset"):
                reset_since = True
            elif isinstance(answer, str) and answer != "done":
                reset_since = False
        assert permitted.noted() == []


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
@given(STEPS, st.sampled_from(["is reset", "lot is reset"]), st.sampled_from(["comes", "goes"]))
def test_whatever_happened_after_a_reset_a_hard_permit_is_never_locked_out(
    steps: list[tuple[str, Credential]], reset: str, direction: str
) -> None:
    with a_permit(Passback.HARD) as permitted:
        for what, credential in steps:
            happens(permitted, what, credential)
        happens(permitted, reset, READ)
        assert not isinstance(happens(permitted, direction, READ), Refusal)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=40)
@given(STEPS, st.sampled_from([Passback.SOFT, Passback.OFF]))
def test_whatever_happens_a_permit_that_is_not_hard_is_never_refused(
    steps: list[tuple[str, Credential]], mode: Passback
) -> None:
    with a_permit(mode) as permitted:
        for what, credential in steps:
            assert not isinstance(happens(permitted, what, credential), Refusal)
            assert permitted.open_stays() in (0, 1)


def test_a_lot_that_forgets_to_check_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control for the laws above."""
    monkeypatch.setattr(passback, "ruling", lambda *_, **__: Ruling.PASS)
    with a_permit(Passback.HARD) as permitted:
        permitted.comes()
        assert permitted.comes() is not Refusal.PASSBACK
    monkeypatch.setattr(passback, "ruling", lambda *_, **__: Ruling.REFUSE)
    with a_permit(Passback.HARD) as permitted:
        permitted.comes()
        permitted.is_reset()
        assert permitted.comes() is Refusal.PASSBACK
