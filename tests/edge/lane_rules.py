"""Hypothesis plays a lane: anything in any order, hardware that fails, people with orders; the laws hold throughout."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

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
    st.builds(Blind, st.booleans()),
)
REFUSAL = st.sampled_from(
    [
        Refusal.LOT_FULL,
        Refusal.NO_TICKET,
        Refusal.NEEDS_PERSON,
        Refusal.BARRED_CALLED,
        Refusal.NOT_RECORDED,
        Refusal.CLOSED_TO_TRANSIENTS,
    ]
)
ANSWER = st.one_of(st.none(), st.none(), REFUSAL)
SECONDS = st.sampled_from([0.5, 2.0, 4.0, 6.0, 13.0, 31.0, 61.0, 100.0, 901.0])
ARM_RISES = (Arm(Position.MOVING), Arm(Position.OPEN))
ARM_FALLS = (Arm(Position.MOVING), Arm(Position.CLOSED))


class Trouble(StrEnum):
    ARMING_LOOP_CHATTERS = "the arming loop chatters"
    CLOSING_LOOP_CHATTERS = "the closing loop chatters"
    BOTH_SIDES_ARE_OCCUPIED_FOR_LONG = "both sides are occupied for long"
    AN_ORDER_FAILS = "an order to the barrier fails"
    AN_ORDER_MAY_HAVE_FAILED = "nobody knows whether an order to the barrier failed"
    THE_DAEMON_IS_KILLED = "the daemon is killed and starts again"
    ALL_IS_MADE_WELL = "everything is made well"


def _to(position: Position) -> tuple[Arm, ...]:
    return (Arm(position),)


class TroubledLane(RuleBasedStateMachine):
    """No order is too odd, no sensor too wrong. `steps` counts what was done to all lanes of this kind, `heard` what
    they heard until then. `ends_well`: at last all is made well, and the next vehicle must be served."""

    only: frozenset[str] = frozenset(LAWS)
    ends_well = True
    steps = 0
    heard = 0

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Fitted(), self.only)

    @initialize(chosen=st.fixed_dictionaries({name: st.sampled_from(of) for name, of in any_fitted().items()}))
    def a_lane_is_built(self, chosen: dict[str, object]) -> None:
        self.build({**chosen, "two_way": chosen["two_way"] and chosen["arming_loop"]})

    def build(self, chosen: dict[str, object]) -> None:
        self.world = World(Fitted(**chosen), self.only)  # pyright: ignore[reportArgumentType]

    # --- what often happens ---

    @rule(level=LEVEL)
    def arming_loop(self, level: bool | None) -> None:
        self.world.hear(Presence(level))

    @precondition(lambda self: self.world.fitted.closing_loop)
    @rule(level=LEVEL)
    def closing_loop(self, level: bool | None) -> None:
        self.world.hear(UnderArm(level))

    @precondition(lambda self: self.world.fitted.two_way)
    @rule(level=LEVEL)
    def far_loop(self, level: bool | None) -> None:
        self.world.hear(FarPresence(level))

    @rule(read=READ, far=st.booleans(), answered=st.booleans())
    def a_vehicle_comes(self, read: Read, far: bool, answered: bool) -> None:
        seen = FarPresence if far and self.world.fitted.two_way else Presence
        self.world.hear(seen(False), seen(True), read)
        if answered:
            self.world.desk_answers(None)

    @precondition(lambda self: self.world.fitted.closing_loop)
    @rule(stays=st.booleans())
    def a_vehicle_passes(self, stays: bool) -> None:
        goes = () if stays else (Presence(False),)
        self.world.hear(UnderArm(True), *goes, UnderArm(False))

    @rule(level=LEVEL, seconds=st.sampled_from([0.5, 31.0]))
    def a_hold_begins_and_ends(self, level: bool | None, seconds: float) -> None:
        self.world.person_orders(OrderKind.KEEP_OPEN)
        if self.world.fitted.closing_loop:
            self.world.hear(UnderArm(level))
        self.world.wait(seconds)
        self.world.person_orders(OrderKind.RELEASE)

    @precondition(lambda self: self.world.desk)
    @rule(refusal=ANSWER, counts_only=st.sampled_from([False, False, False, True]))
    def the_desk_answers(self, refusal: Refusal | None, counts_only: bool) -> None:
        self.world.desk_answers(refusal, counts_only=counts_only)

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(moves=st.one_of(st.just(ARM_RISES), st.just(ARM_FALLS), st.builds(_to, st.sampled_from(Position))))
    def the_arm(self, moves: tuple[Arm, ...]) -> None:
        self.world.hear(*moves)

    # --- what people do ---

    @rule(shown=SHOWN)
    def a_driver_or_the_camera(self, shown: Read | Guess | Code | Card | Pressed | Chosen | Blind) -> None:
        self.world.hear(shown)

    @rule(kind=st.sampled_from(OrderKind), state=st.sampled_from([None, *LaneState]))
    def a_person_orders(self, kind: OrderKind, state: LaneState | None) -> None:
        self.world.person_orders(kind, state)

    @precondition(lambda self: self.world.fitted.fire_input)
    @rule(active=st.sampled_from([True, False, None]), resets=st.booleans())
    def the_fire_contact(self, active: bool | None, resets: bool) -> None:
        self.world.hear(Fire(active))
        if resets:
            self.world.person_orders(OrderKind.RESET_FIRE)

    # --- what goes wrong ---

    @rule(trouble=st.sampled_from(Trouble), often=st.integers(5, 14))
    def something_goes_wrong(self, trouble: Trouble, often: int) -> None:
        world = self.world
        match trouble:
            case Trouble.ARMING_LOOP_CHATTERS:
                world.hear(*[Presence(True), Presence(False)] * often)
            case Trouble.CLOSING_LOOP_CHATTERS if world.fitted.closing_loop:
                world.hear(*[UnderArm(True), UnderArm(False)] * often)
            case Trouble.BOTH_SIDES_ARE_OCCUPIED_FOR_LONG if world.fitted.two_way:
                world.hear(Presence(True), FarPresence(True))
                world.wait(901)
            case Trouble.AN_ORDER_FAILS | Trouble.AN_ORDER_MAY_HAVE_FAILED:
                world.barrier_fails(maybe=trouble is Trouble.AN_ORDER_MAY_HAVE_FAILED)
            case Trouble.THE_DAEMON_IS_KILLED:
                world.restart()
            case _:
                world.make_everything_well()

    def check_invariants(self, *told: Any, **also: Any) -> None:
        """After each step."""
        type(self).steps += 1
        super().check_invariants(*told, **also)  # type: ignore[misc]

    def teardown(self) -> None:
        type(self).heard += self.world.signals
        if not self.ends_well:
            return
        self.world.make_everything_well()
        self.world.the_next_vehicle_is_served()
        if self.world.fitted.two_way:
            self.world.the_next_vehicle_is_served(far=True)


class LaneWithoutLoop(TroubledLane):
    """No loop tells whether anything is under its arm."""

    def build(self, chosen: dict[str, object]) -> None:
        super().build({**chosen, "closing_loop": False})


class BusyRoad(RuleBasedStateMachine):
    """Hardware that works, and drivers who do what they like: stop, back out, roll back, tailgate, come the wrong way,
    drive through the arm. Whatever they do, the counts equal the cars inside."""

    only: frozenset[str] = frozenset(LAWS)
    ends_well = True
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

    @rule(
        length=st.sampled_from([1, 3, 4, 4, 5]), far=st.sampled_from([False, False, False, True]), served=st.booleans()
    )
    def a_vehicle_arrives(self, length: int, far: bool, served: bool) -> None:
        if far and not self.road.fitted.two_way:
            length = max(length, LONG_ENOUGH)
        if (vehicle := self.road.arrives(length, far=far)) is not None:
            self.road.drives(vehicle, -3 if far else 3)
        if served:
            self.road.camera_reads()
            self.road.world.desk_answers(None)
            self.road.stands(6)

    @precondition(lambda self: self.road.vehicles)
    @rule(
        which=st.integers(0, 3),
        cells=st.sampled_from([1, 2, 3, 5, 8, 12, -1, -2, -4]),
        forces=st.sampled_from([False] * 5 + [True]),
    )
    def one_drives(self, which: int, cells: int, forces: bool) -> None:
        self.road.drives(self.road.vehicles[which % len(self.road.vehicles)], cells, forces=forces)

    @precondition(lambda self: self.road.the_one_vended)
    @rule(cells=st.sampled_from([4, 8, 12, -4]))
    def the_computer_stands_still_while_one_drives(self, cells: int) -> None:
        if (vehicle := self.road.the_one_vended) is not None:
            self.road.drives_unheard(vehicle, cells if vehicle.side < 0 else -cells)

    @rule()
    def something_is_under_the_arm_for_a_moment(self) -> None:
        self.road.a_bird_is_under_the_arm()

    @rule()
    def the_camera_reads(self) -> None:
        self.road.camera_reads()

    @rule(far=st.booleans())
    def the_loop_loses_one_for_a_moment(self, far: bool) -> None:
        self.road.loop_drops_out(far=far)

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

    def check_invariants(self, *told: Any, **also: Any) -> None:
        """After each step."""
        type(self).steps += 1
        super().check_invariants(*told, **also)  # type: ignore[misc]

    def teardown(self) -> None:
        self.road.everybody_leaves()
        self.road.is_reckoned()
        type(self).heard += self.road.world.signals
