"""A lane at work: the machine, the desk and a real store behind it, with hardware that lives in memory."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome, DriverError, NotSent, Position, PrintedReceipt, PrintedTicket
from edge.faults import FaultBoard
from edge.kiosk.screen import buttons
from edge.lane.controller import RECORDED_WITHIN, LaneController
from edge.lane.desk import Desk
from edge.lane.faults import CONTRADICTION
from edge.lane.hardware import Hardware
from edge.lane.help_line import COMING, HelpLine
from edge.lane.lane import Fitted, a_lane
from edge.lane.outcome import ARRIVED_WITHIN, KNOWN_WITHIN
from edge.lane.signals import Allowed, Asked, Button, Fire, Order, Phase, Read, Refused, Vend
from edge.lane.signals import Arm as ArmSignal
from edge.lane.timing import LaneTiming
from edge.parking.desks import EntryDesk, ExitDesk
from edge.parking.money.till import Till
from edge.post import Post
from edge.store import Store, Transaction
from models.faults import Fault
from models.ids import PaymentId, TicketId
from models.instants import SECOND, Instant
from models.lanes import LaneState, OrderKind
from models.money import Minor
from models.phrases.language import language
from models.phrases.phrase import Phrase
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tickets import Direction
from tests.edge.clouds import becomes
from tests.edge.lots import IN, TARIFF, HandClock, Lot, a_lot

OUT_OF_REACH = Fault(code="device.unreachable", meaning="The barrier is gone", look_at="Its cable")
PLATE = Read(Plate("AB12CDE"), 0.97)
BEHIND = Read(Plate("ZZ99ZZZ"), 0.97)


class Clock(HandClock):
    """Waits end when the test moves the clock beyond them."""

    async def sleep(self, seconds: float) -> None:
        until = self.wall + round(seconds * SECOND)
        while self.wall < until:
            await asyncio.sleep(0.002)

    def seconds_pass(self, seconds: float) -> None:
        self.wall = Instant(self.wall + round(seconds * SECOND))


@dataclass
class Part:
    started: bool = False
    stopped: bool = False

    async def start(self) -> None:
        self.started = True

    async def stop(self) -> None:
        self.stopped = True


@dataclass
class Sign(Part):
    text: list[str] = field(default_factory=list[str])

    async def show(self, lines: Sequence[str]) -> None:
        self.text = list(lines)


@dataclass
class Loop(Part):
    level: bool | None = None
    _heard: Callable[[bool | None], None] = lambda level: None

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._heard = heard

    def becomes(self, level: bool | None) -> None:
        self.level = level
        self._heard(level)


@dataclass
class Arm(Part):
    """Rises when it is told to, unless it is out of reach."""

    position: Position = Position.CLOSED
    vends: list[str] = field(default_factory=list)
    reachable: bool = True
    reads_back: bool = True
    can_hold: bool = True
    can_lower: bool = False
    held: list[bool] = field(default_factory=list)
    slow: asyncio.Event | None = None
    """Its board is busy until then"""

    def on_position(self, heard: Callable[[Position], None]) -> None: ...

    async def vend(self, vend_id: str) -> None:
        if not self.reachable:
            raise NotSent(OUT_OF_REACH, "no answer")
        if self.slow is not None:
            await self.slow.wait()
        self.vends.append(vend_id)

    async def hold(self) -> None:
        if not self.reachable:
            raise DriverError(OUT_OF_REACH, "no answer")
        self.held.append(True)

    async def release(self) -> None:
        self.held.append(False)

    async def lower(self) -> None: ...


@dataclass
class Entry:
    """One entry lane with all that belongs to it."""

    lot: Lot
    clock: Clock
    arming: Loop
    closing: Loop
    arm: Arm
    controller: LaneController
    faults: FaultBoard

    @property
    def phase(self) -> Phase:
        return self.controller.lane.phase

    async def a_car_stands_there(self, read: Read = PLATE) -> None:
        self.arming.becomes(True)
        self.controller.hear(read)

    async def it_drives_through(self) -> None:
        self.closing.becomes(True)
        self.arming.becomes(False)
        self.clock.seconds_pass(0.5)
        self.closing.becomes(False)

    async def reaches(self, phase: Phase) -> None:
        await becomes(lambda: self.phase is phase)

    def tickets(self) -> list[str]:
        return [str(status) for (status,) in self.lot.rows("SELECT status FROM tickets ORDER BY rowid")]

    def refusals(self) -> list[str]:
        return [str(reason) for (reason,) in self.lot.rows("SELECT reason FROM access_refusals ORDER BY rowid")]


@dataclass(frozen=True)
class FaultyDesk(EntryDesk):
    """Raises what nobody foresaw, as often as it is told to."""

    troubles: list[Exception] = field(default_factory=list)
    bad_papers: list[Exception] = field(default_factory=list)

    async def decide(self, asked: Asked, gone: asyncio.Event | None = None) -> Allowed | Refused:
        if self.troubles:
            raise self.troubles.pop(0)
        return await super().decide(asked, gone)

    def confirm(self, ticket: TicketId) -> Callable[[Transaction], None]:
        def bad(tx: Transaction) -> None:
            raise self.bad_papers.pop(0)

        return bad if self.bad_papers else super().confirm(ticket)


@dataclass
class Printer(Part):
    """Prints as slowly as a test wants, or is out of paper."""

    paper: bool = True
    printed: asyncio.Event = field(default_factory=asyncio.Event)

    async def print_ticket(self, ticket: PrintedTicket) -> None:
        await self.printed.wait()
        if not self.paper:
            raise DriverError(OUT_OF_REACH, "no paper")

    async def print_receipt(self, receipt: PrintedReceipt) -> None:
        await self.print_ticket(PrintedTicket("", "", "", ""))


@dataclass(frozen=True)
class PrintingDesk(EntryDesk):
    async def decide(self, asked: Asked, gone: asyncio.Event | None = None) -> Allowed | Refused:
        answer = await super().decide(asked, gone)
        assert isinstance(answer, Allowed)
        return replace(answer, printed=PrintedTicket("North", "7777", "qr", "noon"))


@asynccontextmanager
async def an_entry(
    folder: Path,
    make_desk: Callable[[Store], Desk] | None = None,
    timing: LaneTiming | None = None,
    direction: Direction = Direction.ENTRY,
    clock: Clock | None = None,
    help_line: HelpLine | None = None,
    printer: Printer | None = None,
    sign: Sign | None = None,
    languages: Sequence[str] = (),
) -> AsyncIterator[Entry]:
    clock = clock or Clock()
    lot = a_lot(folder, clock=clock)
    lot.decide(lambda tx: tx.connection.execute("PRAGMA busy_timeout = 20"))
    desk = (
        make_desk(lot.store) if make_desk else EntryDesk(IN, lot.store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR)
    )
    arming, closing_loop, arm = Loop(), Loop(), Arm()
    faults = FaultBoard(lot.decide)
    machine = a_lane(Fitted(direction=direction, timing=timing or LaneTiming()))
    hardware = Hardware(arm, arming, closing_loop=closing_loop, sign=sign, printer=printer, others=(Part(),))
    desks = {direction: desk}
    speaks = [language(code) for code in languages]
    controller = LaneController(
        IN, machine, hardware, desks, lot.store, lambda on, far: None, faults, clock, help_line, languages=speaks
    )
    await controller.start()
    closing_loop.becomes(False)
    yield Entry(lot, clock, arming, closing_loop, arm, controller, faults)
    await controller.stop()
    lot.store.close()


@pytest.mark.parametrize(
    ("languages", "shown"),
    [((), ["Reading your plate"]), (("de", "en"), ["Ihr Kennzeichen wird gelesen", "Reading your plate"])],
)
async def test_a_sign_speaks_the_lot_s_languages(tmp_path: Path, languages: tuple[str, ...], shown: list[str]) -> None:
    sign = Sign()
    async with an_entry(tmp_path, sign=sign, languages=languages) as lane:
        lane.arming.becomes(True)
        await becomes(lambda: sign.text == shown)


async def test_a_car_is_on_record_before_the_arm_is_told_to_rise_and_inside_when_it_has_passed(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        recorded: list[str] = []
        vend = lane.arm.vend

        async def looks_first(vend_id: str) -> None:
            recorded.extend(lane.tickets())
            await vend(vend_id)

        lane.arm.vend = looks_first  # type: ignore[method-assign]
        await lane.a_car_stands_there()
        await becomes(lambda: len(lane.arm.vends) == 1)
        assert recorded == ["ADMITTED"]
        await lane.it_drives_through()
        await becomes(lambda: lane.tickets() == ["ACTIVE"])


async def test_an_arm_that_says_where_it_is_while_it_is_being_told_is_heard_after_that(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        phases: list[Phase] = []

        async def moves_at_once(vend_id: str) -> None:
            lane.controller.hear(ArmSignal(Position.OPEN))
            phases.append(lane.phase)
            assert lane.controller.lane.arm is not Position.OPEN
            lane.arm.vends.append(vend_id)

        lane.arm.vend = moves_at_once  # type: ignore[method-assign]
        await lane.a_car_stands_there()
        await becomes(lambda: lane.controller.lane.arm is Position.OPEN)
        assert phases == [Phase.VENDED]
        assert lane.controller.line.startswith("Welcome")
        assert len(lane.arm.vends) == 1


async def test_an_arm_is_told_before_anybody_hears_that_it_was(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        vends_when_told: list[int] = []

        def told() -> None:
            if lane.phase is Phase.VENDED:
                vends_when_told.append(len(lane.arm.vends))

        lane.controller.on_change(told)
        await lane.a_car_stands_there()
        await becomes(lambda: bool(vends_when_told))
        assert vends_when_told[0] == 1


async def test_nothing_moves_because_a_lane_starts_or_stops(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        assert all(part.started for part in (lane.arm, lane.arming, lane.closing))
    assert all(part.stopped for part in (lane.arm, lane.arming, lane.closing))
    assert lane.arm.vends == []


async def test_a_lane_that_stops_while_a_car_waits_leaves_the_arm_alone_and_runs_nothing_on(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with an_entry(tmp_path) as lane:
        lane.arming.becomes(True)
        await lane.reaches(Phase.READING)
    assert lane.arm.vends == []
    assert asyncio.all_tasks() == before


async def test_when_the_arm_can_not_be_told_the_ticket_stands_and_it_is_told_again(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        lane.arm.reachable = False
        await lane.a_car_stands_there()
        await becomes(lambda: lane.refusals() == ["ARM_UNREACHABLE"])
        assert lane.tickets() == ["ADMITTED"]
        assert lane.controller.line == Refusal.ARM_UNREACHABLE.driver
        lane.arm.reachable = True
        await asyncio.sleep(0.02)
        lane.clock.seconds_pass(LaneTiming().retry_after + 1)
        await becomes(lambda: len(lane.arm.vends) == 1)
        await lane.it_drives_through()
        await becomes(lambda: lane.tickets() == ["ACTIVE"])


async def test_a_driver_who_gives_up_before_a_dead_arm_was_never_inside(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        lane.arm.reachable = False
        await lane.a_car_stands_there()
        await becomes(lambda: lane.refusals() == ["ARM_UNREACHABLE"])
        lane.arming.becomes(False)
        await asyncio.sleep(0.02)
        lane.clock.seconds_pass(LaneTiming().back_out_after + 1)
        await becomes(lambda: lane.tickets() == ["VOIDED"])
        assert lane.lot.one("SELECT count(*) FROM spots WHERE status = 'OCCUPIED'") == 0
        said = str(lane.lot.one("SELECT body FROM journal WHERE type = 'ticket.voided'"))
        assert json.loads(said)["reason"] == "back_out"
        assert lane.arm.vends == []


async def test_an_order_that_waits_for_a_busy_board_is_taken_back_when_its_vehicle_has_gone(tmp_path: Path) -> None:
    # lane-kills, boards that answer late, seed 302: the arm rose 150 ms after the ticket was void.
    async with an_entry(tmp_path) as lane:
        lane.arm.slow = asyncio.Event()
        await lane.a_car_stands_there()
        await lane.reaches(Phase.VENDED)
        lane.arming.becomes(False)
        await asyncio.sleep(0.02)
        lane.clock.seconds_pass(LaneTiming().back_out_after + 1)
        await becomes(lambda: lane.tickets() == ["VOIDED"])
        lane.arm.slow.set()
        await asyncio.sleep(0.02)
        assert lane.arm.vends == []


async def test_an_order_that_waits_for_a_busy_board_stands_while_its_vehicle_does(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        lane.arm.slow = asyncio.Event()
        await lane.a_car_stands_there()
        await lane.reaches(Phase.VENDED)
        lane.arm.slow.set()
        await becomes(lambda: len(lane.arm.vends) == 1)
        await lane.it_drives_through()
        await becomes(lambda: lane.tickets() == ["ACTIVE"])


async def test_a_desk_that_fails_in_a_way_nobody_foresaw_costs_one_decision_and_not_the_lane(tmp_path: Path) -> None:
    def faulty(store: Store) -> EntryDesk:
        return FaultyDesk(
            IN, store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR, troubles=[RuntimeError("a defect")]
        )

    async with an_entry(tmp_path, faulty) as lane:
        await lane.a_car_stands_there()
        await lane.reaches(Phase.REFUSED)
        assert [fault.code for fault in lane.faults.open(IN)] == [CONTRADICTION.code]
        await asyncio.sleep(0.02)
        lane.clock.seconds_pass(LaneTiming().retry_after + 1)
        await becomes(lambda: len(lane.arm.vends) == 1)
        await lane.it_drives_through()
        await becomes(lambda: lane.tickets() == ["ACTIVE"])


@dataclass(frozen=True)
class SlowDesk(EntryDesk):
    """Takes as long as the driver at the terminal."""

    paid: asyncio.Event = field(default_factory=asyncio.Event)

    async def decide(self, asked: Asked, gone: asyncio.Event | None = None) -> Allowed | Refused:
        await self.paid.wait()
        return await super().decide(asked, gone)


async def test_calls_and_passages_without_a_ticket_are_on_record_while_a_driver_takes_their_time_to_pay(
    tmp_path: Path,
) -> None:
    paid = asyncio.Event()

    def slow(store: Store) -> EntryDesk:
        return SlowDesk(IN, store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR, paid=paid)

    async with an_entry(tmp_path, slow) as lane:
        await lane.a_car_stands_there()
        lane.controller.press(Button.HELP)
        await becomes(lambda: lane.lot.one("SELECT count(*) FROM help_calls") == 1)
        await lane.it_drives_through()
        await becomes(lambda: lane.lot.one("SELECT count(*) FROM passages") == 1)
        assert lane.tickets() == []
        paid.set()


@pytest.mark.parametrize(
    ("heard", "number", "line"),
    [
        (True, "+49 40 123456", COMING),
        (False, "+49 40 123456", "Please call +49 40 123456"),
        (False, None, "Your call is noted"),
    ],
)
async def test_help_is_on_its_way_only_where_somebody_hears_of_the_call(
    tmp_path: Path, heard: bool, number: str | None, line: str
) -> None:
    async with an_entry(tmp_path, help_line=HelpLine(lambda: heard, number)) as lane:
        await lane.a_car_stands_there()
        await lane.reaches(Phase.VENDED)
        lane.controller.press(Button.HELP)
        screen = Post(lane.controller, choose_type=False).screen()
        assert (lane.controller.line, screen.line, screen.help_line) == (line, line, line)


@pytest.mark.parametrize(("paper", "then"), [(True, "Please take your ticket"), (False, "Note your ticket: 7777")])
async def test_a_driver_is_told_to_take_the_ticket_that_is_being_printed(
    tmp_path: Path, paper: bool, then: str
) -> None:
    def desk(store: Store) -> EntryDesk:
        return PrintingDesk(IN, store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR)

    printer = Printer(paper=paper)
    async with an_entry(tmp_path, desk, printer=printer) as lane:
        await lane.a_car_stands_there()
        await lane.reaches(Phase.VENDED)
        await becomes(lambda: lane.controller.line == "Please take your ticket")
        printer.printed.set()
        await becomes(lambda: lane.controller.line == then)


@pytest.mark.parametrize(("direction", "offered"), [(Direction.ENTRY, False), (Direction.EXIT, True)])
async def test_only_at_an_exit_a_driver_has_a_ticket_to_lose(
    tmp_path: Path, direction: Direction, offered: bool
) -> None:
    async with an_entry(tmp_path, direction=direction) as lane:
        lane.arming.becomes(True)
        await asyncio.sleep(0.02)
        lane.clock.seconds_pass(LaneTiming().read_within + 1)
        await becomes(lambda: Button.LOST_TICKET in lane.controller.shown.asks)
        screen = Post(lane.controller, choose_type=False).screen()
        assert (Button.LOST_TICKET in screen.asks, Button.HELP in buttons(screen)) == (offered, True)


@dataclass
class HangingTerminal(Part, ChargesOnly):
    """Takes the card of the first driver and forgets to say so for a while; of the others it says so at once."""

    asked: list[PaymentId] = field(default_factory=list)
    comes_to: asyncio.Event = field(default_factory=asyncio.Event)

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        self.asked.append(payment)
        if len(self.asked) == 1:
            await self.comes_to.wait()
        return Charged(ChargeOutcome.TAKEN, reference=payment)


async def test_a_driver_who_left_a_hanging_terminal_holds_up_nobody_and_has_paid_what_it_took(tmp_path: Path) -> None:
    clock, terminal = Clock(), HangingTerminal()

    def exit_desk(store: Store) -> ExitDesk:
        return ExitDesk(IN, store, Till(terminal, store, clock))

    async with an_entry(tmp_path, exit_desk, direction=Direction.EXIT, clock=clock) as lane:
        for read in (PLATE, BEHIND):
            lane.lot.enters(read.plate)
        await lane.a_car_stands_there()
        await becomes(lambda: len(terminal.asked) == 1)
        lane.arming.becomes(False)
        await lane.reaches(Phase.IDLE)
        await lane.a_car_stands_there(BEHIND)
        await becomes(lambda: len(lane.arm.vends) == 1)
        await lane.it_drives_through()
        await becomes(lambda: lane.tickets() == ["ACTIVE", "COMPLETED"])
        terminal.comes_to.set()
        await becomes(lambda: lane.lot.rows("SELECT amount_paid FROM tickets") == [(250,), (250,)])
        assert (lane.tickets(), len(lane.arm.vends)) == (["ACTIVE", "COMPLETED"], 1)
        assert lane.lot.rows("SELECT status, count(*) FROM payments GROUP BY 1") == [("TAKEN", 2)]


async def test_a_defect_in_writing_one_passage_costs_that_one_and_what_follows_is_written(tmp_path: Path) -> None:
    def faulty(store: Store) -> EntryDesk:
        return FaultyDesk(
            IN, store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR, bad_papers=[RuntimeError("a defect")]
        )

    async with an_entry(tmp_path, faulty) as lane:
        await lane.a_car_stands_there()
        await becomes(lambda: len(lane.arm.vends) == 1)
        await lane.it_drives_through()
        await becomes(lambda: bool(lane.faults.open(IN)))
        await lane.a_car_stands_there(Read(Plate("XY99ZZZ"), 0.9))
        await becomes(lambda: len(lane.arm.vends) == 2)
        await lane.it_drives_through()
        await becomes(lambda: lane.tickets() == ["ADMITTED", "ACTIVE"])


async def test_a_passage_that_contradicts_the_records_is_a_fault_and_the_next_car_is_served(tmp_path: Path) -> None:
    def faulty(store: Store) -> EntryDesk:
        troubles: list[Exception] = [LookupError("tickets has no row t-1")]
        return FaultyDesk(IN, store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR, bad_papers=troubles)

    async with an_entry(tmp_path, faulty) as lane:
        await lane.a_car_stands_there()
        await becomes(lambda: len(lane.arm.vends) == 1)
        await lane.it_drives_through()
        await becomes(lambda: bool(lane.faults.open(IN)))
        await lane.a_car_stands_there(Read(Plate("XY99ZZZ"), 0.9))
        await becomes(lambda: len(lane.arm.vends) == 2)
        await lane.it_drives_through()
        await becomes(lambda: lane.tickets() == ["ADMITTED", "ACTIVE"])


@pytest.fixture
def stranger(tmp_path: Path) -> sqlite3.Connection:
    """Somebody else who opens the lot's file, to hold it."""
    return sqlite3.connect(tmp_path / "lot.sqlite", isolation_level=None)


