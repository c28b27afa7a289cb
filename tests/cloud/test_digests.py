"""A digest finds every field in which lot and cloud differ, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Boolean, Uuid

from cloud.db.schema import metadata
from cloud.ingest import digests
from cloud.ingest.apply import apply_window
from cloud.ingest.digests import cut
from edge.parking import lanes
from edge.store import Transaction
from edge.store.database import looking_into
from edge.store.digests import NEWEST, SLICE, digest
from models.codes import ticket_code
from models.digests import COLUMNS, HISTORY, OPEN_ROWS, PERSONAL, REMEMBERED, WHOLE
from models.effects import Table
from models.facts import VehicleRegistered
from models.facts.digests import Part
from models.ids import LotId, StreamId, VehicleId
from models.instants import SECOND, Instant
from models.refusals import Refusal
from models.tariff import Tariff
from models.tickets import Direction
from models.wire.envelopes import SentFact, Tombstone
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import LATER, Mirror, live_a_day
from tests.edge.lots import IN, Lot, a_level, a_lot
from tests.models.test_pinned_text import PINNED, in_the_order_of_the_file, opened_by

OTHER_TICKET = "SELECT id FROM tickets AS t WHERE t.lot_id = $1 AND t.id <> ticket_id LIMIT 1"
CHECKED: dict[tuple[str, str], str] = {
    ("reservation_quotas", "spot_type"): "'LARGE'",
    ("spots", "spot_type"): "CASE spot_type WHEN 'EV' THEN 'LARGE' ELSE 'EV' END",
    ("spots", "status"): "CASE status WHEN 'AVAILABLE' THEN 'OCCUPIED' ELSE 'AVAILABLE' END",
    ("spots", "blocked"): "CASE blocked WHEN 'maintenance' THEN 'unknown_vehicle' ELSE 'maintenance' END",
    ("spots", "level_id"): "(SELECT id FROM levels AS other WHERE other.lot_id = $1 AND other.id <> level_id)",
    ("vehicles", "vehicle_type"): "'MOTORCYCLE'",
    ("vehicles", "owner_id"): "gen_random_uuid()",
    ("tickets", "vehicle_type"): "'MOTORCYCLE'",
    ("tickets", "spot_id"): "NULL",
    ("tickets", "permit_id"): "gen_random_uuid()",
    ("tickets", "reservation_id"): "gen_random_uuid()",
    ("tickets", "status"): "CASE status WHEN 'ACTIVE' THEN 'COMPLETED' ELSE 'ACTIVE' END",
    ("payments", "ticket_id"): "(SELECT id FROM tickets AS t WHERE t.lot_id = $1 AND t.id <> ticket_id LIMIT 1)",
    ("fee_corrections", "ticket_id"): "(SELECT id FROM tickets AS t WHERE t.lot_id = $1 AND t.id <> ticket_id LIMIT 1)",
    ("ledger_entries", "ticket_id"): "(SELECT id FROM tickets AS t WHERE t.lot_id = $1 AND t.id <> ticket_id LIMIT 1)",
    ("receipts", "ticket_id"): "(SELECT id FROM tickets AS t WHERE t.lot_id = $1 AND t.id <> ticket_id LIMIT 1)",
    ("closings", "what"): "'shift'",
    ("ledger_entries", "posting_id"): "gen_random_uuid()",
    ("ledger_entries", "payment_id"): "gen_random_uuid()",
    ("ledger_entries", "reverses"): "gen_random_uuid()",
    ("tickets", "merged_into"): "gen_random_uuid()",
    ("ticket_suspicions", "kind"): "CASE kind WHEN 'used_again' THEN 'other_plate' ELSE 'used_again' END",
    ("ticket_suspicions", "ticket_id"): f"({OTHER_TICKET})",
    ("ticket_suspicions", "other_id"): "gen_random_uuid()",
    ("ticket_mendings", "ticket_id"): f"({OTHER_TICKET})",
    ("ticket_mendings", "other_id"): "ticket_id",
    ("valet_stays", "ticket_id"): f"({OTHER_TICKET})",
    ("valet_stays", "spot_id"): "gen_random_uuid()",
    ("valet_stays", "state"): "CASE state WHEN 'taken' THEN 'parked' ELSE 'taken' END",
    ("payments", "charge_id"): "gen_random_uuid()",
    ("payments", "status"): "CASE status WHEN 'TAKEN' THEN 'UNCOLLECTED' ELSE 'TAKEN' END",
    ("access_refusals", "direction"): "'exit'",
    ("passages", "direction"): "'entry'",
    ("lane_states", "state"): "'full'",
    ("lane_states", "hold"): "CASE hold WHEN 'fire' THEN 'keep_open' ELSE 'fire' END",
}
"""New values for columns that don't take any."""


