"""What the doctor makes of what it sees: pure, without a lot."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from drivers.contract import Box, PlateCandidate, Position
from edge.config.load import parse_lot
from edge.doctor.checks import configuration
from edge.doctor.checks.computer import heat, power
from edge.doctor.checks.disk import Space, room, speed
from edge.doctor.findings import About, Finding, Verdict, exit_code, report, to_mend
from edge.doctor.needs import Broker, DeviceFile, FarEnd, Pin, Secret, needs, parts, users_of
from edge.doctor.pictures import Sample, best_of, judged, marked, plate_judged
from edge.doctor.shown import listed, summary
from edge.doctor.subject import Subject
from edge.doctor.walk import arm_times
from edge.doctor.walk.arm_times import times
from edge.doctor.walk.watching import Watched
from edge.doctor.walk.watching import judged as input_judged
from edge.lane.timing import LaneTiming
from edge.vision.settings import Area, ViewSettings
from models.instants import SECOND, Monotonic
from tests.vision.passages import empty_lane, with_car

DISK, CAMERA, ARM = About("disk", "store"), About("camera", "in.camera"), About("relays", "in.barrier")
LOOP = About("inputs", "in.arming_loop")


def at(seconds: float) -> Monotonic:
    return Monotonic(round(seconds * SECOND))


# Findings.


@pytest.mark.parametrize(("looks", "said"), [(1, "(1 finding)"), (2, "(2 findings)")])
def test_one_finding_is_no_plural(looks: int, said: str) -> None:
    paper = io.StringIO()
    summary(Console(file=paper, width=120), "north", [DISK.ok("it writes")] * looks)
    assert f"north: nothing to mend {said}." in paper.getvalue()


def test_failures_are_mended_before_warnings_and_the_disk_before_the_camera() -> None:
    dark = CAMERA.warn("dark", "light")
    full, gone, slow = DISK.fail("full", "room"), CAMERA.fail("gone", "cable"), DISK.warn("slow", "a better card")
    assert to_mend([dark, gone, slow, CAMERA.ok("pictures"), full]) == [full, gone, slow, dark]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([DISK.ok("room")], 0),
        ([DISK.ok("room"), CAMERA.skipped("not asked")], 0),
        ([DISK.ok("room"), CAMERA.warn("dark", "light")], 1),
        ([CAMERA.fail("gone", "cable")], 1),
        ([CAMERA.skipped("nobody was there")], 0),
    ],
)
def test_the_exit_code_tells_whether_there_is_something_to_mend(found: list[Finding], code: int) -> None:
    assert exit_code(found) == code


def test_a_report_has_every_finding_with_its_five_words() -> None:
    told = report([DISK.ok("room", free_bytes=7), CAMERA.fail("gone", "cable")], lot="North")
    assert told["lot"] == "North"
    assert told["verdict"] == "fail"
    assert told["counts"] == {"ok": 1, "warn": 0, "fail": 1, "skipped": 0}
    assert told["findings"] == [
        {
            "check": "disk",
            "part": "store",
            "verdict": "ok",
            "said": "room",
            "fix": "",
            "measured": {"free_bytes": 7},
        },
        {"check": "camera", "part": "in.camera", "verdict": "fail", "said": "gone", "fix": "cable"},
    ]


# What parts need.

LOT = """
lot: {id: 0193e1a0-0000-7000-8000-000000000001, name: North, timezone: Europe/Berlin}
tariff: {currency: EUR, hourly_rate: 2.50, daily_maximum: 18.00}
levels: [{name: Ground, floor: 0, spots: [{type: REGULAR, numbers: 1-3}]}]
lanes:
  - name: in
    direction: entry
    barrier:
      driver: relays
      open: {driver: lcus, port: /dev/serial/by-id/usb-lcus, channel: 1}
      hold_by: maintained
      close: {driver: product, product: shelly-plus-1, at: 192.168.1.40, password_env: SHELLY}
      at_bottom: {driver: gpio, pin: 17}
    arming_loop: {driver: gpio, pin: 27}
    closing_loop: {driver: mqtt, host: gate.lan, topic: gate/closing, username: lot, password_file: /etc/lot.password}
    camera: {driver: opencv, source: "rtsp://192.168.1.20/stream1"}
    ticket_printer: {driver: escpos, network: {host: 192.168.1.50}}
