"""A thread for work that blocks: what it did comes back to the event loop in one hop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

AT_ONCE = 16
"""The first of so many jobs waits for the last one: with a millisecond or two each, no driver notices."""


class _Job(NamedTuple):
    answer: asyncio.Future[Any]
    work: Callable[..., Any]
    args: tuple[Any, ...]


Together = Callable[[Sequence[tuple[Any, ...]]], Sequence[Any] | None]
"""Does the jobs with these arguments in one go, and says what each comes to. Where it says None or raises, it has done
nothing of any of them."""


class Worker(Executor):
    """Does one job after another, in a thread of its own that begins with the first. For `loop.run_in_executor`.

    A thread pool would answer through two futures and two turns of the loop, while an arm waits to be told.
    `together`: a kind of work, and how those of its kind are done that wait already when the thread comes to them.
    """

    def __init__(self, name: str, together: tuple[Callable[..., Any], Together] | None = None) -> None:
        self._name, self._together = name, together
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._kept: list[_Job | None] = []
        """The one that was taken from the queue and couldn't be done with those before it"""
        self._thread: Thread | None = None
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Only on the event loop, whose own future is the answer: `run_in_executor` hands it on as it is."""
        if self._closed:
            raise RuntimeError(f"{self._name} has been shut down")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(answer, fn, args))
        if self._thread is None:
            self._thread = Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing new is taken; what was taken is done first."""
        self._closed = True
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            some = [job, *self._neighbours(job)]
            _do_all([one for one in some if not one.answer.cancelled()], self._together)

    def _next(self) -> _Job | None:
        return self._kept.pop() if self._kept else self._jobs.get()

    def _neighbours(self, first: _Job) -> list[_Job]:
        """Those that wait right behind it and can be done with it."""
        found: list[_Job] = []
        with suppress(Empty):
            while self._joins(first) and len(found) < AT_ONCE - 1:
                job = self._jobs.get_nowait()
                if job is None or not self._joins(job):
                    self._kept.append(job)
                    break
                found.append(job)
        return found

    def _joins(self, job: _Job) -> bool:
        return self._together is not None and job.work == self._together[0]


def _do_all(jobs: Sequence[_Job], together: tuple[Callable[..., Any], Together] | None) -> None:
    done = None if together is None or len(jobs) < 2 else _tried(jobs, together[1])
    if done is None:
        for job in jobs:
            _do(job)
    else:
        for job, what in zip(jobs, done, strict=True):
            _tell(job.answer, _succeed, what)


def _tried(jobs: Sequence[_Job], together: Together) -> Sequence[Any] | None:
    try:
        return together([job.args for job in jobs])
    except BaseException:  # noqa: BLE001 whoever it concerns meets it again, alone, and gets it
        return None


def _do(job: _Job) -> None:
    try:
        done = job.work(*job.args)
    except BaseException as wrong:  # noqa: BLE001 whoever waits for the answer gets it
        _tell(job.answer, _fail, wrong)
    else:
        _tell(job.answer, _succeed, done)


def _tell(answer: asyncio.Future[Any], how: Callable[[asyncio.Future[Any], Any], None], what: Any) -> None:
    with suppress(RuntimeError):  # the loop was closed: nobody waits any more
        answer.get_loop().call_soon_threadsafe(how, answer, what)


def _succeed(answer: asyncio.Future[Any], done: Any) -> None:
    if not answer.cancelled():
        answer.set_result(done)


def _fail(answer: asyncio.Future[Any], wrong: BaseException) -> None:
    if not answer.cancelled():
        answer.set_exception(wrong)
