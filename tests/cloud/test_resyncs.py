"""A lot that differs is asked for its own state, and the cloud is put right: whole or not at all, and on record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from cloud.db.schema import metadata
from cloud.ingest.digests import RESYNC_AT_MOST_EVERY
from cloud.ingest.resyncs import Resynced, apply_if_complete, take_part, wanted_now
from cloud.settings import CloudSettings
from drivers.broker import BrokerSettings
from edge.faults import FaultBoard
from edge.store.digests import digest
from edge.store.snapshots import take
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from models.digests import COLUMNS, LAYOUT
from models.instants import SECOND, Instant
from models.wire.state_snapshots import SnapshotPart, SnapshotWanted, checksum
from simulator.books import Books, cloud_books, differences, lot_books
from simulator.servers import Mosquitto
from tests.brokers import USERS
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import LATER, Mirror, leaves_paying, live_a_day
from tests.cloud.test_ingest import becomes, counted, ingesting
from tests.edge.clouds import HurriedClock, forget_beacon, written
from tests.edge.lots import a_level, a_lot
from tests.edge.test_link import nobody_obeys
from tests.keys import public_file


@pytest.fixture
def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> Iterator[Mirror]:
    made = Mirror(a_lot(tmp_path, (a_level(0, REGULAR=6, EV=1), a_level(1, REGULAR=3)), id=lot.id), database)
    live_a_day(made.lot)
    yield made
    made.lot.store.close()


def parts_of(mirror: Mirror, wanted: SnapshotWanted, name: str = "one") -> list[SnapshotPart]:
    """What the lot sends up in answer."""
    bodies: list[str] = []
    point = take(mirror.lot.path, wanted.wanted, mirror.lot.clock.wall, bodies.append)
    assert point is not None
    return [
        SnapshotPart(
            lot=mirror.lot.id,
            resync=wanted.resync,
            snapshot=name,
            layout=LAYOUT,
            stream_id=point.stream_id,
            seq=point.seq,
            hash=point.hash,
            oldest=point.oldest,
            number=number,
            parts=len(bodies),
            checksum=checksum(bodies),
            body=body,
        )
        for number, body in enumerate(bodies)
    ]


async def arrive(mirror: Mirror, parts: Sequence[SnapshotPart]) -> None:
    for part in parts:
        await take_part(mirror.database, part, LATER)


async def wanted(mirror: Mirror) -> SnapshotWanted:
    found = await wanted_now(mirror.database, mirror.lot.id)
    assert found is not None
    return found


async def resynced(mirror: Mirror, at: Instant = LATER) -> Resynced:
    await arrive(mirror, parts_of(mirror, await wanted(mirror)))
    done = await apply_if_complete(mirror.database, mirror.lot.id, at)
    assert done is not None
    return done


async def recorded(mirror: Mirror) -> list[tuple[str, str, str, str | None, str | None]]:
    rows = await mirror.database.fetch("SELECT * FROM differences ORDER BY number")
    return [(row["table_name"], row["column_name"], row["outcome"], row["in_cloud"], row["at_lot"]) for row in rows]


async def test_an_altered_field_is_put_right_and_both_values_are_on_record(mirror: Mirror) -> None:
    await mirror.catches_up()
    await mirror.database.execute("UPDATE tickets SET amount_paid = 99999 WHERE status = 'COMPLETED'")
    assert (await mirror.compares())[0] == "differs"
    assert await resynced(mirror) == Resynced(rows=2)
    assert await recorded(mirror) == [("tickets", "amount_paid", "corrected", "99999", "250")] * 2
    assert await mirror.compares() == ("equal", set())
    assert await mirror.value("SELECT state || rows_changed FROM resyncs") == "applied2"
    assert await mirror.value("SELECT count(*) FROM snapshot_parts") == 0


async def test_whatever_the_cloud_has_lost_comes_back(mirror: Mirror, settings: CloudSettings) -> None:
    await mirror.catches_up()
    for number, table in enumerate(("tickets", "vehicles", "payments", "spots", "faults", "lane_states", "passages")):
        at = Instant(LATER + number * (RESYNC_AT_MOST_EVERY + 1))
        await mirror.database.execute("SET session_replication_role = replica")  # as a bad disk takes it
        await mirror.database.execute(f"DELETE FROM {table}")
        await mirror.database.execute("SET session_replication_role = origin")
        assert (await mirror.compares(at))[0] == "differs"
        assert not (await resynced(mirror, at)).refused
        assert await mirror.compares(at) == ("equal", set())
        assert differences(lot_books(mirror.lot.path), await books(mirror, settings)) == []


async def books(mirror: Mirror, settings: CloudSettings) -> Books:
    return await cloud_books(settings.database_url.get_secret_value(), mirror.lot.id)


async def test_a_lot_that_goes_on_differing_is_not_asked_all_the_time(mirror: Mirror) -> None:
    await mirror.catches_up()
    for minutes in (0, 1, 5, 11):
        at = Instant(LATER + minutes * 60 * SECOND)
        await mirror.database.execute("UPDATE tickets SET amount_paid = amount_paid + 7")
        assert (await mirror.compares(at))[0] == "differs"
        if await wanted_now(mirror.database, mirror.lot.id):
            await resynced(mirror, at)
    assert await mirror.value("SELECT count(*) FROM resyncs") == 2
    assert await mirror.value("SELECT times FROM cases WHERE kind = 'digest_differs'") == 4


async def test_what_happens_while_the_snapshot_travels_is_not_undone_by_it(mirror: Mirror) -> None:
    stays = [row[0] for row in mirror.lot.rows("SELECT id FROM tickets WHERE status = 'ACTIVE' ORDER BY id")]
    await mirror.catches_up()
    await mirror.database.execute("UPDATE tickets SET amount_paid = amount_paid + 7")
    await mirror.compares()
    parts = parts_of(mirror, await wanted(mirror))
    mirror.lot.enters("NEW1")
    leaves_paying(mirror.lot, stays[0], 77)  # type: ignore[arg-type]
    await mirror.catches_up()
    await arrive(mirror, parts)
    assert await apply_if_complete(mirror.database, mirror.lot.id, LATER) is not None
    assert await mirror.compares() == ("equal", set())


async def test_a_snapshot_of_a_point_that_the_cloud_has_not_reached_waits_for_it(mirror: Mirror) -> None:
    await mirror.catches_up()
    await mirror.database.execute("UPDATE tickets SET amount_paid = amount_paid + 7")
    await mirror.compares()
    mirror.lot.enters("NEW1")
    await arrive(mirror, parts_of(mirror, await wanted(mirror)))
    assert await apply_if_complete(mirror.database, mirror.lot.id, LATER) is None
    await mirror.catches_up()
    assert await apply_if_complete(mirror.database, mirror.lot.id, LATER) is not None
    assert await mirror.compares() == ("equal", set())


async def test_money_that_the_lot_does_not_know_stays_and_is_a_case_and_the_rest_goes(mirror: Mirror) -> None:
    await mirror.catches_up()
    for table, extra in (("payments", ""), ("tickets", ", code = 'x' || code"), ("faults", "")):
        await double_the_newest(mirror, table, extra)
    assert (await mirror.compares())[0] == "differs"
    done = await resynced(mirror)
    assert (done.kept, done.refused) == (1, "")
    outcomes = [(table, outcome) for table, _, outcome, _, _ in await recorded(mirror)]
    assert ("payments", "kept") in outcomes
    assert ("tickets", "removed") in outcomes
    assert ("faults", "removed") in outcomes
    assert await mirror.value("SELECT count(*) FROM cases WHERE kind = 'money_unknown_to_lot'") == 1


async def double_the_newest(mirror: Mirror, table: str, extra: str) -> None:
    """The cloud has a row that the lot never had."""
    columns = [column.name for column in metadata.tables[table].c if column.name != "id"]
    row = await mirror.database.fetchrow(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 1")
    assert row is not None
    id = str(row["id"])
    other = id[:-1] + ("1" if id[-1] != "1" else "2")
    names = ", ".join(columns)
    await mirror.database.execute(
        f"INSERT INTO {table} (id, {names}) SELECT $1, {names} FROM {table} WHERE id = $2", other, id
    )
    if extra:
        await mirror.database.execute(f"UPDATE {table} SET {extra.removeprefix(', ')} WHERE id = $1", other)


async def test_what_was_masked_stays_masked_and_no_plate_is_on_record(mirror: Mirror) -> None:
    await mirror.catches_up()
    await mirror.database.execute("UPDATE vehicles SET license_plate = NULL WHERE license_plate = 'AB01CDE'")
    await mirror.database.execute("UPDATE vehicles SET vehicle_type = 'LARGE'")
    await mirror.database.execute("UPDATE vehicles SET license_plate = 'WRONG' WHERE license_plate = 'AB02CDE'")
    assert (await mirror.compares())[0] == "differs"
    await resynced(mirror)
    plates = {row["license_plate"] for row in await mirror.database.fetch("SELECT license_plate FROM vehicles")}
    assert "AB02CDE" in plates
    assert None in plates
    assert not {"AB01CDE", "WRONG"} & plates
    told = json.dumps(await recorded(mirror))
    assert "AB0" not in told
    assert "WRONG" not in told
    assert "(a plate)" in told


async def test_parts_that_come_twice_late_or_altered_change_nothing(mirror: Mirror) -> None:
    await mirror.catches_up()
    await mirror.database.execute("UPDATE tickets SET amount_paid = amount_paid + 7")
    await mirror.compares()
    asked = await wanted(mirror)
    parts = parts_of(mirror, asked)
    assert len(parts) > 3
    await arrive(mirror, [parts[0], parts[0], parts[2], parts[1], parts[0]])
    assert (await wanted(mirror)).have == 2
    altered = parts[-1].model_copy(update={"body": parts[-1].body.replace("0", "1")})
    await arrive(mirror, [*parts[2:-1], altered])
    assert await apply_if_complete(mirror.database, mirror.lot.id, LATER) is None
    assert (await wanted(mirror)).have == 0, "it is asked for anew"
    assert await mirror.value("SELECT count(*) FROM differences") == 0
    await arrive(mirror, parts)
    assert await apply_if_complete(mirror.database, mirror.lot.id, LATER) is not None
    assert await apply_if_complete(mirror.database, mirror.lot.id, LATER) is None
    assert await mirror.compares() == ("equal", set())


async def test_a_snapshot_that_is_altered_again_and_again_is_refused_and_a_case(mirror: Mirror) -> None:
    await mirror.catches_up()
    await mirror.database.execute("UPDATE tickets SET amount_paid = amount_paid + 7")
    await mirror.compares()
    parts = parts_of(mirror, await wanted(mirror))
    for _ in range(3):
        await arrive(mirror, [part.model_copy(update={"checksum": "0" * 64}) for part in parts])
    assert await wanted_now(mirror.database, mirror.lot.id) is None
    assert await mirror.value("SELECT count(*) FROM cases WHERE kind = 'snapshot_refused'") == 1
    assert await mirror.value("SELECT state FROM resyncs") == "refused"


async def test_a_snapshot_of_another_history_is_refused(mirror: Mirror) -> None:
    await mirror.catches_up()
    await mirror.database.execute("UPDATE tickets SET amount_paid = amount_paid + 7")
    await mirror.compares()
    parts = [part.model_copy(update={"hash": "0" * 64}) for part in parts_of(mirror, await wanted(mirror))]
    await arrive(mirror, parts)
    done = await apply_if_complete(mirror.database, mirror.lot.id, LATER)
    assert done is not None
    assert "another history" in done.refused


async def test_every_difference_of_every_table_is_put_right(mirror: Mirror, settings: CloudSettings) -> None:
    await mirror.catches_up()
    for table in COLUMNS:
        text = next(
            (name for name in COLUMNS[table] if name in ("name", "spot_number", "code", "lane", "reason")), None
        )
        if text is not None and table not in ("lane_states",):
            await mirror.database.execute(f"UPDATE {table} SET {text} = {text} || 'x'")
    assert (await mirror.compares())[0] == "differs"
    assert not (await resynced(mirror)).refused
    assert await mirror.compares() == ("equal", set())
    assert differences(lot_books(mirror.lot.path), await books(mirror, settings)) == []


async def test_over_the_wire_a_lot_that_differs_is_asked_and_ends_equal(
    mirror: Mirror, settings: CloudSettings, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    lot = mirror.lot
    password = written(tmp_path / "password", USERS["lot"] + "\n")
    board = FaultBoard(lambda decision: None).reporter("link")
    login = BrokerSettings(host="127.0.0.1", port=mosquitto.port, username="lot", password_file=password, keepalive=5)
    keys = TrustedKeys(public_file(tmp_path), board)
    link = CloudLink(login, lot.id, "0.1.0", lot.store, tuple, nobody_obeys, keys, HurriedClock(), board)
    async with ingesting(settings, mosquitto) as metrics:
        task = asyncio.create_task(link.run())
        try:
            await becomes(lambda: len(lot.rows("SELECT 1 FROM streams WHERE acked = seq")) == 1)
            await mirror.database.execute("UPDATE tickets SET amount_due = 1 WHERE amount_due IS NULL")
            await lot.store.write(digest)
            await becomes(lambda: counted(metrics, "parkgate_resyncs_total", end="applied") == 1)
            await lot.store.write(digest)
            await becomes(lambda: counted(metrics, "parkgate_digests_total", verdict="equal") == 1)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.to_thread(forget_beacon, mosquitto, lot.id)
    assert await mirror.value("SELECT verdict FROM digests") == "equal"
    assert {row[0] for row in await recorded(mirror)} == {"tickets"}
