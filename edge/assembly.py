"""From one lane's settings to the lane at work: its hardware, its desks, its machine as it was left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from drivers.contract import Barrier, DigitalInput, DriverContext, TicketPrinter, VehicleClassifier
from drivers.plate_sources.settings import PlateSourceSettings
from drivers.settings import DriverSettings
from edge.config.lane_settings import ButtonSettings, LaneSettings
from edge.config.payment_settings import StationSettings
from edge.config.settings import LotSettings
from edge.faults import FaultBoard
from edge.height import HeightMark
from edge.lane.controller import LaneController
from edge.lane.desk import Desk
from edge.lane.hardware import Answer, Hardware
from edge.lane.help_line import HelpLine
from edge.lane.lane import Fitted, Lane, a_lane, opposite
from edge.lane.offer import Offer, waits_to_enter
from edge.lane.signals import Button
from edge.parking.access.code_limit import CodeLimit
from edge.parking.access.policy import LotPolicy
from edge.parking.codes_shown import CodeDesk
from edge.parking.desks import EntryDesk, ExitDesk
from edge.parking.lanes import lane_memory
from edge.parking.matching.known import Listed
from edge.parking.matching.lookalikes import Lookalikes
from edge.parking.money.policy import DebtorsAtEntry
from edge.parking.money.station import PayStation
from edge.parking.money.till import Till
from edge.parking.reservations.claiming import Claims
from edge.parking.tariffs.prices import LotPrices
from edge.pay_station import PayStationPart
from edge.receipts import ReceiptDesk, Receipts
from edge.store import Store
from edge.store.database import looking_into
from edge.vision.settings import ViewSettings
from edge.vision.told.told import Source
from models.ids import LaneName
from models.instants import Clock
from models.phrases.language import language
from models.spots import VehicleType
from models.tickets import Direction
from models.vehicle_types import Sensed

FAR = ".far"
"""Follows a lane's name to name the camera on its far side."""