async def test_a_passage_that_the_store_can_not_take_now_is_written_when_it_can(
    tmp_path: Path, stranger: sqlite3.Connection
) -> None:
    async with an_entry(tmp_path) as lane:
        with closing(stranger):
            await lane.a_car_stands_there()
            await becomes(lambda: len(lane.arm.vends) == 1)
            stranger.execute("BEGIN IMMEDIATE")
            await lane.it_drives_through()
            for _ in range(3):
                await asyncio.sleep(0.05)
                lane.clock.seconds_pass(3)
            assert stranger.execute("SELECT status FROM tickets").fetchall() == [("ADMITTED",)]
            stranger.execute("ROLLBACK")
            await asyncio.sleep(0.05)
            lane.clock.seconds_pass(3)
            await becomes(lambda: lane.tickets() == ["ACTIVE"])


async def test_while_the_store_can_not_record_no_arm_rises(tmp_path: Path, stranger: sqlite3.Connection) -> None:
    async with an_entry(tmp_path) as lane:
        with closing(stranger):
            stranger.execute("BEGIN IMMEDIATE")
            await lane.a_car_stands_there()
            await lane.reaches(Phase.REFUSED)
            assert lane.controller.line == Refusal.NOT_RECORDED.driver
            assert lane.arm.vends == []
            stranger.execute("ROLLBACK")
        await asyncio.sleep(0.02)
        lane.clock.seconds_pass(LaneTiming().retry_after + 1)
        await becomes(lambda: len(lane.arm.vends) == 1)
        assert lane.refusals() == ["NOT_RECORDED"], "the refusal is on record too, once it could be written"


