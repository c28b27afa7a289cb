"""An honest road through a lane: vehicles of some length, two or three loops under them, an arm that closes by itself.

Cells from the near side to the far one: the near arming loop is 2 and 3, the closing loop 5 (the arm is above it), the
far arming loop 7 and 8. What stands on a cell is on its loop. Loops, arm and camera tell the truth.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from drivers.contract import Position
from edge.lane.actions import Action, Confirm, Count, Hold, Lower, Raise, Release, Unresolve, Watch
from edge.lane.faults import STUCK_LOOP
from edge.lane.lane import Fitted, Side, opposite
from edge.lane.signals import Arm, FarPresence, Phase, Presence, Read, Signal, UnderArm, Vend
from models.instants import SECOND, Monotonic
from models.plates import Plate
from models.tickets import Direction
from tests.edge.lane_laws import COUNTS_EQUAL_THE_CARS_INSIDE, LAWS
from tests.edge.lane_world import World

NEAR_LOOP, CLOSING, FAR_LOOP = (2, 3), 5, (7, 8)
BETWEEN = (4, 6)
"""Where a motorcycle is on no loop: it drives on, and doesn't stop there for longer than `back_out_after`."""
FIRST, LAST = 1, 9
CELL_SECONDS = 0.3
TRAVEL = 3
"""Cells' times that the arm takes."""
STAYS_UP = 2
"""Cells' times that the arm stays up behind a vehicle."""
STAYS_UP_UNUSED = 40
LONG_ENOUGH = 3
"""To be on the closing and an arming loop at once; where nothing else tells which way a vehicle goes, it must be."""
BACKED_OUT = 12
"""Cells' times after which the next one comes; before, the lane may take it for the one that backed out."""


@dataclass
class SelfClosingArm:
    """It rises when told, and comes down by itself behind a vehicle or unused; never onto what is under it."""

    position: Position = Position.CLOSED
    held: bool = False
    used: bool = False
    rising: bool = False
    since: int = 0

    @property
    def is_up(self) -> bool:
        return self.position.is_up

    def told(self, action: Action) -> None:
        match action:
            case Vend() | Hold():
                self.held = self.held or isinstance(action, Hold)
                self.used, self.since = False, self.since if self.rising else 0
                self.rising = not self.is_up
            case Release():
                self.held = False
            case Lower():
                self.since = STAYS_UP_UNUSED
            case _:
                pass

    def lives(self, occupied: bool) -> None:
        """One cell's time passes."""
        self.since += 1
        if self.is_up:
            self.position = Position.HELD if self.held else Position.OPEN
            self.used, self.since = self.used or occupied, 0 if occupied else self.since
            if not self.held and self.since >= (STAYS_UP if self.used else STAYS_UP_UNUSED):
                self._goes(Position.MOVING, rising=False)
        elif self.rising or self.held or (occupied and self.position is Position.MOVING):
            self.rising = True
            over = self.position is Position.MOVING and self.since >= TRAVEL
            self._goes(Position.OPEN if over else Position.MOVING, rising=not over)
        elif self.position is Position.MOVING and self.since >= TRAVEL:
            self._goes(Position.CLOSED, rising=False)

    def _goes(self, position: Position, *, rising: bool) -> None:
        if position is not self.position:
            self.since = 0
        if position.is_up:
            self.used = False
        self.position, self.rising = position, rising


@dataclass
class Vehicle:
    plate: Plate
    rear: int
    """Its end towards the near side"""
    front: int
    side: int
    """-1: it is on the near side of the arm, or hasn't got past it; 1: on the far one"""
    came_from_far: bool

    def on(self, *cells: int) -> bool:
        return any(self.rear <= cell <= self.front for cell in cells)

    @property
    def length(self) -> int:
        return self.front - self.rear + 1

    @property
    def has_passed(self) -> bool:
        return self.came_from_far is (self.side < 0)

    @property
    def gone(self) -> bool:
        return self.front < FIRST or self.rear > LAST


