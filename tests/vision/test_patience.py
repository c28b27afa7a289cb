"""When a vision process counts as hung, which camera is to blame for a crash, and what its memory may be. Pure."""

import struct

import pytest

from edge.vision.process.life.limits import MEGABYTE, limit, overdraw
from edge.vision.process.life.patience import LONGEST, Patience, Seen, pause_before, remembered
from edge.vision.process.life.suspects import LONGEST_HOLD, Suspects
from edge.vision.process.life.trail import Left, read_trail
from models.ids import LaneName
from models.instants import HOUR, SECOND, Monotonic

IN, OUT = LaneName("in"), LaneName("out")
HEALTHY = Seen(ready=True, silent=0.25, turning=0.1, slowest=0.1)


def at(seconds: float) -> Monotonic:
    return Monotonic(round((1000 + seconds) * SECOND))


@pytest.mark.parametrize(
    ("seen", "hung"),
    [
        (HEALTHY, False),
        (Seen(ready=True, silent=0.25, state="T"), False),
        (Seen(ready=True, silent=0.5, state="T"), True),
        (Seen(ready=True, silent=0.75), False),
        (Seen(ready=True, silent=1.0), True),
        (Seen(ready=False, silent=60), False),
        (Seen(ready=False, silent=121), True),
        # It has a core to itself, and says nothing.
        (Seen(ready=True, silent=1.0, state="R", worked=0.9), True),
        # It could run, and isn't let.
        (Seen(ready=True, silent=3.0, state="R", worked=0.3), False),
        (Seen(ready=True, silent=8.0, state="R", worked=0.3), True),
        (Seen(ready=True, silent=3.0, state="D"), False),
        # A read that takes a second on this computer may take six.
        (Seen(ready=True, silent=0.25, turning=4.0, slowest=1.0), False),
        (Seen(ready=True, silent=0.25, turning=6.0, slowest=1.0), True),
        (Seen(ready=True, silent=0.25, turning=0.8, slowest=0.05), True),
        (Seen(ready=True, silent=0.25, turning=0.8, slowest=0.05, state="D"), False),
    ],
)
def test_a_hung_process_is_told_from_a_slow_or_a_starved_one(seen: Seen, hung: bool) -> None:
    assert (Patience().why_hung(seen) is not None) is hung


def test_each_kill_for_hanging_makes_the_next_less_hasty_until_it_is_long_ago() -> None:
    once = Patience().lost_one(at(0))
    assert once.why_hung(Seen(ready=True, silent=1.5)) is None
    assert once.why_hung(Seen(ready=True, silent=2.0)) is not None
    often = once
    for _ in range(20):
        often = often.lost_one(at(1))
    assert often.why_hung(Seen(ready=True, silent=LONGEST)) is not None, "in the end a hung process is killed"
    assert often.now(at(602)) == Patience(1, at(1))


def test_the_first_two_failures_cost_no_pause_and_a_crash_loop_costs_longer_and_longer_ones() -> None:
    failures: tuple[Monotonic, ...] = ()
    pauses: list[float] = []
    for second in range(9):
        failures = remembered(failures, at(second))
        pauses.append(pause_before(failures, at(second)))
    assert pauses == [0, 0, 1, 2, 4, 8, 16, 30, 30]
    assert pause_before(remembered(failures, at(100)), at(100)) == 0


def crashed(
    suspects: Suspects,
    lane: LaneName | None,
    began: float,
    lived: float,
    *,
    certain: bool = False,
    unknown: bool = False,
) -> Suspects:
    return suspects.begun(at(began)).crashed(lane, at(began + lived), certain=certain, unknown=unknown)


NOBODY = Suspects((IN, OUT))


def test_a_camera_whose_own_thread_crashed_twice_is_left_alone_and_the_others_are_not() -> None:
    once = crashed(NOBODY, IN, 0, 200, certain=True)
    assert once.poisonous == {}
    assert once.begun(at(200)).open_after == {}
    twice = crashed(once, IN, 200, 200, certain=True)
    assert twice.poisonous == {IN: 2}
    assert twice.begun(at(401)).open_after == {IN: 29.0}
    thrice = crashed(twice, IN, 430, 1, certain=True)
    assert thrice.begun(at(431)).open_after == {IN: 60.0}


def test_it_is_left_alone_for_half_an_hour_at_most() -> None:
    suspects = NOBODY
    for number in range(12):
        suspects = crashed(suspects, IN, number, 1, certain=True)
    assert suspects.begun(at(12)).open_after == {IN: LONGEST_HOLD / SECOND}


def test_a_crash_over_a_picture_makes_a_suspect_only_soon_after_the_beginning_and_at_the_third_time() -> None:
    late = NOBODY
    for number in range(9):
        late = crashed(late, IN, number * 20, 19)
    assert late.poisonous == {}
    soon = NOBODY
    for number in range(3):
        assert soon.poisonous == {}
        soon = crashed(soon, IN, number * 20, 5)
    assert soon.poisonous == {IN: 3}


