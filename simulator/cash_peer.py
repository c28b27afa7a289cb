"""A machine for coins and notes, with a memory and a cash box of its own: the far end of that driver.

What it knows is on the disk before it says it. It may be cut off its power at any moment, and outlives the daemon.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.post.cash_words import REPORTED_AT_ONCE, State
from models.instants import SECOND, Instant

Json = dict[str, Any]
_TABLE = """
    CREATE TABLE IF NOT EXISTS payments (
        payment TEXT PRIMARY KEY, amount INTEGER NOT NULL, currency TEXT NOT NULL, inserted INTEGER NOT NULL DEFAULT 0,
        given_back INTEGER NOT NULL DEFAULT 0, over INTEGER NOT NULL DEFAULT 0, ends INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) STRICT"""


@dataclass
class CashPeer:
    """`change`: how much of it is left to give out; what is put in goes into the box. `escrow`: whether what is put in
    for a payment that isn't paid can come out again; without it all of it is kept. `hears_nothing`: as with a cable
    that is cut."""

    book: Path
    now: Callable[[], Instant]
    change: int = 0
    escrow: bool = True
    out_of_order: bool = False
    hears_nothing: bool = False
    port: int = 0
    begun: list[str] = field(default_factory=list[str])
    """The payments that it was asked to take, the first time that it was"""

    def __post_init__(self) -> None:
        self._connection = sqlite3.connect(self.book, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute(_TABLE)
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    # --- its customers and its owner ---

    def insert(self, *coins: int) -> bool:
        """Somebody puts money in. False: it comes out at once, nothing is open."""
        taken = [self._takes_in(coin) for coin in coins]
        return all(taken)

    @property
    def open(self) -> str | None:
        """The payment that it takes money for."""
        row = self._row_of_the_open()
        return None if row is None else str(row["payment"])

    @property
    def asked_for(self) -> int:
        """What the open payment lacks."""
        row = self._row_of_the_open()
        return 0 if row is None else int(row["amount"] - row["inserted"])

    @property
    def kept(self) -> dict[str, int]:
        """What its box holds, by payment."""
        rows = self._connection.execute("SELECT payment, inserted - given_back AS kept FROM payments")
        return {row["payment"]: row["kept"] for row in rows if row["kept"]}

    def power_fails(self) -> None:
        """And comes back: what was open is ended, as when nobody asks any more."""
        self.hang_up()
        for row in self._connection.execute("SELECT payment FROM payments WHERE NOT over").fetchall():
            self._end(row["payment"])

    # --- what it is asked ---

    def answer(self, asked: Json) -> Json:
        self._end_what_nobody_asks_for()
        match asked["do"]:
            case "take":
                said = self._take(asked)
            case "end":
                said = self._ended(str(asked["payment"]))
            case "report":
                said = self._report(asked)
            case _:
                said = self._told(str(asked["payment"]))
        return {"n": asked["n"], **said}

    def hear(self, line: bytes) -> bytes:
        """One line, and what it answers."""
        if self.hears_nothing:
            return b""
        return json.dumps(self.answer(json.loads(line))).encode() + b"\n"

    async def __aenter__(self) -> CashPeer:
        """Over TCP; `port` is the same when it is switched on again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hang_up()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(ConnectionError, asyncio.CancelledError):
            while line := await reader.readline():
                writer.write(self.hear(line))
                await writer.drain()
        writer.close()

    # --- how it does it ---

    def _take(self, asked: Json) -> Json:
        payment, row = str(asked["payment"]), self._row(asked["payment"])
        busy = self._row_of_the_open()
        if row is None and busy is not None:
            return {**self._said(busy), "state": State.BUSY}
        if row is None and self.out_of_order:
            return {"payment": payment, "state": State.OUT_OF_ORDER, **self._troubles()}
        ends = self.now() + asked["within"] * SECOND
        if row is None:
            self.begun.append(payment)
            begun = (payment, asked["amount"], asked["currency"], ends, self.now())
            self._write("INSERT INTO payments (payment, amount, currency, ends, at) VALUES (?, ?, ?, ?, ?)", *begun)
        else:
            self._write("UPDATE payments SET ends = ? WHERE payment = ?", ends, payment)
        return self._told(payment)

    def _takes_in(self, coin: int) -> bool:
        row = self._row_of_the_open()
        if row is None:
            return False
        self._write("UPDATE payments SET inserted = inserted + ? WHERE payment = ?", coin, row["payment"])
        over = row["inserted"] + coin - row["amount"]
        if over >= 0:
            back = over if over <= self.change else 0
            self.change -= back
            self._is_over(row["payment"], back)
        return True

    def _ended(self, payment: str) -> Json:
        if self._row(payment) is None:
            never = (payment, self.now())
            self._write(
                "INSERT INTO payments (payment, amount, currency, over, ends, at) VALUES (?, 0, '', 1, 0, ?)", *never
            )
        self._end(payment)
        return self._told(payment)

    def _end(self, payment: str) -> None:
        row = self._row(payment)
        if row is not None and not row["over"]:
            self._is_over(payment, row["inserted"] if self.escrow else 0)

    def _is_over(self, payment: str, back: int) -> None:
        over = "UPDATE payments SET over = 1, given_back = ?, at = ? WHERE payment = ?"
        self._write(over, back, self.now(), payment)

    def _end_what_nobody_asks_for(self) -> None:
        row = self._row_of_the_open()
        if row is not None and row["ends"] <= self.now():
            self._end(row["payment"])

    def _told(self, payment: str) -> Json:
        row = self._row(payment)
        if row is None:
            return {"payment": payment, "state": State.UNKNOWN, **self._troubles()}
        return self._said(row)

    def _said(self, row: sqlite3.Row) -> Json:
        return {
            "payment": row["payment"],
            "state": State.OVER if row["over"] else State.OPEN,
            "inserted": row["inserted"],
            "given_back": row["given_back"],
            "currency": row["currency"],
            "receipt": f"M-{row['payment']}",
            **self._troubles(),
        }

    def _troubles(self) -> Json:
        wrong = [name for name, stands in (("no_change", self.change <= 0), ("jammed", self.out_of_order)) if stands]
        return {"troubles": wrong}

    def _report(self, asked: Json) -> Json:
        rows = self._connection.execute(
            """SELECT payment, inserted - given_back AS amount, currency, at FROM payments
               WHERE over AND inserted > given_back AND at >= ? AND at < ? ORDER BY at, payment LIMIT ? OFFSET ?""",
            (asked["since"], asked["until"], REPORTED_AT_ONCE + 1, asked["skip"]),
        ).fetchall()
        lines = [{**dict(row), "receipt": f"M-{row['payment']}"} for row in rows[:REPORTED_AT_ONCE]]
        return {"lines": lines, "more": len(rows) > REPORTED_AT_ONCE}

    def _row(self, payment: object) -> sqlite3.Row | None:
        return self._connection.execute("SELECT * FROM payments WHERE payment = ?", (payment,)).fetchone()

    def _row_of_the_open(self) -> sqlite3.Row | None:
        return self._connection.execute("SELECT * FROM payments WHERE NOT over").fetchone()

    def _write(self, statement: str, *row: object) -> None:
        self._connection.execute(statement, row)
