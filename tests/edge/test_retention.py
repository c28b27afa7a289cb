"""What a lot forgets and when: plates are masked, records pruned, the chain holds, and each deletion is on record."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome
from edge.lane.actions import Count
from edge.lane.signals import Button
from edge.parking import entry, exit, lanes
from edge.parking.access import passback
from edge.retention import plates, streams
from edge.retention.keep import Keep, before
from edge.retention.plates import Limits, mask_stays, without_a_stay
from edge.retention.rounds import AIM, Pace, Retention
from edge.store import Store, Transaction, chain, journal
from edge.store.checkpoints import checkpoint_of
from edge.store.database import looking_into
from edge.store.pictures import Pictures
from edge.store.reopening import reopen
from edge.store.streams import move_back
from edge.timekeeping import learn
from models.commands import CommandEnd
from models.facts import (
    CommandEnded,
    CommandTaken,
    FeeCorrected,
    MachineMeasured,
    PlateDiffered,
    VehicleRegistered,
    decode,
)
from models.facts.base import ERASED, Stream, known_facts
from models.ids import TicketId
from models.instants import HOUR, Instant, Monotonic, Reading
from models.lanes import PassageKind
from models.plates import Plate
from models.refusals import Refusal
from models.retention import PERSON_OF, masked_vehicle
from models.spots import VehicleType
from models.tickets import Direction
from models.wire.chain import GENESIS
from models.wire.envelopes import SentFact, read_body
from tests.edge.lots import IN, LOT, OUT, TARIFF, Lot, a_level, a_lot

DAY_HOURS = 24
MEASURED = {"disk_free": 1, "disk_total": 2, "store_bytes": 3, "millidegrees": None}
KEEP = Keep(plates=30, debts=100, tickets=200, ledger=35)


class Terminal(ChargesOnly):
    """Takes the money, or can't be reached."""

    def __init__(self, outcome: ChargeOutcome = ChargeOutcome.TAKEN) -> None:
        self._outcome = outcome

    async def charge(self, payment: object, amount: object, currency: object) -> Charged:
        return Charged(self._outcome, reference="T", detail="")


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path, (a_level(0, REGULAR=50),))


def days(lot: Lot, count: float) -> None:
    lot.clock.forward(hours=DAY_HOURS * count)


def stays(lot: Lot, plate: str, terminal: Terminal | None = None) -> TicketId:
    """A car comes, pays after an hour (or can't) and leaves. Its ticket."""
    ticket = lot.enters(plate).ticket
    lot.clock.forward(hours=1)
    lot.leaves(plate, terminal or Terminal())
    lot.decide(lambda tx: exit.close(tx, ticket, OUT))
    return ticket


def goes_round(lot: Lot, keep: Keep = KEEP, permits: tuple[str, ...] = ()) -> Retention:
    pictures = Pictures(lot.path.with_name("pictures"))
    retention = Retention(keep, lot.store, pictures, lambda: frozenset(map(Plate, permits)), lot.clock)
    asyncio.run(retention.round())
    return retention


def plates_in(lot: Lot) -> set[object]:
    """Every plate anywhere in the lot's tables and journal."""
    tables = ("vehicles", "access_refusals", "passages", "help_calls", "permits_seen")
    shown = {plate for table in tables for (plate,) in lot.rows(f"SELECT license_plate FROM {table}")}
    told = {json.loads(str(text))["license_plate"] for (text,) in lot.rows("SELECT personal FROM journal") if text}
    return (shown | told) - {None}


def cloud_has_everything(lot: Lot) -> None:
    def acknowledge(tx: Transaction) -> None:
        head = journal.head_of(tx.connection, "ledger")
        assert head is not None
        journal.mark_acked(tx.connection, "ledger", head.stream_id, head.seq, tx.at)

    lot.decide(acknowledge)


