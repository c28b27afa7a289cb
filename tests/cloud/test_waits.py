"""What waits for a person, or was judged by one, is neither compared away nor put right by a resync; the rest is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from cloud.ingest import digests, resyncs
from cloud.ingest.digests import RESYNC_AT_MOST_EVERY, RESYNC_IN_VAIN_EVERY
from cloud.ingest.release import Judge, release_ticket, settle
from cloud.ingest.resyncs import apply_if_complete, wanted_now
from cloud.queries.parked import parked_facts
from models.ids import TicketId
from models.instants import SECOND, Instant
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import LATER, Mirror, leaves_paying, live_a_day
from tests.cloud.test_resyncs import arrive, parts_of, resynced, wanted
from tests.edge.lots import a_level, a_lot

Hold = Callable[[Mirror, TicketId], Awaitable[None]]
ANN = Judge("ann", "it left on Monday")


@pytest.fixture
def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> Iterator[Mirror]:
    made = Mirror(a_lot(tmp_path, (a_level(0, REGULAR=6, EV=1), a_level(1, REGULAR=3)), id=lot.id), database)
    live_a_day(made.lot)
    yield made
    made.lot.store.close()


async def a_ticket(mirror: Mirror, status: str) -> TicketId:
    found = "SELECT id::text FROM tickets WHERE status = $1 ORDER BY id LIMIT 1"
    return TicketId(await mirror.value(found, status))


async def tear(mirror: Mirror, ticket: TicketId) -> None:
    """As where a card of last week was restored: nothing was said of it yet."""
    await mirror.database.execute(
        "INSERT INTO torn_tickets (tenant_id, lot_id, stream_id, ticket_id)"
        " SELECT tenant_id, lot_id, stream_id, $1 FROM streams",
        ticket,
    )


async def park(mirror: Mirror, ticket: TicketId) -> None:
    await mirror.database.execute(
        "INSERT INTO parked_facts (tenant_id, lot_id, stream_id, seq, why, parked_at, ticket_id)"
        " SELECT tenant_id, lot_id, stream_id, 1, 'a test', 1, $1 FROM streams",
        ticket,
    )


@pytest.mark.parametrize("waits", [park, tear])
async def test_while_facts_of_a_ticket_wait_the_rest_is_compared_and_put_right(mirror: Mirror, waits: Hold) -> None:
    await mirror.catches_up()
    ticket = await a_ticket(mirror, "COMPLETED")
    await waits(mirror, ticket)
    assert await mirror.compares() == ("parked", set())
    await mirror.database.execute("UPDATE tickets SET amount_paid = amount_paid + 1")
    await mirror.database.execute("UPDATE spots SET status = 'AVAILABLE'")
    assert await mirror.compares() == ("parked", set())
    await mirror.database.execute("UPDATE faults SET detail = 'x'")
    assert await mirror.compares() == ("differs", {"faults"})
    await resynced(mirror)
    assert await mirror.compares() == ("parked", set())
    assert await mirror.value("SELECT count(*) FROM spots WHERE status <> 'AVAILABLE'") == 0, "left as they are"
    await settle(mirror.database, mirror.lot.id, ticket, LATER, ANN)
    assert (await mirror.compares())[1] == {"tickets", "spots"}


async def differs_by_judgement(mirror: Mirror, ticket: TicketId) -> None:
    """The cloud has what was paid in the lost week; the lot has never heard of it."""
    await mirror.catches_up()
    await tear(mirror, ticket)
    told = "UPDATE tickets SET amount_paid = 0, amount_due = NULL WHERE id = ?"
    mirror.lot.decide(lambda tx: tx.connection.execute(told, (ticket,)))


async def test_a_ticket_that_was_judged_stays_as_it_was_judged_and_the_lot_is_not_asked_all_day(mirror: Mirror) -> None:
    await mirror.catches_up()
    ticket = await a_ticket(mirror, "COMPLETED")
    await differs_by_judgement(mirror, ticket)
    [shown] = await parked_facts(mirror.database, mirror.lot.id)
    assert (shown.subject, shown.cause, shown.seq) == (ticket, "torn", 0)
    assert await settle(mirror.database, mirror.lot.id, ticket, LATER, ANN) == 1
    assert (await mirror.compares())[0] == "differs"
    done = await resynced(mirror)
    assert (done.rows, done.refused) == (0, "")
    assert done.kept > 0, "that they differ is on record"
    assert await mirror.value("SELECT amount_paid FROM tickets WHERE id = $1", ticket) == 250
    await mirror.compares(Instant(LATER + RESYNC_AT_MOST_EVERY + SECOND))
    assert await wanted_now(mirror.database, mirror.lot.id) is None
    await mirror.database.execute("UPDATE faults SET detail = 'x'")
    await mirror.compares(Instant(LATER + RESYNC_AT_MOST_EVERY + 2 * SECOND))
    assert await wanted_now(mirror.database, mirror.lot.id) is not None, "other tables are another matter"
    await mirror.database.execute("DELETE FROM resyncs WHERE state = 'asked'")
    await mirror.compares(Instant(LATER + RESYNC_IN_VAIN_EVERY + SECOND))
    assert await wanted_now(mirror.database, mirror.lot.id) is not None


async def test_without_keeping_what_was_judged_a_resync_undoes_it(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(resyncs, "tickets_judged", _none)
    await mirror.catches_up()
    ticket = await a_ticket(mirror, "COMPLETED")
    await differs_by_judgement(mirror, ticket)
    await settle(mirror.database, mirror.lot.id, ticket, LATER, ANN)
    await mirror.compares()
    await resynced(mirror)
    assert await mirror.value("SELECT amount_paid FROM tickets WHERE id = $1", ticket) == 0


async def _none(*_: object) -> frozenset[TicketId]:
    return frozenset()


async def test_without_waiting_a_torn_ticket_is_overwritten_before_anybody_judges(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    async def nothing(*_: object) -> str:
        return "nothing"

    for module in (digests, resyncs):
        monkeypatch.setattr(module, "what_waits", nothing)
    await mirror.catches_up()
    ticket = await a_ticket(mirror, "COMPLETED")
    await differs_by_judgement(mirror, ticket)
    await mirror.compares()
    await resynced(mirror)
    assert await mirror.value("SELECT amount_paid FROM tickets WHERE id = $1", ticket) == 0


async def test_where_the_lots_word_is_to_count_the_resync_brings_it(mirror: Mirror) -> None:
    await mirror.catches_up()
    ticket = await a_ticket(mirror, "COMPLETED")
    await differs_by_judgement(mirror, ticket)
    tenant = str(await mirror.value("SELECT tenant_id FROM parking_lots"))
    await release_ticket(mirror.database, tenant, mirror.lot.id, ticket, LATER, ANN)
    await mirror.compares()
    await resynced(mirror)
    assert await mirror.compares() == ("equal", set())
    assert await mirror.value("SELECT outcome || settled_by FROM torn_tickets") == "appliedann"


async def test_a_fact_that_was_judged_not_to_count_does_not_come_back_with_a_snapshot_of_before_it(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resyncs, "tickets_judged", _none)  # that alone would keep it
    await mirror.catches_up()
    ticket = await a_ticket(mirror, "ACTIVE")
    await mirror.database.execute("UPDATE tickets SET code = 'x' || code")
    await mirror.compares()
    parts = parts_of(mirror, await wanted(mirror))
    await tear(mirror, ticket)
    leaves_paying(mirror.lot, ticket, 7)
    await mirror.catches_up()
    assert await mirror.value("SELECT count(*) FROM parked_facts WHERE settled_at IS NULL") == 3
    await arrive(mirror, parts)
    assert await apply_if_complete(mirror.database, mirror.lot.id, LATER) is None
    await settle(mirror.database, mirror.lot.id, ticket, LATER, ANN)
    done = await apply_if_complete(mirror.database, mirror.lot.id, LATER)
    assert done is not None
    assert not done.refused
    assert await mirror.value("SELECT status FROM tickets WHERE id = $1", ticket) == "ACTIVE"
