"""A fault that a forger may cause at will costs two facts in ten minutes, however hard they try."""

from __future__ import annotations

import asyncio

from edge.faults import FaultBoard
from edge.sync.faults import NOT_BELIEVED, REFUSED
from edge.sync.quiet import QUIET_SECONDS, EndedByQuiet
from tests.edge.lots import HandClock


async def a_while(clock: HandClock, quiet: EndedByQuiet, *, minutes: float) -> None:
    """Time passes while it looks."""
    clock.forward(minutes=minutes)
    running = asyncio.create_task(quiet.run())
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()


async def test_it_ends_after_a_long_quiet_and_not_before() -> None:
    clock, changes = HandClock(), list[object]()
    board = FaultBoard(changes.append)
    quiet = EndedByQuiet(board.reporter("link"), clock, (NOT_BELIEVED,))
    for _ in range(10):
        quiet.raised(NOT_BELIEVED, "forged")
        quiet.cleared(NOT_BELIEVED)
        await a_while(clock, quiet, minutes=QUIET_SECONDS / 60 - 1)
    assert len(changes) == 1
    await a_while(clock, quiet, minutes=2)
    assert (len(changes), board.open()) == (2, [])


async def test_the_other_faults_begin_and_end_as_they_are_told() -> None:
    clock, board = HandClock(), FaultBoard(lambda decision: None)
    quiet = EndedByQuiet(board.reporter("link"), clock, (NOT_BELIEVED,))
    quiet.raised(REFUSED, "login")
    await a_while(clock, quiet, minutes=60)
    assert [fault.code for fault in board.open()] == [REFUSED.code]
    quiet.cleared(REFUSED)
    assert board.open() == []