@pytest.fixture
def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> Iterator[Mirror]:
    """A lot of two levels after a day."""
    levels = (a_level(0, REGULAR=6, EV=1), a_level(1, REGULAR=3))
    made = Mirror(a_lot(tmp_path, levels, id=lot.id), database)
    live_a_day(made.lot)
    yield made
    made.lot.store.close()


async def test_after_a_day_of_everything_lot_and_cloud_say_the_same(mirror: Mirror) -> None:
    assert await mirror.compares() == ("equal", set())
    for table in COLUMNS:
        assert await mirror.value(f"SELECT count(*) FROM {table}") > 0, f"the day leaves nothing in {table}"
    row = dict(await mirror.database.fetchrow("SELECT * FROM digests"))  # type: ignore[arg-type]
    assert (row["verdict"], row["equal_seq"], row["equal_at"], row["differs"]) == ("equal", mirror.sent, LATER, None)


async def test_a_tariff_of_the_second_dialect_is_the_same_text_on_both_sides(mirror: Mirror) -> None:
    """At a dynamic price, and with its holidays as dates, too. The control is a tariff whose offers keep the order of
    their file: facts travel with their keys sorted, so the cloud writes another text."""
    for number, tariff in enumerate(PINNED.values()):
        mirror.lot.decide(partial(lets_in, tariff=tariff(), number=number))
    assert await mirror.compares() == ("equal", set())
    assert await mirror.value("SELECT count(*) FROM tickets WHERE tariff LIKE '%\"dialect\":2%'") == len(PINNED)
    mirror.lot.decide(partial(lets_in, tariff=in_the_order_of_the_file(), number=99))
    assert await mirror.compares() == ("differs", {"tickets"})


def lets_in(tx: Transaction, tariff: Tariff, number: int) -> None:
    opened, vehicle = opened_by(tariff), VehicleId(tx.mint())
    tx.record(VehicleRegistered(vehicle=vehicle, vehicle_type=opened.vehicle_type, license_plate=f"XY{number}"))
    own = {"ticket": tx.mint(), "vehicle": vehicle, "code": ticket_code(number), "entered": tx.at.wall}
    tx.record(opened.model_copy(update=own))


async def test_any_single_altered_field_is_found(mirror: Mirror) -> None:
    await mirror.catches_up()
    for table, column in ((table, column) for table, columns in COLUMNS.items() for column in columns):
        await altered(mirror, table, column)
        verdict, tables = await mirror.compares()
        assert verdict == "differs", f"nobody noticed {table}.{column}"
        assert table in tables
        await restored(mirror, table)
        assert await mirror.compares() == ("equal", set())


async def altered(mirror: Mirror, table: Table, column: str) -> None:
    """One field of one row has another value in the cloud; what it was is kept."""
    kind = metadata.tables[table].c[column].type
    value = CHECKED.get((table, column)) or (
        f"NOT {column}"
        if isinstance(kind, Boolean)
        else f"coalesce({column}, 0) + 1"
        if kind.python_type in (int, float)
        else f"coalesce({column}, '') || 'x'"
    )
    assert not isinstance(kind, Uuid) or (table, column) in CHECKED
    owner = "id" if table == "parking_lots" else "lot_id"
    extra = " AND spot_id IS NOT NULL" if (table, column) == ("tickets", "spot_id") else ""
    await mirror.database.execute(f"CREATE TABLE was AS SELECT * FROM {table}")
    done = await mirror.database.execute(
        f"UPDATE {table} SET {column} = {value}"
        f" WHERE {owner} = $1 AND id = (SELECT id FROM {table} WHERE {owner} = $1{extra} ORDER BY id LIMIT 1)",
        mirror.lot.id,
    )
    assert done == "UPDATE 1"


