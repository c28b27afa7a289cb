"""What a right file becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.registry import catalogue, driver_name
from drivers.settings import DriverSettings
from drivers.twin_connection import TWIN
from edge.config.load import load_lot, parse_lot
from edge.config.parts import parts_of
from edge.config.timing import TimingSettings
from edge.lane.timing import LaneTiming
from models.documents.problems import ConfigurationError
from models.instants import from_rfc3339
from models.money import Minor
from models.plates import Plate
from models.spots import Right, SpotType, VehicleType
from models.tariff import HourlyTariff
from tests.config.lots import RIGHT, altered

HOUSE = Path(__file__).resolve().parents[2]
EXAMPLES = [*sorted((HOUSE / "config/lots").glob("*.yaml")), HOUSE / "edge/config/example.yaml"]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_every_example_of_a_lot_can_be_used(file: Path):
    assert load_lot(file).total_spots() > 0


def test_spots_stand_level_by_level_in_the_order_in_which_they_fill():
    lot = parse_lot(RIGHT, "lot.yaml")
    basement, ground = lot.planned_levels()
    assert (basement.floor_number, basement.name) == (-1, "Basement")
    assert [number for number, _ in basement.spots] == ["B08", "B09", "B10"]
    compact, ev = SpotType.COMPACT, SpotType.EV
    assert ground.spots == (("1", compact), ("2", compact), ("3", compact), ("E1", ev), ("E2", ev))
    assert lot.total_spots() == 8


def test_money_is_exact_and_in_minor_units():
    tariff = parse_lot(altered(("2.50", "0.29"), ("18.00", "1.1")), "lot.yaml").tariff.tariff()
    assert isinstance(tariff, HourlyTariff)
    assert (tariff.hourly_rate, tariff.daily_maximum) == (Minor(29), Minor(110))


def test_yen_have_no_decimal_places():
    text = altered(("EUR", "JPY"), ("2.50", "300"), ("18.00", '"2000"'))
    tariff = parse_lot(text, "lot.yaml").tariff.tariff()
    assert isinstance(tariff, HourlyTariff)
    assert tariff.daily_maximum == Minor(2000)


def test_a_permit_is_known_by_its_plain_plate():
    assert parse_lot(RIGHT, "lot.yaml").rights() == {Plate("AB12CDE"): (Right.EV,)}


def test_a_plate_that_looks_like_a_number_stays_as_it_was_written():
    text = altered(("plate: ab 12-cde", "plate: 007"))
    assert list(parse_lot(text, "lot.yaml").rights()) == ["007"]
    text = altered(("plate: ab 12-cde", "plate: 12E4"))
    assert list(parse_lot(text, "lot.yaml").rights()) == ["12E4"]


def test_lengths_of_time_are_seconds():
    terminal = parse_lot(RIGHT, "lot.yaml").lanes[1].payment_terminal
    assert terminal is not None
    assert terminal.model_dump()["delay"] == 0.5


def test_a_lane_without_loops_goes_by_its_camera():
    entry, leaving = parse_lot(RIGHT, "lot.yaml").lanes
    assert not entry.camera_only
    assert leaving.camera_only
    assert list(leaving.parts()) == ["barrier", "camera", "payment_terminal"]
    assert leaving.vehicle_type is VehicleType.REGULAR


def test_a_lanes_patience_is_what_the_file_says():
    text = altered(("    arming_loop:", "    timing: {read_within: 20 s, rise_within: 1500 ms}\n    arming_loop:"))
    timing = parse_lot(text, "lot.yaml").lanes[0].timing.lane_timing()
    assert (timing.read_within, timing.rise_within) == (20.0, 1.5)
    assert TimingSettings().lane_timing() == LaneTiming()


def test_the_fact_that_declares_the_lot_has_whole_numbers_only():
    text = altered(("timezone: Europe/Berlin", "timezone: Europe/Berlin\n  location: {lat: 52.52, lng: -13.405}"))
    fact = parse_lot(text, "lot.yaml").declared()
    assert (fact.lat_microdegrees, fact.lng_microdegrees) == (52_520_000, -13_405_000)
    assert (fact.total_spots, fact.currency) == (8, "EUR")
    assert [lane.name for lane in fact.lanes] == ["north-in", "north-out"]


def test_a_section_whose_lines_are_all_commented_out_counts_as_left_out():
    text = altered(("permits:\n  - {plate: ab 12-cde, rights: [EV]}", "permits:\n  # - {plate: X}\nlink:"))
    lot = parse_lot(text, "lot.yaml")
    assert lot.permits == ()
    assert lot.link is None


def test_what_several_parts_share_is_written_once():
    text = altered(
        ("lot:\n", "x-broker: &broker {driver: mqtt, host: 10.0.0.2}\nlot:\n"),
        (
            "{driver: mqtt, host: 127.0.0.1, topic: in/arming, stale_after: 5 min}",
            "{<<: *broker, port: 1884, topic: in/arming}",
        ),
    )
    loop = parse_lot(text, "lot.yaml").lanes[0].arming_loop
    assert loop is not None
    assert (loop.model_dump()["host"], loop.model_dump()["port"]) == ("10.0.0.2", 1884)


def test_a_link_with_tls_has_the_port_of_tls():
    link = parse_lot(RIGHT + "link: {host: cloud.example, tls: true, keepalive: 1 min}\n", "lot.yaml").link
    assert link is not None
    assert (link.port, link.keepalive) == (8883, 60.0)


def test_a_simulation_runs_on_this_machine_only():
    simulation = "simulation: {wall_anchor: 2026-01-01T00:00:00+01:00, wall_factor: 60}\n"
    lot = parse_lot(RIGHT + simulation, "lot.yaml")
    assert lot.simulated_time() == (from_rfc3339("2025-12-31T23:00:00Z"), 60)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(RIGHT, encoding="utf-8-sig")
    assert load_lot(file).lot.name == "North Street"


def of_a_real_lot(part: DriverSettings) -> Iterator[tuple[str, str]]:
    """What a part is made of: its own driver, the one behind its product, those of the parts within it."""
    yield type(part).contract.__name__, driver_name(type(part))
    inner = getattr(part, "behind", None)
    for each in [inner, *(getattr(part, key) for key in type(part).model_fields)]:
        if isinstance(each, DriverSettings):
            yield from of_a_real_lot(each)


def test_every_driver_stands_in_an_example() -> None:
    lots = [load_lot(file) for file in EXAMPLES]
    shown = {one for lot in lots for _, part in parts_of(lot) for one in of_a_real_lot(part)}
    real = {(kind.__name__, name) for kind, name in catalogue().found if name != TWIN}
    assert real - shown == set()


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_tells_a_technician_what_it_is_for(file: Path) -> None:
    assert file.read_text().startswith("# ")


def test_a_lot_speaks_english_where_nothing_else_is_said():
    assert parse_lot(RIGHT, "lot.yaml").languages == ("en",)
    assert parse_lot(RIGHT + "languages: [nl, de]\n", "lot.yaml").languages == ("nl", "de")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[german]", "did you mean de, German?"),
        ("[tlh]", "one of en, de, fr, es, pl, tr, it, nl is expected here"),
        ("[de, de]", "each language is named once"),
        ("[de, en, fr, it]", "at most 3 are expected in this list"),
        ("[]", "this list can't be empty"),
    ],
)
def test_languages_that_nobody_can_speak_are_told_at_their_place(written: str, said: str):
    with pytest.raises(ConfigurationError) as wrong:
        parse_lot(RIGHT + f"languages: {written}\n", "lot.yaml")
    assert said in str(wrong.value)
    assert "languages" in str(wrong.value)
