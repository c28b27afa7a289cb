"""What becomes of windows of facts in a real PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from cloud.db import connect
from cloud.ingest.apply import Outcome, UnknownLot, apply_window
from cloud.ingest.window import Apply, Duplicate, Fork, Gap, Refused, Superseded
from cloud.settings import CloudSettings
from models.facts import FaultCleared, SpotsRemoved, TicketConfirmed
from models.ids import LotId
from models.instants import Instant
from models.wire.chain import GENESIS
from models.wire.envelopes import Window
from tests.cloud.lots import IN, NOON, Lot, an_id

LATER = Instant(NOON + 3_600_000_000)


async def apply(database: asyncpg.Connection, window: Window) -> Outcome:
    return await apply_window(database, window, LATER)


async def rows(database: asyncpg.Connection, sql: str, *args: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.fetch(sql, *args)]


async def count(database: asyncpg.Connection, table: str) -> int:
    return await database.fetchval(f"SELECT count(*) FROM {table}")


async def test_a_stay_arrives_whole(database: asyncpg.Connection, lot: Lot) -> None:
    ticket = lot.lets_in("AB12CDE", lot.spots[0])
    lot.lets_out(ticket, 250)
    outcome = await apply(database, lot.window())
    assert outcome.ack is not None
    assert (outcome.ack.seq, outcome.ack.hash) == (len(lot.facts), lot.facts[-1].hash)
    assert (outcome.applied, outcome.parked) == (len(lot.facts), 0)
    [row] = await rows(database, "SELECT status, amount_due, amount_paid, entry_lane, exit_lane FROM tickets")
    assert row == {
        "status": "COMPLETED",
        "amount_due": 250,
        "amount_paid": 250,
        "entry_lane": "north-in",
        "exit_lane": "north-out",
    }
    [payment] = await rows(database, "SELECT amount, status FROM payments")
    assert payment == {"amount": 250, "status": "TAKEN"}
    assert await database.fetchval("SELECT count(*) FROM spots WHERE status = 'AVAILABLE'") == 8


async def test_the_same_window_twice_is_applied_once(database: asyncpg.Connection, lot: Lot) -> None:
    lot.lets_in("AB12CDE", lot.spots[0])
    first = await apply(database, lot.window())
    again = await apply(database, lot.window())
    assert isinstance(again.verdict, Duplicate)
    assert again.ack == first.ack
    assert (await count(database, "facts"), await count(database, "tickets")) == (len(lot.facts), 1)


async def test_facts_in_many_windows_end_as_in_one(database: asyncpg.Connection, lot: Lot) -> None:
    ticket = lot.lets_in("AB12CDE", lot.spots[0])
    lot.lets_in("FG34HIJ", lot.spots[1])
    lot.lets_out(ticket)
    for seq in range(1, len(lot.facts) + 1):
        await apply(database, lot.window(seq, seq))
    statuses = await rows(database, "SELECT status FROM tickets ORDER BY entry_time")
    assert [row["status"] for row in statuses] == ["COMPLETED", "ACTIVE"]
    taken = await rows(database, "SELECT id::text FROM spots WHERE status = 'OCCUPIED'")
    assert [row["id"] for row in taken] == [lot.spots[1]]


async def test_a_window_that_overlaps_brings_only_what_is_new(database: asyncpg.Connection, lot: Lot) -> None:
    await apply(database, lot.window())
    lot.lets_in("AB12CDE")
    outcome = await apply(database, lot.window(2))
    assert isinstance(outcome.verdict, Apply)
    assert outcome.applied == 3


async def test_a_gap_asks_for_what_is_missing(database: asyncpg.Connection, lot: Lot) -> None:
    await apply(database, lot.window(1, 2))
    lot.lets_in("AB12CDE")
    outcome = await apply(database, lot.window(4))
    assert isinstance(outcome.verdict, Gap)
    assert outcome.ack is not None
    assert (outcome.ack.seq, outcome.ack.hash) == (2, lot.facts[1].hash)
    assert await count(database, "facts") == 2


async def test_a_stream_that_begins_in_its_middle_is_asked_for_from_the_start(
    database: asyncpg.Connection, lot: Lot
) -> None:
    outcome = await apply(database, lot.window(2))
    assert outcome.ack is not None
    assert (outcome.ack.seq, outcome.ack.hash) == (0, GENESIS)


async def test_two_ingesters_with_the_same_windows_apply_each_once(settings: CloudSettings, lot: Lot) -> None:
    for n in range(10):
        lot.lets_in(f"AB{n}CDE")
    windows = [lot.window(seq, seq + 2) for seq in range(1, len(lot.facts) + 1, 3)]

    async def ingester() -> int:
        connection = await connect.connection(settings, "ingester")
        try:
            return sum([(await apply(connection, window)).applied for window in windows])
        finally:
            await connection.close()

    applied = await asyncio.gather(ingester(), ingester(), ingester())
    assert sum(applied) == len(lot.facts)
    connection = await connect.connection(settings, "test")
    assert (await count(connection, "facts"), await count(connection, "tickets")) == (len(lot.facts), 10)
    await connection.close()


async def test_a_poisoned_fact_is_parked_with_its_tickets_later_facts_and_the_others_stand(
    database: asyncpg.Connection, lot: Lot
) -> None:
    ghost = an_id()
    good = lot.lets_in("AB12CDE", lot.spots[0])
    lot.says(TicketConfirmed(ticket=ghost, lane=IN, passed=lot.now))  # type: ignore[arg-type]
    lot.lets_out(good)
    outcome = await apply(database, lot.window())
    assert (outcome.applied, outcome.parked) == (len(lot.facts) - 1, 1)
    assert outcome.ack is not None
    assert outcome.ack.seq == len(lot.facts)
    lot.says(TicketConfirmed(ticket=ghost, lane=IN, passed=lot.now))  # type: ignore[arg-type]
    lot.lets_in("FG34HIJ")
    later = await apply(database, lot.window(outcome.ack.seq + 1))
    assert (later.applied, later.parked) == (3, 1)
    parked = await rows(database, "SELECT ticket_id::text, why FROM parked_facts ORDER BY seq")
    assert [row["ticket_id"] for row in parked] == [ghost, ghost]
    assert parked[1]["why"] == "an earlier fact of this ticket is parked"
    [case] = await rows(database, "SELECT kind, subject, times FROM cases")
    assert case == {"kind": "fact_parked", "subject": ghost, "times": 2}
    statuses = await rows(database, "SELECT status FROM tickets ORDER BY entry_time")
    assert [row["status"] for row in statuses] == ["COMPLETED", "ACTIVE"]


async def test_a_fact_of_a_later_release_is_parked_not_dropped(database: asyncpg.Connection, lot: Lot) -> None:
    ticket = lot.admits(lot.meets("AB12CDE"), lot.spots[0])
    lot.says_as("ticket.blessed", 7, {"ticket": ticket, "by": "a later release"})
    lot.lets_out(ticket)
    lot.lets_in("FG34HIJ")
    outcome = await apply(database, lot.window())
    assert outcome.parked == 4
    assert await count(database, "facts") == len(lot.facts)
    statuses = await rows(database, "SELECT status FROM tickets ORDER BY entry_time")
    assert [row["status"] for row in statuses] == ["ADMITTED", "ACTIVE"]


async def test_why_a_fact_is_parked_never_quotes_a_plate(database: asyncpg.Connection, lot: Lot) -> None:
    vehicle = lot.meets("SECRET1")
    body = {"vehicle": vehicle, "vehicle_type": "REGULAR"}
    lot.says_as("vehicle.registered", 1, body, {"license_plate": "SECRET2"})
    lot.says_as("vehicle.registered", 1, {"vehicle": an_id(), "vehicle_type": "x"}, {"license_plate": ["SECRET3"]})
    lot.says_as("vehicle.registered", 1, {"vehicle": an_id(), "vehicle_type": "REGULAR"}, {"license_plate": "SECRET\0"})
    outcome = await apply(database, lot.window())
    assert outcome.parked == 3
    told = await rows(database, "SELECT why AS text FROM parked_facts UNION ALL SELECT detail FROM cases")
    assert len(told) == 6
    assert not [row for row in told if "SECRET" in row["text"]]


async def test_a_vehicle_made_twice_is_parked(database: asyncpg.Connection, lot: Lot) -> None:
    vehicle = lot.meets("AB12CDE")
    lot.says_as("vehicle.registered", 1, {"vehicle": vehicle, "vehicle_type": "REGULAR"}, {"license_plate": "ZZ99ZZZ"})
    outcome = await apply(database, lot.window())
    assert outcome.parked == 1
    assert await database.fetchval("SELECT license_plate FROM vehicles") == "AB12CDE"


async def test_a_lot_cannot_touch_another_lots_rows(database: asyncpg.Connection, lot: Lot, tenant: str) -> None:
    ticket = lot.lets_in("AB12CDE", lot.spots[0])
    await apply(database, lot.window())
    other = LotId(an_id())
    await database.execute(
        "INSERT INTO parking_lots (id, tenant_id, name, enrolled_at) VALUES ($1, $2, 'South', 0)", other, tenant
    )
    thief = Lot(other)
    thief.says(SpotsRemoved(spots=(lot.spots[0],)))
    thief.lets_out(ticket)
    outcome = await apply(database, thief.window())
    assert (outcome.applied, outcome.parked) == (0, 4)
    assert await database.fetchval("SELECT status FROM tickets") == "ACTIVE"
    assert not await database.fetchval("SELECT removed FROM spots WHERE id = $1", lot.spots[0])


async def test_facts_of_a_lot_that_was_never_enrolled_are_refused(database: asyncpg.Connection) -> None:
    stranger = Lot(LotId(an_id())).opens_for_business()
    with pytest.raises(UnknownLot):
        await apply(database, stranger.window())
    with pytest.raises(UnknownLot):
        await apply(database, Lot(LotId("no-id-at-all")).opens_for_business().window())
    assert await count(database, "facts") == 0


@pytest.mark.parametrize("field", ["body", "wall", "type", "seq"])
async def test_a_tampered_fact_is_refused_and_nothing_of_its_window_applied(
    database: asyncpg.Connection, lot: Lot, field: str
) -> None:
    lot.lets_out(lot.lets_in("AB12CDE", lot.spots[0]), 250)
    changed = {"body": lot.facts[-1].body.replace("250", "1"), "wall": 1, "type": "ticket.opened", "seq": 99}
    window = lot.window()
    forged = window.facts[-1].model_copy(update={field: changed[field]})
    outcome = await apply(database, window.model_copy(update={"facts": (*window.facts[:-1], forged)}))
    assert isinstance(outcome.verdict, Refused)
    assert outcome.ack is None
    assert (await count(database, "facts"), await count(database, "streams")) == (0, 0)
    assert await database.fetchval("SELECT kind FROM cases") == "window_refused"


async def test_a_personal_part_that_nothing_proves_is_refused(database: asyncpg.Connection, lot: Lot) -> None:
    lot.lets_out(lot.lets_in("AB12CDE", lot.spots[0]), 250)
    window = lot.window()
    forged = window.facts[-1].model_copy(update={"personal": {"amount_due": 0}})
    outcome = await apply(database, window.model_copy(update={"facts": (*window.facts[:-1], forged)}))
    assert isinstance(outcome.verdict, Refused)


async def test_a_lot_restored_from_an_old_card_is_shown_that_it_forked(database: asyncpg.Connection, lot: Lot) -> None:
    before = list(lot.facts)
    lot.lets_in("AB12CDE")
    applied = await apply(database, lot.window())
    lot.facts = before
    lot.lets_in("FG34HIJ")
    outcome = await apply(database, lot.window())
    assert isinstance(outcome.verdict, Fork)
    assert outcome.ack == applied.ack
    assert await database.fetchval("SELECT license_plate FROM vehicles") == "AB12CDE"
    assert await database.fetchval("SELECT kind FROM cases") == "stream_forked"


async def test_a_new_stream_takes_over_and_the_old_one_is_left_to_an_operator(
    database: asyncpg.Connection, lot: Lot
) -> None:
    await apply(database, lot.window())
    renewed = Lot(lot.id)
    renewed.lets_in("AB12CDE")
    assert isinstance((await apply(database, renewed.window())).verdict, Apply)
    told = await database.fetchval("SELECT detail FROM cases WHERE kind = 'stream_superseded'")
    assert f"has {len(lot.facts)} facts that the lot doesn't know: 0 stays began and 0 payments were taken" in told
    lot.lets_in("FG34HIJ")
    outcome = await apply(database, lot.window())
    assert isinstance(outcome.verdict, Superseded)
    assert outcome.ack is not None
    assert outcome.ack.seq == len(lot.facts), "it is kept, though not believed"
    assert {row["cause"] for row in await rows(database, "SELECT cause FROM parked_facts")} == {"superseded"}
    kinds = await rows(database, "SELECT kind FROM cases ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["lot_claimed_twice", "stream_superseded"]
    assert await database.fetchval("SELECT license_plate FROM vehicles") == "AB12CDE"


async def test_killed_between_commit_and_acknowledgement_the_resent_window_changes_nothing(
    settings: CloudSettings, lot: Lot
) -> None:
    lot.lets_in("AB12CDE", lot.spots[0])
    doomed = await connect.connection(settings, "doomed")
    lost = await apply(doomed, lot.window())
    doomed.terminate()
    survivor = await connect.connection(settings, "survivor")
    again = await apply(survivor, lot.window())
    assert again.ack == lost.ack
    assert again.applied == 0
    assert await count(survivor, "tickets") == 1
    await survivor.close()


async def test_a_car_that_backs_out_gives_its_spot_back_in_the_cloud_too(
    database: asyncpg.Connection, lot: Lot
) -> None:
    ticket = lot.admits(lot.meets("AB12CDE"), lot.spots[0])
    await apply(database, lot.window())
    assert await database.fetchval("SELECT status FROM spots WHERE id = $1", lot.spots[0]) == "OCCUPIED"
    lot.sees_backing_out(ticket)
    await apply(database, lot.window(len(lot.facts)))
    assert await database.fetchval("SELECT status FROM spots WHERE id = $1", lot.spots[0]) == "AVAILABLE"
    assert await database.fetchval("SELECT status FROM tickets") == "VOIDED"


async def test_the_last_vehicle_of_each_lane_is_kept(database: asyncpg.Connection, lot: Lot) -> None:
    ticket = lot.lets_in("AB12CDE")
    lot.lets_out(ticket)
    lot.refuses("ZZ99ZZZ")
    await apply(database, lot.window())
    lanes = await rows(
        database,
        "SELECT lanes.name, last_event, last_ticket_id::text AS ticket, license_plate FROM lanes"
        " LEFT JOIN access_refusals r ON r.id = last_refusal_id ORDER BY name",
    )
    assert lanes == [
        {"name": "north-in", "last_event": "refused", "ticket": None, "license_plate": "ZZ99ZZZ"},
        {"name": "north-out", "last_event": "left", "ticket": ticket, "license_plate": None},
    ]


async def test_the_chain_can_be_proved_again_from_what_the_cloud_keeps(database: asyncpg.Connection, lot: Lot) -> None:
    lot.lets_out(lot.lets_in("AB12CDE", lot.spots[0]))
    await apply(database, lot.window(1, 4))
    await apply(database, lot.window(5))
    kept = await rows(database, "SELECT seq, body, salt, previous, hash FROM facts ORDER BY seq")
    assert [row["hash"] for row in kept] == [fact.hash for fact in lot.facts]
    assert [row["previous"] for row in kept] == [GENESIS, *(fact.hash for fact in lot.facts[:-1])]
    assert [row["body"] for row in kept] == [fact.body for fact in lot.facts]


async def test_a_fault_that_was_never_raised_cannot_be_cleared(database: asyncpg.Connection, lot: Lot) -> None:
    lot.says(FaultCleared(fault=an_id(), code="camera.frozen", source="north-in.camera", at=lot.now))
    outcome = await apply(database, lot.window())
    assert outcome.parked == 1


@pytest.mark.parametrize("odd", [{"left": "no id"}, {"left": "a\0b"}, {"after_seq": 2**70}, {"head_seq": -1}])
async def test_a_stream_that_goes_on_from_what_cannot_be_is_taken_as_one_that_begins(
    database: asyncpg.Connection, lot: Lot, odd: dict[str, object]
) -> None:
    """PostgreSQL would take neither, and the lot would send it for ever."""
    facts = {"after_seq": 1, "after_hash": "", "head_seq": 1, "head_hash": "", "carried": 0, "epoch": 1}
    again = Lot(lot.id)
    again.says_as("stream.opened", 1, {"left": an_id(), **facts, "why": "card", "at": NOON, **odd})
    outcome = await apply(database, again.window())
    assert isinstance(outcome.verdict, Apply)
    assert await database.fetchval("SELECT parent_id FROM streams WHERE current") is None
