"""The thread behind the store: one job after another, each answered on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from edge.lockstep import LockstepLoop
from edge.store.worker import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker("test-worker")
    yield worker
    worker.shutdown()


async def test_jobs_are_done_one_after_another_in_one_thread_that_is_not_the_loops(worker: Worker) -> None:
    loop, done, threads = asyncio.get_running_loop(), list[int](), set[int]()

    def job(number: int) -> int:
        threads.add(threading.get_ident())
        done.append(number)
        return number * 2

    answers = await asyncio.gather(*(loop.run_in_executor(worker, job, number) for number in range(50)))
    assert done == list(range(50))
    assert answers == [number * 2 for number in done]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_what_a_job_raises_reaches_whoever_waits_and_the_next_job_is_done(worker: Worker) -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(ZeroDivisionError):
        await loop.run_in_executor(worker, lambda: 1 / 0)
    with pytest.raises(SystemExit):
        await loop.run_in_executor(worker, lambda: (_ for _ in ()).throw(SystemExit))
    assert await loop.run_in_executor(worker, lambda: "done") == "done"


async def test_a_job_that_nobody_waits_for_any_more_is_not_begun(worker: Worker) -> None:
    loop, may_go_on, done = asyncio.get_running_loop(), threading.Event(), list[str]()
    first = loop.run_in_executor(worker, lambda: (may_go_on.wait(5), done.append("first")))
    second = loop.run_in_executor(worker, lambda: done.append("second"))
    third = loop.run_in_executor(worker, lambda: done.append("third"))
    second.cancel()
    first.cancel()
    may_go_on.set()
    await third
    assert done == ["first", "third"], "what had begun was finished"


async def test_shutting_down_waits_for_what_was_taken_and_takes_nothing_more(worker: Worker) -> None:
    loop, done = asyncio.get_running_loop(), list[int]()
    answers = [loop.run_in_executor(worker, done.append, number) for number in range(20)]
    worker.shutdown()
    assert done == list(range(20))
    await asyncio.gather(*answers)
    with pytest.raises(RuntimeError, match="shut down"):
        loop.run_in_executor(worker, done.append, 20)


def test_a_job_outlives_the_loop_that_asked_for_it(worker: Worker) -> None:
    may_go_on, done = threading.Event(), list[str]()

    async def leaves_early() -> None:
        asyncio.get_running_loop().run_in_executor(worker, lambda: (may_go_on.wait(5), done.append("done")))

    with asyncio.Runner() as runner:
        runner.run(leaves_early())
    may_go_on.set()
    worker.shutdown()
    assert done == ["done"]


def test_a_loop_in_lock_step_is_not_idle_while_a_job_is_under_way(worker: Worker) -> None:
    may_go_on, idle_after = threading.Event(), list[str]()

    async def waits(loop: LockstepLoop) -> None:
        job = loop.run_in_executor(worker, may_go_on.wait, 5)
        loop.when_idle(lambda: idle_after.append("done" if job.done() else "under way"))
        loop.call_later(0.02, may_go_on.set)
        await job
        await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=LockstepLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, LockstepLoop)
        runner.run(waits(loop))
    assert set(idle_after) == {"done"}
