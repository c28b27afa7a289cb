"""One lot under fire: vehicles come to its lanes, its daemon is killed, and everything that follows is judged."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.demo.parts import Edge
from tests.chaos.lane_account import NEVER, Account, Made, now_us, told_again
from tests.chaos.lane_lot import CARELESS, DAEMON, PASSWORD, PAYS_WITHIN, PULSE, RISES_WITHIN, USER, Lot, Stay
from tests.chaos.lane_peers import LANES, MAKE, Post, Wires
from tests.chaos.lane_tally import Careless, Phase, Tally
from tests.chaos.lane_verdicts import Findings, Seen, at_entry, at_exit
from tests.chaos.lane_visits import Pace, Plan, Visit
from tests.edge.daemons import a_camera
from tests.vision.passages import empty_lane, with_car

PLATE = "HHPK482"
WATCHED_SECONDS = 2.4
"""After a restart; longer than a barrier waits for being told again what it held"""
OPENED_SECONDS = 4.5
"""A contact that is still made so long after a restart was left so"""
READS_WITHIN = 2.0
"""What a plate takes on a busy machine"""
_MOMENT_WITHIN = 8.0
_SETTLED_WITHIN = 20.0
_READER_WITHIN = 90.0
_CERTAIN_US = 1_500_000
"""What was over so long before the kill was written down"""
_BACK_OUT_US = _CERTAIN_US + round((MAKE.rises_in + MAKE.closes_unused_after + MAKE.falls_in + PULSE) * 1e6)
"""The same of a back-out: as long as the arm is up, the vehicle may be between the loops"""


@dataclass(frozen=True, slots=True)
class Times:
    """Of one kill, on the machine's monotonic clock."""

    killed: int
    restarted: int
    """The new daemon's process began"""
    ready: int
    watched: int
    """Nobody had done anything new until then"""


