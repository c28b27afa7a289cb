"""Facts applied with all their effects by one process: from the windows as published to the committed transaction.

The limit beside it: the very same rows of the facts table, put in by asyncpg's unnest, a thousand at a time, with no
check and no effect.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy.dialects import postgresql

from bench.report import Measured
from bench.traffic import a_backlog, windows
from cloud.clock import SystemClock
from cloud.collecting import collect_seldom
from cloud.db import connect, migrate
from cloud.db.schema import facts as facts_table
from cloud.enrolment import enrol_lot, tenant_named
from cloud.ingest.broker import Arrived
from cloud.ingest.digests import Compared
from cloud.ingest.lasting import Database
from cloud.ingest.news import News
from cloud.ingest.queues import LotQueues
from cloud.ingest.service import BESIDE
from cloud.ingest.statistics import Statistics
from cloud.ingest.window_desk import Waiting, WindowDesk
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Instant
from models.wire.seals import Signer
from models.wire.topics import up
from simulator.servers import Postgres

_AT = Instant(1_795_000_000_000_000)
_ROWS_AT_ONCE = 1000
_DIALECT = postgresql.dialect()


@dataclass(frozen=True, slots=True)
class Journal:
    """What one lot has to say: its windows as published."""

    lot: LotId
    published: tuple[bytes, ...]
    facts: int


async def _nothing_compared(lot: LotId, digest: Compared) -> None:
    """No digest is sent here."""


async def ours(settings: CloudSettings, journals: Sequence[Journal]) -> float:
    """Facts a second."""
    clock, metrics, signer = SystemClock(), Metrics(), Signer.generated()
    async with connect.pool(settings, most=settings.ingest_pool + BESIDE) as pool:
        database = Database(pool, clock)
        news, statistics = News(database, clock), Statistics(pool, clock)

        def committed(lots: Sequence[LotId], facts: int) -> None:
            news.tell(lots)
            statistics.grown(facts)

        publish = lambda topic, payload: True  # noqa: E731
        desk = WindowDesk(database, signer, clock, metrics, publish, _nothing_compared, committed)
        queues = LotQueues(desk.read, desk.take, lambda one: None, metrics, settings.ingest_pool)
        parts = [asyncio.create_task(part) for part in (queues.run(), news.run(), statistics.run())]
        begun = time.perf_counter()
        for journal in journals:
            for payload in journal.published:
                arrived = Arrived(up(journal.lot, "ledger"), payload, False, 0, 1, 0)
                queues.put(journal.lot, Waiting(arrived, clock.monotonic()))
        await queues.idle()
        taken = time.perf_counter() - begun
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        applied = await pool.fetchval("SELECT count(*) FROM facts")
        assert applied == sum(journal.facts for journal in journals)
        assert await pool.fetchval("SELECT count(*) FROM parked_facts") == 0
    return applied / taken


async def limit(settings: CloudSettings) -> float:
    """Rows a second, of the rows that our own run has left there."""
    connection = await connect.connection(settings, "bench")
    try:
        rows = await connection.fetch("SELECT * FROM facts ORDER BY lot_id, seq")
        await connection.execute("TRUNCATE facts")
        columns = [column.name for column in facts_table.columns]
        arrays = ", ".join(
            f"${n}::{column.type.compile(_DIALECT)}[]" for n, column in enumerate(facts_table.columns, 1)
        )
        insert = f"INSERT INTO facts ({', '.join(columns)}) SELECT * FROM unnest({arrays})"
        parts = [rows[first : first + _ROWS_AT_ONCE] for first in range(0, len(rows), _ROWS_AT_ONCE)]
        await connection.execute(insert, *zip(*parts.pop(), strict=True))  # the statement is prepared
        count = sum(map(len, parts))
        begun = time.perf_counter()
        for part in parts:
            await connection.execute(insert, *zip(*part, strict=True))
        return count / (time.perf_counter() - begun)
    finally:
        await connection.close()


async def enrolled(settings: CloudSettings, lots: int) -> list[LotId]:
    """A migrated database with so many lots in it."""
    engine = connect.engine(settings)
    await migrate.upgrade(engine)
    async with engine.begin() as connection:
        tenant = await tenant_named(connection, "default", _AT)
        ids = [LotId(await enrol_lot(connection, tenant, f"Lot {n}", _AT)) for n in range(lots)]
    await engine.dispose()
    return ids


def recorded(lots: Sequence[LotId], facts: int) -> list[Journal]:
    """Journals that the lots' own stores have written, `facts` in all."""
    journals: list[Journal] = []
    for number, lot in enumerate(lots):
        with tempfile.TemporaryDirectory(prefix="parkgate-bench-") as folder:
            store = a_backlog(Path(folder) / "lot.sqlite", lot, facts // len(lots), seed=number)
            cut = windows(store, lot)
            store.close()
        journals.append(Journal(lot, tuple(packed for _, packed in cut), cut[-1][0].facts[-1].seq))
    return journals


async def _run(postgres: Postgres, template: str, journals: Sequence[Journal]) -> tuple[float, float]:
    name = f"bench_{uuid4().hex}"
    settings = settings_for(postgres.create_database(name, template=template))
    try:
        return await ours(settings, journals), await limit(settings)
    finally:
        postgres.drop_database(name)


def settings_for(url: str) -> CloudSettings:
    return CloudSettings(database_url=SecretStr(url), ingest=False, console=False)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--facts", type=int, default=60_000, help="in each run")
    asked.add_argument("--lots", type=int, default=8)
    options = asked.parse_args()
    with Postgres() as postgres:
        settings = settings_for(postgres.create_database("template"))
        journals = recorded(asyncio.run(enrolled(settings, options.lots)), options.facts)
        collect_seldom()
        both: list[tuple[float, float]] = []
        for run in range(options.runs):
            both.append(asyncio.run(_run(postgres, "template", journals)))
            print(f"run {run + 1} of {options.runs}: {both[-1][0]:.0f} and {both[-1][1]:.0f} /s", file=sys.stderr)
    same = "asyncpg unnest insert of the same rows of the facts table, 1000 a statement, no checks, no effects"
    goal = "ratio >= 0.5; >= 20,000/s on a quiet machine"
    print(Measured("ingest", "facts/s", same, *zip(*both, strict=True), goal=goal).line())


if __name__ == "__main__":
    main()