def the_chain(lot: Lot) -> list[SentFact]:
    """All facts that are left, verified link by link from the checkpoint on."""
    with looking_into(lot.path) as connection:
        head = journal.head_of(connection, "ledger")
        assert head is not None
        dropped = checkpoint_of(connection, head.stream_id)
        start = dropped.seq if dropped else 0
        previous = dropped.hash if dropped else GENESIS
        facts = journal.run(connection, head.stream_id, start, 1_000_000)
    for number, fact in enumerate(facts, start=start + 1):
        assert fact.seq == number
        assert fact.follows(previous, LOT, "ledger", head.stream_id), f"the chain breaks at {number}"
        previous = fact.hash
    assert (head.seq, head.hash) == (facts[-1].seq, previous)
    return facts


def erasures(lot: Lot) -> dict[str, int]:
    """What was put on record as erased, and how much of it, in the facts and in the table alike."""
    in_table = dict(lot.rows("SELECT what, sum(count) FROM deletions GROUP BY what"))
    return {str(what): int(str(count)) for what, count in in_table.items()}


# --- plates ---


def test_a_plate_goes_thirty_days_after_its_stay_and_the_ledger_stays(lot: Lot) -> None:
    ticket = stays(lot, "AB12CDE")
    before_it = len(the_chain(lot))
    days(lot, 29)
    goes_round(lot)
    assert plates_in(lot) == {"AB12CDE"}, "not a day earlier"
    days(lot, 2)
    goes_round(lot)
    assert plates_in(lot) == set()
    assert lot.one("SELECT amount_paid FROM tickets WHERE id = ?", ticket) == 250
    assert lot.one("SELECT masked_at FROM tickets WHERE id = ?", ticket) == lot.clock.wall
    assert len(the_chain(lot)) == before_it + 1, "all facts are there, and the one that says what was erased"
    assert erasures(lot) == {"plates of stays": 1}


def test_masking_counts_from_the_end_of_the_stay_and_never_touches_an_open_one(lot: Lot) -> None:
    lot.enters("LONG1")
    days(lot, 300)
    goes_round(lot)
    assert plates_in(lot) == {"LONG1"}
    lot.leaves("LONG1", Terminal())
    lot.decide(lambda tx: exit.close(tx, TicketId(str(lot.one("SELECT id FROM tickets"))), OUT))
    days(lot, 29)
    goes_round(lot)
    assert plates_in(lot) == {"LONG1"}
    days(lot, 2)
    goes_round(lot)
    assert plates_in(lot) == set()


def test_a_debts_plate_stays_up_to_its_own_limit(lot: Lot) -> None:
    stays(lot, "OWES1", Terminal(ChargeOutcome.UNREACHABLE))
    assert lot.one("SELECT status FROM payments") == "UNCOLLECTED"
    days(lot, 99)
    goes_round(lot)
    assert plates_in(lot) == {"OWES1"}
    days(lot, 2)
    goes_round(lot)
    assert plates_in(lot) == set()
    assert lot.one("SELECT count(*) FROM payments WHERE status = 'UNCOLLECTED'") == 1, "the debt itself stays"


