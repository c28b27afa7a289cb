"""Hypothesis plays a lane: anything in any order, hardware that fails, people with orders; the laws hold throughout."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from drivers.contract import Position
from edge.lane.lane import Fitted
from edge.lane.signals import (
    Arm,
    Blind,
    Button,
    Card,
    Chosen,
    Code,
    FarPresence,
    Fire,
    Guess,
    Presence,
    Pressed,
    Read,
    UnderArm,
)
from models.lanes import LaneState, OrderKind
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tickets import Direction
from tests.edge.lane_laws import LAWS
from tests.edge.lane_road import LONG_ENOUGH, Road
from tests.edge.lane_world import World, any_fitted

LEVEL = st.sampled_from([True, False, True, False, None])
PLATE = st.sampled_from([Plate("AB12CDE"), Plate("XY99ZZZ"), Plate("K1TTN")])
READ = st.builds(Read, PLATE, st.just(0.97))
SHOWN = st.one_of(
    READ,
    st.builds(Guess, PLATE, st.just(0.6)),
    st.just(Code("PG1:ABCD12")),
    st.just(Card("4711")),
    st.builds(Pressed, st.sampled_from(Button)),
    st.builds(Chosen, st.sampled_from(VehicleType)),
)
REFUSAL = st.sampled_from([Refusal.LOT_FULL, Refusal.NO_TICKET, Refusal.NOT_RECORDED, Refusal.CLOSED_TO_TRANSIENTS])
ANSWER = st.one_of(st.none(), st.none(), REFUSAL)
SECONDS = st.sampled_from([0.5, 2.0, 4.0, 6.0, 13.0, 31.0, 61.0, 100.0, 901.0])
ARM_RISES = (Arm(Position.MOVING), Arm(Position.OPEN))
ARM_FALLS = (Arm(Position.MOVING), Arm(Position.CLOSED))


class TroubledLane(RuleBasedStateMachine):
    """No order is too odd, no sensor too wrong. `steps` counts what was done to all lanes of this kind, `heard` what
    they heard."""

    only: frozenset[str] = frozenset(LAWS)
    steps = 0
    heard = 0

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Fitted(), self.only)

    @initialize(chosen=st.fixed_dictionaries({name: st.sampled_from(of) for name, of in any_fitted().items()}))
    def a_lane_is_built(self, chosen: dict[str, object]) -> None:
        chosen["two_way"] = chosen["two_way"] and chosen["arming_loop"]
        self.world = World(Fitted(**chosen), self.only)  # pyright: ignore[reportArgumentType]

    # --- what a lane hears ---

    @rule(level=LEVEL)
    def arming_loop(self, level: bool | None) -> None:
        self.world.hear(Presence(level))

    @precondition(lambda self: self.world.fitted.two_way)
    @rule(level=LEVEL)
    def far_loop(self, level: bool | None) -> None:
        self.world.hear(FarPresence(level))

    @precondition(lambda self: self.world.fitted.closing_loop)
    @rule(level=LEVEL)
    def closing_loop(self, level: bool | None) -> None:
        self.world.hear(UnderArm(level))

    @precondition(lambda self: self.world.fitted.closing_loop)
    @rule(far=st.booleans(), times=st.integers(5, 14))
    def a_loop_chatters(self, far: bool, times: int) -> None:
        for _ in range(times):
            self.world.hear(UnderArm(True), UnderArm(False)) if far else self.world.hear(
                Presence(True), Presence(False)
            )

    @rule(position=st.sampled_from(Position))
    def arm(self, position: Position) -> None:
        self.world.hear(Arm(position))

    @rule(rises=st.booleans())
    def the_arm_moves(self, rises: bool) -> None:
        self.world.hear(*(ARM_RISES if rises else ARM_FALLS))

    @rule(shown=SHOWN)
    def a_driver_or_the_camera(self, shown: Read | Guess | Code | Card | Pressed | Chosen) -> None:
        self.world.hear(shown)

    @rule(blind=st.booleans())
    def the_camera_fails_or_is_mended(self, blind: bool) -> None:
        self.world.hear(Blind(blind))

    @precondition(lambda self: self.world.desk)
    @rule(refusal=ANSWER, counts_only=st.sampled_from([False, False, False, True]))
    def the_desk_answers(self, refusal: Refusal | None, counts_only: bool) -> None:
        self.world.desk_answers(refusal, counts_only=counts_only)

    @precondition(lambda self: self.world.told)
    @rule(fails=st.booleans())
    def the_barrier_was_told(self, fails: bool) -> None:
        if fails:
            self.world.barrier_fails()
        else:
            self.world.told.pop(0)

    @rule(kind=st.sampled_from(OrderKind), state=st.sampled_from([None, *LaneState]))
    def a_person_orders(self, kind: OrderKind, state: LaneState | None) -> None:
        self.world.person_orders(kind, state)

    @precondition(lambda self: self.world.fitted.fire_input)
    @rule(active=st.sampled_from([True, False, False, None]))
    def the_fire_contact(self, active: bool | None) -> None:
        self.world.hear(Fire(active))

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule()
    def the_daemon_is_killed_and_starts(self) -> None:
        self.world.restart()

    # --- what often happens, in one ---

    @rule(read=READ, answered=st.booleans())
    def a_vehicle_comes(self, read: Read, answered: bool) -> None:
        self.world.hear(Presence(False), Presence(True), read)
        if answered:
            self.world.desk_answers(None)

    @precondition(lambda self: self.world.fitted.two_way)
    @rule(read=READ, answered=st.booleans())
    def a_vehicle_comes_from_the_other_side(self, read: Read, answered: bool) -> None:
        self.world.hear(FarPresence(False), FarPresence(True), read)
        if answered:
            self.world.desk_answers(None)

    @precondition(lambda self: self.world.fitted.closing_loop)
    @rule(stays=st.booleans())
    def a_vehicle_passes(self, stays: bool) -> None:
        goes = () if stays else (Presence(False),)
        self.world.hear(UnderArm(True), *goes, UnderArm(False))

    # --- whatever it was ---

    @rule()
    def everything_is_made_well(self) -> None:
        self.world.make_everything_well()

    @invariant()
    def one_more_step(self) -> None:
        type(self).steps += 1

    def teardown(self) -> None:
        self.world.make_everything_well()
        self.world.the_next_vehicle_is_served()
        if self.world.fitted.two_way:
            self.world.the_next_vehicle_is_served(far=True)
        type(self).heard += self.world.signals


class BusyRoad(RuleBasedStateMachine):
    """Hardware that works, and drivers who do what they like: stop, back out, roll back, tailgate, come the wrong way,
    drive through the arm. Whatever they do, the counts equal the cars inside."""

    only: frozenset[str] = frozenset(LAWS)
    steps = 0
    heard = 0

    def __init__(self) -> None:
        super().__init__()
        self.road = Road(Fitted(), self.only)

    @initialize(
        direction=st.sampled_from(Direction),
        two_way=st.booleans(),
        reads_back=st.booleans(),
        can_hold=st.booleans(),
        can_lower=st.booleans(),
    )
    def a_lane_is_built(
        self, direction: Direction, two_way: bool, reads_back: bool, can_hold: bool, can_lower: bool
    ) -> None:
        fitted = Fitted(
            direction, two_way=two_way, reads_back=reads_back, can_hold=can_hold, can_lower=can_lower, fire_input=True
        )
        self.road = Road(fitted, self.only)

    @rule(length=st.sampled_from([1, 3, 4, 4, 5]), far=st.sampled_from([False, False, False, True]))
    def a_vehicle_arrives(self, length: int, far: bool) -> None:
        if far and not self.road.fitted.two_way:
            length = max(length, LONG_ENOUGH)
        if (vehicle := self.road.arrives(length, far=far)) is not None:
            self.road.drives(vehicle, -3 if far else 3)

    @precondition(lambda self: self.road.vehicles)
    @rule(
        which=st.integers(0, 3),
        cells=st.sampled_from([1, 2, 3, 5, 8, 12, -1, -2, -4]),
        forces=st.sampled_from([False] * 5 + [True]),
    )
    def one_drives(self, which: int, cells: int, forces: bool) -> None:
        self.road.drives(self.road.vehicles[which % len(self.road.vehicles)], cells, forces=forces)

    @rule()
    def the_camera_reads(self) -> None:
        self.road.camera_reads()

    @precondition(lambda self: self.road.world.desk)
    @rule(refusal=ANSWER)
    def the_desk_answers(self, refusal: Refusal | None) -> None:
        self.road.world.desk_answers(refusal)
        self.road.stands(4)

    @rule(kind=st.sampled_from([OrderKind.OPEN, OrderKind.KEEP_OPEN, OrderKind.RELEASE, OrderKind.CLOSE]))
    def a_person_orders(self, kind: OrderKind) -> None:
        self.road.world.person_orders(kind)
        self.road.stands(2)

    @rule(active=st.booleans())
    def the_fire_contact(self, active: bool) -> None:
        self.road.world.hear(Fire(active))
        if not active:
            self.road.world.person_orders(OrderKind.RESET_FIRE)
        self.road.stands(2)

    @rule(cells=st.sampled_from([1, 4, 12, 40, 120]))
    def time_passes(self, cells: int) -> None:
        self.road.stands(cells)

    @invariant()
    def one_more_step(self) -> None:
        type(self).steps += 1

    def teardown(self) -> None:
        self.road.everybody_leaves()
        self.road.is_reckoned()
        type(self).heard += self.road.world.signals