fire: {driver: gpio, pin: 22}
"""


def test_the_doctor_warns_of_a_closing_loop_that_is_heard_of_too_late_and_of_an_arm_that_nothing_keeps_up() -> None:
    written = LOT.replace("hold_by: maintained", "hold_by: none")
    mqtt = "{driver: mqtt, host: gate.lan, topic: gate/closing, username: lot, password_file: /etc/lot.password}"
    assert mqtt in written
    written = written.replace(mqtt, "{driver: http, speaks: shelly_gen2, host: 192.168.1.7}")
    found = list(configuration.look(Subject(parse_lot(written, "lot.yaml"), Path("lot.yaml"))))
    warned = {each.part: each.said for each in found if each.verdict is Verdict.WARN}
    assert "noticed up to 2.5 s later" in warned["in.closing_loop"]
    assert "nothing keeps this arm up in a fire" in warned["in.barrier"]


def test_what_a_part_needs_is_found_in_barriers_and_products_too() -> None:
    known = {part.name: list(needs(part.settings)) for part in parts(parse_lot(LOT, "lot.yaml"))}
    assert [str(need.path) for need in known["in.barrier"] if isinstance(need, DeviceFile)] == [
        "/dev/serial/by-id/usb-lcus"
    ]
    assert [need for need in known["in.barrier"] if isinstance(need, Pin)] == [Pin(17)]
    assert FarEnd("192.168.1.40", 80) in known["in.barrier"]
    assert [need.place for need in known["in.barrier"] if isinstance(need, Secret)] == ["$SHELLY"]
    assert [need.place for need in known["in.closing_loop"] if isinstance(need, Secret)] == ["/etc/lot.password"]
    assert [need.settings.address for need in known["in.closing_loop"] if isinstance(need, Broker)] == ["gate.lan:1883"]
    assert known["in.ticket_printer"] == [FarEnd("192.168.1.50", 9100)]
    assert known["in.camera"] == []
    assert known["lot.fire"] == [Pin(22)]


def test_each_pin_is_named_with_the_parts_on_it() -> None:
    lot = parse_lot(LOT, "lot.yaml")
    expected = {Pin(17): ["in.barrier"], Pin(27): ["in.arming_loop"], Pin(22): ["lot.fire"]}
    assert users_of(parts(lot), Pin) == expected


def test_a_path_stays_whole_on_a_narrow_terminal_and_in_a_pipe() -> None:
    path = "/tmp/parkgate-doctor-x7k2q9/" + "multi-storey-north-in-" * 4 + "plates.png"
    said = io.StringIO()
    listed(Console(file=said, width=80), [About("plates", "multi-storey-in.camera").ok(f"the picture is kept: {path}")])
    assert path in said.getvalue()
    assert max(len(line) for line in said.getvalue().splitlines() if path not in line) <= 80


# The computer.


def test_little_room_is_a_warning_and_none_a_failure() -> None:
    def verdict(free: int, share: float, inodes: float | None = 0.5) -> Verdict:
        return room(Space(Path("/var"), free, share, inodes)).verdict

    assert verdict(80_000_000_000, 0.5) is Verdict.OK
    assert verdict(400_000_000, 0.5) is Verdict.WARN
    assert verdict(80_000_000_000, 0.04) is Verdict.WARN
    assert verdict(80_000_000_000, 0.5, 0.01) is Verdict.WARN
    assert verdict(20_000_000, 0.5) is Verdict.FAIL


def test_a_slow_card_is_a_warning_with_its_milliseconds() -> None:
    found = speed([60.0, 70.0, 300.0])
    assert (found.verdict, found.measured["commit_ms"]) == (Verdict.WARN, 70.0)
    assert speed([1.0, 2.0, 300.0]).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("said", "verdicts"),
    [
        (0x0, [Verdict.OK]),
        (0x50005, [Verdict.FAIL, Verdict.FAIL]),
        (0x50000, [Verdict.WARN, Verdict.WARN]),
        (0x1, [Verdict.FAIL]),
    ],
)
def test_what_a_raspberry_says_of_its_power(said: int, verdicts: list[Verdict]) -> None:
    assert [found.verdict for found in power(said)] == verdicts


def test_heat() -> None:
    assert [heat(degrees).verdict for degrees in (50, 78, 88)] == [Verdict.OK, Verdict.WARN, Verdict.FAIL]


# Pictures.


def wrong_with(frames: list[np.ndarray], rate: float | None = 12.0) -> list[str]:
    return [found.said for found in judged(CAMERA, Sample(frames, rate)) if found.verdict is not Verdict.OK]


def living(frame: np.ndarray) -> list[np.ndarray]:
    other = frame.copy()
    other[0, 0] = 255 - other[0, 0]
    return [frame, other]


def test_a_good_picture_is_praised_with_its_size() -> None:
    found = judged(CAMERA, Sample(living(empty_lane()), 12.0))
    assert [each.verdict for each in found] == [Verdict.OK]
    assert (found[0].measured["width"], found[0].measured["height"]) == (640, 480)


def test_a_camera_that_shows_the_same_for_ever_is_frozen_but_a_recording_may() -> None:
    still = empty_lane()
    assert any("frozen" in said for said in wrong_with([still, still.copy()]))
    assert wrong_with([still, still.copy()], rate=None) == []


@pytest.mark.parametrize(
    ("light", "word"), [(10, "too dark"), (250, "dazzled"), (120, "contrast")], ids=["night", "sun", "fog"]
)
def test_bad_light_is_told(light: int, word: str) -> None:
    assert any(word in said for said in wrong_with(living(np.full((480, 640, 3), light, np.uint8))))


def test_few_and_small_pictures_are_told() -> None:
    small = np.ascontiguousarray(empty_lane()[::3, ::3])
    said = wrong_with(living(small), rate=2.0)
    assert any("small" in each for each in said)
    assert any("2.0 pictures" in each for each in said)


def a_plate(width: int, sure: float = 0.95) -> PlateCandidate:
    return PlateCandidate("AB123CD", (sure,) * 7, Box(200, 300, width, width // 4), 0.9)


@pytest.mark.parametrize(
    ("plate", "verdict", "word"),
    [
        (a_plate(140), Verdict.OK, "140 pixels"),
        (a_plate(80), Verdict.WARN, "narrow"),
        (a_plate(50), Verdict.WARN, "too narrow to count"),
        (a_plate(140, 0.4), Verdict.WARN, "unsure"),
    ],
)
def test_a_plate_has_to_be_wide_and_sure(plate: PlateCandidate, verdict: Verdict, word: str) -> None:
    found = plate_judged(CAMERA, plate, ViewSettings(), 640, "in.jpg")
    assert found.verdict is verdict
    assert word in found.said


def test_the_surest_of_the_large_plates_counts() -> None:
    assert best_of([a_plate(60), a_plate(150), a_plate(150, 0.3)]) == a_plate(150)
    assert best_of([]) is None


def test_the_box_is_drawn_where_the_plate_is_and_the_picture_stays_as_it_was() -> None:
    frame = with_car(empty_lane(), "AB123CD")
    before = frame.copy()
    drawn = marked(frame, ViewSettings(masks=(Area(x=0, y=0, width=0.1, height=0.1),)), a_plate(170))
    assert np.array_equal(frame, before)
    assert tuple(drawn[300, 250]) == (60, 220, 60)
    assert not drawn[10, 10].any()


# The arm.

RAISED = [
    (at(10.4), Position.MOVING),
    (at(12.0), Position.OPEN),
    (at(17.0), Position.MOVING),
    (at(19.0), Position.CLOSED),
]


def test_an_arm_is_timed_from_the_order_to_its_rest() -> None:
    measured = times(at(10), RAISED)
    assert (measured.begins, measured.up, measured.falls, measured.down) == (0.4, 2.0, 7.0, 9.0)
    assert measured.travel == pytest.approx(2.0)
    assert (measured.rise_within, measured.travel_within) == (2.0, 4.0)


def said_of(seen: list[tuple[Monotonic, Position]], **timing: float) -> list[tuple[Verdict, str]]:
    found = arm_times.judged(ARM, times(at(10), seen), LaneTiming(**timing), 20.0)
    return [(each.verdict, each.said) for each in found]


def test_waits_that_are_too_short_for_the_arm_are_told_with_better_ones() -> None:
    assert [verdict for verdict, _ in said_of(RAISED)] == [Verdict.OK, Verdict.OK]
    (_, (verdict, said)) = said_of(RAISED, travel_within=2.5)
    assert verdict is Verdict.WARN
    assert said == "travel_within is too short for this arm"


@pytest.mark.parametrize(
    ("seen", "verdict", "word"),
    [
        ([], Verdict.FAIL, "still reads closed"),
        (RAISED[:1], Verdict.FAIL, "isn't up"),
        (RAISED[:2], Verdict.WARN, "wasn't seen to come down"),
        ([(at(10.2), Position.FAULTED)], Verdict.FAIL, "out of order"),
    ],
)
def test_an_arm_that_stops_on_its_way_is_told(
    seen: list[tuple[Monotonic, Position]], verdict: Verdict, word: str
) -> None:
    found = said_of(seen)
    assert found[0][0] is verdict
    assert word in found[0][1]


# Inputs.


def watched(*changes: tuple[float, bool | None], first: bool | None = False) -> Watched:
    return Watched(first, [(at(moment), level) for moment, level in changes])


def verdict_of(trial: Watched, gave_up: bool = False, **others: Watched) -> Verdict:
    return input_judged(LOOP, trial, others, gave_up).verdict


def test_an_input_passes_when_it_goes_on_and_off() -> None:
    passed = watched((1, True), (2, False))
    assert verdict_of(passed) is Verdict.OK
    assert passed.is_done(at(3))
    assert not passed.is_done(at(2.1)), "it may go on chattering"


def test_an_input_that_was_never_touched_is_skipped_and_one_that_was_is_at_fault() -> None:
    assert verdict_of(watched(), gave_up=True) is Verdict.SKIPPED
    assert verdict_of(watched()) is Verdict.FAIL
    assert verdict_of(watched((1, True))) is Verdict.FAIL


def test_an_input_that_nobody_ever_knew_is_at_fault() -> None:
    assert verdict_of(watched(first=None), gave_up=True) is Verdict.FAIL


def test_an_input_that_chatters_is_told_with_the_count() -> None:
    bouncing = watched((1, True), (1.02, False), (1.04, True), (1.06, False), (1.08, True), (3, False))
    found = input_judged(LOOP, bouncing, {}, gave_up=False)
    assert (found.verdict, found.measured["chatter"]) == (Verdict.WARN, 4)


def test_an_input_that_is_on_at_rest_may_be_set_the_wrong_way_round() -> None:
    found = input_judged(LOOP, watched((1, False), (2, True), first=True), {}, gave_up=False)
    assert found.verdict is Verdict.WARN
    assert "active_low" in found.fix


def test_exchanged_wires_are_found_by_the_other_input_going_on_and_off() -> None:
    found = input_judged(LOOP, watched(), {"in.closing_loop": watched((1, True), (2, False))}, gave_up=False)
    assert found.verdict is Verdict.FAIL
    assert "in.closing_loop went on and off" in found.said
