"""To which spot a vehicle is led, by each of a lot's rules; and the laws that hold under all of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from models.allocation import Bay, Criterion, Plan, Rule, Seeker, WhenZoneFull, choose, names_of
from models.ids import LaneName, LevelId
from models.spots import Right, SpotType, VehicleType, compatible

NORTH, SOUTH = LaneName("north-in"), LaneName("south-in")
CAR = Seeker(VehicleType.REGULAR, NORTH)
COMPACT = Seeker(VehicleType.COMPACT, NORTH)


def a_bay(where: str, type: SpotType = SpotType.REGULAR, free: int = 1, total: int = 10) -> Bay:
    """`a_bay("Ground Staff/Directors")`"""
    level, _, zone = where.partition(" ")
    return Bay(LevelId(level), names_of(level, zone), zone, type, total, free)


def by(*criteria: Criterion, zones: tuple[str, ...] = ()) -> Rule:
    return Rule(criteria, zones)


def test_a_zone_lies_in_all_that_is_around_it() -> None:
    assert names_of("Ground", "") == ("Ground",)
    assert names_of("Ground", "Staff/Directors") == ("Ground", "Staff", "Staff/Directors")


def test_the_tightest_type_saves_the_larger_spots() -> None:
    large, tight = a_bay("G", SpotType.LARGE), a_bay("U", SpotType.COMPACT)
    assert choose(Plan(), COMPACT, [large, tight]) is tight


def test_whatever_is_equal_goes_by_the_order_in_which_it_is_written() -> None:
    first, second = a_bay("G", free=1), a_bay("U", free=9)
    assert choose(Plan(), CAR, [first, second]) is first
    assert choose(Plan(), CAR, [second, first]) is second


def test_the_nearest_is_that_of_the_entrance_where_the_car_stands() -> None:
    plan = Plan(by(Criterion.NEAREST), nearest={NORTH: ("A", "B"), SOUTH: ("B", "A")})
    a, b, beyond = a_bay("G A"), a_bay("G B"), a_bay("U")
    assert choose(plan, CAR, [beyond, a, b]) is a
    assert choose(plan, Seeker(VehicleType.REGULAR, SOUTH), [beyond, a, b]) is b
    assert choose(plan, Seeker(VehicleType.REGULAR, LaneName("east-in")), [beyond, a, b]) is beyond


def test_of_a_zone_inside_another_the_inner_one_tells_the_way() -> None:
    plan = Plan(by(Criterion.NEAREST), nearest={NORTH: ("Staff/Far", "Ground", "Staff")})
    outer, far = a_bay("Ground Staff"), a_bay("Ground Staff/Far")
    assert choose(plan, CAR, [outer, far]) is far
    assert choose(Plan(by(Criterion.NEAREST), nearest={NORTH: ("Staff", "Staff/Far")}), CAR, [far, outer]) is outer


def test_the_nearest_may_cost_a_larger_spot_only_where_the_rule_says_so() -> None:
    wide, tight = a_bay("Near", SpotType.LARGE), a_bay("Far")
    nearest = {NORTH: ("Near", "Far")}
    assert choose(Plan(by(Criterion.NEAREST), nearest=nearest), CAR, [tight, wide]) is wide
    assert choose(Plan(by(Criterion.EXACT_TYPE, Criterion.NEAREST), nearest=nearest), CAR, [tight, wide]) is tight


def test_cars_spread_by_the_share_that_is_taken_not_by_the_number() -> None:
    plan = Plan(by(Criterion.SPREAD))
    small, big = a_bay("G", free=5, total=10), a_bay("U", free=40, total=100)
    assert choose(plan, CAR, [big, small]) is small


def test_the_share_is_that_of_the_spots_which_the_vehicle_may_use() -> None:
    taken, free = a_bay("G", free=1, total=10), a_bay("U", free=5, total=10)
    charging = a_bay("G", SpotType.EV, free=100, total=100)
    assert choose(Plan(by(Criterion.SPREAD)), CAR, [charging, taken, free]) is free


def test_a_kind_of_vehicle_may_have_a_rule_of_its_own() -> None:
    bikes = by(Criterion.ZONES, zones=("Bikes",))
    plan = Plan(by_vehicle={VehicleType.MOTORCYCLE: bikes})
    own, other = a_bay("U Bikes"), a_bay("G")
    assert choose(plan, Seeker(VehicleType.MOTORCYCLE, NORTH), [other, own]) is own
    assert choose(plan, CAR, [other, own]) is other


def test_spots_for_a_right_are_for_those_who_have_it_and_they_come_first() -> None:
    badge, charger, plain = a_bay("G", SpotType.HANDICAP), a_bay("G", SpotType.EV), a_bay("G")
    plan = Plan(by(Criterion.NEAREST), nearest={NORTH: ("G",)})
    assert choose(plan, CAR, [badge, charger]) is None
    assert choose(plan, Seeker(VehicleType.REGULAR, NORTH, frozenset({Right.EV})), [plain, badge, charger]) is charger
    holder = Seeker(VehicleType.REGULAR, NORTH, frozenset({Right.HANDICAP}))
    assert choose(plan, holder, [plain, badge, charger]) is badge


def test_a_reserved_zone_is_for_permits_that_name_it_and_the_innermost_counts() -> None:
    plan = Plan(reserved=frozenset({"Staff", "Staff/Directors"}))
    staff, directors, inner = a_bay("G Staff"), a_bay("G Staff/Directors"), a_bay("G Staff/North")
    of_staff = Seeker(VehicleType.REGULAR, NORTH, zones=frozenset({"Staff"}))
    assert choose(plan, CAR, [staff, directors, inner]) is None
    assert choose(plan, of_staff, [directors, inner]) is inner
    assert choose(plan, of_staff, [directors]) is None
    assert choose(plan, Seeker(VehicleType.REGULAR, NORTH, zones=frozenset({"Staff/Directors"})), [staff]) is None


def test_a_permit_is_bound_to_its_zones_and_what_then_when_they_are_full() -> None:
    full, public = a_bay("G Staff", free=0), a_bay("U")
    bound = Seeker(VehicleType.REGULAR, NORTH, zones=frozenset({"Staff"}))
    assert choose(Plan(), bound, [full, public]) is None
    assert choose(Plan(when_zone_full=WhenZoneFull.ELSEWHERE), bound, [full, public]) is public
    own = a_bay("G Staff", SpotType.LARGE)
    assert choose(Plan(when_zone_full=WhenZoneFull.ELSEWHERE), bound, [public, own]) is own, "its own zone first"


def test_a_zone_that_the_lot_does_not_have_binds_nobody_and_opens_nothing() -> None:
    plan = Plan(reserved=frozenset({"Staff"}))
    astray = Seeker(VehicleType.REGULAR, NORTH, zones=frozenset({"Personnel"}))
    staff, public = a_bay("G Staff"), a_bay("U")
    assert choose(plan, astray, [staff, public]) is public


def test_a_level_is_the_outermost_zone() -> None:
    plan = Plan(reserved=frozenset({"Roof"}))
    roof = a_bay("Roof East")
    assert choose(plan, CAR, [roof]) is None
    assert choose(plan, Seeker(VehicleType.REGULAR, NORTH, zones=frozenset({"Roof"})), [roof]) is roof


def test_what_is_kept_back_is_left_to_those_who_have_reserved_it() -> None:
    bays = [a_bay("G", free=1), a_bay("U", free=1), a_bay("U", SpotType.LARGE, free=1)]
    booked = Seeker(VehicleType.REGULAR, NORTH, reserved=SpotType.REGULAR)
    assert choose(Plan(), CAR, bays, {SpotType.REGULAR: 1}) is bays[0], "one of two may go"
    assert choose(Plan(), CAR, bays, {SpotType.REGULAR: 2}) is bays[2]
    assert choose(Plan(), CAR, bays, {SpotType.REGULAR: 2, SpotType.LARGE: 1}) is None
    assert choose(Plan(), booked, bays, {SpotType.LARGE: 1}) is bays[0], "its own is not kept from it"


def test_only_what_everybody_may_use_can_be_kept_back() -> None:
    plan = Plan(reserved=frozenset({"Staff"}))
    bays = [a_bay("G Staff", free=5), a_bay("U", free=1)]
    staff = Seeker(VehicleType.REGULAR, NORTH, zones=frozenset({"Staff"}))
    assert choose(plan, CAR, bays, {SpotType.REGULAR: 1}) is None
    assert choose(plan, staff, bays, {SpotType.REGULAR: 1}) is bays[0]


def test_a_reserved_place_for_a_right_needs_no_permit_but_a_place_that_does_not_fit_is_no_use() -> None:
    charger, wide = a_bay("G", SpotType.EV), a_bay("G", SpotType.LARGE)
    assert choose(Plan(), Seeker(VehicleType.REGULAR, NORTH, reserved=SpotType.EV), [wide, charger]) is charger
    truck = Seeker(VehicleType.LARGE, NORTH, reserved=SpotType.REGULAR)
    assert choose(Plan(), truck, [a_bay("G"), wide]) is wide


# --- laws ---

_ZONES = ("", "A", "A/X", "B")
_NAMES = ("G", "U", "A", "A/X", "B", "nowhere")
BAYS = st.lists(
    st.builds(
        lambda level, zone, type, total, free: a_bay(f"{level} {zone}".strip(), type, min(free, total), total),
        *(st.sampled_from("GU"), st.sampled_from(_ZONES), st.sampled_from(list(SpotType))),
        *(st.integers(0, 5), st.integers(0, 5)),
    ),
    max_size=12,
    unique_by=lambda bay: (bay.names, bay.type),
)
SEEKERS = st.builds(
    Seeker,
    st.sampled_from(list(VehicleType)),
    st.sampled_from([NORTH, SOUTH]),
    st.frozensets(st.sampled_from(list(Right))),
    st.frozensets(st.sampled_from(_NAMES), max_size=2),
    st.none() | st.sampled_from(list(SpotType)),
)
RULES = st.builds(
    Rule,
    st.lists(st.sampled_from(list(Criterion)), min_size=1, unique=True).map(tuple),
    st.lists(st.sampled_from(_NAMES), unique=True).map(tuple),
)
PLANS = st.builds(
    Plan,
    RULES,
    st.dictionaries(st.sampled_from(list(VehicleType)), RULES, max_size=2),
    st.dictionaries(st.sampled_from([NORTH, SOUTH]), st.lists(st.sampled_from(_NAMES), unique=True).map(tuple)),
    st.frozensets(st.sampled_from(_NAMES), max_size=2),
    st.sampled_from(list(WhenZoneFull)),
)
KEPT = st.dictionaries(st.sampled_from(list(SpotType)), st.integers(0, 4))


@given(PLANS, SEEKERS, BAYS, KEPT)
def test_whoever_is_led_anywhere_fits_there_may_be_there_and_takes_nobodys_place(
    plan: Plan, seeker: Seeker, bays: list[Bay], kept: dict[SpotType, int]
) -> None:
    chosen = choose(plan, seeker, bays, kept)
    if chosen is None:
        return
    own = {right for right in Right if right.value == seeker.reserved}
    assert chosen in bays
    assert chosen.free > 0
    assert chosen.type in compatible(seeker.vehicle, seeker.rights | own)
    closed = [name for name in chosen.names if name in plan.reserved]
    assert not closed or closed[-1] in seeker.zones
    if not closed:
        public = sum(bay.free for bay in bays if bay.type is chosen.type and plan.reserved.isdisjoint(bay.names))
        assert public > kept.get(chosen.type, 0)


@given(PLANS, SEEKERS, BAYS)
def test_nobody_who_is_bound_to_nothing_is_turned_away_from_a_free_spot_that_everybody_may_use(
    plan: Plan, seeker: Seeker, bays: list[Bay]
) -> None:
    if seeker.zones:
        return
    fits = compatible(seeker.vehicle, seeker.rights)
    public = [bay for bay in bays if bay.free and bay.type in fits and plan.reserved.isdisjoint(bay.names)]
    assert not public or choose(plan, seeker, bays) is not None


@given(PLANS, SEEKERS, BAYS, KEPT)
def test_the_same_question_has_the_same_answer(
    plan: Plan, seeker: Seeker, bays: list[Bay], kept: dict[SpotType, int]
) -> None:
    assert choose(plan, seeker, bays, kept) == choose(plan, seeker, list(bays), dict(reversed(kept.items())))


def test_cars_that_spread_keep_the_levels_within_one_car_of_each_other() -> None:
    """Led one after the other, no level is ever fuller by more than one spot's share than another with room."""
    plan, open_bays = Plan(by(Criterion.SPREAD)), [a_bay("G", free=20, total=20), a_bay("U", free=30, total=30)]
    for _ in range(50):
        chosen = choose(plan, CAR, open_bays)
        assert chosen is not None
        open_bays = [replace(bay, free=bay.free - (bay is chosen)) for bay in open_bays]
        shares = [(bay.total - bay.free) / bay.total for bay in open_bays]
        assert max(shares) - min(shares) <= 1 / 20 + 1e-9
    assert choose(plan, CAR, open_bays) is None
