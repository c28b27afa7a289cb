"""One lot whose vision process is killed, stopped and made to eat memory, while vehicles come to every lane."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from edge import local
from edge.local import LaneOrder, give
from edge.vision.process.life.limits import READS
from models.lanes import OrderKind
from simulator.demo.parts import Edge
from tests.chaos.lane_account import Account, now_us
from tests.chaos.lane_lot import PASSWORD, USER, Lot
from tests.chaos.lane_peers import LaneKind, Post, Wires
from tests.chaos.sites import say
from tests.chaos.vision_cameras import WatchedCameras
from tests.vision.passages import empty_lane, with_car

PLATES = ("in-plates", "in-plates-too")
BUTTON, CODE = "in-lcus", "out-kmtronic"
KINDS = (
    LaneKind(PLATES[0], entry=True, board="numato", open_on=0, hold_on=10, switches=True, plates=True),
    LaneKind(PLATES[1], entry=True, board=None, holds=False, plates=True),
    LaneKind(BUTTON, entry=True, board="lcus", open_on=2),
    LaneKind(CODE, entry=False, board="kmtronic", holds=False, channels=2),
)
BACK_WITHIN, USUAL, USUAL_PLATE = 2.0, 4.0, 6.0
"""Seconds: until reading is back; for a button, a code or an order until the arm is up; and for a plate, on a busy
machine"""
RUNAWAY_WITHIN = 10.0
"""A process that eats memory works on until it has too much: seconds until it is stopped, before it has to be back"""
_AMONG_OTHER_TESTS = 2.5
"""Times as long, where the short form shares the computer with all other tests: there it shows that reading comes back
and nobody is stranded, and the long form shows how soon"""
_MOST_UNRESOLVED_ONE_IN = 10
_CAREFULLY = ("python", str(Path(__file__).with_name("careless_vision.py")))
_RUNAWAY = Path(__file__).with_name("runaway")
BETWEEN = (0.9, 1.8)
"""Seconds from one vehicle to the next: a loop that changes eleven times in ten seconds is believed no more"""
_READER_WITHIN, _BACK_AT_LAST, _SETTLED_WITHIN = 60.0, 6.0, 10.0
_PASSES_WITHIN = 30.0
_INSISTS = 12
_MORE_FDS, _MORE_KB = 4, 32 * 1024
"""What a daemon may hold more at the end: a request that is being answered, what it has learned of its vehicles"""
_LOOK = 0.5


class Blow(StrEnum):
    """What is done to the vision process that reads, or to the spare one."""

    SEGFAULT = "SIGSEGV"
    KILL = "SIGKILL"
    STOP = "SIGSTOP"
    RUNAWAY = "runaway allocation"
    SPARE_KILLED = "SIGKILL of the spare"
    SPARE_STOPPED = "SIGSTOP of the spare"

    @property
    def on_spare(self) -> bool:
        return self in (Blow.SPARE_KILLED, Blow.SPARE_STOPPED)


_SIGNALS = {
    Blow.SEGFAULT: signal.SIGSEGV,
    Blow.KILL: signal.SIGKILL,
    Blow.STOP: signal.SIGSTOP,
    Blow.RUNAWAY: signal.SIGUSR1,
    Blow.SPARE_KILLED: signal.SIGKILL,
    Blow.SPARE_STOPPED: signal.SIGSTOP,
}


class Keeping(StrEnum):
    """How the daemon looks after its vision process."""

    SHIPPED = "as shipped"
    HURRIED = "as shipped, its spare sooner"
    ABANDONS = "doesn't start it again"
    PATIENT = "waits for a stopped one"

    @property
    def careless(self) -> bool:
        return self in (Keeping.ABANDONS, Keeping.PATIENT)


@dataclass
class Toll:
    """What one site saw. Times in milliseconds, by the hardware and the cameras."""

    blows: int = 0
    accepted: int = 0
    stored: int = 0
    lost: int = 0
    twice: int = 0
    phantom_opens: int = 0
    unresolved: int = 0
    """Passages that were heard too late to be sure of: their tickets are left to the next one"""
    stranded: int = 0
    """Vehicles that weren't let through in time, whatever they showed"""
    disobeyed: int = 0
    not_back: int = 0
    """Blows after which no picture was read within two seconds"""
    zombies: int = 0
    grown_fds: int = 0
    grown_kb: int = 0
    kinds: dict[str, int] = field(default_factory=dict[str, int])
    back_ms: list[float] = field(default_factory=list[float])
    runaway_ms: list[float] = field(default_factory=list[float])
    arm_ms: list[float] = field(default_factory=list[float])
    plate_ms: list[float] = field(default_factory=list[float])
    cut_ms: list[float] = field(default_factory=list[float])
    """Of vehicles that stood there unread at the blow: from it until the arm was up"""

    def __add__(self, other: Toll) -> Toll:
        summed = {name.name: getattr(self, name.name) for name in fields(self)}
        for name, value in summed.items():
            theirs = getattr(other, name)
            if isinstance(value, dict):
                summed[name] = {kind: value.get(kind, 0) + theirs.get(kind, 0) for kind in {**value, **theirs}}
            else:
                summed[name] = max(value, theirs) if name.startswith("grown") else value + theirs
        return Toll(**summed)

    @property
    def clean(self) -> bool:
        wrong = self.lost, self.twice, self.phantom_opens, self.stranded, self.disobeyed, self.not_back, self.zombies
        sure = self.unresolved * _MOST_UNRESOLVED_ONE_IN <= self.accepted
        return not any(wrong) and sure and self.grown_fds <= _MORE_FDS and self.grown_kb <= _MORE_KB


