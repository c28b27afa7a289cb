"""What came of a person's order at the barrier, so that the person learns it and not only the records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from drivers.contract import DriverError, NotSent, Position
from edge.lane.actions import Hold, Lower, Release, ToBarrier
from edge.lane.lane import Lane
from edge.lane.signals import Vend
from edge.patience import within
from models.instants import Clock
from models.lanes import HoldCause, OrderKind

KNOWN_WITHIN = 5.0
"""Seconds that a person waits at most for what came of an order, but for an arm that is on its way."""
ARRIVED_WITHIN = 15.0
"""Seconds that a person waits at most for an arm that is seen to move: with a switch at one end only, it is held to be
at the other one when its `travel` is over."""

_MOVES: dict[OrderKind, tuple[type[ToBarrier], ...]] = {
    OrderKind.OPEN: (Vend, Hold),
    OrderKind.KEEP_OPEN: (Hold, Vend),
    OrderKind.CLOSE: (Lower,),
    OrderKind.RELEASE: (Release,),
    OrderKind.RESET_FIRE: (Release,),
}
"""What each order has the barrier told; one that isn't here has it told nothing."""

_TO_DO = {
    OrderKind.OPEN: "to rise",
    OrderKind.KEEP_OPEN: "to rise and stay up",
    OrderKind.CLOSE: "to come down",
    OrderKind.RELEASE: "that it needn't stay up",
    OrderKind.RESET_FIRE: "that it needn't stay up",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of an order by now. `why_not`: the lane doesn't obey it. `failed`: it does, but the barrier wasn't
    told, or nobody knows whether it was; `wrong` is the driver's own word on that, if there is one."""

    said: str
    why_not: str = ""
    failed: bool = False
    wrong: DriverError | None = None


class Awaited:
    """One order, from just before it is given until the person is answered."""

    def __init__(self, kind: OrderKind, lane: Callable[[], Lane], clock: Clock) -> None:
        self._kind, self._lane, self._clock = kind, lane, clock
        self._news = asyncio.Event()
        self._told = False
        self._wrong: Exception | None = None
        self._dropped = ""
        self._moved = False

    def told(self, move: ToBarrier, wrong: Exception | None) -> None:
        """The barrier was told `move`, or (`wrong`) couldn't be."""
        if self._meant(move) and not self._told and not self._dropped:
            self._told, self._wrong = True, wrong
        self._news.set()

    def dropped(self, move: ToBarrier, why: str) -> None:
        """`move` was given up before the barrier was told."""
        if self._meant(move) and not self._told:
            self._dropped = why
        self._news.set()

    def _meant(self, move: ToBarrier) -> bool:
        """Whether this order may be the reason for it: a vend for a vehicle isn't a person's."""
        ordered = not isinstance(move, Vend) or move.order is not None
        return ordered and isinstance(move, _MOVES.get(self._kind, ()))

    def changed(self) -> None:
        self._news.set()

    async def outcome(self) -> Outcome:
        """As soon as it is known, and after some seconds in any case. Nothing else waits for it."""
        await self._known_within(KNOWN_WITHIN)
        self._moved = not self._known() and self._is_on_its_way()
        if self._moved:
            await self._known_within(ARRIVED_WITHIN - KNOWN_WITHIN, as_long_as=self._is_on_its_way)
        return self._as_it_is()

    async def _known_within(self, seconds: float, as_long_as: Callable[[], bool] = lambda: True) -> None:
        await within(seconds, self._until_known(as_long_as), self._clock)

    async def _until_known(self, as_long_as: Callable[[], bool]) -> None:
        while as_long_as() and not self._known():
            self._news.clear()
            await self._news.wait()

    def _is_on_its_way(self) -> bool:
        return self._told and self._lane().arm is Position.MOVING

    def _known(self) -> bool:
        if self._nothing_to_tell() or self._dropped or self._wrong is not None:
            return True
        return self._told and (not self._lane().fitted.reads_back or self._arrived() != "")

    def _nothing_to_tell(self) -> bool:
        lane = self._lane()
        ends_a_hold = self._kind in (OrderKind.RELEASE, OrderKind.RESET_FIRE)
        return self._kind not in _MOVES or (ends_a_hold and (lane.hold is not None or not lane.fitted.can_hold))

    def _arrived(self) -> str:
        """Where the arm is, if that is where it was told to go, or where it goes is up to its own controller."""
        if self._kind is OrderKind.CLOSE:
            return "is down" if self._lane().arm is Position.CLOSED else ""
        if self._kind in (OrderKind.OPEN, OrderKind.KEEP_OPEN):
            return "is up" if self._lane().arm.is_up else ""
        return "comes down by its controller's rules"

    # --- in words ---

    def _as_it_is(self) -> Outcome:
        if self._nothing_to_tell():
            return Outcome(self._without_the_barrier())
        to_do = _TO_DO[self._kind]
        if self._dropped:
            return Outcome(f"the arm wasn't told {to_do}: {self._dropped}", failed=True)
        if self._wrong is not None:
            return self._in_vain(to_do, self._wrong)
        if self._told:
            return Outcome(self._done(to_do))
        if self._lane().releasing:
            return Outcome("the hold has ended; the arm is let go once nobody is passing under it")
        return Outcome(f"after {KNOWN_WITHIN:g} s nobody knows yet whether the arm was told {to_do}", failed=True)

    def _without_the_barrier(self) -> str:
        hold = self._lane().hold
        if self._kind not in _MOVES:
            return "done"
        if hold is None:
            return "the arm isn't told to rise any more, and comes down by its controller's rules"
        return f"done; the arm stays up, {'for the fire' if hold is HoldCause.FIRE else 'kept open as before'}"

    def _in_vain(self, to_do: str, wrong: Exception) -> Outcome:
        cause = _innermost(wrong) if isinstance(wrong, DriverError) else None
        if isinstance(wrong, NotSent):
            return Outcome(f"the arm wasn't told {to_do}", failed=True, wrong=cause)
        return Outcome(f"nobody knows whether the arm was told {to_do}", failed=True, wrong=cause)

    def _done(self, to_do: str) -> str:
        said, where = f"the arm was told {to_do}", self._arrived()
        if where and (self._lane().fitted.reads_back or self._kind in (OrderKind.RELEASE, OrderKind.RESET_FIRE)):
            return f"{said}, and {where}"
        if self._lane().fitted.reads_back:
            return f"{said}; {self._so_far()}"
        return said

    def _so_far(self) -> str:
        """Of an arm that hasn't arrived."""
        if not self._moved:
            return f"{KNOWN_WITHIN:g} s later it still reads {self._lane().arm}"
        if self._is_on_its_way():
            return f"{ARRIVED_WITHIN:g} s later it is still on its way"
        return f"it moved, and now reads {self._lane().arm}"


class Outcomes:
    """The people who wait to learn what came of their orders to one lane. It only listens, and holds up nothing."""

    def __init__(self, lane: Callable[[], Lane], clock: Clock) -> None:
        self._lane, self._clock = lane, clock
        self._waiting: list[Awaited] = []

    @contextmanager
    def of(self, kind: OrderKind) -> Generator[Awaited]:
        """Listens from now on."""
        awaited = Awaited(kind, self._lane, self._clock)
        self._waiting.append(awaited)
        try:
            yield awaited
        finally:
            self._waiting.remove(awaited)

    def told(self, move: ToBarrier, wrong: BaseException | None) -> None:
        for awaited in self._waiting:
            awaited.told(move, wrong if isinstance(wrong, Exception) else None)

    def dropped(self, move: ToBarrier, why: str) -> None:
        for awaited in self._waiting:
            awaited.dropped(move, why)

    def changed(self) -> None:
        for awaited in self._waiting:
            awaited.changed()


def _innermost(wrong: DriverError) -> DriverError:
    """What the part itself said, below what the barrier made of it."""
    while isinstance(wrong.__cause__, DriverError):
        wrong = wrong.__cause__
    return wrong