class Campaign:
    """A context manager: the lot runs inside it."""

    def __init__(
        self, folder: Path, broker: int, chance: random.Random, careless: Careless | None = None, plates: bool = False
    ) -> None:
        self._folder, self._broker, self._chance = folder, broker, chance
        self._careless, self._plates = careless, plates
        self.name = careless or ("plates" if plates else "buttons")
        self.tally = Tally()
        self._inside: list[str] = []
        """The tickets of the vehicles that are inside, by the witness"""
        self._plate_inside: str | None = None
        self._posts: list[Post] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            camera = self._camera(stack) if self._plates else None
            kinds = [replace(kind, plates=self._plates and kind.name == "in-numato") for kind in LANES]
            self._lot = Lot(self._folder, kinds, self._broker, camera)
            self._account = Account(self._folder / "witness.jsonl")
            stack.callback(self._account.close)
            wires = Wires(self._broker, USER, PASSWORD, self._lot.root)
            stack.callback(wires.close)
            self._posts = [Post(kind, self._folder, wires, self._account) for kind in kinds]
            for post in self._posts:
                stack.push_async_callback(post.close)
            self._edge = self._daemon()
            stack.callback(self._edge.kill)
            await asyncio.to_thread(self._edge.start)
            await asyncio.sleep(WATCHED_SECONDS)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _camera(self, stack: AsyncExitStack) -> str:
        return stack.enter_context(a_camera(with_car(empty_lane(), PLATE), there=self._somebody_stands_there))

    def _somebody_stands_there(self) -> bool:
        return any(post.arming for post in self._posts)

    def _daemon(self) -> Edge:
        if self._careless is None:
            return self._lot.daemon(DAEMON)
        return self._lot.daemon(CARELESS, PARKGATE_CARELESS=self._careless.name)

    # --- one kill ---

    async def kill_once(self, phase: Phase) -> None:
        """Vehicles come, the daemon dies among them, aimed at one of them, is started again, and everybody goes on."""
        if self._plates:
            await self._reader_is_ready()
        before, began = self._lot.stays(), now_us()
        resumed = asyncio.Event()
        visits = self._visits(before, resumed)
        lead = self._aimed_at(visits, phase)
        moment = asyncio.create_task(self._moment(lead, phase))
        dead = asyncio.Event()
        tasks = [asyncio.create_task(self._later(visit, lead, dead)) for visit in visits]
        await moment
        dead.set()
        times = await self._killed_and_restarted(visits)
        left = self._still_made()
        resumed.set()
        await asyncio.gather(*tasks)
        if not left.left_pulsing:
            await self._settled()
        after = self._lot.stays()
        found = left + self._moved(times, visits) + self._for_nobody(began)
        for visit in visits:
            found += self._judged(visit, times, before, after)
        self._count(visits, times, before, after, began, phase, found)
        self._know_who_is_inside(visits, before, after)

    async def _reader_is_ready(self) -> None:
        until = now_us() + round(_READER_WITHIN * 1e6)
        while self._lot.readers_ready() <= self.tally.kills and now_us() < until:
            await asyncio.sleep(0.1)

    def _visits(self, stays: dict[str, Stay], resumed: asyncio.Event) -> list[Visit]:
        visits: list[Visit] = []
        waiting = list(self._inside)
        self._chance.shuffle(waiting)
        if self._plate_inside in waiting:
            # It has to be out before it can come in again.
            waiting.remove(self._plate_inside)
            waiting.append(self._plate_inside)
        for post in self._posts:
            if post.kind.plates and self._plate_inside is not None:
                continue
            if not post.kind.entry and not waiting:
                continue
            code = "" if post.kind.entry else stays[waiting.pop()].code
            post.forget()
            visits.append(Visit(post, self._plan(), self._pace(), resumed, code, self._chance.random() < 0.4))
        return visits

    def _plan(self) -> Plan:
        return self._chance.choice([Plan.DRIVES] * 3 + [Plan.BACKS_OUT, Plan.DAWDLES])

    def _pace(self) -> Pace:
        between = self._chance.uniform
        thinks, reacts = between(0.1, 0.4), between(0.1, 0.4)
        return Pace(thinks, reacts, rolls=between(0.1, 0.25), crosses=between(0.1, 0.3))

    def _aimed_at(self, visits: list[Visit], phase: Phase) -> Visit:
        if self._careless is not None:
            # At a contact that nobody but the daemon opens.
            lead = self._chance.choice([visit for visit in visits if visit.post.kind.board])
        else:
            lead = self._chance.choice([visit for visit in visits if visit.post.kind.plates] or visits)
        if self._careless or phase in (Phase.UNDER, Phase.AFTER):
            lead.plan = Plan.DRIVES
        return lead

    async def _moment(self, lead: Visit, phase: Phase) -> None:
        """Until the daemon is to be killed: some way into the phase, wherever the other vehicles are by then."""
        decides = READS_WITHIN if lead.post.kind.plates else 0.06 + (0.0 if lead.post.kind.entry else PAYS_WITHIN)
        begins, lasts = {
            Phase.ARRIVING: (lead.moments["came"], lead.pace.thinks),
            Phase.DECIDING: (lead.moments["asked"], decides),
            Phase.CONTACT: (lead.post.made, 0.1 if self._careless else PULSE),
            Phase.RISING: (lead.post.opened, lead.pace.reacts + 0.1),
            Phase.UNDER: (lead.moments["under"], lead.pace.rolls + lead.pace.crosses),
            Phase.AFTER: (lead.moments["clear"], 0.15),
        }[phase]
        try:
            await asyncio.wait_for(begins.wait(), _MOMENT_WITHIN)
        except TimeoutError:
            return
        await asyncio.sleep(self._chance.uniform(0, lasts))

    async def _later(self, visit: Visit, lead: Visit, dead: asyncio.Event) -> None:
        # The others come a little before or after, so that the kill finds them elsewhere.
        await asyncio.sleep(1.0 if visit is lead else self._chance.uniform(0, 1.3))
        if dead.is_set():
            await visit.resumed.wait()
        await visit.run()

    async def _killed_and_restarted(self, visits: list[Visit]) -> Times:
        await asyncio.to_thread(self._edge.kill)
        killed = now_us()
        await asyncio.sleep(self._chance.uniform(0.1, 0.3))
        for visit in self._some_of(visits, 0.3):
            await visit.ask()  # impatient, while nobody listens
        await asyncio.sleep(self._chance.uniform(0.1, 0.5))
        restarted = now_us()
        await asyncio.to_thread(self._edge.start)
        ready = now_us()
        await asyncio.gather(self._watched(ready), *map(self._asks_soon, self._some_of(visits, 0.15)))
        return Times(killed, restarted, ready, now_us())

    async def _watched(self, ready: int) -> None:
        await asyncio.sleep(WATCHED_SECONDS)
        while self._account.still_made() and now_us() < ready + OPENED_SECONDS * 1e6:
            await asyncio.sleep(0.05)

    async def _asks_soon(self, visit: Visit) -> None:
        """Again, as soon as the daemon is back, while it may still be putting things in order."""
        await asyncio.sleep(self._chance.uniform(0, WATCHED_SECONDS - 0.3))
        if _gone(visit) == NEVER:
            await visit.ask()

    def _some_of(self, visits: list[Visit], share: float) -> list[Visit]:
        """Of those that are in a lane."""
        there = [visit for visit in visits if visit.came_us and _gone(visit) == NEVER]
        return [visit for visit in there if self._chance.random() < share]

    async def _settled(self) -> None:
        """The lanes are empty, the arms down, and the daemon has written down what it saw."""
        until = now_us() + round(_SETTLED_WITHIN * 1e6)
        while now_us() < until:
            await asyncio.sleep(0.1)
            half_way = any(stay.half_way for stay in self._lot.stays().values())
            if all(post.quiet for post in self._posts) and not half_way:
                return

    # --- judging it ---

    def _still_made(self) -> Findings:
        still = self._account.still_made()
        return Findings(left_pulsing=len(still), examples=tuple(f"left made: {contact}" for contact in still))

    def _moved(self, times: Times, visits: list[Visit]) -> Findings:
        """Contacts that were made after the restart, before anybody did anything new. Where plates are read, a
        vehicle that stands there asks without doing anything; that it was on record first is judged with it."""
        reading = {visit.lane for visit in visits if visit.post.kind.plates}
        reading |= {visit.lane for visit in visits if any(asked > times.restarted for asked in visit.asked_us)}
        made = [
            contact
            for contact in self._account.contacts(times.restarted)
            if contact.made_us < times.watched and not (contact.lane in reading and contact.for_somebody)
        ]
        return Findings(moved_after_restart=len(made), examples=tuple(f"moved: {contact}" for contact in made))

    def _for_nobody(self, since_us: int) -> Findings:
        made = [contact for contact in self._account.contacts(since_us) if not contact.for_somebody]
        return Findings(phantom_opens=len(made), examples=tuple(f"for nobody: {contact}" for contact in made))

    def _judged(self, visit: Visit, times: Times, before: dict[str, Stay], after: dict[str, Stay]) -> Findings:
        kind, made = visit.post.kind, self._made_for(visit)
        seen = Seen(
            visit.lane,
            kind.entry,
            passed=visit.passed_us is not None,
            raised=len(made) - _told_again(made, times),
            undisturbed=_undisturbed(visit, times),
            came_in=self._run_at(visit.came_us, times),
            gone_in=self._run_at(_gone(visit), times),
        )
        if kind.entry:
            return at_entry(seen, _opened(visit, before, after))
        shown = _with_code(before, visit.code)
        return at_exit(seen, shown, after[shown.id])

    def _run_at(self, moment: int, times: Times) -> int:
        """The run of the daemon, counted from 1; each kill is followed by another."""
        return self.tally.kills + (1 if moment < times.killed else 2)

    def _made_for(self, visit: Visit) -> list[Made]:
        """The contacts that raise the arm, in order."""
        made = self._account.contacts(visit.came_us, visit.lane)
        return sorted((each for each in made if each.channel == visit.post.kind.open_on), key=lambda each: each.made_us)

    # --- keeping count ---

    def _count(
        self,
        visits: list[Visit],
        times: Times,
        before: dict[str, Stay],
        after: dict[str, Stay],
        began: int,
        phase: Phase,
        found: Findings,
    ) -> None:
        contacts, now = self._account.contacts(began), now_us()
        timed = {post.kind.name for post in self._posts if post.kind.board is None}
        lasted = [(each.lane in timed, round(each.milliseconds(now))) for each in contacts]
        left = [min(each.opened_us, now) for each in contacts if each.made_us < times.killed]
        self.tally += Tally(
            kills=1,
            interrupted=sum(visit.came_us < times.killed < _gone(visit) for visit in visits),
            accepted=sum(visit.passed_us is not None for visit in visits),
            undisturbed=sum(_undisturbed(visit, times) for visit in visits),
            backed_out=sum(_undisturbed(visit, times) and visit.passed_us is None for visit in visits),
            unresolved=sum(_is_new_unresolved(id, before, after) for id in after),
            stranded=sum(visit.stranded for visit in visits),
            told_again=sum(_told_again(self._made_for(visit), times) for visit in visits),
            longest_crossing_ms=round(max((each.vacant_us for each in contacts), default=0) / 1000),
            crossed=sum(each.vacant_us > 0 and each.for_somebody for each in contacts),
            longest_contact_ms=max((ms for by_itself, ms in lasted if not by_itself), default=0),
            longest_timed_contact_ms=max((ms for by_itself, ms in lasted if by_itself), default=0),
            longest_after_start_ms=_longest_since(times.ready, left),
            longest_from_start_ms=_longest_since(times.restarted, left),
            phases=Counter({phase.value: 1}),
            found=found,
        )

    def _know_who_is_inside(self, visits: list[Visit], before: dict[str, Stay], after: dict[str, Stay]) -> None:
        for visit in visits:
            if not visit.post.kind.entry:
                ticket = _with_code(before, visit.code).id
                if not visit.inside:
                    self._inside.remove(ticket)
                    self._plate_inside = None if self._plate_inside == ticket else self._plate_inside
                continue
            holds = [stay for stay in _opened(visit, before, after) if stay.status in ("ACTIVE", "UNRESOLVED")]
            if visit.inside and holds:
                ticket = min(holds, key=lambda stay: (stay.status != "ACTIVE", stay.id)).id
                self._inside.append(ticket)
                if visit.post.kind.plates:
                    self._plate_inside = ticket