async def restored(mirror: Mirror, table: Table) -> None:
    sets = ", ".join(f"{column} = was.{column}" for column in COLUMNS[table])
    await mirror.database.execute(f"UPDATE {table} AS now SET {sets} FROM was WHERE was.id = now.id")
    await mirror.database.execute("DROP TABLE was")


@pytest.mark.parametrize("table", ["tickets", "payments", "faults", "access_refusals", "passages"])
async def test_a_row_too_many_and_a_row_too_few_are_found(mirror: Mirror, table: Table) -> None:
    await mirror.catches_up()
    await mirror.database.execute("SET session_replication_role = replica")  # without the foreign keys
    taken = await mirror.database.fetch(
        f"DELETE FROM {table} WHERE id = (SELECT max(id::text) FROM {table})::uuid RETURNING *"
    )
    verdict, tables = await mirror.compares()
    assert verdict == "differs"
    assert table in tables
    row = dict(taken[0])
    names = ", ".join(row)
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await mirror.database.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())
    assert await mirror.compares() == ("equal", set())
    more = row | ({"code": "another"} if table == "tickets" else {})
    newest = str(max(str(row["id"]) for row in await mirror.database.fetch(f"SELECT id FROM {table}")))
    more["id"] = newest[:-1] + ("0" if newest[-1] != "0" else "1")
    await mirror.database.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *more.values())
    assert (await mirror.compares())[0] == "differs"


async def test_masking_on_either_side_changes_nothing(mirror: Mirror) -> None:
    await mirror.catches_up()
    for table, columns in PERSONAL.items():
        for column in columns:
            if column == "license_plate":
                await mirror.database.execute(f"UPDATE {table} SET license_plate = NULL")
    assert await mirror.compares() == ("equal", set())
    mirror.lot.decide(lambda tx: tx.connection.execute("UPDATE vehicles SET license_plate = NULL"))
    assert await mirror.compares() == ("equal", set())


async def test_a_digest_is_compared_before_what_follows_it_in_its_window(mirror: Mirror) -> None:
    mirror.lot.decide(digest)
    mirror.lot.enters("LATE1")
    windows = mirror.windows()
    assert [len(cut(window)) for window in windows] == [2]
    outcome = await apply_window(mirror.database, windows[0], LATER)
    assert outcome.digest is not None
    assert outcome.digest.verdict == "equal"
    assert outcome.ack is not None
    assert outcome.ack.seq == mirror.sent == outcome.applied
    again = await apply_window(mirror.database, windows[0], LATER)
    assert type(again.verdict).__name__ == "Duplicate"


async def test_what_a_window_leaves_out_lies_before_its_first_piece_only(mirror: Mirror) -> None:
    """As it comes just after the cloud was restored from an old copy."""
    whole = mirror.windows()[0]
    first = whole.model_copy(update={"facts": whole.facts[:2]})
    await apply_window(mirror.database, first, LATER)
    mirror.lot.decide(digest)
    mirror.lot.enters("LATE1")
    [digested] = mirror.windows()
    previous = whole.facts[-4].hash
    facts = (*whole.facts[-3:], *digested.facts)
    dropped = Tombstone(last=whole.facts[-4].seq, why="age")
    lacking = digested.model_copy(update={"previous": previous, "facts": facts, "dropped": dropped})
    assert [piece.dropped for piece in cut(lacking)] == [dropped, None]
    outcome = await apply_window(mirror.database, lacking, LATER)
    assert outcome.ack is not None
    assert outcome.ack.seq == mirror.sent
    assert await mirror.value("SELECT count(*) FROM cases WHERE kind = 'window_refused'") == 0


