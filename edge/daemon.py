"""Puts one lot together from its settings, and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from pathlib import Path

import structlog

from drivers.contract import DriverContext, VehicleClassifier
from edge.clock import FastClock, SystemClock
from edge.config.settings import LaneSettings, LotSettings
from edge.faults import FaultBoard, forget_faults_of_last_run
from edge.kept_up import kept_up
from edge.lane.controller import Hardware, LaneController
from edge.lane.desk import Desk
from edge.lane.in_view import InView
from edge.lane.machine import Lane
from edge.lane.signals import Read, Signal
from edge.parking.desks import EntryDesk, ExitDesk
from edge.parking.layout import declare
from edge.parking.unresolved import settle_after_restart
from edge.status import DaemonStatus, FaultStatus, LaneStatus, StatusSocket, socket_path
from edge.store import Store, StoreUnavailable, Transaction, journal
from edge.store.database import looking_into
from edge.sync.link import CloudLink
from edge.systemd import notify, watchdog_seconds
from edge.vision.events import CameraCleared, CameraFault, PlateDecided, VehicleGone, VehicleInView, VisionEvent
from edge.vision.process import VisionProcess
from models.facts import DaemonStarted
from models.ids import LaneName
from models.instants import Clock, Instant
from models.plates import Plate, masked
from models.spots import VehicleType
from models.tickets import Direction
from models.wire.envelopes import LaneNow

_LOG = structlog.get_logger("edge.daemon")
_RETRY_SECONDS = 2.0
_UNWATCHED_SECONDS = 3600.0
RELEASE = version("parkgate")


class Daemon:
    """One lot, running."""

    def __init__(self, settings: LotSettings) -> None:
        """Opens the store and builds the parts; touches no hardware. Raises StoreUnavailable."""
        self._settings = settings
        self._clock = _clock(settings)
        self._store = Store(settings.store.path, settings.lot.id, self._clock)
        self._store.write_now(self._begin)
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_order = asyncio.Lock()
        self._faults = FaultBoard(self._write_when_possible)
        self._vision = VisionProcess(
            {lane.name: (lane.camera, lane.view, not lane.camera_only) for lane in settings.lanes},
            settings.vision,
            self._clock,
            self._heard,
        )
        self._in_view = {lane.name: InView() for lane in settings.lanes if lane.camera_only}
        self._directions = {lane.name: lane.direction for lane in settings.lanes}
        shared: dict[object, object] = {}
        self._lanes = {lane.name: self._lane(lane, shared) for lane in settings.lanes}
        self._link = self._cloud_link(settings)
        self._status = StatusSocket(socket_path(settings.store.path), self.snapshot)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. No arm moves at the start or the stop."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await self._start()
        await stop.wait()
        await self._stop()

    def snapshot(self) -> DaemonStatus:
        link = "none" if self._link is None else "up" if self._link.connected else "down"
        return DaemonStatus(
            release=RELEASE,
            pid=os.getpid(),
            reader=self._vision.reader,
            link=link,
            lanes=tuple(
                LaneStatus(
                    name=name,
                    direction=self._directions[name],
                    phase=lane.lane.phase,
                    barrier=lane.lane.arm,
                    sign=lane.line,
                    faults=tuple(
                        FaultStatus(source=fault.source, code=fault.code, detail=fault.detail)
                        for fault in self._faults.open(name)
                    ),
                )
                for name, lane in self._lanes.items()
            ),
        )

    # --- start and stop ---

    def _begin(self, tx: Transaction) -> None:
        """What is known of the last run is put in order before any lane works."""
        tx.record(DaemonStarted(release=RELEASE, at=tx.at.wall))
        forget_faults_of_last_run(tx)
        declare(tx, self._settings.declared(), self._settings.planned_levels())
        unresolved = settle_after_restart(tx)
        if unresolved:
            _LOG.warning("daemon.unresolved_tickets", count=unresolved)

    async def _start(self) -> None:
        await self._status.start()
        await self._vision.start()
        for lane in self._lanes.values():
            await lane.start()
        if self._link is not None:
            self._spawn(kept_up("link", self._link.run, self._clock))
        self._spawn(kept_up("watchdog", self._feed_the_watchdog, self._clock))
        notify("READY=1")
        _LOG.info("daemon.ready", lot=self._settings.lot.name, lanes=len(self._lanes), release=RELEASE)

    async def _stop(self) -> None:
        notify("STOPPING=1")
        _LOG.info("daemon.stopping")
        for lane in self._lanes.values():
            await lane.stop()
        await self._vision.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._status.stop()
        self._store.close()
        _LOG.info("daemon.stopped")

    async def _feed_the_watchdog(self) -> None:
        seconds = watchdog_seconds()
        while True:
            notify("WATCHDOG=1")
            await self._clock.sleep(_UNWATCHED_SECONDS if seconds is None else seconds / 3)

    # --- parts ---

    def _lane(self, lane: LaneSettings, shared: dict[object, object]) -> LaneController:
        def context(part: str) -> DriverContext:
            source = f"{lane.name}.{part}"
            return DriverContext(source, self._clock, self._faults.reporter(source), shared)

        classifier = lane.classifier.build(context("classifier")) if lane.classifier else None
        terminal = lane.payment_terminal.build(context("payment_terminal")) if lane.payment_terminal else None
        hardware = Hardware(
            barrier=lane.barrier.build(context("barrier")),
            arming_loop=lane.arming_loop.build(context("arming_loop")) if lane.arming_loop else None,
            closing_loop=lane.closing_loop.build(context("closing_loop")) if lane.closing_loop else None,
            others=tuple(part for part in (classifier, terminal) if part is not None),
        )
        desk: Desk = ExitDesk(lane.name, self._store, terminal, self._clock)
        if lane.direction is Direction.ENTRY:
            rights = {Plate(plate): frozenset(held) for plate, held in self._settings.rights().items()}
            seen = _vehicle_type(classifier, lane.vehicle_type)
            desk = EntryDesk(lane.name, self._store, self._settings.tariff.tariff(), rights, seen)
        machine = Lane(
            lane.timing.lane_timing(), has_closing_loop=hardware.closing_loop is not None, rereads=not lane.camera_only
        )
        return LaneController(
            lane.name, machine, hardware, desk, self._store, self._watcher(lane), self._faults, self._clock
        )

    def _watcher(self, lane: LaneSettings) -> Callable[[bool], None]:
        if lane.camera_only:
            return lambda on: None
        return lambda on: self._vision.watch(lane.name, on)

    def _cloud_link(self, settings: LotSettings) -> CloudLink | None:
        if settings.link is None:
            return None
        faults = self._faults.reporter("link")
        lot = settings.lot.id
        return CloudLink(settings.link, lot, RELEASE, self._store, self._lanes_now, self._clock, faults)

    def _lanes_now(self) -> tuple[LaneNow, ...]:
        return tuple(
            LaneNow(
                name=lane.name,
                direction=lane.direction,
                phase=lane.phase,
                barrier=lane.barrier,
                faults=tuple(fault.code for fault in lane.faults),
            )
            for lane in self.snapshot().lanes
        )

    # --- what the camera says ---

    def _heard(self, event: VisionEvent) -> None:
        match event:
            case PlateDecided(lane, vehicle, read):
                _LOG.info("lane.plate", lane=lane, plate=masked(read.plate), confidence=round(read.confidence, 3))
                decided = Read(read.plate, read.confidence)
                if lane in self._in_view:
                    self._sees(lane, *self._in_view[lane].decided(vehicle, decided))
                else:
                    self._lanes[lane].hear(decided)
            case VehicleInView(lane, vehicle):
                if lane in self._in_view:
                    self._sees(lane, *self._in_view[lane].comes(vehicle))
            case VehicleGone(lane, vehicle):
                if lane in self._in_view:
                    self._sees(lane, *self._in_view[lane].goes(vehicle))
            case CameraFault(lane, code, detail):
                self._faults.raise_(f"{lane}.camera", code, detail)
                if lane in self._in_view:
                    self._sees(lane, *self._in_view[lane].blinded())
            case CameraCleared(lane, code):
                self._faults.clear(f"{lane}.camera", code)

    def _sees(self, lane: LaneName, view: InView, signals: list[Signal]) -> None:
        self._in_view[lane] = view
        for said in signals:
            self._lanes[lane].hear(said)

    # --- background work ---

    def _write_when_possible(self, decision: Callable[[Transaction], None]) -> None:
        self._spawn(self._keep_writing(decision))

    async def _keep_writing(self, decision: Callable[[Transaction], None]) -> None:
        """In the order in which things happened, or a fault that has ended would be recorded as begun."""
        async with self._in_order:
            while True:
                try:
                    return await self._store.write(decision)
                except StoreUnavailable as wrong:
                    _LOG.error("daemon.not_recorded_yet", why=str(wrong))
                    await self._clock.sleep(_RETRY_SECONDS)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("daemon.task_failed", exc_info=task.exception())


def _clock(settings: LotSettings) -> Clock:
    fast = settings.simulated_time()
    if fast is not None:
        return FastClock(SystemClock(), *fast)
    return SystemClock(_latest_known(settings.store.path))


def _latest_known(store: Path) -> Instant:
    """The latest time that the store has seen; 1970 for a new lot."""
    if not store.exists():
        return Instant(0)
    with looking_into(store) as connection:
        return Instant(journal.latest_wall(connection))


def _vehicle_type(classifier: VehicleClassifier | None, otherwise: VehicleType) -> Callable[[], VehicleType]:
    return lambda: (classifier.vehicle_type if classifier else None) or otherwise
