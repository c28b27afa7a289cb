"""Puts one lot together from its settings, and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Callable, Coroutine, Sequence
from importlib.metadata import version

import structlog

from drivers.contract import DigitalInput, Driver, SpotSensor
from drivers.twin_connection import LINE
from edge.assembly import Assembly, lane_of_camera
from edge.attended import Attended
from edge.beginning import begin, put_in_order
from edge.cameras import Cameras
from edge.config.settings import LotSettings
from edge.digests import Digests
from edge.faults import FaultBoard, forget_faults_of_last_run
from edge.gallery import Gallery
from edge.inputs import MEANS, FireContact, watch
from edge.kept_up import kept_up
from edge.kiosk.server import Kiosk
from edge.lane.controller import LaneController
from edge.lane.signals import Fire, Order, Ordered, Signal
from edge.local import LocalSocket, socket_path
from edge.lot_clock import lockstep_of, lot_clock
from edge.measures import MeasuresFile
from edge.money_desk import MoneyDesk
from edge.orders import Orders
from edge.overview import Overview
from edge.parking.access.faults import RATES_UNKNOWN
from edge.parking.access.passback import neutralise
from edge.parking.access.policy import LotPolicy
from edge.parking.lanes import standing_orders, was_told
from edge.parking.money.inquiries import Inquiries
from edge.parking.places.sensors import SpotWatch
from edge.parking.reservations.claiming import Claims
from edge.parking.reservations.keeping import KeepsReservations
from edge.parking.tariffs.prices import LotPrices
from edge.post import Post
from edge.retention.rounds import Retention
from edge.retention.space import Space
from edge.sight import Sight
from edge.spot_orders import SpotOrders
from edge.store import Store, StoreUnavailable, Transaction
from edge.store.keep_writing import keep_writing
from edge.store.pictures import Pictures
from edge.store.watch import StoreWatch
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from edge.systemd import feed_watchdog, notify
from edge.telemetry.recorder import Recorder
from edge.timekeeping import Timekeeper
from edge.vision.events import VisionEvent
from models.ids import LaneName
from models.wire.restoring import KnownLane
from models.wire.seals import NO_KEYS

_LOG = structlog.get_logger("edge.daemon")
_RETRY_SECONDS = 2.0
RELEASE = version("parkgate")


class Daemon:
    """One lot, running."""

    def __init__(self, settings: LotSettings, suspected: str = "") -> None:
        """Opens the store and builds the parts; touches no hardware. `suspected`: what the last run found damaged in
        the store. Raises StoreUnavailable."""
        self._settings = settings
        self._lockstep = lockstep_of(settings)
        self._clock = self._lockstep.clock if self._lockstep else lot_clock(settings)
        pictures = Pictures(settings.store.pictures)
        self._store = Store(settings.store.path, settings.lot.id, self._clock, suspected=suspected, pictures=pictures)
        self._damage = ""
        self._stop_now = asyncio.Event()
        self._policy = LotPolicy(
            settings.permits_by_plate(),
            settings.tariff.tariff(),
            settings.passback,
            self._clock,
            settings.lists(),
            settings.lot.timezone,
        )
        self._store.write_now(self._begin)
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_order = asyncio.Lock()
        self._faults = FaultBoard(self._write_when_possible, self._neutral_after)
        self._faults.adopt(self._standing)
        self._gallery = Gallery()
        watch = self._lockstep.watch if self._lockstep else self._watch
        look_again: Callable[[LaneName], None] = lambda lane: self._sight.look_again(lane)  # noqa: E731
        is_heard: Callable[[], bool] = lambda: self._link is not None and self._link.connected  # noqa: E731
        self._prices = LotPrices(self._policy, self._store, self._clock)
        self._keys = self._cloud_keys(settings)
        self._keeping = KeepsReservations(
            self._store, self._clock, settings.reservations.rules(), settings.allocation.plan()
        )
        self._assembly = Assembly(
            settings,
            self._store,
            self._clock,
            self._faults,
            self._policy,
            watch,
            look_again,
            lambda lane, vehicle: self._cameras.let_go(lane, vehicle),
            is_heard,
            self._prices,
            Claims(lambda: NO_KEYS if self._keys is None else self._keys.keyring, self._keeping.rules),
            picture=self._gallery.now,
            camera_type=lambda camera: self._cameras.vehicle_type(camera),
            loop_says=lambda camera, occupied: self._cameras.loop_says(camera, occupied),
        )
        if self._lockstep is not None:
            self._assembly.shared[LINE] = self._lockstep.line
            self._lockstep.on_signal(self._injected)
        sees: Callable[[VisionEvent], None] = lambda event: self._sight.heard(event)  # noqa: E731
        self._cameras = Cameras(settings, self._clock, self._assembly.context, sees, played=self._lockstep is not None)
        self._lanes: dict[LaneName, LaneController] = {lane.name: self._assembly.lane(lane) for lane in settings.lanes}
        self._inquiries = Inquiries(self._assembly.tills, self._store, self._clock)
        faults = self._faults.reporter("money")
        self._money = MoneyDesk(settings, self._assembly.tills, self._store, self._clock, faults)
        self._store.write_now(self._prices.begin)
        self._tell_of_rates()
        attended = Attended(self._store, self._policy.tariff, settings.valet, self._lanes, self._gallery.now)
        camera_only = [lane.name for lane in settings.lanes if lane.camera_only]
        self._sight = Sight(self._lanes, camera_only, self._faults, self._gallery)
        self._sensed: dict[tuple[int, str], SpotSensor] = {}
        self._beside = self._parts_beside_the_lanes()
        self._spot_watch = SpotWatch(
            self._store,
            self._sensed,
            lambda number: self._faults.reporter(f"lot.spot.{number}"),
            self._clock,
            settings.allocation.sensing.patience(),
        )
        self._orders = Orders(
            self._lanes,
            self._policy,
            SpotOrders(self._store, self._spot_watch),
            attended,
            self._money,
            self._assembly.receipts,
            self._write_when_possible,
        )
        self._kiosk = self._screens()
        self._overview = self._what_is_now()
        self._link = self._cloud_link(settings)
        pictures.sweep()
        holders = self._policy.permits.holders
        self._retention = Retention(settings.retention.keep(), self._store, pictures, holders, self._clock)
        self._recorder = self._telemetry()
        space = Space(self._store, pictures)
        store_faults = self._faults.reporter("store")
        self._store_watch = StoreWatch(
            self._store, settings.lot.id, self._clock, store_faults, self._store_is_damaged, space.give_up
        )
        self._digests = Digests(self._store, self._clock)
        self._local = LocalSocket(socket_path(settings.store.path), self._overview.status, self._orders.obey)

    async def run(self) -> str:
        """Until SIGTERM or SIGINT: then empty; or until the store is found damaged: then how, and a new daemon has to
        begin it anew. No arm moves at the start or the stop."""
        stop = self._stop_now
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        if self._lockstep is not None:
            self._lockstep.on_end(stop.set)
        await self._start()
        await stop.wait()
        await self._stop()
        return self._damage

    @property
    def loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop] | None:
        """The event loop on which this daemon has to run; None: any."""
        return self._lockstep.loop if self._lockstep else None

    # --- start and stop ---

    def _begin(self, tx: Transaction) -> None:
        """What is known of the last run is put in order before any lane works."""
        begin(tx, self._settings, RELEASE, self._store.given_up)
        self._standing = forget_faults_of_last_run(tx)
        put_in_order(tx, self._settings)
        self._policy.load(tx.connection)

    async def _start(self) -> None:
        await self._local.start()
        await self._cameras.start()
        for lane in self._lanes.values():
            await lane.start()
        for part in self._beside:
            await part.start()
        if self._kiosk is not None:
            await self._kiosk.start()
        if self._link is not None:
            self._spawn(kept_up("link", self._link.run, self._clock))
            self._spawn(kept_up("digests", self._digests.run, self._clock))
        metrics = self._settings.metrics
        if metrics is not None and self._lockstep is None:
            measures = MeasuresFile(metrics.file, self._store, self._digests, self._overview.status, self._clock)
            self._spawn(kept_up("measures", measures.run, self._clock))
        if self._lockstep is None:
            self._spawn(kept_up("timekeeping", Timekeeper(self._store, self._clock).run, self._clock))
        if self._inquiries.needed:
            self._spawn(kept_up("inquiries", self._inquiries.run, self._clock))
        for name, run in self._money.parts:
            self._spawn(kept_up(name, run, self._clock))
        self._spawn(kept_up("prices", self._prices.run, self._clock))
        if self._sensed:
            self._spawn(kept_up("spots", self._spot_watch.run, self._clock))
        self._spawn(kept_up("reservations", self._keeping.run, self._clock))
        self._spawn(kept_up("retention", self._retention.run, self._clock))
        if self._recorder is not None:
            self._spawn(kept_up("telemetry", self._recorder.run, self._clock))
        self._spawn(kept_up("watchdog", lambda: feed_watchdog(self._clock), self._clock))
        if self._lockstep is None:
            self._spawn(kept_up("store", self._store_watch.run, self._clock))
        notify("READY=1")
        _LOG.info("daemon.ready", lot=self._settings.lot.name, lanes=len(self._lanes), release=RELEASE)

    async def _stop(self) -> None:
        notify("STOPPING=1")
        _LOG.info("daemon.stopping")
        if self._kiosk is not None:
            await self._kiosk.stop()
        for lane in self._lanes.values():
            await lane.stop()
        for part in self._beside:
            await part.stop()
        await self._cameras.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._link is not None:
            await self._digests.write_last()
        await self._local.stop()
        self._store.close()
        _LOG.info("daemon.stopped")

    def _store_is_damaged(self, how: str) -> None:
        """Everything that was read from it may be wrong: the lot starts again, on another store, in this process."""
        self._damage = self._damage or how
        self._stop_now.set()

    # --- parts ---

    def _parts_beside_the_lanes(self) -> list[Driver]:
        """The fire contact, the other contacts, the spots' sensors; each speaks to whom it concerns."""
        parts: list[Driver] = []
        settings, faults = self._settings, self._faults.reporter
        if settings.fire is not None:
            contact: DigitalInput = settings.fire.build(self._assembly.context("lot.fire"))
            parts.append(FireContact(contact, self._fire, faults("lot.fire"), self._clock))
        for watched in settings.inputs:
            source = f"lot.{watched.name}"
            contact = watched.input.build(self._assembly.context(source))
            watch(contact, MEANS[watched.means], faults(source))
            parts.append(contact)
        parts.extend(self._assembly.station(station) for station in settings.stations)
        for spot in settings.spot_sensors:
            sensor: SpotSensor = spot.sensor.build(self._assembly.context(f"lot.spot.{spot.number}"))
            self._sensed[spot.level, spot.number] = sensor
            parts.append(sensor)
        return parts

    def _watch(self, camera: LaneName, on: bool) -> None:
        if on:
            self._gallery.begins(lane_of_camera(camera))
        self._cameras.watch(camera, on)

    def _fire(self, active: bool | None) -> None:
        for lane in self._lanes.values():
            lane.hear(Fire(active))

    def _what_is_now(self) -> Overview:
        return Overview(
            release=RELEASE,
            lanes=self._lanes,
            directions={lane.name: lane.direction for lane in self._settings.lanes},
            stations=[station.name for station in self._settings.stations],
            sensed=self._sensed,
            faults=self._faults,
            policy=self._policy,
            prices=self._prices,
            cameras=self._cameras,
            clock=self._clock,
            link_now=lambda: self._link,
        )

    def _screens(self) -> Kiosk | None:
        kiosk = self._settings.kiosk
        if kiosk is None:
            return None
        posts = {lane.name: Post(self._lanes[lane.name], lane.choose_type) for lane in self._settings.lanes}
        secret = kiosk.secret_beside(self._settings.store.path)
        return Kiosk(kiosk.at(self._settings.languages), posts, secret, self._clock, self._faults.reporter("kiosk"))

    def _cloud_keys(self, settings: LotSettings) -> TrustedKeys | None:
        return None if settings.link is None else TrustedKeys(settings.link.cloud_keys, self._faults.reporter("link"))

    def _cloud_link(self, settings: LotSettings) -> CloudLink | None:
        keys = self._keys
        if settings.link is None or keys is None:
            return None
        faults = self._faults.reporter("link")
        lot = settings.lot.id
        epoch = settings.link.epoch
        return CloudLink(
            settings.link,
            lot,
            RELEASE,
            self._store,
            self._overview.lanes_now,
            self._orders.obey,
            keys,
            self._clock,
            faults,
            self._policy_changed,
            epoch,
            self._set_lanes,
        )

    def _telemetry(self) -> Recorder | None:
        """None where a twin hands out the time: how long things take there says nothing."""
        if self._lockstep is not None:
            return None
        link = self._link
        connected = None if link is None else lambda: link.connected
        return Recorder(self._store, self._settings.store.path, self._lanes, connected, self._clock)

    def _tell_of_rates(self) -> None:
        unknown, board = self._policy.unknown_rates(), self._faults.reporter("lot.permits")
        if unknown:
            board.raised(RATES_UNKNOWN, "; ".join(unknown))
        else:
            board.cleared(RATES_UNKNOWN)

    async def _policy_changed(self) -> None:
        """What was taken in holds, however long the store lets itself be asked."""
        while True:
            try:
                await self._store.read(self._policy.load)
                self._tell_of_rates()
                self._prices.policy_changed()
                self._keeping.policy_changed()
                return await self._prices.renew()
            except StoreUnavailable as wrong:
                _LOG.error("daemon.policy_not_read_yet", why=str(wrong))
                await self._clock.sleep(_RETRY_SECONDS)

    async def _set_lanes(self, known: Sequence[KnownLane]) -> None:
        """As they were before the store was new: what a person said then still stands, unless one has spoken since."""
        for before in known:
            lane = self._lanes.get(before.name)
            if lane is None or await self._store.read(lambda connection, name=before.name: was_told(connection, name)):
                continue
            for kind, state in standing_orders(before):
                await lane.carry_out(Order(str(uuid.uuid4()), kind, "the cloud", "as before the store was new", state))

    # --- what a twin says ---

    def _injected(self, lane: LaneName, signal: Signal) -> None:
        """What a twin says for cameras and people."""
        if isinstance(signal, Ordered):
            self._lanes[lane].obey(signal.order)
        else:
            self._lanes[lane].hear(signal)

    # --- background work ---

    def _write_when_possible(self, decision: Callable[[Transaction], None]) -> None:
        self._spawn(self._keep_writing(decision))

    async def _keep_writing(self, decision: Callable[[Transaction], None]) -> None:
        """In the order in which things happened, or a fault that has ended would be recorded as begun."""
        async with self._in_order:
            await keep_writing(self._store, decision, self._clock)

    def _neutral_after(self, source: str, code: str) -> None:
        """Who passed a barrier out of order wasn't seen: nobody's next passage is held against them."""
        if code.startswith("barrier."):
            self._write_when_possible(lambda tx: neutralise(tx, f"{code} at {source}"))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("daemon.task_failed", exc_info=task.exception())
