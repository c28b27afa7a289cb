"""What isn't taken is on record, also what a stop finds still waiting."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from edge.clock import SystemClock
from edge.faults import FaultBoard
from edge.sync.commanding import refusal_book
from edge.sync.commanding.refusal_book import Budget, RefusalBook
from edge.sync.commanding.verdict import Came, Refused
from models.commands import CommandRefusal
from models.wire.commands import LONGEST_REASON, Command
from tests.edge.lots import IN, LOT, NOON, Lot, a_lot

NOISE = Came.of(b"noise")


def a_book(lot: Lot) -> RefusalBook:
    return RefusalBook(lot.store, SystemClock(), FaultBoard(lambda decision: None).reporter("link"))


async def stopped(book: RefusalBook, after: float = 0.01) -> None:
    """The book at work for a moment."""
    working = asyncio.create_task(book.run())
    await asyncio.sleep(after)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


def recorded(lot: Lot) -> dict[object, object]:
    rows = lot.rows(
        "SELECT json_extract(body, '$.reason'), sum(json_extract(body, '$.times'))"
        " FROM journal WHERE type = 'command.refused' GROUP BY 1"
    )
    return dict(rows)


@pytest.mark.parametrize("after", [0.01, 0.26])
async def test_a_stop_puts_on_record_what_was_waiting_and_what_was_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: float
) -> None:
    monkeypatch.setattr(Budget.__init__, "__defaults__", (500.0,))
    lot = a_lot(tmp_path)
    book = a_book(lot)
    for _ in range(700):
        book.note(NOISE, Refused(CommandRefusal.MALFORMED))
    for _ in range(5000):
        book.count(CommandRefusal.CROWDED)
    await stopped(book, after)
    assert recorded(lot) == {"MALFORMED": 700, "CROWDED": 5000}
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'command.refused'") == 502


async def test_a_store_that_takes_nothing_holds_no_stop_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal_book, "LAST_SECONDS", 0.1)
    lot = a_lot(tmp_path)
    lot.decide(lambda tx: tx.connection.execute("PRAGMA busy_timeout = 20"))
    book = a_book(lot)
    book.count(CommandRefusal.CROWDED)
    with closing(sqlite3.connect(lot.path)) as stranger:
        stranger.isolation_level = None
        stranger.execute("BEGIN IMMEDIATE")
        await asyncio.wait_for(stopped(book), 2)
        stranger.execute("ROLLBACK")


async def test_who_gave_a_refused_command_and_why_is_on_record(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    book, why = a_book(lot), "a lorry is stuck " * 30
    command = Command(
        id=uuid4(),
        lot=LOT,
        lane=IN,
        kind="open",
        by="Control room",
        reason=why[:LONGEST_REASON],
        nonce="n",
        issued_at=NOON,
    )
    book.note(NOISE, Refused(CommandRefusal.LATE, command))
    book.note(NOISE, Refused(CommandRefusal.FORGED))
    await stopped(book)
    found = "SELECT json_extract(body, '$.by'), json_extract(body, '$.given_reason') FROM journal"
    assert lot.rows(f"{found} WHERE type = 'command.refused' ORDER BY seq") == [
        ("Control room", why[:LONGEST_REASON]),
        (None, None),
    ]