class VisionSite:
    """A context manager: the lot runs inside it."""

    def __init__(
        self, folder: Path, broker: int, chance: random.Random, vision: dict[str, object], keeping: Keeping
    ) -> None:
        self._folder, self._broker, self._chance, self._vision = folder, broker, chance, vision
        self.keeping, self.toll = keeping, Toll()
        self._patience = _AMONG_OTHER_TESTS if keeping is Keeping.HURRIED else 1.0
        self._plates = (number for number in range(100, 1000) if "0" not in str(number))
        """The drawn plates write nought and O alike: the reader doubts some, and here nobody answers its question"""
        self._struck_us = 0
        self._passed = {True: 0, False: 0}
        """Vehicles that drove in, and out"""
        self._gone: set[str] = set()
        self._over = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._cameras = stack.enter_context(WatchedCameras({lane: empty_lane() for lane in PLATES}))
            self._lot = Lot(self._folder, KINDS, self._broker, self._cameras.url, vision=self._vision)
            self._account = Account(self._folder / "witness.jsonl")
            stack.callback(self._account.close)
            wires = Wires(self._broker, USER, PASSWORD, self._lot.root)
            stack.callback(wires.close)
            self._posts = {kind.name: Post(kind, self._folder, wires, self._account) for kind in KINDS}
            for post in self._posts.values():
                stack.push_async_callback(post.close)
            self._edge = self._daemon()
            stack.callback(self._edge.kill)
            await asyncio.to_thread(self._edge.start)
            self._process = self._of_the_daemon()
            await self._until(lambda: len({lane for _, lane in self._cameras.watched}) == len(PLATES), _READER_WITHIN)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _daemon(self) -> Edge:
        if self.keeping is Keeping.SHIPPED:
            return self._lot.daemon(first=_RUNAWAY)
        return self._lot.daemon(_CAREFULLY, first=_RUNAWAY, PARKGATE_CARELESS=self.keeping.name)

    # --- the campaign ---

    async def play(self, blows: Sequence[Blow], rest: tuple[float, float]) -> Toll:
        """Each blow at a random moment of the traffic, `rest` seconds after the one before was got over."""
        traffic = [asyncio.create_task(self._traffic(lane)) for lane in self._posts]
        await self._until_spare_waits()
        await asyncio.sleep(self._chance.uniform(*rest))
        fds, memory = self._process.num_fds(), self._process.memory_info().rss
        for blow in blows:
            await self._strike(blow)
            if self.keeping.careless and self.toll.not_back:
                for task in traffic:
                    task.cancel()
                return self.toll
            say(f"{self.keeping}: {blow}, back after {[round(ms) for ms in self.toll.back_ms[-1:]]} ms")
            await self._until_spare_waits()
            await asyncio.sleep(self._chance.uniform(*rest))
        self._over.set()
        await asyncio.gather(*traffic)
        await self._until(lambda: not any(stay.half_way for stay in self._lot.stays().values()), _SETTLED_WITHIN)
        self._judge(fds, memory)
        return self.toll

    async def _strike(self, blow: Blow) -> None:
        victim = self._spare() if blow.on_spare else self._reading()
        if victim is None:
            return
        before, began = len(self._cameras.watched), now_us()
        self.toll.blows += 1
        self.toll.kinds[blow] = self.toll.kinds.get(blow, 0) + 1
        victim.send_signal(_SIGNALS[blow])
        if blow.on_spare:
            await self._until(lambda: not _lives(victim), _BACK_AT_LAST)
            return
        if blow is Blow.RUNAWAY:
            died = await self._until(lambda: not _lives(victim), RUNAWAY_WITHIN)
            self.toll.runaway_ms.append((now_us() - began) / 1000)
            self.toll.not_back += not died
            began = now_us()
        self._struck_us = began
        await self._until(lambda: self._looks_again(before) is not None, _BACK_AT_LAST)
        again = self._looks_again(before)
        took = (_BACK_AT_LAST * 1e6 if again is None else again - began) / 1000
        self.toll.back_ms.append(took)
        self.toll.not_back += took > BACK_WITHIN * self._patience * 1000

    def _looks_again(self, before: int) -> int | None:
        """When a new process had been shown pictures of every lane that has a camera."""
        shown = {lane: at for at, lane in reversed(self._cameras.watched[before:])}
        return max(shown.values()) if len(shown) == len(PLATES) else None

    # --- the traffic ---

    async def _traffic(self, lane: str) -> None:
        while not self._over.is_set():
            await asyncio.sleep(self._chance.uniform(*BETWEEN))
            if lane == CODE:
                code = self._code_of_somebody_inside()
                if code is None:
                    await asyncio.sleep(0.3)
                    continue
                await self._passage(lane, lambda code=code: self._shows(lane, code))
            elif lane == BUTTON:
                person = self._chance.random() < 0.2
                came = lambda: self._person_opens(lane)  # noqa: E731
                await self._passage(lane, came if person else self._posts[lane].press, ticket=not person)
            else:
                await self._passage(lane, None)

    async def _passage(self, lane: str, ask: Callable[[], Awaitable[None]] | None, *, ticket: bool = True) -> None:
        """One vehicle, from the arming loop to the other side. Without `ask` its plate speaks for it. `ticket`: it has
        or gets one; a person who opens gives none."""
        post, came = self._posts[lane], now_us()
        post.forget()
        if ask is None:
            self._cameras.show(lane, with_car(empty_lane(), f"AB{next(self._plates)}CD"))
        post.loop(arming=True)
        if ask is not None:
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))
            came = now_us()
        passes = await self._insists(post, ask)
        self._timed(lane, came, now_us())
        if passes:
            await asyncio.sleep(0.15)
            post.loop(closing=True)
            await asyncio.sleep(0.15)
            post.loop(arming=False)
            self._cameras.show(lane, empty_lane())
            await asyncio.sleep(0.15)
            post.loop(closing=False)
            self._passed[post.kind.entry] += ticket
            await self._until(lambda: post.quiet, _PASSES_WITHIN)
        else:
            post.loop(arming=False)

    async def _insists(self, post: Post, ask: Callable[[], Awaitable[None]] | None) -> bool:
        """Whoever presses or shows a code and sees nothing happen does it again."""
        for _ in range(_INSISTS):
            if ask is not None:
                await ask()
            if await self._until(lambda: post.lets_pass, _PASSES_WITHIN / _INSISTS):
                return True
        return False

    def _timed(self, lane: str, came: int, up: int) -> None:
        by_plate = lane in PLATES
        took = (up - came) / 1000
        cut = came <= self._struck_us <= up
        limit = USUAL_PLATE + (BACK_WITHIN if cut else 0) if by_plate else USUAL
        if took > limit * self._patience * 1000:
            self.toll.stranded += 1
            say(f"{self.keeping}: a vehicle at {lane} had to wait for {took:.0f} ms")
        (self.toll.plate_ms if by_plate else self.toll.arm_ms).append(took)
        if by_plate and cut:
            self.toll.cut_ms.append((up - self._struck_us) / 1000)

    async def _shows(self, lane: str, code: str) -> None:
        scanner = self._posts[lane].scanner
        assert scanner is not None, "an exit has one"
        scanner.reads(code)

    async def _person_opens(self, lane: str) -> None:
        """Once the screen shows the vehicle: an order for an empty lane is another matter."""
        await self._until_shown(lane)
        order = LaneOrder(lane=lane, kind=OrderKind.OPEN, by="chaos", reason="a vehicle without a ticket")
        obeyed = await asyncio.to_thread(give, self._lot.store, order)
        if obeyed.why_not or obeyed.failed:
            self.toll.disobeyed += 1
            say(f"{self.keeping}: {lane} doesn't open at a person's word: {obeyed}")

    async def _until_shown(self, lane: str) -> None:
        while True:
            now = await asyncio.to_thread(local.ask, self._lot.store)
            if now is not None and any(each.name == lane and each.arming_loop for each in now.lanes):
                return
            await asyncio.sleep(0.05)

    def _code_of_somebody_inside(self) -> str | None:
        inside = [stay for stay in self._lot.stays().values() if stay.status == "ACTIVE" and stay.id not in self._gone]
        if not inside:
            return None
        stay = self._chance.choice(inside)
        self._gone.add(stay.id)
        return stay.code

    # --- what is seen of the processes ---

    def _of_the_daemon(self) -> psutil.Process:
        config = str(self._lot.config)
        for process in psutil.process_iter(["cmdline"]):
            if config in (process.info["cmdline"] or ()):
                return process
        raise RuntimeError("there is no daemon")

    def _processes(self) -> list[psutil.Process]:
        """Its vision processes, as the kernel knows them."""
        return [child for child in self._process.children() if _lives(child) and _is_vision(child)]

    def _reading(self) -> psutil.Process | None:
        return next((each for each in self._processes() if _score(each) == READS), None)

    def _spare(self) -> psutil.Process | None:
        return next((each for each in self._processes() if _score(each) != READS), None)

    async def _until_spare_waits(self) -> None:
        """Only chooses the moment: a spare that is loading its reader can't take over."""
        for _ in range(round(_READER_WITHIN / _LOOK)):
            now = await asyncio.to_thread(local.ask, self._lot.store)
            if now is not None and now.vision.spare:
                return
            await asyncio.sleep(_LOOK)

    # --- the end ---

    def _judge(self, fds: int, memory: int) -> None:
        toll, stays = self.toll, list(self._lot.stays().values())
        inside_or_out = sum(stay.status in ("ACTIVE", "COMPLETED") for stay in stays)
        out = sum(stay.status == "COMPLETED" for stay in stays)
        entered, left = self._passed[True], self._passed[False]
        toll.accepted = entered + left
        unsure = [stay.exit_lane is not None for stay in stays if stay.status == "UNRESOLVED"]
        toll.unresolved = len(unsure)
        # Where nothing else keeps the computer from hearing, a passage that isn't sure is as good as lost.
        of_all, of_exits = (len(unsure), sum(unsure)) if self.keeping is Keeping.HURRIED else (0, 0)
        toll.lost = max(0, entered - inside_or_out - of_all) + max(0, left - out - of_exits)
        toll.twice = max(0, inside_or_out - entered) + max(0, out - left)
        toll.stored = toll.accepted - toll.lost
        toll.phantom_opens = sum(not made.for_somebody for made in self._account.contacts())
        toll.zombies = sum(child.status() == psutil.STATUS_ZOMBIE for child in self._process.children())
        toll.grown_fds = self._process.num_fds() - fds
        toll.grown_kb = (self._process.memory_info().rss - memory) // 1024

    async def _until(self, true: Callable[[], Any], seconds: float) -> bool:
        ends = now_us() + round(seconds * 1e6)
        while not true():
            if now_us() > ends:
                return False
            await asyncio.sleep(0.02)
        return True


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_vision(process: psutil.Process) -> bool:
    try:
        return "edge.vision.process.child" in process.cmdline()
    except psutil.Error:
        return False


def _score(process: psutil.Process) -> int:
    try:
        return int(Path(f"/proc/{process.pid}/oom_score_adj").read_text())
    except OSError:
        return 0