@dataclass
class Road:
    fitted: Fitted
    only: frozenset[str] = frozenset(LAWS)
    world: World = field(init=False)
    arm: SelfClosingArm = field(default_factory=SelfClosingArm)
    vehicles: list[Vehicle] = field(default_factory=list[Vehicle])
    passed: Counter[int] = field(default_factory=Counter[int])
    came: int = 0
    heeded: int = 0
    looks: int | None = None
    bird_at: Monotonic | None = None

    def __post_init__(self) -> None:
        self.world = World(self.fitted, self.only)
        self.world.hear(Presence(False), UnderArm(False))
        if self.fitted.two_way:
            self.world.hear(FarPresence(False))
        if self.fitted.reads_back:
            self.world.hear(Arm(Position.CLOSED))

    # --- what drivers do ---

    def arrives(self, length: int, *, far: bool) -> Vehicle | None:
        """It stands just outside, unless somebody is that near, or comes towards it."""
        rear = LAST + 1 if far else FIRST - length
        self.came += 1
        vehicle = Vehicle(Plate(f"CAR{self.came}"), rear, rear + length - 1, 1 if far else -1, far)
        if self._in_its_way(vehicle, -1 if far else 1) or any(
            other.came_from_far is not far for other in self.vehicles
        ):
            return None
        self.vehicles.append(vehicle)
        return vehicle

    def drives(self, vehicle: Vehicle, cells: int, *, forces: bool = False) -> bool:
        """On (or back, if negative), as far as it can; `forces`: the arm doesn't stop it. Whether it got there."""
        way = 1 if cells > 0 else -1
        left = abs(cells)
        while left > 0:
            stride = self._stride(vehicle, way)
            if vehicle not in self.vehicles or not self._may_drive(vehicle, way, stride, forces):
                return False
            waited = vehicle.on(*NEAR_LOOP, *FAR_LOOP)
            for _ in range(stride):
                self._moves(vehicle, way)
            if waited and way == vehicle.side:
                self._lets_one_back_out(vehicle)
            left -= stride
        return True

    def _lets_one_back_out(self, vehicle: Vehicle) -> None:
        if not vehicle.on(*NEAR_LOOP, CLOSING, *FAR_LOOP):
            self.stands(BACKED_OUT)

    @property
    def the_one_vended(self) -> Vehicle | None:
        """It waits before the raised arm, and nobody else is near."""
        lane = self.world.lane
        if lane.phase is not Phase.VENDED or lane.unvended is not None or len(self.vehicles) != 1:
            return None
        return self.vehicles[0] if self.vehicles[0].on(*(NEAR_LOOP if lane.side is Side.NEAR else FAR_LOOP)) else None

    def drives_unheard(self, vehicle: Vehicle, cells: int) -> None:
        """The computer stands still while it drives on, and hears of it in one moment."""
        heard: list[Signal] = []
        way = 1 if cells > 0 else -1
        for _ in range(abs(cells)):
            stride = self._stride(vehicle, way)
            if vehicle not in self.vehicles or not self._may_drive(vehicle, way, stride, False):
                break
            for _ in range(stride):
                before = self._levels()
                self._moves_on(vehicle, way)
                heard += self._changes(before)
        self.world.hear_at_once(*heard)
        self._lives()
        if way == vehicle.side:
            self._lets_one_back_out(vehicle)

    def stands(self, cells: int) -> None:
        """Time passes and nobody moves."""
        for _ in range(cells):
            self._lives()

    def _stride(self, vehicle: Vehicle, way: int) -> int:
        return 2 if vehicle.length == 1 and vehicle.rear + way in BETWEEN else 1

    def _may_drive(self, vehicle: Vehicle, way: int, cells: int, forces: bool) -> bool:
        if self._in_its_way(vehicle, way * cells) or (way == vehicle.side and self._must_not_go_back(vehicle)):
            return False
        if not self.fitted.two_way and way < 0 < vehicle.side and not self._dares(vehicle):
            return False
        if self.fitted.two_way and vehicle.has_passed and way != vehicle.side:
            return False
        if way > 0 and vehicle.front < NEAR_LOOP[0] and self._one_comes_towards_it(vehicle):
            return False
        lane = self.world.lane
        if lane.phase is Phase.UNSURE and lane.maybe_through and not vehicle.has_passed and way != vehicle.side:
            # Who follows one whose passage was heard in one moment, before it is looked at, may be that one for all
            # that the loops tell.
            return False
        reaches = (vehicle.front if way > 0 else vehicle.rear) + way * cells == CLOSING
        return not reaches or forces or self.arm.is_up

    def _dares(self, vehicle: Vehicle) -> bool:
        """To come the wrong way: not towards one that waits or is being let through, whose passage that would look
        like."""
        waits = any(other.on(*NEAR_LOOP) for other in self.vehicles if other is not vehicle)
        waits = waits or self.world.lane.phase in (Phase.VENDED, Phase.PASSING, Phase.UNSURE)
        return vehicle.length >= LONG_ENOUGH and (vehicle.on(CLOSING) or not waits)

    def _one_comes_towards_it(self, vehicle: Vehicle) -> bool:
        """Who drove onto the arming loop now would look like the one that comes the wrong way."""
        return any(other.side > 0 and other.on(CLOSING) for other in self.vehicles if other is not vehicle)

    def _in_its_way(self, vehicle: Vehicle, cells: int) -> bool:
        rear, front = vehicle.rear + min(cells, 0) - 1, vehicle.front + max(cells, 0) + 1
        return any(other is not vehicle and other.rear <= front and rear <= other.front for other in self.vehicles)

    def _must_not_go_back(self, vehicle: Vehicle) -> bool:
        """A follower that backs out from behind one under the arm looks like one that follows it through."""
        waits = vehicle.came_from_far is (vehicle.side > 0)
        ahead = [other for other in self.vehicles if other is not vehicle and other.side == vehicle.side]
        follows = waits and any(other.on(CLOSING) for other in ahead)
        return self._must_go_on(vehicle) or follows or self._nobody_read_it(vehicle)

    def _nobody_read_it(self, vehicle: Vehicle) -> bool:
        """What rolled back is told from the next one by its plate, so it must have been read."""
        return vehicle.on(CLOSING) and self.world.lane.phase is Phase.PASSING and self.world.lane.read is None

    def _must_go_on(self, vehicle: Vehicle) -> bool:
        """Loops can't tell what goes back from the closing loop after it has left the loop that it came over, or has
        reached the other one."""
        if not vehicle.on(CLOSING):
            return False
        if self.fitted.two_way and vehicle.on(*NEAR_LOOP) and vehicle.on(*FAR_LOOP):
            return True
        if vehicle.side < 0:
            return not vehicle.on(*NEAR_LOOP)
        return not vehicle.on(*FAR_LOOP) if self.fitted.two_way else vehicle.on(*NEAR_LOOP)

    def _moves(self, vehicle: Vehicle, way: int) -> None:
        before = self._levels()
        self._moves_on(vehicle, way)
        self.world.hear(*self._changes(before))
        self._lives()

    def _moves_on(self, vehicle: Vehicle, way: int) -> None:
        vehicle.rear, vehicle.front = vehicle.rear + way, vehicle.front + way
        beyond = 1 if vehicle.rear > CLOSING else -1 if vehicle.front < CLOSING else vehicle.side
        if beyond is not vehicle.side:
            vehicle.side = beyond
            self.passed[beyond] += 1
        if vehicle.gone:
            self.vehicles.remove(vehicle)

    # --- what loops, arm and camera say ---

    def _levels(self) -> list[Signal]:
        def on(*cells: int) -> bool:
            return any(vehicle.on(*cells) for vehicle in self.vehicles)

        far: list[Signal] = [FarPresence(on(*FAR_LOOP))] if self.fitted.two_way else []
        return [Presence(on(*NEAR_LOOP)), UnderArm(on(CLOSING)), *far]

    def _changes(self, before: list[Signal]) -> list[Signal]:
        return [now for was, now in zip(before, self._levels(), strict=True) if was != now]

    def _lives(self) -> None:
        """A cell's time: the barrier does what it was told, and says where its arm is."""
        was = self.arm.position
        for action in self.world.actions[self.heeded :]:
            self.arm.told(action)
        self.heeded = len(self.world.actions)
        self.arm.lives(any(vehicle.on(CLOSING) for vehicle in self.vehicles))
        self.world.wait(CELL_SECONDS)
        if self.arm.position is not was and self.fitted.reads_back:
            self.world.hear(Arm(self.arm.position))

    def camera_reads(self) -> None:
        """Whoever stands on the loop of the side that is watched, once for each look."""
        watches = [(place, one) for place, one in enumerate(self.world.actions) if isinstance(one, Watch)]
        if not watches or not watches[-1][1].on or watches[-1][0] == self.looks:
            return
        place, watch = watches[-1]
        standing = [vehicle for vehicle in self.vehicles if vehicle.on(*(FAR_LOOP if watch.far else NEAR_LOOP))]
        if standing:
            self.looks = place
            self.world.hear(Read(standing[0].plate, 0.97))

    def loop_drops_out(self, *, far: bool) -> None:
        """The arming loop loses a high floor or a drawbar for a moment, while its vehicle waits before a raised arm."""
        said, cells, side = (FarPresence, FAR_LOOP, Side.FAR) if far else (Presence, NEAR_LOOP, Side.NEAR)
        waits = self.world.lane.phase is Phase.VENDED and self.world.lane.side is side
        if waits and any(vehicle.on(*cells) for vehicle in self.vehicles):
            self.world.hear(said(False), said(True))

    def a_bird_is_under_the_arm(self) -> None:
        """Nothing else is. Of who backs out at that very moment nobody knows; where no ticket is at stake, they count
        as passed, so then no bird comes, nor so many that the loop chatters."""
        serves_on_trust = self.world.lane.phase is Phase.VENDED and self.world.lane.ticket is None
        often = self.bird_at is not None and self.world.now - self.bird_at < self.fitted.timing.chatter_window * SECOND
        if not serves_on_trust and not often and not any(vehicle.on(CLOSING) for vehicle in self.vehicles):
            self.bird_at = self.world.now
            self.world.hear_at_once(UnderArm(True), UnderArm(False))

    # --- the reckoning ---

    def everybody_leaves(self) -> None:
        """Those before the arm go back where they came from, those beyond it go on; then all is quiet."""
        for _ in range(200):
            if not self.vehicles:
                break
            for vehicle in list(self.vehicles):
                self.drives(vehicle, vehicle.side if not vehicle.on(CLOSING) else self._off_the_loop(vehicle))
            self._lives()
        assert not self.vehicles, f"the road is blocked by {self.vehicles}"
        while self.world.desk:
            self.world.desk_answers(None)
        self.stands(500)

    def _off_the_loop(self, vehicle: Vehicle) -> int:
        on = 1 if vehicle.side < 0 else -1
        nobody_behind = not any(other.rear > vehicle.front for other in self.vehicles)
        turns = vehicle.side > 0 and not self.fitted.two_way and nobody_behind
        if self._must_go_on(vehicle):
            return on
        return -on if turns or self._in_its_way(vehicle, on) else on

    def is_reckoned(self) -> None:
        """Every passage that was is on record, in its direction, and no other; an unresolved one may be either."""
        for way in (1, -1):
            direction = self.fitted.direction if way > 0 else opposite(self.fitted.direction)
            sure, unsure = self._recorded(direction)
            self.world.witness.holds(
                sure <= self.passed[way] <= sure + unsure,
                COUNTS_EQUAL_THE_CARS_INSIDE,
                f"{self.passed[way]} passed as {direction}, on record are {sure} and {unsure} unresolved",
            )

    def _recorded(self, direction: Direction) -> tuple[int, int]:
        done = [action for action in self.world.actions if isinstance(action, Confirm | Count | Unresolve)]
        mine = [action for action in done if action.direction is direction]
        unsure = sum(isinstance(action, Unresolve) for action in mine)
        return len(mine) - unsure, unsure + self._stood_under_the_arm()

    def _stood_under_the_arm(self) -> int:
        """Whoever stands there for longer than `clear_within` is left unresolved; without a ticket, with no record."""
        return sum(isinstance(action, Raise) and action.code == STUCK_LOOP.code for action in self.world.actions)
