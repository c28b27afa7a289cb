"""What the cloud forgets by its own clock, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import asyncpg
import pytest

from cloud.db import connect
from cloud.ingest.apply import apply_window
from cloud.ingest.window import Apply, Duplicate, Gap
from cloud.retention import plates as plates_module
from cloud.retention.service import LOCK, Retention
from cloud.settings import CloudSettings
from models.facts import HelpCalled, MachineMeasured, PassageCounted, PlateDiffered, RecordsErased, UnableToCollect
from models.ids import PaymentId, VehicleId
from models.instants import HOUR, Instant, Monotonic, Reading
from models.lanes import PassageKind
from models.money import Minor
from models.retention import PERSON_OF, masked_vehicle
from models.tickets import Direction
from models.wire.chain import GENESIS
from models.wire.envelopes import SentFact, Tombstone, Window
from tests.cloud.lots import IN, NOON, OUT, Lot, an_id

DAY = 24 * HOUR


@dataclass
class HandClock:
    wall: Instant = NOON

    def read(self) -> Reading:
        return Reading("boot", Monotonic(0), self.wall, True)

    def monotonic(self) -> Monotonic:
        return Monotonic(0)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def applied(database: asyncpg.Connection, lot: Lot) -> None:
    outcome = await apply_window(database, lot.window(), lot.now)
    assert isinstance(outcome.verdict, Apply)
    assert outcome.parked == 0


async def goes_round(database: asyncpg.Connection, settings: CloudSettings, lot: Lot, days: float) -> None:
    """A round, so many days after what the lot has told last."""
    clock = HandClock(Instant(lot.now + round(days * DAY)))
    await Retention(settings, clock).round(database)


async def plates_in(database: asyncpg.Connection) -> set[str]:
    """Every plate anywhere in the tables and facts."""
    tables = ("vehicles", "access_refusals", "passages", "help_calls")
    shown = {row[0] for table in tables for row in await database.fetch(f"SELECT license_plate FROM {table}")}
    told = {row[0] for row in await database.fetch("SELECT personal::jsonb ->> 'license_plate' FROM facts")}
    salted = await database.fetchval("SELECT count(*) FROM facts WHERE personal IS NULL AND salt IS NOT NULL")
    assert salted == 0, "a salt goes with its plate"
    return (shown | told) - {None}


async def erasures(database: asyncpg.Connection, done_by: str = "cloud") -> dict[str, int]:
    rows = await database.fetch(
        "SELECT what, sum(count)::int AS n FROM deletions WHERE done_by = $1 GROUP BY what", done_by
    )
    return {row["what"]: row["n"] for row in rows}


async def the_chain(database: asyncpg.Connection, lot: Lot) -> list[SentFact]:
    rows = await database.fetch("SELECT * FROM facts WHERE lot_id = $1 AND stream = 'ledger' ORDER BY seq", lot.id)
    previous, facts = GENESIS, []
    for row in rows:
        fact = SentFact.model_validate({**dict(row), "personal": None})
        assert fact.follows(previous, lot.id, "ledger", lot.stream_id)
        previous = fact.hash
        facts.append(fact)
    return facts


def leaves_a_debt(lot: Lot, plate: str) -> None:
    ticket = lot.lets_in(plate)
    lot.says(
        UnableToCollect(
            payment=PaymentId(an_id()),
            ticket=ticket,
            lane=OUT,
            amount=Minor(250),
            currency="EUR",
            reason="terminal down",
            at=lot.now,
        )
    )
    lot.lets_out(ticket, 0)


async def test_a_plate_goes_after_the_days_of_the_cloud_and_the_ledger_stays(
    database: asyncpg.Connection, settings: CloudSettings, lot: Lot
) -> None:
    """The lot itself is off line and has masked nothing."""
    lot.lets_out(lot.lets_in("AB12CDE"))
    await applied(database, lot)
    await goes_round(database, settings, lot, 29.9)
    assert await plates_in(database) == {"AB12CDE"}
    await goes_round(database, settings, lot, 30.1)
    assert await plates_in(database) == set()
    assert await erasures(database) == {"plates of stays": 1}
    assert len(await the_chain(database, lot)) == len(lot.facts)
    assert await database.fetchval("SELECT amount_paid FROM tickets") == 250
    again = await apply_window(database, lot.window(), lot.now)
    assert isinstance(again.verdict, Duplicate), "what is sent again changes nothing"
    assert await plates_in(database) == set()


async def test_open_stays_and_debts_keep_their_plates(
    database: asyncpg.Connection, settings: CloudSettings, lot: Lot
) -> None:
    lot.lets_in("INSIDE1")
    leaves_a_debt(lot, "OWES1")
    lot.says(
        PassageCounted(
            passage=an_id(),
            lane=OUT,
            direction=Direction.EXIT,
            kind=PassageKind.TAILGATE,
            order=None,
            unable_to_collect=True,
            at=lot.now,
            license_plate="RAN1",
        )
    )
    await applied(database, lot)
    await goes_round(database, settings, lot, 364)
    assert await plates_in(database) == {"INSIDE1", "OWES1", "RAN1"}
    await goes_round(database, settings, lot, 366)
    assert await plates_in(database) == {"INSIDE1"}
    assert await database.fetchval("SELECT count(*) FROM payments WHERE status = 'UNCOLLECTED'") == 1


async def test_without_the_exemption_a_debts_plate_would_vanish(
    database: asyncpg.Connection, settings: CloudSettings, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    careless = plates_module._DUE.replace("AND at > $3)", "AND at > $3 AND false)")
    monkeypatch.setattr(plates_module, "_DUE", careless)
    leaves_a_debt(lot, "OWES1")
    await applied(database, lot)
    await goes_round(database, settings, lot, 31)
    assert await plates_in(database) == set()


async def test_the_old_stays_of_a_daily_guest_are_masked_while_it_comes_and_goes(
    database: asyncpg.Connection, settings: CloudSettings, lot: Lot
) -> None:
    vehicle = lot.meets("DAILY1")
    old = lot.admits(vehicle)
    lot.lets_out(old)
    lot.now = Instant(lot.now + 29 * DAY)
    young = lot.admits(vehicle)
    await applied(database, lot)
    await goes_round(database, settings, lot, 2)
    of = await database.fetch(
        "SELECT tickets.id::text, license_plate, vehicle_id::text FROM tickets"
        " JOIN vehicles ON (vehicles.lot_id, vehicles.id) = (tickets.lot_id, vehicle_id)"
    )
    nobody = masked_vehicle(lot.id, "REGULAR")
    assert {tuple(row) for row in of} == {(old, None, nobody), (young, "DAILY1", vehicle)}


async def test_refusals_calls_differing_plates_and_vehicles_without_a_stay(
    database: asyncpg.Connection, settings: CloudSettings, lot: Lot
) -> None:
    ticket = lot.lets_in("AB12CDE")
    lot.says(PlateDiffered(ticket=ticket, lane=OUT, at=lot.now, license_plate="OTHER1"))
    lot.lets_out(ticket)
    lot.refuses("FULL1")
    lot.says(HelpCalled(call=an_id(), lane=IN, why="help", at=lot.now, license_plate="HELP1"))
    lot.meets("NEVER1")
    await applied(database, lot)
    assert await plates_in(database) == {"AB12CDE", "OTHER1", "FULL1", "HELP1", "NEVER1"}
    await goes_round(database, settings, lot, 31)
    assert await plates_in(database) == set()
    await the_chain(database, lot)


async def test_a_parked_fact_is_masked_too(database: asyncpg.Connection, settings: CloudSettings, lot: Lot) -> None:
    lot.says_as("vehicle.registered", 9, {"vehicle": an_id()}, {"license_plate": "LATER1"})
    outcome = await apply_window(database, lot.window(), lot.now)
    assert outcome.parked == 1
    await goes_round(database, settings, lot, 29)
    assert await plates_in(database) == {"LATER1"}
    await goes_round(database, settings, lot, 31)
    assert await plates_in(database) == set()


async def test_a_masked_fact_reaches_a_fresh_cloud_as_one_without_a_plate(
    database: asyncpg.Connection, lot: Lot
) -> None:
    lot.lets_out(lot.lets_in("AB12CDE"))
    lot.refuses("FULL1")
    lot.facts = [fact.model_copy(update={"personal": None, "salt": None}) for fact in lot.facts]
    await applied(database, lot)
    assert await plates_in(database) == set()
    assert await database.fetchval("SELECT count(*) FROM vehicles WHERE license_plate IS NULL") == 1


async def test_a_tenant_may_have_days_of_its_own(
    database: asyncpg.Connection, settings: CloudSettings, lot: Lot
) -> None:
    lot.lets_out(lot.lets_in("AB12CDE"))
    await applied(database, lot)
    await database.execute("UPDATE tenants SET plate_days = 7")
    await goes_round(database, settings, lot, 8)
    assert await plates_in(database) == set()


async def test_records_go_after_their_days_and_money_stays(
    database: asyncpg.Connection, settings: CloudSettings, lot: Lot
) -> None:
    lot.lets_out(lot.lets_in("AB12CDE"))
    lot.refuses("FULL1")
    await applied(database, lot)
    await goes_round(database, settings, lot, 401)
    assert await database.fetchval("SELECT count(*) FROM access_refusals") == 0
    assert await database.fetchval("SELECT count(*) FROM payments") == 1
    assert (await erasures(database))["access_refusals"] == 1


async def test_what_a_lot_has_erased_stands_in_the_cloud(database: asyncpg.Connection, lot: Lot) -> None:
    lot.says(
        RecordsErased(
            erasure=an_id(), disk_class="money", what="facts of the ledger", count=7, up_to=NOON, why="age", at=lot.now
        )
    )
    await applied(database, lot)
    assert await erasures(database, "lot") == {"facts of the ledger": 7}


async def test_only_one_process_forgets_and_another_takes_over(settings: CloudSettings) -> None:
    first, second = Retention(settings, HandClock()), Retention(settings, HandClock())
    async with first._locked() as mine, second._locked() as other:
        assert mine is not None
        assert other is None
    async with second._locked() as mine:
        assert mine is not None
        assert await mine.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 1
        assert LOCK < 2**63


async def test_a_round_waits_for_the_window_that_is_being_applied(
    database: asyncpg.Connection, settings: CloudSettings, lot: Lot
) -> None:
    """Ingest and retention work on a lot one after the other, so neither meets the other half way."""
    lot.lets_out(lot.lets_in("AB12CDE"))
    await applied(database, lot)
    ingest = await connect.connection(settings, "ingest")
    async with ingest.transaction():
        await ingest.execute("SELECT 1 FROM streams FOR UPDATE")
        going = asyncio.create_task(goes_round(database, settings, lot, 31))
        await asyncio.sleep(0.3)
        assert not going.done()
    await going
    await ingest.close()
    assert await plates_in(database) == set()


async def test_the_facts_of_a_row_are_found_by_an_index(database: asyncpg.Connection, lot: Lot) -> None:
    for number in range(300):
        lot.meets(f"C{number}")
    await applied(database, lot)
    await database.execute("ANALYZE facts")
    plan = await database.fetch(
        "EXPLAIN UPDATE facts SET personal = NULL WHERE lot_id = $1 AND personal IS NOT NULL"
        f" AND {plates_module.PERSON_IN_BODY} = ANY($2::text[])",
        *(lot.id, [an_id()]),
    )
    assert any("facts_personal" in row[0] for row in plan)
    assert all(key in plates_module.PERSON_IN_BODY for key in PERSON_OF.values())


# --- telemetry ---


@pytest.fixture
def telemetry(lot: Lot) -> Lot:
    other = Lot(lot.id, "telemetry")
    for number in range(10):
        other.says(MachineMeasured(at=other.now, disk_free=number, disk_total=9, store_bytes=1, millidegrees=48_500))
    return other


def without(lot: Lot, last: int) -> Window:
    """What the lot sends when it has dropped everything up to number `last`."""
    return lot.window(last + 1).model_copy(update={"dropped": Tombstone(last=last, why="space")})


async def test_telemetry_is_kept_has_no_effects_and_is_acknowledged(
    database: asyncpg.Connection, telemetry: Lot
) -> None:
    outcome = await apply_window(database, telemetry.window(), NOON)
    assert (outcome.applied, outcome.parked) == (10, 0)
    assert outcome.ack is not None
    assert outcome.ack.stream == "telemetry"


async def test_dropped_telemetry_is_accepted_knowingly_and_the_chain_goes_on(
    database: asyncpg.Connection, telemetry: Lot
) -> None:
    await apply_window(database, telemetry.window(1, 3), NOON)
    assert isinstance((await apply_window(database, telemetry.window(7), NOON)).verdict, Gap), "unexplained"
    outcome = await apply_window(database, without(telemetry, 6), NOON)
    assert isinstance(outcome.verdict, Apply)
    assert outcome.verdict.lacking == 3
    assert outcome.ack is not None
    assert (outcome.ack.seq, outcome.ack.hash) == (10, telemetry.facts[-1].hash)
    assert await erasures(database, "lot") == {"facts of the telemetry that never came": 3}
    telemetry.says(MachineMeasured(at=NOON, disk_free=1, disk_total=9, store_bytes=1, millidegrees=None))
    assert isinstance((await apply_window(database, telemetry.window(11), NOON)).verdict, Apply)
    again = await apply_window(database, without(telemetry, 6), NOON)
    assert isinstance(again.verdict, Duplicate)


async def test_a_telemetry_of_which_the_beginning_was_dropped_can_begin(
    database: asyncpg.Connection, telemetry: Lot
) -> None:
    outcome = await apply_window(database, without(telemetry, 4), NOON)
    assert isinstance(outcome.verdict, Apply)
    assert outcome.verdict.lacking == 4


async def test_telemetry_that_begins_anew_is_no_case(database: asyncpg.Connection, telemetry: Lot) -> None:
    await apply_window(database, telemetry.window(), NOON)
    anew = Lot(telemetry.id, "telemetry")
    anew.says(MachineMeasured(at=NOON, disk_free=1, disk_total=9, store_bytes=1, millidegrees=None))
    assert isinstance((await apply_window(database, anew.window(), NOON)).verdict, Apply)
    assert await database.fetchval("SELECT count(*) FROM cases") == 0


async def test_old_telemetry_goes_and_the_next_window_still_follows(
    database: asyncpg.Connection, settings: CloudSettings, telemetry: Lot
) -> None:
    await apply_window(database, telemetry.window(), NOON)
    await goes_round(database, settings, telemetry, 31)
    assert await database.fetchval("SELECT count(*) FROM facts") == 1
    telemetry.says(MachineMeasured(at=NOON, disk_free=1, disk_total=9, store_bytes=1, millidegrees=None))
    assert isinstance((await apply_window(database, telemetry.window(11), NOON)).verdict, Apply)
    assert await erasures(database) == {"facts of the telemetry": 9}


async def test_no_vehicle_is_ever_nobody(lot: Lot) -> None:
    kinds = {masked_vehicle(lot.id, kind) for kind in ("MOTORCYCLE", "COMPACT", "REGULAR", "LARGE")}
    assert len(kinds) == 4
    assert VehicleId(an_id()) not in kinds