@dataclass(frozen=True)
class Assembly:
    """What all lanes of a lot share. `watch(camera, on)` begins or ends reading plates."""

    settings: LotSettings
    store: Store
    clock: Clock
    faults: FaultBoard
    policy: LotPolicy
    watch: Callable[[LaneName, bool], None]
    look_again: Callable[[LaneName], None] = lambda lane: None
    """Of a lane without an arming loop: tell again what was read of the vehicle at the arm"""
    let_go: Callable[[LaneName, int], None] = lambda lane, vehicle: None
    """Of such a lane: this vehicle has passed"""
    is_heard: Callable[[], bool] = lambda: True
    """Whether the cloud hears of a call for help now"""
    prices: LotPrices | None = None
    """What the signs show; without it, none shows a price"""
    reservations: Claims = field(default_factory=Claims)
    picture: Callable[[LaneName], str | None] = lambda lane: None
    """Under which hash the picture of the vehicle lies that stands at a lane now"""
    camera_type: Callable[[LaneName], VehicleType | None] = lambda camera: None
    """What a camera takes the vehicle for that stands before it now"""
    loop_says: Callable[[LaneName, bool | None], None] = lambda camera, occupied: None
    """Tells a camera whether a vehicle is on its arming loop, also while the lane doesn't look at who that is"""
    shared: dict[object, object] = field(default_factory=dict[object, object])
    tills: dict[str, Till] = field(default_factory=dict[str, Till])
    """All of the lot, by the name of their lane or station"""

    @cached_property
    def receipts(self) -> Receipts:
        """Of all lanes and stations."""
        settings = self.settings
        return Receipts(self.store, settings.letterhead(), [language(code) for code in settings.languages])

    def context(self, part: str) -> DriverContext:
        """What a part needs of the daemon; `part` names it in faults, such as `north-in.barrier`."""
        return DriverContext(part, self.clock, self.faults.reporter(part), self.shared)

    def lane(self, lane: LaneSettings) -> LaneController:
        classifier = self._built(lane, "classifier", lane.classifier)
        height = self._built(lane, "height.input", None if lane.height is None else lane.height.input)
        loop = self._built(lane, "arming_loop", lane.arming_loop)
        till = self._till(lane)
        printer = self._built(lane, "ticket_printer", lane.ticket_printer)
        paper = self._receipt_desk(lane, printer)
        hardware = Hardware(
            barrier=lane.barrier.build(self.context(f"{lane.name}.barrier")),
            arming_loop=loop,
            far_loop=self._built(lane, "far_arming_loop", lane.far_arming_loop),
            closing_loop=self._built(lane, "closing_loop", lane.closing_loop),
            sign=self._built(lane, "sign", lane.sign),
            printer=printer,
            scanner=self._built(lane, "code_scanner", lane.code_scanner),
            card_reader=self._built(lane, "card_reader", lane.card_reader),
            buttons=self._buttons(lane),
            others=tuple(part for part in (classifier, height, till, paper) if part is not None),
        )
        with looking_into(self.settings.store.path) as connection:
            before = lane_memory(connection, lane.name)
        machine = a_lane(self._fitted(lane, hardware.barrier), before.state, before.hold, before.kept_open)
        desks = self._desks(lane, self._sensed(lane, classifier, height, loop), till, paper)
        watcher, help_line = self._watcher(lane), self._help_line()
        offer, speaks = self._offer(lane), [language(code) for code in self.settings.languages]
        let_go = partial(self.let_go, lane.name)
        controller = LaneController(
            *(lane.name, machine, hardware, desks, self.store, watcher, self.faults, self.clock),
            *(help_line, offer, speaks, let_go),
        )
        if Direction.ENTRY in desks and self.prices is not None:
            follow(self.prices, controller, always=lane.show_price)
        controller.on_change(lambda: self._tell_of_loops(lane, controller.lane))
        return controller

    def station(self, said: StationSettings) -> PayStationPart:
        """A pay station, whose till the lanes' tills know."""

        def built(key: str, part: DriverSettings | None) -> Any:
            return None if part is None else part.build(self.context(f"{said.name}.{key}"))

        policy = self.settings.payment_policy()
        terminal = built("payment_terminal", said.payment_terminal)
        till = Till(terminal, self.store, self.clock, said.name, policy, self.tills)
        limit = CodeLimit(self.clock, self.context(said.name).faults)
        station = PayStation(said.name, self.store, till, limit)
        speaks = [language(code) for code in self.settings.languages]
        scanner, sign = built("code_scanner", said.code_scanner), built("sign", said.sign)
        printer, button = built("receipt_printer", said.receipt_printer), built("receipt_button", said.receipt_button)
        starts = [part for part in (printer, button) if part is not None]
        paper = ReceiptDesk(said.name, self.receipts, printer, said.receipts, button, starts)
        return PayStationPart(station, till, scanner, sign, speaks, paper)

    def _till(self, lane: LaneSettings) -> Till:
        terminal = self._built(lane, "payment_terminal", lane.payment_terminal)
        return Till(terminal, self.store, self.clock, lane.name, self.settings.payment_policy(), self.tills)

    def _receipt_desk(self, lane: LaneSettings, printer: TicketPrinter | None) -> ReceiptDesk | None:
        """Of a lane that takes money. The lane's own hardware starts the printer."""
        if lane.direction is Direction.ENTRY and not lane.two_way:
            return None
        button = self._built(lane, "receipt_button", lane.receipt_button)
        starts = [] if button is None else [button]
        return ReceiptDesk(lane.name, self.receipts, printer, lane.receipts, button, starts)

    def _offer(self, lane: LaneSettings) -> Callable[[], Offer | None]:
        prices = self.prices
        return lambda: None if prices is None else prices.offer(lane.name)

    def _help_line(self) -> HelpLine:
        kiosk = self.settings.kiosk
        return HelpLine(self.is_heard, None if kiosk is None else kiosk.help_number)

    def _built(self, lane: LaneSettings, key: str, part: DriverSettings | None) -> Any:
        return None if part is None else part.build(self.context(f"{lane.name}.{key}"))

    def _buttons(self, lane: LaneSettings) -> dict[Answer, DigitalInput]:
        named = ((name, getattr(lane.buttons, name)) for name in ButtonSettings.model_fields)
        return {_answer(name): self._built(lane, f"buttons.{name}", part) for name, part in named if part is not None}

    def _fitted(self, lane: LaneSettings, barrier: Barrier) -> Fitted:
        return Fitted(
            direction=lane.direction,
            two_way=lane.two_way,
            arming_loop=lane.arming_loop is not None,
            closing_loop=lane.closing_loop is not None,
            reads_back=barrier.reads_back,
            can_hold=barrier.can_hold,
            can_lower=barrier.can_lower,
            fire_input=self.settings.fire is not None,
            when_unread=lane.when_unread,
            timing=lane.timing.lane_timing(),
        )

    def _desks(
        self, lane: LaneSettings, sensed: Callable[[], Sensed], till: Till, paper: ReceiptDesk | None
    ) -> dict[Direction, Desk]:
        codes = CodeDesk(self.clock, self.context(lane.name).faults, self.settings.tickets.swapped)
        makers: dict[Direction, Callable[[], Desk]] = {
            Direction.ENTRY: lambda: self._entry_desk(lane, sensed, codes),
            Direction.EXIT: lambda: ExitDesk(
                lane.name,
                self.store,
                till,
                self.policy.permits,
                self.is_heard,
                lane.timing.lane_timing(),
                reservations=self.reservations,
                codes=codes,
                paper=paper,
                lookalikes=self._lookalikes(lane),
                picture=lambda: self.picture(lane.name),
            ),
        }
        served = (lane.direction, opposite(lane.direction)) if lane.two_way else (lane.direction,)
        return {direction: makers[direction]() for direction in served}

    def _lookalikes(self, lane: LaneSettings) -> Lookalikes:
        on_the_post = lane.sign is not None and lane.buttons.confirm is not None
        return Lookalikes(
            lane.name,
            self.store,
            self.clock,
            Listed(self.policy.permits.knows, self.policy.lists),
            asks=self.settings.kiosk is not None or on_the_post,
            let_out=self.settings.tickets.lookalikes,
            zone=self.settings.lot.timezone,
            picture=lambda: self.picture(lane.name),
        )

    def _entry_desk(self, lane: LaneSettings, sensed: Callable[[], Sensed], codes: CodeDesk) -> EntryDesk:
        return EntryDesk(
            lane.name,
            self.store,
            self.policy.tariff if self.prices is None else self.prices.tariff,
            self.policy.permits,
            lambda: lane.vehicle_type,
            self.settings.lot.name,
            self.settings.lot.timezone,
            plan=self.settings.allocation.plan(),
            reservations=self.reservations,
            lists=self.policy.lists,
            picture=lambda: self.picture(lane.name),
            debtors_refused=self.settings.payments.debtors_at_entry is DebtorsAtEntry.REFUSE,
            codes=codes,
            sensed=sensed,
        )

    def _sensed(
        self,
        lane: LaneSettings,
        classifier: VehicleClassifier | None,
        height: DigitalInput | None,
        loop: DigitalInput | None,
    ) -> Callable[[], Sensed]:
        """Of the vehicle at the entry: with two cameras, the one of that side is asked."""
        said = lane.height
        mark = None
        if height is not None and said is not None:
            mark = HeightMark(height, said.counts_as, said.ahead, self.clock, loop)
        near = lane.direction is Direction.ENTRY or lane.far_camera is None
        camera = lane.name if near else far_camera(lane.name)
        return lambda: Sensed(
            height=None if mark is None else mark.vehicle_type,
            classifier=None if classifier is None else classifier.vehicle_type,
            camera=self.camera_type(camera),
        )

    def _watcher(self, lane: LaneSettings) -> Callable[[bool, bool], None]:
        if lane.camera_only:
            return lambda on, far: self.look_again(lane.name) if on else None
        other_side = far_camera(lane.name) if lane.far_camera is not None else lane.name
        return lambda on, far: self.watch(other_side if far else lane.name, on)

    def _tell_of_loops(self, lane: LaneSettings, now: Lane) -> None:
        """The camera of each side; one that sees both of them sees whoever is on either."""
        if lane.camera_only:
            return
        if lane.far_camera is not None:
            self.loop_says(lane.name, now.near)
            self.loop_says(far_camera(lane.name), now.far)
        elif lane.two_way:
            self.loop_says(lane.name, _either(now.near, now.far))
        else:
            self.loop_says(lane.name, now.near)


