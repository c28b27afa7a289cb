"""Work that begins at once and not in the event loop's next turn, because an arm waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

_Step = Callable[[], Any]


def begin(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task for `work`, which has got as far as its first wait when this returns.

    What it raises on the way is found in the task, never raised here. From Python 3.12 on this is
    `asyncio.Task(work, eager_start=True)`.
    """
    loop, around = asyncio.get_running_loop(), asyncio.current_task()
    begun = _Begun(work)
    task = loop.create_task(begun)
    # The work looks for the task that it is, to set itself a time limit for example.
    if around is not None:
        asyncio.tasks._leave_task(loop, around)  # pyright: ignore[reportPrivateUsage]
    asyncio.tasks._enter_task(loop, task)  # pyright: ignore[reportPrivateUsage]
    try:
        begun.begin()
    finally:
        asyncio.tasks._leave_task(loop, task)  # pyright: ignore[reportPrivateUsage]
        if around is not None:
            asyncio.tasks._enter_task(loop, around)  # pyright: ignore[reportPrivateUsage]
    return task


class _Begun(Coroutine[Any, Any, None]):
    """A coroutine one step ahead of its task: the task is told of the first step when it asks for it."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = work
        self._first: _Step | None = None
        self._over = False

    def begin(self) -> None:
        try:
            waits_for = self._work.send(None)
        except BaseException as end:  # noqa: BLE001 its task ends with it
            self._first, self._over = _raising(end), True
        else:
            self._first = lambda: waits_for

    def send(self, value: Any) -> Any:
        first, self._first = self._first, None
        return self._work.send(value) if first is None else first()

    def throw(self, *thrown: Any) -> Any:
        first, self._first = self._first, None
        if self._over and first is not None:
            return first()
        return self._work.throw(*thrown)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, None]:
        raise NotImplementedError("only its task steps it")


def _raising(end: BaseException) -> _Step:
    def step() -> Any:
        raise end

    return step