def test_where_nobody_knows_the_cameras_are_opened_one_by_one_and_the_newest_is_it() -> None:
    suspects = NOBODY
    for number in range(3):
        suspects = crashed(suspects, None, number * 10, 4, unknown=True)
    begun = suspects.begun(at(30))
    assert begun.open_after == {OUT: 3.0}
    found = begun.crashed(None, at(34), certain=False, unknown=True)
    assert found.poisonous == {OUT: 1}
    assert begun.crashed(None, at(31), certain=False, unknown=True).poisonous == {IN: 1}


def test_kills_from_outside_make_nobody_a_suspect() -> None:
    suspects = NOBODY
    for number in range(9):
        suspects = crashed(suspects, None, number * 5, 4)
    assert suspects.begun(at(50)).open_after == {}
    assert suspects.poisonous == {}


def test_a_suspect_that_is_read_for_a_minute_is_believed_but_not_forgotten() -> None:
    suspects = crashed(crashed(NOBODY, IN, 0, 1, certain=True), IN, 1, 1, certain=True).begun(at(2))
    assert suspects.trusted(at(90), reading=True).poisonous == {IN: 2}, "its camera was opened 30 seconds ago"
    assert suspects.trusted(at(93), reading=False).poisonous == {IN: 2}
    believed = suspects.trusted(at(93), reading=True)
    assert believed.poisonous == {}
    again = believed.crashed(IN, at(100), certain=True, unknown=False)
    assert again.begun(at(100)).open_after == {IN: 60.0}, "twice as long as the last time"
    assert believed.trusted(Monotonic(at(0) + 5 * HOUR), reading=True).known == {}


def a_trail(reading: int | None, threads: tuple[int, ...], text: str) -> bytes:
    head = struct.pack(f"<{1 + len(threads)}q", 0 if reading is None else reading + 1, *threads)
    return head.ljust(8192, b"\0") + text.encode().ljust(1024, b"\0")


CAMERAS = (0x7F0000000010, 0x7F0000000020)
IN_A_CAMERA = """Fatal Python error: Segmentation fault

Current thread 0x00007f0000000020 (most recent call first):
  File "/opt/drivers/opencv_camera.py", line 213 in _next_frame

Thread 0x00007f0000000099 (most recent call first):
  File "/opt/edge/vision/process/child.py", line 77 in look
"""
IN_THE_READER = IN_A_CAMERA.replace("0020", "0098").replace("_next_frame", "look")


@pytest.mark.parametrize(
    ("memory", "left"),
    [
        (a_trail(None, CAMERAS, ""), Left()),
        (a_trail(1, CAMERAS, ""), Left(at=1)),
        (a_trail(0, CAMERAS, IN_A_CAMERA), Left(0, 1, "Segmentation fault")),
        (a_trail(0, CAMERAS, IN_THE_READER), Left(0, None, "Segmentation fault", main=True)),
        (a_trail(0, CAMERAS, IN_A_CAMERA.replace("0020", "0077")), Left(0, None, "Segmentation fault")),
    ],
)
def test_what_a_dead_process_leaves_names_the_lane(memory: bytes, left: Left) -> None:
    assert read_trail(memory, len(CAMERAS)) == left


@pytest.mark.parametrize(("left", "blamed"), [(Left(0, 1), 1), (Left(0, None, main=True), 0), (Left(0), None)])
def test_the_cameras_own_thread_is_blamed_before_the_picture_that_was_read(left: Left, blamed: int | None) -> None:
    assert left.blamed == blamed


def test_a_process_may_take_what_it_needs_but_not_the_whole_computer() -> None:
    loaded, gigabyte = 350 * MEGABYTE, 1024 * MEGABYTE
    assert limit(loaded, 2, 4 * gigabyte, None) == loaded + (512 + 2 * 128) * MEGABYTE
    assert limit(loaded, 2, gigabyte, None) == 768 * MEGABYTE
    assert limit(loaded, 2, 4 * gigabyte, 700 * MEGABYTE) == 700 * MEGABYTE
    least = limit(loaded, 8, 4 * gigabyte, 400 * MEGABYTE)
    assert limit(loaded, 8, gigabyte, None) == least, "never less than it works with"


def test_a_process_that_takes_no_more_than_it_works_with_is_left_alone_whatever_was_set() -> None:
    loaded, gigabyte = 350 * MEGABYTE, 1024 * MEGABYTE
    least, works_with = limit(loaded, 1, 4 * gigabyte, 256 * MEGABYTE), loaded + 160 * MEGABYTE
    assert overdraw(works_with, least, was_set=True) is None
    assert overdraw(works_with, 0, was_set=True) is None, "its limit isn't known yet"
    why = overdraw(works_with + MEGABYTE, least, was_set=True)
    assert why == "it took 511 of at most 566 MB of memory (`vision: memory:`)"
    assert overdraw(works_with + MEGABYTE, least, was_set=False) == "it took 511 of at most 566 MB of memory"