def test_without_that_exemption_a_debts_plate_would_vanish(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(plates, "_DUE", plates._DUE.replace("AND NOT EXISTS", "AND :owed AND NOT 0 * EXISTS"))
    stays(lot, "OWES1", Terminal(ChargeOutcome.UNREACHABLE))
    days(lot, 40)
    goes_round(lot)
    assert plates_in(lot) == set()


def test_a_car_that_left_unpaid_without_a_ticket_is_a_debt_too(lot: Lot) -> None:
    unpaid = Count(PassageKind.TAILGATE, Direction.EXIT, Plate("RAN1"))
    lot.decide(lambda tx: lanes.count(tx, OUT, unpaid))
    lot.decide(lambda tx: lanes.count(tx, IN, Count(PassageKind.TAILGATE, Direction.ENTRY, Plate("CAME1"))))
    assert lot.rows("SELECT unable_to_collect FROM passages ORDER BY rowid") == [(1,), (0,)]
    days(lot, 31)
    goes_round(lot)
    assert plates_in(lot) == {"RAN1"}
    days(lot, 70)
    goes_round(lot)
    assert plates_in(lot) == set()


def test_a_debt_keeps_only_its_own_stay_and_not_the_vehicles_other_ones(lot: Lot) -> None:
    paid = stays(lot, "OWES1")
    owed = stays(lot, "OWES1", Terminal(ChargeOutcome.UNREACHABLE))
    days(lot, 31)
    goes_round(lot)
    of = dict(lot.rows("SELECT tickets.id, license_plate FROM tickets JOIN vehicles ON vehicles.id = vehicle_id"))
    assert of == {paid: None, owed: "OWES1"}


def test_the_old_stays_of_a_daily_guest_are_masked_while_it_comes_and_goes(lot: Lot) -> None:
    old = stays(lot, "DAILY1")
    days(lot, 28)
    young = stays(lot, "DAILY1")
    days(lot, 3)
    inside = lot.enters("DAILY1").ticket
    goes_round(lot)
    of = dict(lot.rows("SELECT tickets.id, license_plate FROM tickets JOIN vehicles ON vehicles.id = vehicle_id"))
    assert of == {old: None, young: "DAILY1", inside: "DAILY1"}
    nobody = masked_vehicle(LOT, VehicleType.REGULAR)
    assert lot.one("SELECT vehicle_id FROM tickets WHERE id = ?", old) == nobody
    assert lot.arrives("DAILY1") is Refusal.ALREADY_INSIDE


def test_a_masked_car_that_comes_again_is_a_new_vehicle(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    days(lot, 31)
    goes_round(lot)
    stays(lot, "AB12CDE")
    assert lot.rows("SELECT license_plate FROM vehicles ORDER BY rowid") == [(None,), ("AB12CDE",)]
    assert lot.one("SELECT count(DISTINCT vehicle_id) FROM tickets") == 2


def test_refusals_and_calls_are_masked_from_when_they_happened(lot: Lot) -> None:
    lot.decide(lambda tx: lanes.refuse(tx, IN, Direction.ENTRY, Refusal.LOT_FULL, Plate("FULL1")))
    lot.decide(lambda tx: lanes.call(tx, IN, Button.HELP, Plate("HELP1")))
    days(lot, 31)
    goes_round(lot)
    assert plates_in(lot) == set()
    assert lot.one("SELECT count(*) FROM access_refusals") == 1
    assert erasures(lot) == {"plates of access_refusals": 1, "plates of help_calls": 1}
    the_chain(lot)


def test_a_plate_that_differed_goes_with_its_ticket(lot: Lot) -> None:
    ticket = stays(lot, "AB12CDE")
    lot.decide(lambda tx: tx.record(PlateDiffered(ticket=ticket, lane=OUT, at=tx.at.wall, license_plate="OTHER1")))
    days(lot, 31)
    goes_round(lot)
    assert plates_in(lot) == set()


def test_a_masked_fact_is_sent_again_as_an_erased_one(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    days(lot, 31)
    goes_round(lot)
    registered = next(fact for fact in the_chain(lot) if fact.type == "vehicle.registered")
    assert (registered.personal, registered.salt) == (None, None)
    said = decode(registered.type, registered.version, read_body(registered.body), registered.personal)
    assert isinstance(said, VehicleRegistered)
    assert said.license_plate == ERASED


@pytest.mark.parametrize("securely", [True, False], ids=["as it is", "the control: without overwriting"])
def test_an_erased_plate_is_nowhere_in_the_file(lot: Lot, securely: bool) -> None:
    if not securely:
        lot.store._write_connection.execute("PRAGMA secure_delete = OFF")
    for number in range(60):
        stays(lot, f"XQZ7{number:02}W")
    days(lot, 31)
    goes_round(lot)
    lot.store.close()
    assert (b"XQZ7" in lot.path.read_bytes()) is not securely
    assert not lot.path.with_name("lot.sqlite-wal").exists(), "an orderly stop empties the log"


def test_every_fact_with_a_personal_part_says_whose_it_is() -> None:
    """Whoever adds one says here when it is to be erased; the migration's index must find it too."""
    personal = {type for (type, _), kind in known_facts().items() if kind.personal}
    assert personal == set(PERSON_OF)
    for (type, _), kind in known_facts().items():
        if kind.personal:
            assert PERSON_OF[type] in kind.model_fields
    assert all(f"'$.{key}'" in plates._ERASE for key in PERSON_OF.values())


def test_what_a_permit_needs_is_kept_and_nothing_else_of_it(lot: Lot) -> None:
    stays(lot, "PERMIT1")
    passed = lot.rows("SELECT boot, monotonic FROM moments WHERE what = 'exited'")
    days(lot, 31)
    goes_round(lot, permits=("PERMIT1",))
    assert lot.rows("SELECT * FROM permits_seen") == [("PERMIT1", *passed[0], None, None)]
    assert lot.one("SELECT count(*) FROM vehicles WHERE license_plate IS NOT NULL") == 0
    assert not is_neutral(lot, "PERMIT1")
    goes_round(lot, permits=())
    assert plates_in(lot) == set(), "a permit that ended leaves nothing"


def is_neutral(lot: Lot, plate: str) -> bool:
    return lot.decide(lambda tx: passback.is_neutral(tx.connection, Plate(plate)))


@pytest.mark.parametrize("remembered", [True, False], ids=["as it is", "the control: without the memory"])
def test_a_permit_isnt_neutral_because_its_history_was_masked(lot: Lot, remembered: bool) -> None:
    lot.decide(lambda tx: passback.neutralise(tx, "a barrier broke"))
    lot.clock.forward(hours=1)
    stays(lot, "PERMIT1")
    days(lot, 31)
    goes_round(lot, permits=("PERMIT1",) if remembered else ())
    assert is_neutral(lot, "PERMIT1") is not remembered


def test_a_permit_that_was_set_to_neutral_stays_so(lot: Lot) -> None:
    stays(lot, "PERMIT1")
    lot.clock.forward(hours=1)
    lot.decide(lambda tx: passback.neutralise(tx, "towed", by="Ada", plate=Plate("PERMIT1")))
    days(lot, 31)
    goes_round(lot, permits=("PERMIT1",))
    assert is_neutral(lot, "PERMIT1")


def test_a_vehicle_without_any_stay_is_masked_too(lot: Lot) -> None:
    lot.decide(lambda tx: passback.neutralise(tx, "towed", by="Ada", plate=Plate("NEVER1")))
    days(lot, 29)
    goes_round(lot)
    assert plates_in(lot) == {"NEVER1"}
    days(lot, 2)
    goes_round(lot)
    assert plates_in(lot) == set()


def test_pages_of_vehicles_end(lot: Lot) -> None:
    for number in range(5):
        lot.decide(lambda tx, number=number: passback.neutralise(tx, "towed", plate=Plate(f"P{number}")))
    days(lot, 31)
    closed = before(lot.clock.wall, 30)
    with looking_into(lot.path) as connection:
        first = without_a_stay(connection, closed, "", 3)
        second = without_a_stay(connection, closed, first.after or "", 3)
    assert (len(first.due), first.after, len(second.due), second.after) == (3, "P2", 2, None)


def test_an_unread_vehicles_stay_is_done_with_and_nothing_is_said_of_it(lot: Lot) -> None:
    arrival = entry.Arrival(IN, None, 0.0, VehicleType.REGULAR)
    admitted = lot.decide(lambda tx: entry.admit(tx, arrival, TARIFF))
    assert isinstance(admitted, entry.Admitted)
    lot.decide(lambda tx: entry.withdraw(tx, admitted.ticket, IN, "back_out"))
    days(lot, 31)
    goes_round(lot)
    assert lot.one("SELECT count(*) FROM tickets WHERE masked_at IS NULL") == 0
    assert erasures(lot) == {}


# --- the ledger ---


def test_facts_go_thirty_five_days_after_the_cloud_had_them_and_the_chain_verifies_from_the_checkpoint(
    lot: Lot,
) -> None:
    stays(lot, "AB12CDE")
    told = len(the_chain(lot))
    cloud_has_everything(lot)
    days(lot, 34)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") == 1
    days(lot, 2)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") == told + 1
    assert lot.rows("SELECT seq, count, why, told_seq FROM checkpoints") == [(told, told, "age", None)]
    erased = the_chain(lot)[-1]
    said = read_body(erased.body)
    assert (said["disk_class"], said["count"], said["seq"]) == ("money", told, told)
    assert said["hash"] == lot.one("SELECT hash FROM checkpoints"), "the checkpoint itself stands in the chain"


def test_without_the_checkpoint_the_chain_verifies_no_more(lot: Lot) -> None:
    """The control."""
    stays(lot, "AB12CDE")
    cloud_has_everything(lot)
    days(lot, 36)
    goes_round(lot)
    lot.decide(lambda tx: tx.connection.execute("DELETE FROM checkpoints"))
    with pytest.raises(AssertionError):
        the_chain(lot)


def test_an_acknowledgement_at_the_pruned_boundary_is_still_believed(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    cloud_has_everything(lot)
    last = the_chain(lot)[-1]
    days(lot, 36)
    lot.decide(lambda tx: lanes.call(tx, IN, Button.HELP, None))
    goes_round(lot)
    with looking_into(lot.path) as connection:
        head = journal.head_of(connection, "ledger")
        assert head is not None
        assert journal.hash_at(connection, head.stream_id, last.seq) == last.hash
        assert journal.hash_at(connection, head.stream_id, last.seq - 1) is None


def test_what_the_cloud_hasnt_acknowledged_never_goes(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    cloud_has_everything(lot)
    reached = len(the_chain(lot))
    stays(lot, "AB34CDE")
    days(lot, 3000)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") == reached + 1
    assert lot.one("SELECT count(*) FROM tickets") == 2, "nor do the tickets that those facts made"


def test_facts_that_the_cloud_got_late_stay_thirty_five_days_from_then(lot: Lot) -> None:
    """A lot that was off line for months: its facts are old, but the cloud has had them only since today."""
    stays(lot, "AB12CDE")
    days(lot, 90)
    cloud_has_everything(lot)
    days(lot, 34)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") == 1
    days(lot, 2)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") != 1


def test_what_a_restored_cloud_is_sent_again_stays_thirty_five_days_from_then(lot: Lot) -> None:
    """It may be restored a second time: the lot must have it still."""
    stays(lot, "AB12CDE")
    cloud_has_everything(lot)
    days(lot, 34)
    lot.decide(lambda tx: move_back(tx.connection, "ledger", 2))
    cloud_has_everything(lot)
    days(lot, 34)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") == 1
    days(lot, 2)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") != 1


def no_server_is_heard(lot: Lot, monkeypatch: pytest.MonkeyPatch, ahead: int = 0) -> None:
    """What the clock says is so many hours ahead of the truth (or behind it), and nobody has set it."""
    read = lot.clock.read

    def unsynced() -> Reading:
        said = read()
        return replace(said, wall=Instant(said.wall + ahead * HOUR), synced=False)

    monkeypatch.setattr(lot.clock, "read", unsynced)


def test_an_acknowledgement_under_a_clock_that_is_behind_makes_no_fact_older(
    lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A computer that was off for two months: the cloud acknowledges before a time server was heard."""
    stays(lot, "AB12CDE")
    days(lot, 60)
    with monkeypatch.context() as before_the_server:
        no_server_is_heard(lot, before_the_server, ahead=-60 * DAY_HOURS)
        cloud_has_everything(lot)
    goes_round(lot)
    days(lot, 34)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") == 1
    days(lot, 2)
    goes_round(lot)
    assert lot.one("SELECT min(seq) FROM journal") != 1, "and they go some day, though nothing more was acknowledged"


def test_the_last_fact_always_stays(lot: Lot) -> None:
    cloud_has_everything(lot)
    last = len(the_chain(lot))
    days(lot, 36)
    lot.decide(lambda tx: streams.prune_ledger(tx, before(lot.clock.wall, 35), 10_000))
    assert lot.one("SELECT min(seq) FROM journal") == last


def test_a_stay_whose_first_facts_were_pruned_leaves_with_the_right_fee(lot: Lot) -> None:
    ticket = lot.enters("LONG1").ticket
    cloud_has_everything(lot)
    days(lot, 99)
    lot.clock.forward(hours=2)
    goes_round(lot)
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'ticket.opened'") == 0
    lot.leaves("LONG1", Terminal())
    assert lot.one("SELECT amount_paid FROM tickets WHERE id = ?", ticket) == 1800


# --- streams that were left ---


def goes_on_in_a_new_stream(lot: Lot, stream: Stream = "ledger") -> None:
    """The cloud has another history from the third fact on."""
    asyncio.run(reopen(lot.store, stream, 2, 1, "card", lot.clock))


def streams_of(lot: Lot) -> list[tuple[bool, int, int]]:
    """Whether each one was left, its first fact that is still there, and how many were walked: its chain holds."""
    with looking_into(lot.path) as connection:
        shown: list[tuple[bool, int, int]] = []
        for stream in chain.streams(connection):
            *_, reached = chain.walk(connection, LOT, stream)
            assert isinstance(reached, chain.Place), reached
            shown.append((stream.former, chain.begins(connection, stream).seq + 1, reached.checked))
    return shown


def test_a_ledger_that_was_left_is_kept_until_the_cloud_has_had_the_next_for_long(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    told = len(the_chain(lot))
    days(lot, 100)
    goes_on_in_a_new_stream(lot)
    goes_round(lot)
    days(lot, 100)
    goes_round(lot)
    assert streams_of(lot)[0] == (True, 1, told), "the cloud hasn't had what goes on from it"
    cloud_has_everything(lot)
    days(lot, 34)
    goes_round(lot)
    assert streams_of(lot)[0] == (True, 1, told)
    days(lot, 2)
    goes_round(lot)
    assert streams_of(lot)[0] == (True, told + 1, 0)
    assert erasures(lot)["facts of a ledger that was left"] == told
    assert plates_in(lot) == set()
    the_chain(lot)


def test_of_two_ledgers_that_were_left_both_go(lot: Lot) -> None:
    for _ in range(2):
        stays(lot, "AB12CDE")
        goes_on_in_a_new_stream(lot)
    cloud_has_everything(lot)
    days(lot, 36)
    goes_round(lot)
    assert [(former, walked) for former, _, walked in streams_of(lot)[:2]] == [(True, 0), (True, 0)]


def test_telemetry_that_was_left_goes_by_its_age(lot: Lot) -> None:
    for _ in range(4):
        lot.decide(lambda tx: tx.record(MachineMeasured.model_validate(MEASURED | {"at": tx.at.wall})))
    goes_on_in_a_new_stream(lot, "telemetry")
    days(lot, 13)
    goes_round(lot)
    left = "SELECT count(*) FROM journal JOIN streams_left USING (stream_id)"
    assert lot.one(left) == 4
    days(lot, 2)
    goes_round(lot)
    assert lot.one(left) == 0


def test_a_ledger_that_was_left_outlives_the_damage_of_its_store(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    told = len(the_chain(lot))
    goes_on_in_a_new_stream(lot)
    before_it = streams_of(lot)
    lot.store.close()
    Store(lot.path, LOT, lot.clock, suspected="a test says so").close()
    assert streams_of(lot)[0] == before_it[0] == (True, 1, told)


# --- a clock that can't be believed ---


def starts_again(lot: Lot, monkeypatch: pytest.MonkeyPatch, boot: str, *, ahead: int = 0, synced: bool = False) -> None:
    """The machine does, at this moment; its clock is so many days ahead, or behind."""
    began = lot.clock.wall

    def read() -> Reading:
        said = Instant(lot.clock.wall + ahead * DAY_HOURS * HOUR)
        return Reading(boot, Monotonic(lot.clock.wall - began), said, synced)

    monkeypatch.setattr(lot.clock, "read", read)


def test_a_clock_that_is_ahead_takes_no_plate_and_no_fact_while_nobody_knows_the_time(
    lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts_again(lot, monkeypatch, "the first", ahead=26_000)
    stays(lot, "OWES1", Terminal(ChargeOutcome.UNREACHABLE))
    stays(lot, "AB12CDE")
    cloud_has_everything(lot)
    starts_again(lot, monkeypatch, "the second", ahead=26_300)
    goes_round(lot)
    assert plates_in(lot) == {"OWES1", "AB12CDE"}
    assert lot.one("SELECT min(seq) FROM journal") == 1


def test_what_is_due_at_the_earliest_time_that_it_can_be_is_masked_by_any_clock(
    lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays(lot, "AB12CDE")
    stays(lot, "OWES1", Terminal(ChargeOutcome.UNREACHABLE))
    days(lot, 20)
    stays(lot, "LATER1")
    days(lot, 20)
    lot.decide(learn)
    starts_again(lot, monkeypatch, "after a power cut", ahead=300)
    goes_round(lot)
    assert plates_in(lot) == {"OWES1", "LATER1"}


@pytest.mark.parametrize("corrected", [True, False], ids=["a server is heard", "only after the next start"])
def test_what_a_clock_that_was_behind_has_dated_is_kept_as_long_as_all_else(
    lot: Lot, monkeypatch: pytest.MonkeyPatch, *, corrected: bool
) -> None:
    days(lot, 60)
    starts_again(lot, monkeypatch, "two months off", ahead=-60)
    stays(lot, "AB12CDE")
    lot.decide(lambda tx: lanes.refuse(tx, IN, Direction.ENTRY, Refusal.LOT_FULL, Plate("FULL1")))
    lot.decide(lambda tx: passback.neutralise(tx, "towed", by="Ada", plate=Plate("NEVER1")))
    starts_again(lot, monkeypatch, "two months off" if corrected else "the next", synced=True)
    lot.decide(learn)
    goes_round(lot)
    days(lot, 29)
    goes_round(lot)
    assert plates_in(lot) == {"AB12CDE", "FULL1", "NEVER1"}
    days(lot, 2)
    goes_round(lot)
    assert plates_in(lot) == set()


def test_a_debt_that_a_clock_dated_too_early_keeps_its_plate_as_long_as_all_debts(
    lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    days(lot, 200)
    starts_again(lot, monkeypatch, "long off", ahead=-200)
    stays(lot, "OWES1", Terminal(ChargeOutcome.UNREACHABLE))
    unpaid = Count(PassageKind.TAILGATE, Direction.EXIT, Plate("RAN1"))
    lot.decide(lambda tx: lanes.count(tx, OUT, unpaid))
    starts_again(lot, monkeypatch, "the next", synced=True)
    lot.decide(learn)
    days(lot, 99)
    goes_round(lot)
    assert plates_in(lot) == {"OWES1", "RAN1"}
    days(lot, 2)
    goes_round(lot)
    assert plates_in(lot) == set()


def test_marks_of_acknowledgements_are_few(lot: Lot) -> None:
    for _ in range(10):
        lot.enters(f"C{lot.clock.ticks}")
        cloud_has_everything(lot)
        lot.clock.forward(minutes=10)
    assert lot.one("SELECT count(*) FROM acknowledged") == 2


# --- old records ---


def test_stays_go_once_the_cloud_has_had_them_for_long(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    lot.decide(lambda tx: lanes.call(tx, IN, Button.HELP, Plate("HELP1")))
    goes_round_daily(lot, 190)
    assert lot.one("SELECT count(*) FROM tickets") == 1
    goes_round_daily(lot, 20)
    assert [lot.one(f"SELECT count(*) FROM {table}") for table in ("tickets", "payments", "help_calls")] == [0, 0, 0]
    assert lot.one("SELECT count(*) FROM vehicles") == 0
    said = erasures(lot)
    assert (said["tickets"], said["payments"], said["help_calls"]) == (1, 1, 1)
    the_chain(lot)


def test_all_that_goes_with_a_stay_is_on_record_as_erased(lot: Lot) -> None:
    ticket = stays(lot, "AB12CDE")

    def owes_and_is_owed(tx: Transaction) -> None:
        given_up = ("p-1", ticket, OUT, 100, "EUR", tx.at.wall, tx.at.wall)
        tx.connection.execute(
            "INSERT INTO charges_given_up (payment_id, ticket_id, lane, amount, currency, until, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            given_up,
        )
        owed = {"fee_before": 250, "fee": 200, "paid": 250, "refund_owed": 50, "currency": "EUR", "at": tx.at.wall}
        tx.record(FeeCorrected(correction=tx.mint(), ticket=ticket, why="clock_set", **owed))

    lot.decide(owes_and_is_owed)
    goes_round_daily(lot, 210)
    said = erasures(lot)
    gone = ("tickets", "vehicles", "payments", "charges_given_up", "fee_corrections")
    assert {what: said.get(what) for what in gone} == dict.fromkeys(gone, 1)


def test_commands_that_were_taken_go_when_stays_go_and_so_does_what_was_said_of_deletions(lot: Lot) -> None:
    taken = {"command": "c-1", "lane": "in", "kind": "open", "by": "Ada", "reason": "-", "issued_at": lot.clock.wall}
    lot.decide(lambda tx: tx.record(CommandTaken.model_validate(taken | {"at": tx.at.wall})))
    lot.decide(lambda tx: tx.record(CommandEnded(command="c-1", end=CommandEnd.DONE, said="-", at=tx.at.wall)))
    stays(lot, "AB12CDE")
    goes_round_daily(lot, 190)
    assert lot.one("SELECT count(*) FROM taken_commands") == 1
    goes_round_daily(lot, 60)
    assert lot.one("SELECT count(*) FROM taken_commands") == 0
    first = lot.one("SELECT min(at) FROM deletions")
    assert first is not None
    assert lot.clock.wall - int(str(first)) < 202 * DAY_HOURS * HOUR
    assert erasures(lot)["deletions"] >= 1
    assert erasures(lot)["taken_commands"] == 1


def test_rows_that_a_clock_dated_into_the_future_keep_no_others(lot: Lot) -> None:
    ahead = lot.clock.wall + 30_000 * DAY_HOURS * HOUR
    rows = [(f"h-{number}", LOT, "in", "help", ahead) for number in range(2_100)]
    asked = "INSERT INTO help_calls (id, lot_id, lane, why, at) VALUES (?, ?, ?, ?, ?)"
    lot.decide(lambda tx: tx.connection.executemany(asked, rows))
    lot.decide(lambda tx: lanes.call(tx, IN, Button.HELP, None))
    goes_round_daily(lot, 210)
    assert lot.one("SELECT count(*) FROM help_calls") == 2_100
    assert erasures(lot)["help_calls"] == 1


def goes_round_daily(lot: Lot, count: int) -> None:
    for _ in range(count):
        days(lot, 1)
        cloud_has_everything(lot)
        goes_round(lot)


def test_at_a_lot_without_a_cloud_no_stay_goes_but_its_plate_does(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    days(lot, 3000)
    goes_round(lot)
    assert lot.one("SELECT count(*) FROM tickets") == 1
    assert plates_in(lot) == set()


# --- pace ---


def test_a_step_that_took_too_long_makes_the_next_one_smaller_and_it_recovers() -> None:
    slow = Pace(100).after(10 * AIM)
    assert slow.rows == 5
    assert Pace(1).after(10 * AIM).rows == 1
    assert slow.after(AIM // 10).rows == 10
    assert Pace(200).after(1).rows == 200
    assert Pace(40).after(AIM * 3 // 4).rows == 40


def test_a_round_with_nothing_due_says_nothing(lot: Lot) -> None:
    stays(lot, "AB12CDE")
    facts = lot.one("SELECT count(*) FROM journal")
    goes_round(lot)
    assert lot.one("SELECT count(*) FROM journal") == facts


def test_no_step_goes_through_all_that_ever_was(lot: Lot) -> None:
    """Each question of a step is asked by an index, or of a few rows."""
    stays(lot, "AB12CDE")
    days(lot, 31)
    asked: list[str] = []
    lot.store._write_connection.set_trace_callback(asked.append)
    goes_round_daily(lot, 1)
    lot.store._write_connection.set_trace_callback(None)
    plans = [
        (plan["detail"], each)
        for each in dict.fromkeys(asked)
        if each.split()[0] in ("SELECT", "UPDATE", "DELETE")
        for plan in lot.store._write_connection.execute(f"EXPLAIN QUERY PLAN {each}")
    ]
    big = ("tickets", "vehicles", "payments", "journal")
    whole = [(plan, each) for plan, each in plans if plan in {f"SCAN {table}" for table in big}]
    assert whole == []


def test_the_limits_are_days(lot: Lot) -> None:
    assert before(Instant(10 * DAY_HOURS * HOUR), 3) == Instant(7 * DAY_HOURS * HOUR)
    assert lot.decide(lambda tx: mask_stays(tx, Limits(Instant(0), Instant(0), ()), 10)) == 0
