"""A lot's books, read from beside its daemon while it lives and dies: only what is new is read each time."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from tests.chaos.lane_lot import Stay

_FACTS = "SELECT seq, type, json_extract(body, '$.ticket') FROM journal WHERE seq > ? ORDER BY seq"
_STAYS = """SELECT id, code, status, entry_lane, exit_lane,
    (SELECT coalesce(sum(amount), 0) FROM payments WHERE ticket_id = tickets.id) > amount_due
    FROM tickets WHERE id IN ({})"""


class LotBooks:
    """What the lot has on record, as far as it was read: call `read` first."""

    def __init__(self, store: Path) -> None:
        self._store, self._seq, self._run = store, 0, 0
        self._opened: dict[str, int] = {}
        self._leaving: set[str] = set()
        self._allowed_out: Counter[str] = Counter()

    @property
    def tickets(self) -> int:
        """How many were opened so far; `since` that many, see `opened`."""
        return len(self._opened)

    def read(self) -> None:
        with closing(self._connection()) as connection:
            for seq, type, ticket in connection.execute(_FACTS, (self._seq,)):
                self._seq = seq
                self._take(type, ticket)

    def opened(self, lane: str, since: int) -> list[Stay]:
        """The stays that were opened in that lane after so many tickets."""
        return [stay for stay in self.stays(list(self._opened)[since:]) if stay.entry_lane == lane]

    def stays(self, tickets: Iterable[str]) -> list[Stay]:
        ids = list(tickets)
        with closing(self._connection()) as connection:
            rows = connection.execute(_STAYS.format(", ".join("?" * len(ids))), ids).fetchall()
        return [
            Stay(
                *row[:5],
                allowed_out=self._allowed_out[row[0]],
                overpaid=bool(row[5]),
                run=self._opened[row[0]],
                being_let_out=row[0] in self._leaving,
            )
            for row in rows
        ]

    def _take(self, type: str, ticket: str | None) -> None:
        match type:
            case "daemon.started":
                self._run += 1
                self._leaving.clear()
            case "ticket.opened" if ticket is not None:
                self._opened[ticket] = self._run
            case "exit.allowed" if ticket is not None:
                self._allowed_out[ticket] += 1
                self._leaving.add(ticket)
            case "exit.abandoned" | "ticket.closed" | "ticket.unresolved" if ticket is not None:
                self._leaving.discard(ticket)
            case _:
                pass

    def _connection(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._store}?mode=ro", uri=True, timeout=10)


def half_way(stays: Sequence[Stay]) -> bool:
    return any(stay.half_way for stay in stays)
