"""Vehicles at the lanes and their drivers, who don't know what a daemon is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum

from tests.chaos.lane_account import now_us
from tests.chaos.lane_peers import Post

_INSISTS = 6
_PATIENT_FOR = 5.0
"""Of a driver at an arm that doesn't rise, before asking again: a busy machine takes its time"""


class Plan(StrEnum):
    """What a driver does when the arm is up."""

    DRIVES = "drives"
    BACKS_OUT = "backs out"
    DAWDLES = "dawdles"
    """Stands there until everything is over, and drives on then"""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between what a driver does."""

    thinks: float
    reacts: float
    rolls: float
    crosses: float

    @property
    def passes_within(self) -> float:
        return self.reacts + self.rolls + self.crosses


@dataclass(eq=False)
class Visit:
    """One vehicle at one lane, from the arming loop's on to its going, one way or the other.

    `code` is on its ticket, at an exit. It asks once by itself and, if the arm hasn't risen, again after `resumed`.
    """

    post: Post
    plan: Plan
    pace: Pace
    resumed: asyncio.Event
    code: str = ""
    gives_up: bool = False
    """Goes away, if it hasn't been let through when `resumed` comes"""
    came_us: int = 0
    asked_us: list[int] = field(default_factory=list[int])
    passed_us: int | None = None
    left_us: int | None = None
    stranded: bool = False
    """It asked and asked, and no arm rose"""
    resumed_us: int | None = None
    moments: dict[str, asyncio.Event] = field(
        default_factory=lambda: {name: asyncio.Event() for name in ("came", "asked", "up", "under", "clear")}
    )

    @property
    def lane(self) -> str:
        return self.post.kind.name

    @property
    def inside(self) -> bool:
        """Whether the vehicle is in the lot, when all is over."""
        return (self.passed_us is not None) is self.post.kind.entry

    async def run(self) -> None:
        self.came_us = now_us()
        self._note("came")
        self.post.loop(arming=True)
        self.moments["came"].set()
        await asyncio.sleep(self.pace.thinks)
        await self.ask()
        if await self._is_up_before_resumed():
            self.moments["up"].set()
            await asyncio.sleep(self.pace.reacts)
            if self.plan is Plan.DRIVES:
                return await self._drives()
            if self.plan is Plan.BACKS_OUT:
                return self._leaves()
        await self.resumed.wait()
        self.resumed_us = now_us()
        return self._leaves() if self.gives_up else await self._insists()

    async def ask(self) -> None:
        """Press the button or show the ticket; where plates are read, nobody has to."""
        if self.post.kind.plates:
            self.moments["asked"].set()
            return
        self.asked_us.append(now_us())
        self._note("asked")
        self.moments["asked"].set()
        if self.post.scanner is not None:
            self.post.scanner.reads(self.code)
        else:
            await self.post.press()

    async def _is_up_before_resumed(self) -> bool:
        while not self.post.lets_pass:
            if self.resumed.is_set():
                return False
            await asyncio.sleep(0.01)
        return True

    async def _insists(self) -> None:
        for _ in range(_INSISTS):
            if self.post.lets_pass:
                return await self._goes()
            await self.ask()
            for _ in range(round(_PATIENT_FOR / 0.02)):
                if self.post.lets_pass:
                    break
                await asyncio.sleep(0.02)
        if self.post.lets_pass:
            return await self._goes()
        self.stranded = True
        return self._leaves()

    async def _goes(self) -> None:
        """Back or through: the daemon that let it has to tell that apart, whatever the one before left behind."""
        await asyncio.sleep(self.pace.reacts)
        return self._leaves() if self.plan is Plan.BACKS_OUT else await self._drives()

    async def _drives(self) -> None:
        self.post.loop(closing=True)
        self.moments["under"].set()
        await asyncio.sleep(self.pace.rolls)
        self.post.loop(arming=False)
        await asyncio.sleep(self.pace.crosses)
        self.post.loop(closing=False)
        self.passed_us = now_us()
        self._note("passed")
        self.moments["clear"].set()

    def _leaves(self) -> None:
        self.post.loop(arming=False)
        self.left_us = now_us()
        self._note("left")

    def _note(self, what: str) -> None:
        self.post.account.note(self.lane, what, plan=self.plan)
