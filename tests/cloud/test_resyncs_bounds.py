"""Whatever a lot sends as its snapshot: only what was asked for is touched, and no other lot waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest

from cloud.ingest import asked, lasting, putting_right, resyncs, state_desk
from cloud.ingest.asked import hold_against
from cloud.ingest.lasting import Database
from cloud.ingest.resyncs import Resynced, apply_if_complete, wanted_now
from cloud.ingest.state_desk import StateDesk
from cloud.metrics import Metrics
from models.digests import REMEMBERED
from models.effects import Table
from models.facts.digests import BEFORE_ALL, Part
from models.ids import LotId
from models.instants import SECOND, Instant
from models.wire.envelopes import Malformed
from models.wire.state_snapshots import Rows, SnapshotPart, body_of, checksum
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import LATER, Mirror, live_a_day
from tests.cloud.test_resyncs import arrive, parts_of, wanted
from tests.edge.clouds import HurriedClock
from tests.edge.lots import a_level, a_lot
from tests.keys import SIGNER

_FIRST, _LAST = "00000000-0000-7000-8000-000000000001", "ffffffff-ffff-7fff-bfff-ffffffffffff"


@pytest.fixture
def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> Iterator[Mirror]:
    made = Mirror(a_lot(tmp_path, (a_level(0, REGULAR=6, EV=1), a_level(1, REGULAR=3)), id=lot.id), database)
    live_a_day(made.lot)
    yield made
    made.lot.store.close()


async def complete_with(mirror: Mirror, bodies: Sequence[str], **changed: object) -> None:
    """The lot was asked for its refusals, and this is what it sends."""
    await mirror.catches_up()
    await mirror.database.execute("UPDATE access_refusals SET lane = 'x'")
    await mirror.compares()
    [first, *_] = parts_of(mirror, await wanted(mirror))
    numbered = {"parts": len(bodies), "checksum": checksum(bodies), **changed}
    await arrive(
        mirror,
        [first.model_copy(update={**numbered, "number": number, "body": body}) for number, body in enumerate(bodies)],
    )


async def sends(mirror: Mirror, bodies: Sequence[str], **changed: object) -> Resynced:
    await complete_with(mirror, bodies, **changed)
    done = await apply_if_complete(mirror.database, mirror.lot.id, LATER)
    assert done is not None
    return done


def none_of(table: str, which: str, after: str = BEFORE_ALL, to: str | None = None) -> str:
    return body_of(Rows(table=cast(Table, table), which=cast(Any, which), after=after, to=to, rows=()))


@pytest.mark.parametrize(
    "body",
    [
        none_of("parking_lots", "all"),
        none_of("lane_orders", "all"),
        none_of("access_refusals", "all"),
        none_of("lane_orders", "run"),
        none_of("taken_commands", "all"),
        none_of("deletions", "run"),
    ],
)
async def test_an_empty_table_that_nobody_asked_for_empties_nothing(mirror: Mirror, body: str) -> None:
    done = await sends(mirror, [body])
    assert done.refused
    assert done.rows == 0
    for table in ("parking_lots", "lane_orders", "access_refusals"):
        assert await mirror.value(f"SELECT count(*) FROM {table}") > 0
    assert await mirror.value("SELECT state FROM resyncs") == "refused"
    assert await mirror.value("SELECT count(*) FROM cases WHERE kind = 'snapshot_refused'") == 1


async def test_without_holding_it_against_what_was_asked_for_a_whole_history_goes(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(putting_right, "hold_against", lambda *_: None)
    assert not (await sends(mirror, [none_of("lane_orders", "all")])).refused
    assert await mirror.value("SELECT count(*) FROM lane_orders") == 0


async def test_what_a_lot_says_it_remembers_is_not_believed_beyond_what_lots_remember(mirror: Mirror) -> None:
    """An image of a time when there were no rows, or a lot that lies: what is older stays."""
    await complete_with(mirror, [none_of("access_refusals", "run")], oldest=BEFORE_ALL)
    await mirror.database.execute(
        "UPDATE resyncs SET wanted = $1::jsonb", '[{"table": "access_refusals", "which": "run"}]'
    )
    assert await apply_if_complete(mirror.database, mirror.lot.id, Instant(LATER + REMEMBERED + SECOND))
    assert await mirror.value("SELECT count(*) FROM access_refusals") == 1


def test_a_run_may_only_lie_within_the_one_that_was_asked_for() -> None:
    asked_for = (Part(table="tickets", which="run", after=_FIRST, to=_LAST), Part(table="faults", which="open"))
    for table, which, after, to, fine in (
        ("tickets", "run", _FIRST, _LAST, True),
        ("tickets", "run", BEFORE_ALL, _LAST, False),
        ("tickets", "run", _FIRST, None, False),
        ("payments", "run", _FIRST, _LAST, False),
        ("faults", "run", _FIRST, None, True),
        ("spots", "all", BEFORE_ALL, None, True),
        ("vehicles", "named", BEFORE_ALL, None, True),
        ("payments", "named", BEFORE_ALL, None, False),
    ):
        told = Rows(table=cast(Table, table), which=cast(Any, which), after=after, to=to, rows=())
        if fine:
            hold_against(asked_for, told)
        else:
            with pytest.raises(Malformed):
                hold_against(asked_for, told)
    outside = Rows(table="tickets", which="run", after=_FIRST, to=_LAST, rows=((BEFORE_ALL,),))
    with pytest.raises(Malformed, match="bounds"):
        asked.hold_against(asked_for, outside)


@pytest.mark.parametrize("value", ["text", 2**70, "\x00"])
async def test_values_that_no_column_takes_refuse_the_snapshot_and_are_not_tried_for_ever(
    mirror: Mirror, value: object
) -> None:
    await complete_with(mirror, ["{}"], parts=2)
    parts = parts_of(mirror, await wanted(mirror), "another")
    bodies = [part.body for part in parts]
    [place] = [number for number, body in enumerate(bodies) if '"lane_states"' in body]
    rows = Rows.model_validate_json(bodies[place])
    wrong = tuple((*row[:-1], value) for row in rows.rows)
    bodies[place] = rows.model_copy(update={"rows": wrong}).model_dump_json()
    await arrive(mirror, [_with(part, bodies) for part in parts])
    done = await apply_if_complete(mirror.database, mirror.lot.id, LATER)
    assert done is not None
    assert done.refused


def _with(part: SnapshotPart, bodies: Sequence[str]) -> SnapshotPart:
    return part.model_copy(update={"body": bodies[part.number], "checksum": checksum(bodies)})


class OfOne:
    """A pool of the test's own connection."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    def acquire(self) -> OfOne:
        return self

    async def __aenter__(self) -> asyncpg.Connection:
        return self._connection

    async def __aexit__(self, *_: object) -> None: ...