def _either(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return False if one is False and other is False else None


def follow(prices: LotPrices, lane: LaneController, *, always: bool = False) -> None:
    """This lane's sign shows the price from now on."""
    prices.follow(lane.name, lambda: waits_to_enter(lane.lane), lane.price_changed, always=always)
    lane.on_change(lambda: prices.lane_changed(lane.name))


def far_camera(lane: LaneName) -> LaneName:
    return LaneName(lane + FAR)


def lane_of_camera(camera: LaneName) -> LaneName:
    return LaneName(camera.removesuffix(FAR))


def cameras_of(settings: LotSettings) -> dict[LaneName, tuple[DriverSettings, ViewSettings, bool]]:
    """The cameras whose pictures are read here: that of each lane, and that of its far side by a name of its own."""
    return {
        name: (camera, lane.view, gated)
        for name, camera, lane, gated in _all_cameras(settings)
        if not isinstance(camera, PlateSourceSettings)
    }


def told_of(settings: LotSettings) -> dict[LaneName, Source]:
    """Likewise, those that read plates themselves."""
    return {
        name: Source(camera, gated, lane.view)
        for name, camera, lane, gated in _all_cameras(settings)
        if isinstance(camera, PlateSourceSettings)
    }


def camera_part(camera: LaneName) -> str:
    """What a camera is called in faults."""
    lane = lane_of_camera(camera)
    return f"{lane}.camera" if lane == camera else f"{lane}.far_camera"


def _all_cameras(settings: LotSettings) -> Iterator[tuple[LaneName, DriverSettings, LaneSettings, bool]]:
    for lane in settings.lanes:
        yield lane.name, lane.camera, lane, not lane.camera_only
    for lane in settings.lanes:
        if lane.far_camera is not None:
            yield far_camera(lane.name), lane.far_camera, lane, True


def _answer(name: str) -> Answer:
    return Button(name) if name in list(Button) else VehicleType(name.upper())
