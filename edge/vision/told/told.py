"""The cameras of a lot that read plates themselves: starts them, hears them, and tells what they make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from drivers.contract import DriverContext, FaultReporter, PlateSource
from drivers.plate_sources.faults import CLOCK
from drivers.plate_sources.heard import Heard, HeardClock, HeardPicture, HeardPlate, HeardVehicle, is_jpeg
from drivers.plate_sources.settings import PlateSourceSettings
from edge.store.pictures import Pictures
from edge.vision.events import CameraCleared, CameraFault, VehiclePictured, VisionEvent
from edge.vision.frames.album import Troubles
from edge.vision.settings import ViewSettings
from edge.vision.told import gate as gates
from edge.vision.told import view as views
from edge.vision.told.freshness import Judged, Pace, judged
from edge.vision.told.gate import Gate
from edge.vision.told.pictures import fit_to_keep
from edge.vision.told.view import View
from edge.vision.told.voices import kind_of, voice_of
from models.faults import Fault
from models.ids import LaneName
from models.instants import SECOND, Clock, Instant, Monotonic
from models.spots import VehicleType

_LOG = structlog.get_logger("edge.vision.told")
_MOST_PICTURES = 4
"""Of vehicles that haven't come yet, kept in memory until they do"""


@dataclass(frozen=True)
class Source:
    """One camera. `gated`: an arming loop tells when a vehicle is there; `view`: what its pictures may show."""

    settings: PlateSourceSettings
    gated: bool
    view: ViewSettings = field(default_factory=ViewSettings)


class Told:
    """All of a lot, by the names under which the daemon knows its cameras. On the event loop."""

    def __init__(
        self,
        sources: Mapping[LaneName, Source],
        context: Callable[[LaneName], DriverContext],
        clock: Clock,
        heard: Callable[[VisionEvent], None],
        pictures: Path | None = None,
    ) -> None:
        """`context`: what the daemon lends to a camera's driver. `pictures`: the folder where one of each vehicle is
        kept. `heard` is called for every event, as the vision process's are."""
        kept = None if pictures is None else Pictures(pictures)
        self._ears = {name: _Ear(name, each, context(name), clock, heard, kept) for name, each in sources.items()}

    def __contains__(self, camera: LaneName) -> bool:
        return camera in self._ears

    async def start(self) -> None:
        for ear in self._ears.values():
            await ear.source.start()

    async def stop(self) -> None:
        for ear in self._ears.values():
            await ear.stop()

    def watch(self, camera: LaneName, on: bool) -> None:
        """A vehicle is on the arming loop, or off it. Each True begins a new vehicle."""
        self._ears[camera].watch(on)

    def loop_says(self, camera: LaneName, occupied: bool | None) -> None:
        """Whether a vehicle is on that camera's arming loop, looked at or not; None: unknown."""
        if camera in self._ears:
            self._ears[camera].loop_says(occupied)

    def let_go(self, camera: LaneName, vehicle: int) -> None:
        """A lane without an arming loop is done with this vehicle, that stood before its arm."""
        if camera in self._ears:
            self._ears[camera].let_go(vehicle)

    def vehicle_type(self, camera: LaneName) -> VehicleType | None:
        """What the camera takes the vehicle for that is there now; None where it doesn't say."""
        return self._ears[camera].vehicle_type if camera in self._ears else None


