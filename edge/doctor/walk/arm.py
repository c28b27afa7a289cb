"""The barrier: raised once after a yes, timed, watched as it comes down; held and lowered if it can."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress

from drivers.contract import Barrier, DriverError, Position
from edge.doctor.findings import About
from edge.doctor.walk.arm_times import ArmTimes, judged, times
from edge.doctor.walk.bench import Standing
from edge.doctor.walk.guide import Guide
from edge.doctor.walk.voice import HungUp
from edge.lane.faults import STUCK_UP
from edge.lane.timing import LaneTiming
from models.instants import SECOND, Monotonic

CHECK = "relays"
BEGINS_WITHIN, RISES_WITHIN = 10.0, 20.0
HELD_SECONDS = 3.0
CLEAR_SECONDS = 1.0
"""The closing loop has to stay clear for so long before an arm is let go"""
_LOOK_SECONDS = 0.1
WARNING = "Make sure that nobody and nothing stands under the arm or within its reach, and keep it so."


class ArmTrial:
    """One lane's barrier under trial."""

    def __init__(self, guide: Guide, barrier: Standing, closing_loop: Standing | None, timing: LaneTiming) -> None:
        self._guide, self._timing, self._loop = guide, timing, closing_loop
        self._name = barrier.part.name
        self._about = About(CHECK, barrier.part.name)
        self._arm: Barrier = barrier.driver
        self._seen: list[tuple[Monotonic, Position]] = []
        self._arm.on_position(lambda position: self._seen.append((guide.clock.monotonic(), position)))

    async def run(self) -> None:
        self._guide.voice.say(f"\n{self._name}: the arm will be raised once. {WARNING}")
        if self._refused("raised"):
            return
        if not await self._guide.may_raise(f"Raise the arm of {self._name} now?"):
            self._guide.tell(self._about.skipped("the arm wasn't raised: nobody said yes"))
            return
        if not self._refused("raised") and await self._vend():
            await self._hold()
            await self._lower()

    # Raising it once.

    async def _vend(self) -> bool:
        """Whether the arm did what it was told."""
        self._seen.clear()
        ordered = self._guide.clock.monotonic()
        try:
            await self._arm.vend(_an_id())
        except DriverError as error:
            self._failed("raised", error)
            return False
        if self._arm.reads_back:
            return await self._time_it(ordered)
        return await self._have_it_timed(ordered)

    async def _time_it(self, ordered: Monotonic) -> bool:
        await self._until(lambda so_far: so_far.begins is not None or so_far.faulted, ordered, BEGINS_WITHIN)
        watched_for = BEGINS_WITHIN
        if times(ordered, self._seen).begins is not None:
            await self._until(lambda so_far: so_far.up is not None or so_far.faulted, ordered, RISES_WITHIN)
            watched_for = RISES_WITHIN
        measured = times(ordered, self._seen)
        if measured.up is not None and not measured.faulted:
            self._guide.voice.say("It is up. Wait until it is down; if it waits for a vehicle, let one through.")
            await self._until(lambda so_far: so_far.down is not None, ordered, self._patience_for_closing)
            measured = times(ordered, self._seen)
        for finding in judged(self._about, measured, self._timing, watched_for):
            self._guide.tell(finding)
        return measured.down is not None

    async def _until(self, enough: Callable[[ArmTimes], bool], ordered: Monotonic, seconds: float) -> None:
        await self._guide.voice.watch(
            lambda: f"arm: {self._arm.position.value}, {self._since(ordered):.1f} s after the order",
            lambda: enough(times(ordered, self._seen)),
            seconds,
        )

    async def _have_it_timed(self, ordered: Monotonic) -> bool:
        """A person is the switch, and a slow one."""
        voice = self._guide.voice
        if not voice.attended:
            self._guide.tell(self._about.skipped("it was told to rise; nothing and nobody saw whether it did"))
            return False
        answer = await voice.ask('Press Enter when the arm is up, or type "no" if it doesn\'t rise:')
        up = self._since(ordered)
        if answer:
            fix = "Power and motor of the barrier; the wire to its `open` input; which relay it hangs on; `pulse`"
            self._guide.tell(self._about.fail("it was told to rise and didn't", fix))
            return False
        await voice.ask("Press Enter when it is down again:")
        down = self._since(ordered)
        measured = ArmTimes(begins=0.0, up=up, falls=None, down=down)
        self._guide.tell(
            self._about.ok(
                f"it is up {up:.1f} s after the order and down after {down:.1f} s, as a person saw it: "
                "no switch says where it is",
                up_s=round(up, 1),
                down_s=round(down, 1),
                travel_within=measured.travel_within,
            )
        )
        return True

    # What only some barriers can.

    async def _hold(self) -> None:
        about = About(CHECK, f"{self._name}.hold")
        if not self._arm.can_hold or not self._can_be_let_go(about):
            return
        if not await self._guide.may_raise("Hold the arm up for a moment, and let it down?"):
            return
        try:
            await self._arm.hold()
            await self._watch_it(lambda: self._arm.position.is_up, RISES_WITHIN)
            up = self._arm.position.is_up
            await self._watch_it(lambda: False, HELD_SECONDS)
            stays = await self._stays_up()
        except DriverError as error:
            self._failed("held up", error)
            return
        finally:
            await self._release_once_clear()
        if up and stays:
            self._guide.tell(about.ok("it is held up and let go"))
        else:
            fix = (
                "Whether this input of the controller keeps the arm up while its contact is made (its manual says); "
                "if it takes a pulse only, wire a contact `hold`, or write `hold_by: none`"
            )
            self._guide.tell(about.fail("it was told to stay up, and isn't up", fix))
        await self._watch_it(lambda: self._arm.position is Position.CLOSED, self._patience_for_closing)

    async def _stays_up(self) -> bool:
        """Where nothing says it, a person does."""
        if self._arm.reads_back:
            return self._arm.position.is_up
        return await self._guide.says_yes("Is the arm up, and does it stay up?")

    def _can_be_let_go(self, about: About) -> bool:
        """Nothing is held up of which nobody could tell afterwards what is under it."""
        if self._loop is None and not self._guide.voice.attended:
            self._guide.tell(about.skipped("it wasn't held up: nothing and nobody sees what is under it"))
            return False
        return not self._refused("held up")

    async def _release_once_clear(self) -> None:
        """The end of the hold, also of one that was broken off. Who breaks off again is no more certain of what is
        under the arm, so that this goes on until it is known."""
        release = asyncio.ensure_future(self._release_when_clear())
        broken_off: asyncio.CancelledError | None = None
        while not release.done():
            try:
                await asyncio.wait((release,))
            except asyncio.CancelledError as error:
                broken_off = error
                self._say(f"{self._name} is still held up: it is let go once nothing is under it.")
        release.result()
        if broken_off is not None:
            raise broken_off

    async def _release_when_clear(self) -> None:
        try:
            await (self._until_a_person_says_so() if self._loop is None else self._until_clear(self._loop))
        except HungUp:
            fix = "Look under the arm; if it stays up, let it go: `parkgate-edge lane`, or the barrier's own switch"
            said = "nobody is there to say that nothing is under it: it isn't told to come down"
            self._guide.tell(self._about.fail(said, fix))
            raise
        await self._release()

    async def _until_a_person_says_so(self) -> None:
        while not await self._guide.says_yes(f"Is nothing under the arm of {self._name}, so that it can come down?"):
            self._say(f"{self._name} is held up until you say so.")

    async def _until_clear(self, loop: Standing) -> None:
        clear_since, told = self._guide.clock.monotonic(), False
        while self._since(clear_since) < CLEAR_SECONDS:
            await self._guide.clock.sleep(_LOOK_SECONDS)
            if loop.driver.level is False:
                continue
            clear_since = self._guide.clock.monotonic()
            if not told:
                self._say(f"{self._name} is held up: its closing loop isn't clear. It is let go once it is.")
            told = True

    def _say(self, text: str) -> None:
        """An arm is let go in order although nobody is left to read of it."""
        with suppress(OSError):
            self._guide.voice.say(text)

    async def _release(self) -> None:
        try:
            await self._arm.release()
        except DriverError as error:
            with suppress(DriverError):
                await self._arm.release()
                return
            self._failed("let go: IT MAY STAY UP", error)

    async def _lower(self) -> None:
        """Never without a person who looks at it, whatever was allowed beforehand."""
        if not self._arm.can_lower or not self._guide.voice.attended:
            return
        about = About(CHECK, f"{self._name}.close")
        if self._refused("lowered"):
            return
        if not await self._guide.says_yes(f"Raise it once more, and close it by its own order? {WARNING}"):
            self._guide.tell(about.skipped("it wasn't told to close: nobody said yes"))
            return
        try:
            await self._arm.vend(_an_id())
            await self._watch_it(lambda: self._arm.position.is_up, RISES_WITHIN)
            if self._refused("lowered") or not await self._a_person_sees_it_clear(about):
                return
            await self._arm.lower()
        except DriverError as error:
            self._failed("lowered", error)
            return
        await self._watch_it(lambda: self._arm.position is Position.CLOSED, RISES_WITHIN)
        if self._arm.position is Position.CLOSED:
            self._guide.tell(about.ok("it takes the order to close"))
        else:
            self._guide.tell(about.warn(f"told to close, it is {self._arm.position.value}", STUCK_UP.look_at))

    async def _a_person_sees_it_clear(self, about: About) -> bool:
        """Asked where no loop says it, when the arm is up."""
        if self._loop is not None or await self._guide.says_yes("Is nothing under the arm, so that it can close now?"):
            return True
        self._guide.tell(about.skipped("it wasn't told to close: nobody said that nothing is under it"))
        return False

    # Common to all of them.

    def _refused(self, what: str) -> bool:
        """Where something is under the arm, or the arm isn't down, nothing is tried; nor is anything that brings it
        down where its loop says nothing."""
        level = False if self._loop is None else self._loop.driver.level
        if level or (level is None and what != "raised"):
            fix = "Clear the closing loop, or mend it, and look again"
            why = "something is on the closing loop" if level else "the closing loop can't be read"
            self._guide.tell(self._about.fail(f"not {what}: {why}", fix))
            return True
        if what == "raised" and self._arm.reads_back and self._arm.position.is_up:
            fix = "Bring the arm down and look again; if it is down, its limit switches are exchanged"
            self._guide.tell(self._about.fail(f"not {what}: it says that it is {self._arm.position.value}", fix))
            return True
        return False

    def _failed(self, what: str, error: DriverError) -> None:
        self._guide.tell(self._about.fail(f"it couldn't be {what}: {error.detail}", error.fault.look_at))

    async def _watch_it(self, seen: Callable[[], bool], seconds: float) -> None:
        await self._guide.voice.watch(lambda: f"arm: {self._arm.position.value}", seen, seconds)

    def _since(self, ordered: Monotonic) -> float:
        return (self._guide.clock.monotonic() - ordered) / SECOND

    @property
    def _patience_for_closing(self) -> float:
        return max(self._guide.patience, self._timing.close_within)


def _an_id() -> str:
    return f"doctor-{uuid.uuid4().hex}"
