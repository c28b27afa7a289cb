"""Binds one lane's machine to its hardware, its cameras and its desks. It executes actions and knows nothing of why."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace

import structlog

from drivers.contract import DriverError, NotSent, PrintedTicket
from edge.faults import FaultBoard
from edge.lane.actions import (
    Action,
    Beside,
    Call,
    Clear,
    Confirm,
    Count,
    Decide,
    Hold,
    LetGo,
    Lower,
    OnPaper,
    Print,
    Raise,
    RecordHold,
    RecordOrder,
    RecordRefusal,
    Release,
    Show,
    StartTimer,
    ToBarrier,
    Unresolve,
    Watch,
    Withdraw,
)
from edge.lane.begun import begin
from edge.lane.clerk import Clerk
from edge.lane.desk import Desk, Paper
from edge.lane.faults import CONTRADICTION
from edge.lane.hardware import Hardware
from edge.lane.help_line import COMING, HelpLine
from edge.lane.lane import Lane
from edge.lane.machine import started, step, vend_is_over
from edge.lane.offer import Offer, sign_lines
from edge.lane.orders import still_meant
from edge.lane.outcome import Outcome, Outcomes
from edge.lane.signals import (
    Asked,
    Button,
    Chosen,
    Code,
    HoldFailed,
    Order,
    Ordered,
    Presence,
    Pressed,
    Refused,
    Signal,
    Vend,
    VendFailed,
)
from edge.lane.timers import Timers
from edge.patience import within
from edge.store import Store
from models.ids import LaneName
from models.instants import Clock
from models.phrases.language import Language, language, said_in
from models.phrases.phrase import Phrase
from models.plates import masked
from models.refusals import Refusal
from models.spots import VehicleType
from models.tickets import Direction

_LAST_PAPERS_SECONDS = 3.0
RECORDED_WITHIN = 1.0
"""Seconds that an arm waits until the order that moves it is on record: a sick disk keeps nobody in."""


class LaneController:
    """One lane at work. Signals are handled one at a time on the event loop; paperwork is done in order by a clerk."""

    def __init__(
        self,
        name: LaneName,
        lane: Lane,
        hardware: Hardware,
        desks: Mapping[Direction, Desk],
        store: Store,
        watch: Callable[[bool, bool], None],
        faults: FaultBoard,
        clock: Clock,
        help_line: HelpLine | None = None,
        offer: Callable[[], Offer | None] = lambda: None,
        languages: Sequence[Language] = (),
        let_go: Callable[[int], None] = lambda vehicle: None,
    ) -> None:
        """`watch(on, far)` begins or ends reading plates, on the near or the far side. `offer` says what the sign shows
        of the price, to who comes in; it does so in these `languages`, or in English. `let_go(vehicle)` tells the
        camera, where it alone says who is there, that this one has passed."""
        self.name, self.lane, self.shown = name, lane, Show("")
        self.help_line = help_line or HelpLine()
        self._hardware, self._desks, self._store = hardware, desks, store
        self._watch, self._faults, self._clock, self.offer = watch, faults, clock, offer
        self._let_go = let_go
        self._languages = tuple(languages) or (language("en"),)
        self._log = structlog.get_logger("edge.lane").bind(lane=name)
        self._unanswered: deque[Signal] = deque()
        self._answering = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers = Timers(clock, self._spawn, self.hear)
        self._vending: asyncio.Task[None] | None = None
        self._outcomes = Outcomes(lambda: self.lane, clock)
        self._changed: list[Callable[[], None]] = [self._outcomes.changed]
        self._sign_stale = asyncio.Event()
        # Orders, calls for help and passages without a ticket are on record whatever has to be decided first: a driver
        # at the terminal takes their time.
        self._clerk, self._registrar = self._a_clerk(), self._a_clerk()
        self._asked: Asked | None = None
        self.at_the_arm: int | None = None
        """The camera's number of the vehicle that the lane was told of last, where a camera tells"""
        self._gone = asyncio.Event()
        self._begun = False
        self._not_told = ""

    @property
    def line(self) -> str:
        """What the lane says."""
        return self.shown.line

    @property
    def lines(self) -> list[str]:
        """What the sign shows: the lane's line, the price, or both."""
        return sign_lines(self.lane, self.line, self.offer())

    @property
    def reads_back(self) -> bool:
        return self._hardware.barrier.reads_back

    async def start(self) -> None:
        """Listen to the hardware. Only an arm that was kept up before is told so again."""
        if self._hardware.sign is not None:
            self._spawn(self._keep_the_sign_up())
        self._hardware.speak_to(self.hear)
        for part in self._hardware.all():
            await part.start()
        begun = started(self.lane, self._clock.monotonic())
        self._take(begun.lane, begun.actions)
        self._begun = True
        self.price_changed()

    async def stop(self) -> None:
        """What was seen is written down first, if the store takes it within a few seconds."""
        clerks = asyncio.gather(self._clerk.all_done.wait(), self._registrar.all_done.wait())
        await within(_LAST_PAPERS_SECONDS, clerks, self._clock)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for part in self._hardware.all():
            await part.stop()

    # --- what comes in; only on the event loop ---

    def hear(self, signal: Signal) -> None:
        """One signal from outside. What is heard while another is being answered is answered next."""
        self._unanswered.append(signal)
        if not self._answering:
            self._answer_all()

    def _answer_all(self) -> None:
        self._answering = True
        try:
            while self._unanswered:
                self._answer(self._unanswered.popleft())
        finally:
            self._answering = False

    def _answer(self, signal: Signal) -> None:
        before = self.lane
        if isinstance(signal, Presence) and signal.present:
            self.at_the_arm = signal.vehicle
        stepped = step(before, signal, self._clock.monotonic())
        if vend_is_over(before, stepped.lane):
            self._take_back_the_vend()
        self._take(stepped.lane, stepped.actions)
        if stepped.lane.phase is not before.phase:
            self._log.info("lane.phase", was=before.phase, now=stepped.lane.phase, signal=type(signal).__name__)

    def obey(self, order: Order) -> str:
        """A person's order. Returns why the lane doesn't obey, in one line; empty when it does."""
        if not self._begun:
            return "the lane is still starting"
        stepped = step(self.lane, Ordered(order), self._clock.monotonic())
        # A camera that is told to look may answer at once: its turn comes after all that the order does.
        self._answering = True
        try:
            self._take(stepped.lane, stepped.actions)
        finally:
            self._answer_all()
        said = [action.why_not for action in stepped.actions if isinstance(action, RecordOrder)]
        self._log.warning("lane.ordered", kind=order.kind, by=order.by, reason=order.reason, why_not=said[0])
        return said[0]

    async def carry_out(self, order: Order) -> Outcome:
        """A person's order, and what came of it at the barrier within a few seconds. Nothing else waits for that."""
        with self._outcomes.of(order.kind) as awaited:
            why_not = self.obey(order)
            return Outcome("", why_not) if why_not else await awaited.outcome()

    def press(self, button: Button) -> None:
        self.hear(Pressed(button))

    def choose(self, vehicle_type: VehicleType) -> None:
        self.hear(Chosen(vehicle_type))

    def present_code(self, text: str) -> None:
        self.hear(Code(text))

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call `changed` after everything that this lane has heard."""
        self._changed.append(changed)

    def price_changed(self) -> None:
        if self._begun:
            self._sign_stale.set()
            self._tell()

    def _take(self, lane: Lane, actions: tuple[Action, ...]) -> None:
        self.lane = lane
        if lane.asked is not self._asked:
            # Nobody waits for that answer: who left the terminal holds up neither the next nor the other direction.
            self._gone.set()
        ordered = any(isinstance(action, RecordOrder) for action in actions)
        for action in actions:
            if isinstance(action, ToBarrier):
                self._order_the_barrier(action, recorded_first=ordered)
            else:
                self._perform(action)
        self._tell()

    def _tell(self) -> None:
        for changed in self._changed:
            changed()

    # --- what goes out ---

    def _perform(self, action: Beside) -> None:
        match action:
            case Decide(asked, direction):
                self._asked, self._gone = asked, (gone := asyncio.Event())
                priced = self._at_this_price(asked, direction)
                self._clerk.ask(lambda: self._decide(priced, direction, gone))
            case Watch(on, far):
                self._watch(on, far)
            case LetGo():
                if self.at_the_arm is not None:
                    self._let_go(self.at_the_arm)
            case Show():
                self.shown = self.help_line.answer(action) if action.line == COMING else action
                self._sign_stale.set()
            case Print(ticket):
                self._spawn(self._print(ticket))
            case StartTimer(timer, seconds, which):
                self._timers.start(timer, seconds, which)
            case Raise(code, detail):
                self._faults.raise_(self.name, code, detail)
            case Clear(code):
                self._faults.clear(self.name, code)
            case RecordOrder() | RecordHold() | Count() | Call():
                self._registrar.file(self._paper(action))
            case _:
                self._clerk.file(self._paper(action))

    def _paper(self, action: OnPaper) -> Paper:
        match action:
            case Confirm(ticket, direction):
                return self._desks[direction].confirm(ticket)
            case Withdraw(ticket, direction, vended):
                return self._desks[direction].withdraw(ticket, vended=vended)
            case Unresolve(ticket, direction):
                return self._desks[direction].unresolve(ticket)
            case RecordRefusal(reason, plate, direction):
                self._log.info("lane.refused", reason=reason.name, plate=masked(plate) if plate else None)
                return self._desks[direction].refuse(reason, plate)
            case Count(kind, _, plate):
                self._log.info("lane.counted", kind=kind, plate=masked(plate) if plate else None)
                return self._any_desk.count(action)
            case RecordOrder(order, why_not):
                return self._any_desk.obey(order, why_not)
            case RecordHold(cause, order):
                return self._any_desk.hold(cause, order)
            case Call(why, plate):
                self._log.info("lane.called", why=why)
                return self._any_desk.call(why, plate)

    @property
    def _any_desk(self) -> Desk:
        """For papers that don't depend on the direction, or name it themselves."""
        return next(iter(self._desks.values()))

    def _order_the_barrier(self, order: ToBarrier, *, recorded_first: bool = False) -> None:
        telling = self._keep(begin(self._tell_the_barrier(order, recorded_first=recorded_first)))
        telling.add_done_callback(lambda task: self._told(task, order))
        if isinstance(order, Vend):
            self._vending = telling

    def _take_back_the_vend(self) -> None:
        """Its vehicle has gone: an order that still waits for a slow board would raise the arm for whoever comes."""
        if self._vending is not None:
            self._vending.cancel()

    async def _tell_the_barrier(self, order: ToBarrier, *, recorded_first: bool) -> None:
        barrier = self._hardware.barrier
        if recorded_first:
            await within(RECORDED_WITHIN, self._registrar.all_done.wait(), self._clock)
        if not still_meant(self.lane, order):
            why = "something has come under it" if isinstance(order, Lower) else "that has ended"
            self._outcomes.dropped(order, why)
            return
        match order:
            case Vend():
                await barrier.vend(str(uuid.uuid4()))
            case Hold():
                await barrier.hold()
            case Release():
                await barrier.release()
            case Lower():
                await barrier.lower()

    def _told(self, task: asyncio.Task[None], order: ToBarrier) -> None:
        wrong = None if task.cancelled() else task.exception()
        self._outcomes.told(order, wrong)
        if wrong is None or isinstance(order, Lower):
            return
        maybe = not isinstance(wrong, NotSent)
        self.hear(VendFailed(maybe, order) if isinstance(order, Vend) else HoldFailed())

    def _at_this_price(self, asked: Asked, direction: Direction) -> Asked:
        """With what the sign shows now: by the time that the desk comes to it, the vehicle may have driven on."""
        offer = self.offer() if direction is Direction.ENTRY else None
        return asked if offer is None else replace(asked, tariff=offer.tariff)

    async def _decide(self, asked: Asked, direction: Direction, gone: asyncio.Event) -> None:
        self.hear(await self._desks[direction].decide(asked, gone))

    async def _print(self, ticket: PrintedTicket) -> None:
        """A driver whose ticket can't be printed gets its code on the sign: it opens the exit as well."""
        printer = self._hardware.printer
        try:
            if printer is not None:
                self._show_instead(Show(Phrase.TAKE_YOUR_TICKET, self.shown.asks))
                await printer.print_ticket(ticket)
                return
        except DriverError as wrong:
            self._log.warning("lane.not_printed", fault=wrong.fault.code, detail=wrong.detail)
        self._show_instead(Show(Phrase.NOTE_YOUR_TICKET.of(code=ticket.code), self.shown.asks))

    def _show_instead(self, show: Show) -> None:
        """Of what the machine said last: the spot stands on the ticket, too."""
        self._perform(show)
        self._tell()

    async def _keep_the_sign_up(self) -> None:
        """The newest line only: a slow sign skips what nobody could have read."""
        while True:
            await self._sign_stale.wait()
            self._sign_stale.clear()
            try:
                assert self._hardware.sign is not None, "started for a lane with a sign"
                await self._hardware.sign.show(said_in(self._languages, self.lines))
            except DriverError as wrong:
                self._log.info("lane.sign_failed", fault=wrong.fault.code, detail=wrong.detail)

    # --- paperwork ---

    def _a_clerk(self) -> Clerk:
        return Clerk(
            self._store,
            self._clock,
            self._keep,
            lambda detail: self._faults.raise_(self.name, CONTRADICTION.code, detail),
            lambda: self.hear(Refused(Refusal.NOT_RECORDED)),
        )

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        return self._keep(asyncio.create_task(work))

    def _keep(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        wrong = None if task.cancelled() else task.exception()
        if isinstance(wrong, DriverError):
            level = self._log.debug if str(wrong) == self._not_told else self._log.warning
            self._not_told = str(wrong)
            level("lane.not_told", fault=wrong.fault.code, detail=wrong.detail)
        elif wrong is not None:
            self._log.error("lane.task_failed", exc_info=wrong)
