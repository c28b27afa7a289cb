"""A lane's paperwork, one sheet after the other: what happened is written, and what is asked is decided, in order.

While the store can't take a sheet, what comes after it waits; a question doesn't: nobody at a lane is kept waiting
for an answer that can't be put on record.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

from edge.lane.begun import begin
from edge.lane.desk import Paper
from edge.store import Store
from edge.store.keep_writing import keep_writing
from models.instants import Clock

Keep = Callable[[asyncio.Task[None]], asyncio.Task[None]]
"""Looks after a task: logs what ends it, and cancels it when the lane stops."""


@dataclass(frozen=True)
class _Sheet:
    work: Callable[[], Awaitable[None]]
    question: bool


class Clerk:
    """`contradicted(detail)`: a sheet that doesn't fit what is on record; it is left out. `unanswered()`: a question
    that got no answer, because the store or the desk fails."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        keep: Keep,
        contradicted: Callable[[str], None],
        unanswered: Callable[[], None],
    ) -> None:
        self._store, self._clock, self._keep = store, clock, keep
        self._contradicted, self._unanswered = contradicted, unanswered
        self._sheets: deque[_Sheet] = deque()
        self._asking = False
        self._store_fails = False
        self.all_done = asyncio.Event()
        self.all_done.set()

    def file(self, paper: Paper) -> None:
        """Write it, after everything before it."""
        self._give(_Sheet(lambda: self._write(paper), question=False))

    def ask(self, decide: Callable[[], Coroutine[None, None, None]]) -> None:
        """Decide it, after everything before it was written; `unanswered` at once where that can't be."""
        if self._store_fails:
            self._unanswered()
        else:
            self._give(_Sheet(lambda: self._decide(decide), question=True))

    def _give(self, sheet: _Sheet) -> None:
        self._sheets.append(sheet)
        if self.all_done.is_set():
            self._begin()

    def _begin(self) -> None:
        self.all_done.clear()
        self._keep(begin(self._work())).add_done_callback(self._ended)

    async def _work(self) -> None:
        while self._sheets:
            await self._sheets.popleft().work()
        self.all_done.set()

    async def _decide(self, decide: Callable[[], Coroutine[None, None, None]]) -> None:
        self._asking = True
        await decide()
        self._asking = False

    async def _write(self, paper: Paper) -> None:
        try:
            await keep_writing(self._store, paper, self._clock, self._trouble)
        except (LookupError, sqlite3.IntegrityError) as wrong:
            # One bad row must not stop the lane.
            self._contradicted(str(wrong))
        self._store_fails = False

    def _trouble(self) -> None:
        self._store_fails = True
        waiting = [sheet for sheet in self._sheets if sheet.question]
        self._sheets = deque(sheet for sheet in self._sheets if not sheet.question)
        for _ in waiting:
            self._unanswered()

    def _ended(self, work: asyncio.Task[None]) -> None:
        """A defect in one decision costs that decision, never the lane."""
        wrong = None if work.cancelled() else work.exception()
        if wrong is None:
            return
        asking, self._asking = self._asking, False
        # Its words stay in the log: they may quote a plate, and a fact is kept for good.
        self._contradicted(type(wrong).__name__)
        self._begin()
        if asking:
            self._unanswered()