def _opened(visit: Visit, before: dict[str, Stay], after: dict[str, Stay]) -> list[Stay]:
    """One vehicle comes to each lane at a time: what is new there is its own."""
    return [stay for id, stay in after.items() if id not in before and stay.entry_lane == visit.lane]


def _with_code(stays: dict[str, Stay], code: str) -> Stay:
    return next(stay for stay in stays.values() if stay.code == code)


def _gone(visit: Visit) -> int:
    return visit.passed_us or visit.left_us or NEVER


def _longest_since(moment: int, opened: list[int]) -> int:
    """In milliseconds, of the contacts that were open only after that."""
    return round(max((at - moment for at in opened if at > moment), default=0) / 1000)


def _told_again(made: list[Made], times: Times) -> int:
    return told_again(made, times.killed, round(RISES_WITHIN * 1e6))


def _undisturbed(visit: Visit, times: Times) -> bool:
    certain = _BACK_OUT_US if visit.passed_us is None else _CERTAIN_US
    if _gone(visit) + certain < times.killed or visit.came_us > times.ready:
        return True
    return visit.resumed_us is not None and any(asked > visit.resumed_us for asked in visit.asked_us)


def _is_new_unresolved(id: str, before: dict[str, Stay], after: dict[str, Stay]) -> bool:
    was = before[id].status if id in before else ""
    return after[id].status == "UNRESOLVED" and was != "UNRESOLVED"
