"""Slow rounds through the whole store, step by step in a thread of their own, with pauses: nobody waits for them."""

from __future__ import annotations

import functools
import sqlite3
from asyncio import get_running_loop
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Generic, TypeVar

from edge.store.connecting import looking_into
from edge.store.damage import inspection
from edge.store.damage.books import Comparison, Difference
from edge.store.damage.inspection import Damage
from edge.store.worker import Worker
from models.ids import LotId
from models.instants import Clock

_BETWEEN_STEPS = 0.5
_Seen = TypeVar("_Seen")

Look = Callable[[sqlite3.Connection], Iterator[_Seen | None]]


class Rounds:
    """Raises StoreUnavailable, from each of its rounds."""

    def __init__(self, store: Path, lot: LotId, clock: Clock) -> None:
        self._store, self._lot, self._clock = store, lot, clock
        self._part = 0

    async def damage(self) -> Damage | None:
        """The first that is found in structure, references or chain."""
        async with aclosing(self._seen(lambda connection: inspection.all_through(connection, self._lot))) as seen:
            async for damage in seen:
                return damage
        return None

    async def differences(self) -> list[Difference]:
        """Rows that don't say what their facts say; of a long history, one part in each round."""
        self._part += 1
        compare: Look[Difference] = lambda connection: Comparison(connection, self._lot, self._part).steps()  # noqa: E731
        async with aclosing(self._seen(compare)) as seen:
            return [difference async for difference in seen]

    async def _seen(self, look: Look[_Seen]) -> AsyncGenerator[_Seen]:
        steps, worker = _Steps(self._store, look), Worker("store-round")
        in_thread = functools.partial(get_running_loop().run_in_executor, worker)
        try:
            while not steps.through:
                seen = await in_thread(steps.next)
                if seen is not None:
                    yield seen
                else:
                    await self._clock.sleep(_BETWEEN_STEPS)
        finally:
            await in_thread(steps.close)
            worker.shutdown()


class _Steps(Generic[_Seen]):
    """A look, taken step by step over a connection of its own."""

    def __init__(self, store: Path, look: Look[_Seen]) -> None:
        self._steps = self._begun(store, look)
        self.through = False

    def next(self) -> _Seen | None:
        try:
            return next(self._steps)
        except StopIteration:
            self.through = True
            return None

    def close(self) -> None:
        self._steps.close()

    def _begun(self, store: Path, look: Look[_Seen]) -> Generator[_Seen | None]:
        with looking_into(store) as connection:
            yield from look(connection)
