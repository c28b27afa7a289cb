"""The rules for spots, as a technician writes them, and what is said of those that name what isn't there."""

from __future__ import annotations

from edge.config.load import parse_lot
from models.allocation import AS_WRITTEN, Criterion, WhenZoneFull
from models.ids import LaneName
from models.plates import Plate
from models.spots import VehicleType
from tests.config.lots import RIGHT, altered, told

ZONED = altered(
    ("{type: COMPACT, numbers: 1-3}", "{type: COMPACT, numbers: 1-3, zone: Staff/Directors}"),
    ("rights: [EV]", "rights: [EV], zones: [Staff/Directors]"),
)
RULES = """\
allocation:
  prefer: [exact_type, nearest]
  entrances:
    - {lane: north-in, nearest: [Staff, Basement]}
  vehicles:
    - {type: LARGE, prefer: [zones], zones: [Basement]}
  reserved: [Staff]
  zone_full: elsewhere
"""


def test_a_lot_that_says_nothing_fills_as_it_is_written() -> None:
    assert parse_lot(RIGHT, "lot.yaml").allocation.plan() == AS_WRITTEN


def test_the_rules_are_read() -> None:
    lot = parse_lot(ZONED + RULES, "lot.yaml")
    plan = lot.allocation.plan()
    assert plan.rule.prefer == (Criterion.EXACT_TYPE, Criterion.NEAREST)
    assert plan.nearest == {LaneName("north-in"): ("Staff", "Basement")}
    assert plan.rule_for(VehicleType.LARGE).zones == ("Basement",)
    assert (plan.reserved, plan.when_zone_full) == ({"Staff"}, WhenZoneFull.ELSEWHERE)
    assert lot.planned_levels()[1].zones == {str(number): "Staff/Directors" for number in (1, 2, 3)}
    assert lot.permits_by_plate()[Plate("AB12CDE")].zones == {"Staff/Directors"}


def test_what_the_lot_does_not_have_is_told_with_the_nearest_name() -> None:
    rules = RULES.replace("[Staff, Basement]", "[Staf, Basement]").replace("lane: north-in", "lane: north-out")
    assert told(ZONED + rules.replace("reserved: [Staff]", "reserved: [Roof]")) == [
        "35:14 allocation.entrances[0].lane: an entry is expected: nobody comes in at this lane",
        "35:35 allocation.entrances[0].nearest[0]: the lot has no level or zone 'Staf'; did you mean \"Staff\"?",
        "38:14 allocation.reserved[0]: the lot has no level or zone 'Roof'; there are Basement, Ground, Staff, "
        "Staff/Directors",
    ]
    assert told(altered(("rights: [EV]", "zones: [Grund]"))) == [
        "17:32 permits[0].zones[0]: the lot has no level or zone 'Grund'; did you mean \"Ground\"?"
    ]


def test_rules_that_say_nothing_are_told() -> None:
    assert told(RIGHT + "allocation: {prefer: [nearest]}\n") == [
        "32:22 allocation.prefer: `nearest` needs the list allocation.entrances: what lies near each entry"
    ]
    assert told(RIGHT + "allocation: {prefer: [zones]}\n") == [
        "32:13 allocation: `prefer` names `zones`: a list `zones` is expected, the first choice first"
    ]
    assert told(RIGHT + "allocation: {prefer: [spread, spread]}\n") == [
        "32:13 allocation: spread: stands more than once in `prefer`"
    ]


def test_a_zone_needs_a_name_of_its_own() -> None:
    assert told(altered(("{type: COMPACT, numbers: 1-3}", "{type: COMPACT, numbers: 1-3, zone: Basement}"))) == [
        "10:45 levels[0].spots[0].zone: a level is called 'Basement' already: a zone needs a name of its own"
    ]
    assert "the name of a zone is expected" in told(altered(("numbers: 1-3}", "numbers: 1-3, zone: Staff/}")))[0]


def test_a_level_that_is_wrong_by_itself_makes_no_other_name_wrong() -> None:
    text = ZONED.replace("floor: 0", "floor: ground") + RULES
    assert told(text) == ["8:12 levels[0].floor: a whole number is expected"]


def test_a_sensor_is_for_a_spot_that_is_there_and_has_no_other() -> None:
    sensor = "sensor: {driver: mqtt, host: 127.0.0.1, topic: spots/%s}"
    sensors = "spot_sensors:\n" + "".join(
        f"  - {{level: {level}, number: {number}, {sensor % name}}}\n"
        for level, number, name in ((0, "E1", "a"), (0, "E9", "b"), (7, "E1", "c"), (0, "E1", "d"))
    )
    assert told(RIGHT + sensors) == [
        "34:24 spot_sensors[1].number: floor 0 has no spot 'E9'",
        "35:13 spot_sensors[2].level: the lot has no floor 7, only -1, 0",
        "36:24 spot_sensors[3].number: spot_sensors[0] is for this spot already",
    ]