async def test_while_a_passage_can_not_be_written_the_next_car_is_told_so_at_once(
    tmp_path: Path, stranger: sqlite3.Connection
) -> None:
    async with an_entry(tmp_path) as lane:
        with closing(stranger):
            await lane.a_car_stands_there()
            await becomes(lambda: len(lane.arm.vends) == 1)
            stranger.execute("BEGIN IMMEDIATE")
            await lane.it_drives_through()
            await lane.a_car_stands_there(Read(Plate("XY99ZZZ"), 0.9))
            await lane.reaches(Phase.REFUSED)
            assert lane.controller.line == Refusal.NOT_RECORDED.driver
            stranger.execute("ROLLBACK")
            for _ in range(4):
                await asyncio.sleep(0.05)
                lane.clock.seconds_pass(3)
            await becomes(lambda: lane.tickets()[:1] == ["ACTIVE"])
            await becomes(lambda: len(lane.arm.vends) == 2)


async def test_orders_before_the_lane_has_started_move_nothing(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        other = LaneController(
            IN, a_lane(Fitted()), Hardware(lane.arm), {}, lane.lot.store, lambda on, far: None, lane.faults, lane.clock
        )
        order = Order("o-1", OrderKind.OPEN, "Ada", "a delivery")
        assert other.obey(order) == "the lane is still starting"
        assert lane.arm.vends == []


# --- people's orders ---


def an_order(kind: OrderKind = OrderKind.OPEN, number: int = 1) -> Order:
    return Order(f"o-{number}", kind, "Ada", "a delivery")


def orders_on_record(lane: Entry) -> int:
    return len(lane.lot.rows("SELECT 1 FROM journal WHERE type = 'lane.ordered'"))


@pytest.mark.parametrize("kind", [OrderKind.OPEN, OrderKind.KEEP_OPEN])
async def test_a_persons_order_is_on_record_before_it_moves_an_arm(tmp_path: Path, kind: OrderKind) -> None:
    async with an_entry(tmp_path) as lane:
        on_record: list[int] = []
        lane.arm.hold = lane.arm.vend = lambda *_: _noting(on_record, orders_on_record(lane))  # type: ignore[method-assign]
        assert lane.controller.obey(an_order(kind)) == ""
        await becomes(lambda: on_record == [1])


async def _noting(on_record: list[int], so_far: int) -> None:
    on_record.append(so_far)


async def test_a_store_that_can_not_record_keeps_no_order_from_the_arm_for_long(
    tmp_path: Path, stranger: sqlite3.Connection
) -> None:
    async with an_entry(tmp_path) as lane:
        stranger.execute("BEGIN IMMEDIATE")
        assert lane.controller.obey(an_order(OrderKind.OPEN)) == ""
        await asyncio.sleep(0.05)
        assert lane.arm.vends == [], "it may be on record in a moment"
        lane.clock.seconds_pass(RECORDED_WITHIN)
        await becomes(lambda: len(lane.arm.vends) == 1)
        stranger.execute("ROLLBACK")
        await asyncio.sleep(0.05)
        lane.clock.seconds_pass(3)
        await becomes(lambda: orders_on_record(lane) == 1)
        assert len(lane.arm.vends) == 1


async def test_a_fire_does_not_wait_for_its_record(tmp_path: Path, stranger: sqlite3.Connection) -> None:
    async with an_entry(tmp_path) as lane:
        stranger.execute("BEGIN IMMEDIATE")
        lane.controller.hear(Fire(True))
        assert lane.arm.held == [True]
        stranger.execute("ROLLBACK")
        lane.clock.seconds_pass(3)


async def test_a_hold_that_was_ended_before_it_was_on_record_raises_nothing(
    tmp_path: Path, stranger: sqlite3.Connection
) -> None:
    async with an_entry(tmp_path) as lane:
        stranger.execute("BEGIN IMMEDIATE")
        lane.controller.obey(an_order(OrderKind.KEEP_OPEN))
        lane.controller.obey(an_order(OrderKind.RELEASE, 2))
        lane.clock.seconds_pass(RECORDED_WITHIN)
        await asyncio.sleep(0.05)
        assert True not in lane.arm.held
        stranger.execute("ROLLBACK")
        lane.clock.seconds_pass(3)


# --- what a person is told of an order ---


async def test_a_person_is_told_that_the_arm_was_told_to_rise_and_is_up(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        answer = asyncio.create_task(lane.controller.carry_out(an_order()))
        await becomes(lambda: len(lane.arm.vends) == 1)
        lane.controller.hear(ArmSignal(Position.MOVING))
        await asyncio.sleep(0.02)
        assert not answer.done(), "where the position is read, it is waited for"
        lane.controller.hear(ArmSignal(Position.OPEN))
        assert (await answer).said == "the arm was told to rise, and is up"


async def test_nobody_waits_for_a_position_that_nothing_reads(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        lane.controller.lane = a_lane(Fitted(reads_back=False))
        answer = await lane.controller.carry_out(an_order())
        assert (answer.said, answer.failed) == ("the arm was told to rise", False)


async def test_an_arm_that_stays_down_after_an_order_is_said_to_be_down(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        lane.controller.hear(ArmSignal(Position.CLOSED))
        answer = asyncio.create_task(lane.controller.carry_out(an_order()))
        await becomes(lambda: len(lane.arm.vends) == 1)
        lane.clock.seconds_pass(6)
        assert (await answer).said == "the arm was told to rise; 5 s later it still reads closed"


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (Position.OPEN, "the arm was told to rise, and is up"),
        (Position.CLOSED, "the arm was told to rise; it moved, and now reads closed"),
        (Position.MOVING, "the arm was told to rise; 15 s later it is still on its way"),
    ],
)
async def test_an_arm_that_is_on_its_way_is_waited_for_as_long_as_one_with_a_single_switch_takes(
    tmp_path: Path, then: Position, said: str
) -> None:
    async with an_entry(tmp_path) as lane:
        answer = asyncio.create_task(lane.controller.carry_out(an_order()))
        await becomes(lambda: len(lane.arm.vends) == 1)
        lane.controller.hear(ArmSignal(Position.MOVING))
        lane.clock.seconds_pass(KNOWN_WITHIN + 0.5)
        await asyncio.sleep(0.05)
        assert not answer.done(), "it takes 6 s unless `travel` says otherwise"
        lane.controller.hear(ArmSignal(then))
        await asyncio.sleep(0.02)
        lane.clock.seconds_pass(ARRIVED_WITHIN)
        assert (await answer).said == said


async def test_a_person_is_told_why_the_barrier_could_not_be_told(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        lane.arm.reachable = False
        opened = await lane.controller.carry_out(an_order())
        assert (opened.said, opened.failed) == ("the arm wasn't told to rise", True)
        assert opened.wrong is not None
        assert (opened.wrong.fault, opened.wrong.detail) == (OUT_OF_REACH, "no answer")
        kept = await lane.controller.carry_out(an_order(OrderKind.KEEP_OPEN))
        assert (kept.said, kept.failed) == ("nobody knows whether the arm was told to rise and stay up", True)


async def test_a_barrier_that_does_not_answer_holds_up_no_other_order_and_no_signal(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        answers = asyncio.Event()

        async def hangs(vend_id: str) -> None:
            await answers.wait()

        lane.arm.vend = hangs  # type: ignore[method-assign]
        answer = asyncio.create_task(lane.controller.carry_out(an_order()))
        await becomes(lambda: lane.phase is Phase.VENDED)
        closed = await lane.controller.carry_out(Order("o-2", OrderKind.SET_STATE, "Ada", "snow", LaneState.CLOSED))
        assert closed.said == "done"
        lane.arming.becomes(True)
        assert lane.controller.lane.near is True
        lane.clock.seconds_pass(6)
        waited = await answer
        assert (waited.said, waited.failed) == ("after 5 s nobody knows yet whether the arm was told to rise", True)
        answers.set()


async def test_a_plate_that_a_camera_knows_already_when_an_order_opens_the_lane_is_decided_after_that(
    tmp_path: Path,
) -> None:
    async with an_entry(tmp_path) as lane:
        controller = lane.controller

        def knows_it(on: bool, far: bool) -> None:
            if on:
                controller.hear(PLATE)

        controller._watch = knows_it  # pyright: ignore[reportPrivateUsage]
        assert controller.obey(Order("o-1", OrderKind.SET_STATE, "Ada", "snow", LaneState.CLOSED)) == ""
        lane.arming.becomes(True)
        assert controller.obey(Order("o-2", OrderKind.SET_STATE, "Ada", "thaw", LaneState.OPEN)) == ""
        assert (lane.phase, controller.line) == (Phase.DECIDING, Phrase.ONE_MOMENT)
        await becomes(lambda: len(lane.arm.vends) == 1)


async def test_a_vend_for_a_car_is_not_the_answer_to_a_persons_order(tmp_path: Path) -> None:
    async with an_entry(tmp_path) as lane:
        with lane.controller._outcomes.of(OrderKind.OPEN) as awaited:  # pyright: ignore[reportPrivateUsage]
            awaited.told(Vend(TicketId("t")), None)
            assert not awaited._told  # pyright: ignore[reportPrivateUsage]
            awaited.told(Vend(TicketId("t"), "o-1"), None)
            assert awaited._told  # pyright: ignore[reportPrivateUsage]


async def test_an_order_that_was_given_up_before_the_barrier_was_told_says_so_to_whoever_gave_it_only(
    tmp_path: Path, stranger: sqlite3.Connection
) -> None:
    async with an_entry(tmp_path) as lane:
        stranger.execute("BEGIN IMMEDIATE")
        kept = asyncio.create_task(lane.controller.carry_out(an_order(OrderKind.KEEP_OPEN)))
        await asyncio.sleep(0.02)
        released = asyncio.create_task(lane.controller.carry_out(an_order(OrderKind.RELEASE, 2)))
        await asyncio.sleep(0.02)
        lane.clock.seconds_pass(RECORDED_WITHIN)
        given_up = await kept
        assert (given_up.said, given_up.failed) == ("the arm wasn't told to rise and stay up: that has ended", True)
        await asyncio.sleep(0.05)
        lane.clock.seconds_pass(4)
        assert "and comes down by its controller's rules" in (await released).said
        stranger.execute("ROLLBACK")
        lane.clock.seconds_pass(3)
