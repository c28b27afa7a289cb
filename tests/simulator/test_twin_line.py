"""Lock-step time: the daemon's clock and event loop, and a twin's parts, with a real twin's end of the line."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import Charged, ChargeOutcome, DriverContext, DriverError, Position, PrintedTicket
from drivers.twin import (
    PAPER_OUT,
    UNREACHABLE,
    TwinBarrier,
    TwinClassifier,
    TwinInput,
    TwinPrinter,
    TwinScanner,
    TwinTerminal,
)
from drivers.twin_connection import LINE
from edge.lane.signals import Blind, Code, Ordered, Pressed, Read, Signal
from edge.lockstep import Lockstep, LockstepClock, LockstepError, signal_of
from models.ids import LaneName, PaymentId
from models.instants import SECOND, Instant, Monotonic
from models.money import Minor
from models.spots import VehicleType
from simulator.twin.line import Idle, Line, LineError
from tests.drivers.conftest import Notebook

WALL = Instant(1_700_000_000_000_000)


class Pair:
    """A twin's line, and a daemon's end of it on a thread with its own event loop, as in a daemon."""

    def __init__(self, folder: Path, patience: float = 5.0) -> None:
        self.path = folder / "twin.sock"
        self.line = Line(self.path, patience)
        self.notebook = Notebook()
        self.heard: list[tuple[LaneName, Signal]] = []
        self.done = threading.Event()

    def daemon(self, main: Callable[[Lockstep, DriverContext], Awaitable[None]]) -> Idle:
        """Start it; its first answer."""
        self._thread = threading.Thread(target=self._runs, args=(main,), daemon=True)
        self._thread.start()
        while not self.line.awaits():
            pass
        return self.line.greet(0, WALL)

    def _runs(self, main: Callable[[Lockstep, DriverContext], Awaitable[None]]) -> None:
        lockstep = Lockstep(self.path)
        lockstep.on_signal(lambda lane, signal: self.heard.append((lane, signal)))
        context = DriverContext("in.part", lockstep.clock, self.notebook, {LINE: lockstep.line})
        with asyncio.Runner(loop_factory=lockstep.loop) as runner:
            runner.run(self._until_the_twin_hangs_up(main(lockstep, context), lockstep))
        self.done.set()

    async def _until_the_twin_hangs_up(self, work: Any, lockstep: Lockstep) -> None:
        ended = asyncio.Event()
        lockstep.on_end(ended.set)
        working = asyncio.ensure_future(work)
        await ended.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    def over(self) -> None:
        self.line.close()
        assert self.done.wait(10)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_time_stands_still_until_the_twin_moves_it(pair: Pair):
    woken: list[int] = []

    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        for _ in range(3):
            await context.clock.sleep(2.5)
            woken.append(context.clock.monotonic())

    assert pair.daemon(main) == Idle(2_500_000, ())
    time.sleep(0.05)
    assert pair.line.step(1 * SECOND, []) == Idle(2_500_000, ())
    assert pair.line.step(2_500_000, []) == Idle(5 * SECOND, ())
    assert woken == [2_500_000]
    assert pair.line.step(5 * SECOND, []).next == 7_500_000
    pair.over()


def test_a_twin_that_goes_past_a_moment_it_was_told_of_is_told_so():
    clock = LockstepClock(Monotonic(0), WALL)

    async def sleeps() -> None:
        asleep = asyncio.ensure_future(clock.sleep(2.5))
        await asyncio.sleep(0)
        assert clock.promise() == 2_500_000
        with pytest.raises(LockstepError, match="woken at 2500000"):
            clock.advance(2_500_001)
        clock.advance(2_500_000)
        await asleep

    asyncio.run(sleeps())


def test_who_fell_asleep_on_what_came_over_the_link_is_woken_late():
    clock = LockstepClock(Monotonic(0), WALL)

    async def sleeps() -> None:
        assert clock.promise() is None
        heard = asyncio.ensure_future(clock.sleep(2.5))
        await asyncio.sleep(0)
        clock.advance(60 * SECOND)
        await asyncio.wait_for(heard, 1)

    asyncio.run(sleeps())


def test_wall_time_is_the_twins_too(pair: Pair):
    read: list[int] = []

    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        await context.clock.sleep(3600)
        read.append(context.clock.read().wall)

    pair.daemon(main)
    pair.line.step(3600 * SECOND, [])
    assert read == [WALL + 3600 * SECOND]
    pair.over()


def test_the_daemon_isnt_idle_while_a_worker_thread_is_at_work(pair: Pair):
    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        for _ in range(3):
            await context.clock.sleep(1)
            await asyncio.to_thread(time.sleep, 0.2)
            lockstep.line.say("in.part", "written")

    pair.daemon(main)
    for second in (1, 2, 3):
        began = time.monotonic()
        idle = pair.line.step(second * SECOND, [])
        assert idle.said == (("in.part", "written", None),)
        assert time.monotonic() - began >= 0.2
    pair.over()


def test_who_is_woken_by_time_comes_before_what_happens_then(pair: Pair):
    order: list[str] = []

    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        part = TwinInput(context)
        part.on_level(lambda level: order.append(f"level {level}"))
        await part.start()
        await context.clock.sleep(1)
        order.append("woken")

    pair.daemon(main)
    pair.line.step(1 * SECOND, [("in.part", True)])
    assert order == ["woken", "level True"]
    pair.over()


def test_a_cancelled_sleeper_isnt_waited_for(pair: Pair):
    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        sleeper = asyncio.ensure_future(context.clock.sleep(5))
        await context.clock.sleep(1)
        sleeper.cancel()
        await asyncio.Event().wait()

    assert pair.daemon(main).next == 1 * SECOND
    assert pair.line.step(1 * SECOND, []).next is None
    pair.over()


def test_a_barrier_says_its_orders_with_the_next_answer_and_hears_its_position(pair: Pair):
    positions: list[Position] = []

    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        barrier = TwinBarrier(context)
        barrier.on_position(positions.append)
        await barrier.start()
        with pytest.raises(DriverError) as refused:
            await barrier.vend("too-early")
        assert refused.value.fault is UNREACHABLE
        await context.clock.sleep(1)
        await barrier.vend("vend-1")
        await barrier.hold()
        await barrier.release()
        await barrier.lower()
        await context.clock.sleep(1)
        await barrier.vend("vend-2")

    idle = pair.daemon(main)
    assert idle.said == (("in.part", "join", "barrier"),)
    pair.line.step(SECOND // 2, [("in.part", "closed")])
    idle = pair.line.step(SECOND, [])
    assert [(word, detail) for _, word, detail in idle.said] == [
        ("vend", "vend-1"),
        ("hold", True),
        ("hold", False),
        ("lower", None),
    ]
    pair.line.step(SECOND + 1, [("in.part", None)])
    assert UNREACHABLE.code in pair.notebook.on
    assert pair.line.step(2 * SECOND, []).said == ()
    assert positions == [Position.CLOSED, Position.UNKNOWN]
    pair.over()


def test_a_terminal_waits_for_the_drivers_payment(pair: Pair):
    ended: list[Charged] = []

    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        terminal = TwinTerminal(context)
        await terminal.start()
        await context.clock.sleep(1)
        ended.append(await terminal.charge(PaymentId("payment-1"), Minor(250), "EUR"))
        ended.append(await terminal.charge(PaymentId("payment-2"), Minor(500), "EUR"))

    pair.daemon(main)
    pair.line.step(1, [("in.part", {})])
    asked = pair.line.step(SECOND, []).said
    assert asked == (("in.part", "charge", {"payment": "payment-1", "amount": 250, "currency": "EUR"}),)
    paid = {"payment": "payment-1", "outcome": "taken", "reference": "T-1", "detail": ""}
    pair.line.step(4 * SECOND, [("in.part", paid)])
    pair.line.step(5 * SECOND, [("in.part", None)])
    assert [charged.outcome for charged in ended] == [ChargeOutcome.TAKEN, ChargeOutcome.UNREACHABLE]
    pair.over()


def test_a_printer_without_paper_prints_nothing(pair: Pair):
    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        printer = TwinPrinter(context)
        await printer.start()
        for _ in range(2):
            await context.clock.sleep(1)
            try:
                await printer.print_ticket(PrintedTicket("North", "AB12-CD34", "PG:AB12", "10:00"))
            except DriverError as wrong:
                lockstep.line.say("in.part", "failed", wrong.fault.code)

    pair.daemon(main)
    pair.line.step(1, [("in.part", False)])
    assert pair.line.step(1 * SECOND, []).said == (("in.part", "failed", PAPER_OUT.code),)
    pair.line.step(1 * SECOND + 1, [("in.part", True)])
    said = pair.line.step(2 * SECOND, []).said
    assert said == (("in.part", "print", {"code": "AB12-CD34", "qr": "PG:AB12"}),)
    assert not pair.notebook.on
    pair.over()


def test_classifiers_and_scanners_hear_the_twin(pair: Pair):
    parts: list[Any] = []
    codes: list[str] = []

    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        scanner = TwinScanner(context)
        scanner.on_code(codes.append)
        parts.append(TwinClassifier(DriverContext("in.kind", context.clock, context.faults, context.shared)))
        await scanner.start()
        await parts[0].start()
        await asyncio.Event().wait()

    pair.daemon(main)
    pair.line.step(1, [("in.part", ""), ("in.kind", "LARGE"), ("in.part", "PG:1"), ("in.nobody", 7)])
    assert codes == ["PG:1"]
    assert parts[0].vehicle_type is VehicleType.LARGE
    pair.over()


def test_what_is_injected_reaches_its_lane(pair: Pair):
    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        await asyncio.Event().wait()

    pair.daemon(main)
    order = {"order": "open", "id": "1", "by": "attendant", "reason": "no ticket"}
    pair.line.step(1, [("@in", {"read": "AB123", "confidence": 0.9}), ("@in", {"pressed": "ticket"}), ("@in", order)])
    assert [type(signal) for _, signal in pair.heard] == [Read, Pressed, Ordered]
    pair.over()


def test_what_no_lane_understands_is_an_error():
    assert signal_of({"code": "PG:1"}) == Code("PG:1")
    assert signal_of({"blind": True}) == Blind(True)
    with pytest.raises(LockstepError):
        signal_of({"read": "AB123"})


# --- what can go wrong ---


def test_a_daemon_that_says_nothing_is_told_as_such(tmp_path: Path):
    pair = Pair(tmp_path, patience=0.3)

    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        await context.clock.sleep(1)
        await asyncio.to_thread(time.sleep, 1.5)

    pair.daemon(main)
    with pytest.raises(LineError, match=r"nothing for 0\.3 s"):
        pair.line.step(SECOND, [])
    pair.over()


def test_a_daemon_that_hangs_up_is_told_as_such(pair: Pair):
    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        await context.clock.sleep(1)
        lockstep.close()

    pair.daemon(main)
    with pytest.raises(LineError, match="hung up"):
        pair.line.step(SECOND, [])


def test_a_defect_of_the_daemon_ends_the_run(pair: Pair):
    async def main(lockstep: Lockstep, context: DriverContext) -> None:
        scanner = TwinScanner(context)
        scanner.on_code(lambda text: 1 / int(text))
        await scanner.start()
        await asyncio.Event().wait()

    pair.daemon(main)
    with pytest.raises(LineError, match="ZeroDivisionError"):
        pair.line.step(1, [("in.part", "0")])
    pair.over()


def test_without_a_twin_the_daemon_says_where_it_looked(tmp_path: Path):
    with pytest.raises(LockstepError, match=r"no twin answers at .*nobody\.sock"):
        Lockstep(tmp_path / "nobody.sock")