async def test_the_control_without_the_cut_takes_an_honest_lot_for_one_that_differs(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.lot.decide(digest)
    mirror.lot.enters("LATE1")
    window = mirror.windows()[0]
    place = next(n for n, fact in enumerate(window.facts) if fact.type == "state.digested")
    last = window.model_copy(update={"facts": (*window.facts[:place], *window.facts[place + 1 :])})
    assert last.facts[-1].type != "state.digested"
    monkeypatch.setattr("cloud.ingest.apply.cut", lambda whole: [whole])
    monkeypatch.setattr("cloud.ingest.apply.look_at_digest", _late(window.facts[place]))
    outcome = await apply_window(mirror.database, window, LATER)
    assert outcome.digest is not None
    assert outcome.digest.verdict == "differs"


def _late(digested: SentFact) -> Any:
    async def look(
        connection: asyncpg.Connection, tenant: str, lot: LotId, stream: StreamId, _: Any, at: Instant
    ) -> Any:
        return await digests.look_at_digest(connection, tenant, lot, stream, digested, at)

    return look


async def test_a_lot_with_parked_facts_is_not_held_against_itself(mirror: Mirror) -> None:
    await mirror.catches_up()
    await mirror.database.execute(
        "INSERT INTO parked_facts (tenant_id, lot_id, stream_id, seq, why, parked_at)"
        " SELECT tenant_id, lot_id, stream_id, 1, 'a test', 1 FROM streams"
    )
    await mirror.database.execute("UPDATE tickets SET amount_paid = amount_paid + 1")
    assert await mirror.compares() == ("parked", set())
    assert await mirror.value("SELECT count(*) FROM resyncs") == 0
    await mirror.database.execute("UPDATE parked_facts SET settled_at = 2")
    assert (await mirror.compares())[0] == "differs"
    assert await mirror.value("SELECT count(*) FROM cases WHERE kind = 'digest_differs'") == 1
    assert await mirror.value("SELECT count(*) FROM resyncs WHERE state = 'asked'") == 1


async def test_a_layout_of_another_release_is_noted_and_not_compared(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.store.digests.LAYOUT", 99)
    assert await mirror.compares() == ("unknown", set())
    assert await mirror.value("SELECT count(*) FROM resyncs") == 0


async def test_an_altered_row_of_long_ago_is_found_within_one_round(mirror: Mirror) -> None:
    many = NEWEST + 3 * SLICE
    for _ in range(many):
        mirror.lot.decide(_refused)
    await mirror.catches_up()
    oldest = await mirror.value("SELECT min(id::text) FROM access_refusals")
    assert await mirror.compares() == ("equal", set())
    await mirror.database.execute("UPDATE access_refusals SET reason = 'NO_TICKET' WHERE id = $1", oldest)
    verdicts = [(await mirror.compares())[0] for _ in range(5)]
    assert "differs" in verdicts


def _refused(tx: Transaction) -> None:
    lanes.refuse(tx, IN, Direction.ENTRY, Refusal.LOT_FULL, None)


async def test_what_the_lot_may_have_forgotten_is_not_compared(mirror: Mirror) -> None:
    await mirror.compares()
    mirror.lot.clock.wall = Instant(mirror.lot.clock.wall + REMEMBERED + SECOND)
    mirror.lot.decide(lambda tx: tx.connection.execute("DELETE FROM access_refusals"))
    assert await mirror.compares() == ("equal", set())


def test_every_table_and_column_that_both_sides_have_is_compared_or_left_out_for_a_reason(tmp_path: Path) -> None:
    lot: Lot = a_lot(tmp_path, id=LotId("0193e1a0-0000-7000-8000-000000000001"))
    assert set(COLUMNS) == set(WHOLE) | set(HISTORY)
    assert set(OPEN_ROWS) <= set(HISTORY)
    with looking_into(lot.path) as connection:
        for table, columns in COLUMNS.items():
            at_lot = {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
            shared = at_lot & set(metadata.tables[table].c.keys()) - {"id", "lot_id"}
            assert shared == {*columns, *PERSONAL.get(table, ())}, f"decide about the columns of {table}"
    assert Part(table="levels", which="all").after < lot.id
    lot.store.close()
