"""Steady traffic at one lot while processes are killed around it: each lane has a vehicle after the other, and what
each did is compared with what the lot has on record of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from edge.local import ask
from tests.chaos.kill_books import LotBooks, half_way
from tests.chaos.lane_account import NEVER, Account, Made, now_us, told_again
from tests.chaos.lane_lot import PASSWORD, PULSE, RISES_WITHIN, USER, Lot, Stay
from tests.chaos.lane_peers import MAKE, LaneKind, Post, Wires
from tests.chaos.lane_verdicts import NOTHING, Findings, Seen, at_entry, at_exit
from tests.chaos.lane_visits import Pace, Plan, Visit

LANES = (
    LaneKind("in-1", entry=True, board=None, holds=False),
    LaneKind("in-2", entry=True, board=None, holds=False),
    LaneKind("out-1", entry=False, board=None, holds=False),
    LaneKind("out-2", entry=False, board=None, holds=False),
)
_HEADWAY = (1.5, 3.0)
"""Seconds between two vehicles of a lane: a loop that changed more often would pass for one that chatters"""
_ASKS_AGAIN_AFTER = 3.0
_SETTLED_WITHIN = 30.0
_HEARD_WITHIN = 30.0
_CERTAIN_US = 1_500_000
_LETS_IN_WITHIN_US = 4_000_000
_BACK_OUT_US = _CERTAIN_US + round((MAKE.rises_in + MAKE.closes_unused_after + MAKE.falls_in + PULSE) * 1e6)


@dataclass
class Downs:
    """When this lot's daemon was down, on the machine's monotonic clock."""

    kills: list[int] = field(default_factory=list[int])
    starts: list[int] = field(default_factory=list[int])

    def run_at(self, moment: int) -> int:
        """The run of the daemon, counted from 1."""
        return 1 + sum(kill <= moment for kill in self.kills)

    def touch(self, begin: int, end: int) -> bool:
        """Whether it was down at any moment between."""
        up = [*self.starts, NEVER][1:] if len(self.starts) > len(self.kills) else [*self.starts[1:], NEVER]
        return any(kill <= end and begin <= back for kill, back in zip(self.kills, up, strict=False))

    def next_kill(self, moment: int) -> int:
        return next((kill for kill in self.kills if kill > moment), NEVER)


@dataclass(frozen=True, slots=True)
class Passage:
    """One that the hardware saw, and the tickets that stand for it."""

    lane: str
    tickets: tuple[str, ...]


def _all_known(store: Path) -> bool:
    said = ask(store)
    loops = () if said is None else tuple((lane.arming_loop, lane.closing_loop) for lane in said.lanes)
    return bool(loops) and all(None not in lane for lane in loops)


class Traffic:
    """The hardware is there from the first on; vehicles come from `begin` to `end`."""

    def __init__(self, folder: Path, lot: Lot, broker: int, chance: random.Random, say: Callable[[str], None]) -> None:
        self._lot, self._chance, self._say = lot, chance, say
        self.downs = Downs()
        self.found, self.stranded = NOTHING, 0
        self.passages: list[Passage] = []
        self._inside: list[str] = []
        self._ending = False
        self._account = Account(folder / "witness.jsonl")
        self._wires = Wires(broker, USER, PASSWORD, lot.root)
        self._posts = [Post(kind, folder, self._wires, self._account) for kind in LANES]

    async def heard(self) -> None:
        """The daemon has been started: until it knows how each loop stands. From then on it answers for its lanes."""
        until = time.monotonic() + _HEARD_WITHIN
        while not await asyncio.to_thread(_all_known, self._lot.store):
            if time.monotonic() > until:
                raise TimeoutError(f"{self._lot.folder.name} doesn't know its loops after {_HEARD_WITHIN:.0f} s")
            await asyncio.sleep(0.05)
        self.downs.starts.append(now_us())

    async def begin(self) -> None:
        await self.heard()
        self._books = LotBooks(self._lot.store)
        self._lanes = [asyncio.create_task(self._serve(post)) for post in self._posts]

    async def end(self) -> None:
        """Who is in a lane drives on; nobody new comes."""
        self._ending = True
        await asyncio.gather(*self._lanes)
        nobody = [contact for contact in self._account.contacts() if not contact.for_somebody]
        self.found += Findings(phantom_opens=len(nobody), examples=tuple(f"for nobody: {one}" for one in nobody))
        for post in self._posts:
            await post.close()
        self._wires.close()
        self._account.close()

    async def _serve(self, post: Post) -> None:
        while not self._ending:
            if post.kind.entry:
                await self._comes(post)
            elif self._inside:
                await self._goes(post, self._inside.pop(self._chance.randrange(len(self._inside))))
            await asyncio.sleep(self._chance.uniform(*_HEADWAY))

    async def _comes(self, post: Post) -> None:
        self._books.read()
        since = self._books.tickets
        visit = await self._visited(post, "", lambda: self._books.opened(post.kind.name, since))
        opened = self._books.opened(post.kind.name, since)
        self._judged(visit, at_entry(self._seen(visit), opened))
        holds = [stay for stay in opened if stay.status in ("ACTIVE", "UNRESOLVED")]
        if visit.passed_us is not None:
            self.passages.append(Passage(visit.lane, tuple(stay.id for stay in holds)))
            if holds:
                self._inside.append(min(holds, key=lambda stay: (stay.status != "ACTIVE", stay.id)).id)

    async def _goes(self, post: Post, ticket: str) -> None:
        self._books.read()
        (before,) = self._books.stays([ticket])
        visit = await self._visited(post, before.code, lambda: self._books.stays([ticket]))
        (after,) = self._books.stays([ticket])
        self._judged(visit, at_exit(self._seen(visit), before, after))
        if visit.passed_us is None:
            self._inside.append(ticket)
        else:
            left = after.status in ("COMPLETED", "UNRESOLVED")
            self.passages.append(Passage(visit.lane, (ticket,) if left else ()))

    async def _visited(self, post: Post, code: str, stays: Callable[[], list[Stay]]) -> Visit:
        """One vehicle from its coming to when the lot has written down that it has gone."""
        resumed = asyncio.Event()
        asyncio.get_running_loop().call_later(_ASKS_AGAIN_AFTER, resumed.set)
        post.forget()
        plan = self._chance.choice([Plan.DRIVES] * 5 + [Plan.BACKS_OUT])
        visit = Visit(post, plan, self._pace(), resumed, code)
        await visit.run()
        until = now_us() + round(_SETTLED_WITHIN * 1e6)
        while now_us() < until:
            await asyncio.sleep(0.1)
            if post.quiet:
                self._books.read()
                if not half_way(stays()):
                    break
        return visit

    def _pace(self) -> Pace:
        between = self._chance.uniform
        return Pace(between(0.05, 0.2), between(0.05, 0.2), rolls=between(0.1, 0.2), crosses=between(0.1, 0.2))

    def _seen(self, visit: Visit) -> Seen:
        gone = visit.passed_us or visit.left_us or NEVER
        certain = _BACK_OUT_US if visit.passed_us is None else _CERTAIN_US
        return Seen(
            visit.lane,
            visit.post.kind.entry,
            passed=visit.passed_us is not None,
            raised=self._raised(visit),
            undisturbed=not visit.stranded and not self.downs.touch(visit.came_us, gone + certain),
            came_in=self.downs.run_at(visit.came_us),
            gone_in=self.downs.run_at(gone),
        )

    def _nobody_was_there(self, visit: Visit) -> bool:
        """Whether the daemon was down each time that it was asked, or killed before it can have let the vehicle in."""
        return all(self.downs.touch(asked, asked + _LETS_IN_WITHIN_US) for asked in visit.asked_us)

    def _raised(self, visit: Visit) -> int:
        made = self._account.contacts(visit.came_us, visit.lane)
        made = sorted((one for one in made if one.channel == visit.post.kind.open_on), key=lambda one: one.made_us)
        return len(made) - sum(self._again(before, after) for before, after in pairwise(made))

    def _again(self, before: Made, after: Made) -> int:
        return told_again((before, after), self.downs.next_kill(before.made_us), round(RISES_WITHIN * 1e6))

    def _judged(self, visit: Visit, found: Findings) -> None:
        self.stranded += visit.stranded and not self._nobody_was_there(visit)
        self.found += found
        if not found.none:
            self._say(f"found: {found}")
