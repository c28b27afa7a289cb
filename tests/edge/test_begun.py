"""Work that begins at once: an arm isn't kept waiting for the event loop's next turn."""

from __future__ import annotations

import asyncio

import pytest

from edge.lane.begun import begin


class Work:
    """Notes how far it has got; `waits` is what it waits for half way."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.waits: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def runs(self) -> None:
        self.steps.append("begun")
        try:
            self.steps.append(await self.waits)
        except asyncio.CancelledError:
            self.steps.append("cancelled")
            raise


async def test_work_has_got_to_its_first_wait_before_anything_else_happens() -> None:
    work = Work()
    task = begin(work.runs())
    assert work.steps == ["begun"]
    work.waits.set_result("over")
    await task
    assert work.steps == ["begun", "over"]


async def test_work_that_never_waits_is_over_at_once() -> None:
    done: list[str] = []

    async def never_waits() -> None:
        done.append("done")

    task = begin(never_waits())
    assert done == ["done"]
    await task


async def test_what_goes_wrong_at_once_is_found_in_the_task() -> None:
    async def fails() -> None:
        raise LookupError("at once")

    task = begin(fails())
    with pytest.raises(LookupError, match="at once"):
        await task


async def test_what_goes_wrong_later_is_found_in_the_task() -> None:
    work = Work()
    task = begin(work.runs())
    work.waits.set_exception(LookupError("later"))
    with pytest.raises(LookupError, match="later"):
        await task


@pytest.mark.parametrize("turns", [0, 1])
async def test_work_is_cancelled_where_it_waits(turns: int) -> None:
    work = Work()
    task = begin(work.runs())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.steps == ["begun", "cancelled"]
    assert work.waits.cancelled() is bool(turns)


async def test_what_was_over_at_once_is_cancelled_too_late() -> None:
    async def fails() -> None:
        raise LookupError("at once")

    task = begin(fails())
    task.cancel()
    with pytest.raises(LookupError, match="at once"):
        await task


async def test_work_may_set_itself_a_time_limit_from_its_first_step_on() -> None:
    ends: list[str] = []

    async def limited() -> None:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            ends.append("too late")

    before = asyncio.current_task()
    task = begin(limited())
    assert asyncio.current_task() is before
    await task
    assert ends == ["too late"]


async def test_work_may_begin_other_work() -> None:
    seen: list[asyncio.Task[object] | None] = []

    async def inner() -> None:
        seen.append(asyncio.current_task())

    async def outer() -> None:
        seen.append(asyncio.current_task())
        await begin(inner())
        seen.append(asyncio.current_task())

    task = begin(outer())
    await task
    assert seen[0] is seen[2] is task
    assert seen[1] is not task


def test_work_may_begin_outside_of_any_task() -> None:
    done: list[str] = []

    async def quick() -> None:
        await asyncio.sleep(0)
        done.append("done")

    async def runs() -> None:
        asyncio.get_running_loop().call_soon(lambda: begin(quick()))
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(runs())
    assert done == ["done"]