class _Ear:
    """What is known of one camera, and the one timer that it needs."""

    def __init__(
        self,
        name: LaneName,
        source: Source,
        context: DriverContext,
        clock: Clock,
        heard: Callable[[VisionEvent], None],
        pictures: Pictures | None,
    ) -> None:
        self._name, self._clock, self._tell, self._pictures = name, clock, heard, pictures
        self._trust, self._view, self._faults = source.settings.trust, source.view, context.faults
        self._blinds = frozenset(fault.code for fault in source.settings.blinds)
        self._state: Gate | View = Gate(name) if source.gated else View(name)
        self._pace = Pace()
        self._nameless = 0
        self._album: dict[str, bytes] = {}
        self._pictured: set[int] = set()
        self._troubles = Troubles(name)
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.Task[None] | None = None
        lent = DriverContext(context.part, context.clock, _Reporter(self, context.faults), context.shared)
        self.source: PlateSource = source.settings.build(lent)
        self.source.on_heard(self._heard)

    @property
    def vehicle_type(self) -> VehicleType | None:
        match self._state:
            case Gate(on=True, voices=voices):
                return kind_of(voices)
            case View(subjects=(first, *_)):
                return kind_of(first.voices) or first.vehicle_type
            case _:
                return None

    async def stop(self) -> None:
        await self.source.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def watch(self, on: bool) -> None:
        if isinstance(self._state, Gate):
            at = self._clock.monotonic()
            stepped = gates.arrives(self._state, at, self._trust) if on else gates.leaves(self._state, at)
            self._becomes(*stepped)

    def loop_says(self, occupied: bool | None) -> None:
        if isinstance(self._state, Gate):
            self._state = gates.loop_says(self._state, occupied, self._clock.monotonic())

    def let_go(self, vehicle: int) -> None:
        if isinstance(self._state, View):
            self._becomes(*views.served(self._state, vehicle, self._clock.monotonic(), self._trust))

    def fault(self, fault: Fault, detail: str | None) -> bool:
        """Whether this is one that blinds the lane, which is then told so. `detail` None: it has ended."""
        if fault.code not in self._blinds:
            return False
        if detail is None:
            self._tell(CameraCleared(self._name, fault.code))
            return True
        if isinstance(self._state, View):
            self._state = views.blinded(self._state, self._clock.monotonic())
        self._tell(CameraFault(self._name, fault.code, detail))
        return True

    def _heard(self, heard: Heard) -> None:
        at = self._clock.monotonic()
        match heard:
            case HeardClock(taken):
                self._judged(taken, at)
            case HeardPicture(event, picture):
                self._keep(event, picture)
                self._picture()
            case HeardVehicle():
                if isinstance(self._state, View):
                    self._becomes(*views.said(self._state, heard, at, self._trust))
            case HeardPlate():
                self._heard_plate(heard, at)

    def _heard_plate(self, heard: HeardPlate, at: Monotonic) -> None:
        late = 0
        if heard.taken is not None:
            timely = self._judged(heard.taken, at)
            if not timely.in_time:
                return
            late = timely.late
            if timely.is_question:
                heard = replace(heard, confidence=0.0)
        if not heard.event:
            self._nameless += 1
            heard = replace(heard, event=f"without an id, {self._nameless}")
        voice = voice_of(heard, at, self._trust, late)
        if voice is None:
            return
        if heard.picture is not None:
            self._keep(heard.event, heard.picture)
        if isinstance(self._state, Gate):
            self._becomes(*gates.heard(self._state, voice, at, self._trust))
        else:
            self._becomes(*views.heard(self._state, voice, at, self._trust))

    def _judged(self, taken: Instant, at: Monotonic) -> Judged:
        now = self._clock.read()
        found = judged(self._pace, taken, at, self._trust.fresh_within, now.wall if now.synced else None)
        self._pace = found.pace
        if found.behind:
            # Not to the second: that would be a new word of it each time.
            self._faults.raised(CLOCK, "what comes is late by this computer's clock, or the camera's clock is behind")
        elif found.jumped:
            self._faults.raised(CLOCK, "its clock was set right just now, or is ahead and what comes is long past")
        elif found.in_time:
            self._faults.cleared(CLOCK)
        else:
            self._faults.raised(CLOCK, f"{found.late / SECOND:.0f} s late")
        return found

    def _becomes(self, state: Gate | View, events: list[VisionEvent]) -> None:
        """The new state holds before anybody is told: whoever hears an event may speak to us at once."""
        self._state = state
        self._tell_all(events)
        self._picture()
        self._set_alarm()

    def _tell_all(self, events: list[VisionEvent]) -> None:
        for event in events:
            self._tell(event)

    # --- time ---

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        state, trust = self._state, self._trust
        due = gates.due(state, trust) if isinstance(state, Gate) else views.due(state, trust)
        if due is not None:
            self._alarm = self._spawn(self._ring(due))

    async def _ring(self, due: Monotonic) -> None:
        await self._clock.sleep(max(due - self._clock.monotonic(), 0) / SECOND)
        self._alarm = None
        state, at = self._state, self._clock.monotonic()
        ticked = gates.tick(state, at, self._trust) if isinstance(state, Gate) else views.tick(state, at, self._trust)
        self._becomes(*ticked)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- pictures ---

    def _keep(self, event: str, picture: bytes) -> None:
        if self._pictures is None or not is_jpeg(picture):
            return
        self._album.pop(event, None)
        self._album[event] = picture
        while len(self._album) > _MOST_PICTURES:
            self._album.pop(next(iter(self._album)))

    def _picture(self) -> None:
        """Keeps a picture of whoever is there and has none yet; those of passers-by are never written down."""
        number, events = self._present()
        if number is None or number in self._pictured:
            return
        found = next((event for event in events if event in self._album), None)
        if found is not None:
            self._pictured = {number}
            self._spawn(self._put(number, self._album.pop(found)))

    def _present(self) -> tuple[int | None, list[str]]:
        match self._state:
            case Gate(on=True, vehicle=vehicle, voices=voices):
                return vehicle, [voice.event for voice in voices]
            case View(subjects=(first, *_)):
                return first.number, [first.event, *(voice.event for voice in first.voices)]
            case _:
                return None, []

    async def _put(self, number: int, picture: bytes) -> None:
        assert self._pictures is not None, "asked only where pictures are kept"
        try:
            kept = await fit_to_keep(picture, self._view, self._clock)
            if kept is None:
                raise OSError("it can't be decoded")
            hash = await asyncio.to_thread(self._pictures.put, kept, self._clock.read().wall)
        except OSError as wrong:
            _LOG.warning("told.picture_not_kept", lane=self._name, why=str(wrong))
            self._tell_all(self._troubles.failed(wrong))
            return
        self._tell_all(self._troubles.kept())
        if self._present()[0] == number:
            self._tell(VehiclePictured(self._name, number, hash))


class _Reporter:
    """Of a camera's faults, those that blind its lane go the way of any camera's; the others to the board."""

    def __init__(self, ear: _Ear, board: FaultReporter) -> None:
        self._ear, self._board = ear, board
        self._standing: dict[str, str] = {}

    def raised(self, fault: Fault, detail: str) -> None:
        if self._standing.get(fault.code) != detail:
            self._standing[fault.code] = detail
            if not self._ear.fault(fault, detail):
                self._board.raised(fault, detail)

    def cleared(self, fault: Fault) -> None:
        if self._standing.pop(fault.code, None) is not None and not self._ear.fault(fault, None):
            self._board.cleared(fault)