def a_desk(mirror: Mirror, metrics: Metrics, asked_of: list[str]) -> StateDesk:
    def publish(topic: str, payload: bytes) -> bool:
        asked_of.append(topic)
        return True

    clock = HurriedClock()
    database = Database(cast(asyncpg.Pool, OfOne(mirror.database)), clock)
    return StateDesk(database, SIGNER, clock, metrics, publish, lambda lot: True)


async def test_a_lot_whose_snapshot_meets_a_defect_keeps_no_other_lot_waiting(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    await complete_with(mirror, [none_of("lane_orders", "all")])
    broken, sound, metrics, minded = mirror.lot.id, LotId("0193e1a0-0000-7000-8000-0000000000ff"), Metrics(), []
    real = state_desk.apply_if_complete

    async def defect(connection: asyncpg.Connection, lot: LotId, at: Instant) -> Resynced | None:
        minded.append(lot)
        if lot == broken:
            raise KeyError("a defect")
        return await real(connection, lot, at)

    async def both(_: asyncpg.Connection) -> list[LotId]:
        return [broken, sound]

    monkeypatch.setattr(state_desk, "apply_if_complete", defect)
    monkeypatch.setattr(state_desk, "lots_wanted", both)
    task = asyncio.create_task(a_desk(mirror, metrics, []).run())
    async with asyncio.timeout(20):
        while minded.count(sound) < 2:
            await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    assert (metrics.registry.get_sample_value("parkgate_messages_dropped_total", {"why": "failed"}) or 0) >= 1


async def test_effects_that_can_not_be_worked_out_any_more_refuse_the_snapshot(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    await complete_with(mirror, [none_of("access_refusals", "run", _LAST, _LAST)])
    mirror.lot.enters("NEW1")
    await mirror.catches_up()

    def broken(*_: object) -> None:
        raise TypeError

    monkeypatch.setattr(resyncs, "effects", broken)
    done = await apply_if_complete(mirror.database, mirror.lot.id, LATER)
    assert done is not None
    assert "TypeError" in done.refused
    assert await wanted_now(mirror.database, mirror.lot.id) is None


def test_an_argument_that_can_not_be_sent_is_not_taken_for_a_database_that_is_away() -> None:
    unsendable = asyncpg.exceptions._base.DataError("invalid input for query argument")  # type: ignore[attr-defined]
    assert isinstance(unsendable, lasting.TRY_AGAIN), "as asyncpg has it"
    assert not lasting._passes_by_itself(unsendable)  # type: ignore[attr-defined]
    assert lasting._passes_by_itself(asyncpg.InterfaceError("connection is closed"))  # type: ignore[attr-defined]
