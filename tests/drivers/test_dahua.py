"""Dahua's events, from a server that answers as its cameras do and from a client that posts as they do.

The messages follow Dahua's HTTP API and ITSAPI and what owners of cameras have published. No real camera was met.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract import DriverContext
from drivers.dahua import DahuaSettings
from drivers.http_plates import plate_posted
from drivers.plate_sources import pull
from drivers.plate_sources.dahua_events import event, is_whole, toll_gate
from drivers.plate_sources.heard import Bearing, Heard, HeardPlate
from drivers.plate_sources.listener import Post
from drivers.plate_sources.local_clock import Zone, dated, zone_of
from edge.clock import SystemClock
from models.instants import HOUR, SECOND, Instant, Monotonic, Reading, from_rfc3339, to_datetime
from models.spots import VehicleType
from simulator.servers import free_port
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.plate_cameras import PASSWORD, USER, Camera, is_open, switched_on

JPEG = b"\xff\xd8\xff\xe0" + bytes(300) + b"\xff\xd9"


def data(plate: str = "AB12CDE", **more: Any) -> dict[str, Any]:
    return {
        "Class": "Traffic",
        "Code": "TrafficJunction",
        "CountInGroup": 1,
        "EventID": 516,
        "GroupID": 175706653,
        "JunctionDirection": "Obverse",
        "Lane": 2,
        "RealUTC": 1706600095,
        "UTC": 1706625295,
        "UTCMS": 305,
        "Object": {"ObjectID": 5995, "ObjectType": "Plate", "Text": plate, "Confidence": 250},
        "TrafficCar": {"PlateNumber": plate, "DrivingDirection": ["Approach", "Car come in", "Car go out"]},
        "Vehicle": {"ObjectType": "Vehicle", "Category": "MidTruck", "Confidence": 160},
        **more,
    }


def an_event(document: dict[str, Any] | None = None, action: str = "Pulse", index: int = 0) -> bytes:
    written = json.dumps(data() if document is None else document, indent=3)
    return f"Code=TrafficJunction;action={action};index={index};data={written}\n".encode()


def test_a_plate_is_read_out_of_an_event():
    said = event(an_event(), 255)
    assert said is not None
    assert said.plate == HeardPlate(
        event="175706653-516 1706600095000000 AB12CDE",
        text="AB12CDE",
        confidence=250 / 255,
        vehicle_type=VehicleType.LARGE,
        bearing=Bearing.APPROACHES,
        taken=Instant(1706600095 * SECOND),
    )
    assert not said.local


@pytest.mark.parametrize(
    ("more", "sure"),
    [
        ({"Object": {"ObjectType": "Plate", "Text": "AB12CDE", "Confidence": 0}}, None),
        ({"Object": {"ObjectType": "Vehicle", "Text": "Toyota", "Confidence": 200}}, None),
        ({"Object": {"ObjectType": "Plate", "Text": "AB12CDE", "Confidence": 300}}, None),
        ({"Object": {"ObjectType": "Plate", "Text": "AB12CDE", "Confidence": 99}}, 99 / 255),
        ({"TrafficCar": {}}, 250 / 255),
    ],
)
def test_how_sure_it_is_is_only_what_it_says_of_the_plate(more: dict[str, Any], sure: float | None):
    said = event(an_event(data(**more)), 255)
    assert said is not None
    assert said.plate is not None
    assert (said.plate.text, said.plate.confidence) == ("AB12CDE", sure)


@pytest.mark.parametrize(
    "content",
    [b"Heartbeat", b"heartbeat\r\n", b"", b"Code=Heartbeat;action=Pulse;index=0"],
)
def test_a_sign_of_life_is_no_event(content: bytes):
    assert event(content, 255) is None


def test_what_ends_or_has_no_plate_is_none():
    for content in (an_event(action="Stop"), b"Code=VideoMotion;action=Start;index=0", an_event({"Object": {}})):
        said = event(content, 255)
        assert said is not None
        assert said.plate is None


@pytest.mark.parametrize(
    "content", [b"AB12CDE", b"Code=", b"Code=A;action=B;index=0;data={", b"\xff\xfe\x00", b"[" * 9999]
)
def test_what_is_no_event_is_refused_and_never_shown(content: bytes):
    with pytest.raises(ValueError, match=r"^[^\[]*$") as wrong:
        event(content, 255)
    assert "AB12CDE" not in str(wrong.value)


def test_an_event_without_a_length_is_seen_to_be_whole():
    content = an_event().rstrip()
    assert is_whole(content)
    assert not any(is_whole(content[:cut]) for cut in range(len(content)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_was_bent_is_an_event_or_a_value_error(drawn: Any):
    content = bytearray(drawn.draw(st.sampled_from([an_event(), a_post()])))
    for _ in range(drawn.draw(st.integers(0, 5))):
        content[drawn.draw(st.integers(0, len(content) - 1))] = drawn.draw(st.integers(0, 255))
    cut = bytes(content[: drawn.draw(st.integers(0, len(content)))])
    for read in (event, toll_gate):
        with suppress(ValueError):
            read(cut, 255)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["Picture", "Plate", "PlateNumber", "SnapInfo", "AccurateTime", "NormalPic", "Content",
                         "TrafficCar", "Object", "Text", "UTC", "Confidence", "DrivingDirection"]),
        inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_ANYTHING)
def test_whatever_stands_there_nothing_breaks(document: Any):
    for read, content in ((event, an_event(document)), (toll_gate, json.dumps(document).encode())):
        with suppress(ValueError):
            read(content, 255)


@pytest.mark.parametrize("hours", [-8, 0, 1, 5.75, 13])
def test_the_zone_of_a_cameras_clock_is_what_makes_it_right(hours: float):
    now = from_rfc3339("2026-11-28T12:00:00Z")
    east = round(hours * HOUR)
    for wrong in (-300, 0, 2, 300):
        assert zone_of(Instant(now + east + wrong * SECOND), now) == east


def zones_of(events: list[tuple[float, float]], east: list[int]) -> list[tuple[float, bool]]:
    """Of events seen and arrived at these seconds, by a clock that shows these hours east: how old each is taken for,
    and whether that is a guess."""
    zone, found = Zone(), list[tuple[float, bool]]()
    start = from_rfc3339("2026-11-28T12:00:00Z")
    for (seen, arrived), hours in zip(events, east, strict=True):
        shown, now = (Instant(start + round(moment * SECOND)) for moment in (seen + hours * 3600, arrived))
        one = dated(zone, shown, now, Monotonic(round(arrived * SECOND)))
        zone = one.zone
        found.append(((now - one.taken) / SECOND, one.guessed))
    return found


@pytest.mark.parametrize("age", [460, 600, 840, 900, 1200, 3600])
def test_an_old_event_that_comes_first_is_never_sure_and_the_next_one_shows_the_zone(age: int):
    later = age + 40
    events = [(0, age), (0.5, age + 0.2), (later, later), (later + 20, later + 20)]
    first, second, third, fourth = zones_of(events, [1] * 4)
    assert first[1]
    assert second[1] or second[0] > 10
    assert third[0] == 0
    assert fourth == (0, False)


def test_an_old_event_is_old_once_the_zone_is_known():
    events = [(0, 0), (100, 1000), (101, 1000.2), (1100, 1100)]
    assert zones_of(events, [1] * 4) == [(0, True), (900, False), (pytest.approx(899.2), False), (0, False)]


def test_a_clock_that_is_put_on_or_back_by_an_hour_is_followed_with_a_question():
    events = [(0, 0), (60, 60), (120, 120), (180, 180), (240, 240), (300, 300)]
    said = zones_of(events, [1, 1, 2, 2, 1, 1])
    assert said == [(0, True), (0, False), (0, True), (0, False), (3600, False), (0, True)]


async def test_the_first_event_by_a_clock_without_a_zone_is_only_a_question(context: DriverContext, monkeypatch: Any):
    monkeypatch.setenv("DAHUA_TOKEN", "0123456789abcdef")
    clock = SyncedClock()
    told = DahuaSettings.model_validate({"post": {"port": 8071, "token_env": "DAHUA_TOKEN"}}).build(
        DriverContext("in.camera", clock, context.faults)
    )
    heard = list[HeardPlate]()
    told.on_heard(lambda one: heard.append(one) if isinstance(one, HeardPlate) else None)
    for age in (600, 0, 0):
        document = json.loads(a_post())
        when = to_datetime(Instant(clock.read().wall - age * SECOND + HOUR))
        document["Picture"]["SnapInfo"]["AccurateTime"] = f"{when:%Y-%m-%d %H:%M:%S}.000"
        told._posted(Post("application/json", json.dumps(document).encode()))  # pyright: ignore[reportPrivateUsage]
        clock.ahead += 10 * SECOND
    assert [one.confidence == 0 for one in heard] == [True, True, False]


# --- asked ---


class SyncedClock(SystemClock):
    def read(self) -> Reading:
        now = super().read()
        return dataclasses.replace(now, synced=True, wall=Instant(now.wall + self.ahead))

    ahead = 0

    def monotonic(self) -> Monotonic:
        return Monotonic(super().monotonic() + self.ahead)


class Asked:
    def __init__(self, camera: Camera, source: Any) -> None:
        self.camera, self.source, self.heard = camera, source, list[Heard]()
        source.on_heard(self.heard.append)


@pytest.fixture
async def asked(context: DriverContext, started: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asked]:
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    monkeypatch.setattr(pull, "FIRST_PAUSE", 0.05)
    kind = "multipart/x-mixed-replace; boundary={boundary}"
    async with switched_on(Camera("myboundary", kind)) as camera:
        login = {"username": USER, "password_env": "CAMERA_PASSWORD"}
        written = {"host": "127.0.0.1", "port": camera.port, "channel": 1, **login}
        made = Asked(camera, DahuaSettings.model_validate(written).build(context))
        await started(made.source)
        await eventually(lambda: camera.listened_to)
        yield made


async def test_a_camera_is_asked_with_a_login_for_its_plates(asked: Asked, faults: Notebook):
    assert asked.camera.asked[-1] == "/cgi-bin/eventManager.cgi?action=attach&codes=[TrafficJunction]&heartbeat=5"
    asked.camera.says(b"Heartbeat", "text/plain")
    asked.camera.says(an_event(index=1), "text/plain")
    asked.camera.says(b"Code=VideoMotion;action=Start;index=0", "text/plain")
    asked.camera.says(an_event(), "text/plain", length=0)
    await eventually(lambda: len(asked.heard) == 1)
    assert faults.on == {}


async def test_nonsense_in_the_stream_is_a_fault_until_the_next_right_word(asked: Asked, faults: Notebook):
    asked.camera.says(b"Code=TrafficJunction;AB12CDE", "text/plain")
    await eventually(lambda: faults.on.keys() == {"plates.garbled"})
    assert "AB12CDE" not in str(faults.ever)
    asked.camera.says(b"Heartbeat", "text/plain")
    await eventually(lambda: faults.on == {})


async def test_a_number_without_end_is_no_confidence_and_ends_nothing(asked: Asked):
    endless = an_event().replace(b'"Confidence": 250', b'"Confidence": 1' + b"0" * 400)
    asked.camera.says(endless, "text/plain")
    asked.camera.says(an_event(data("XY77ZZZ")), "text/plain")
    await eventually(lambda: len(asked.heard) == 2)
    assert [heard.confidence for heard in asked.heard if isinstance(heard, HeardPlate)] == [None, 250 / 255]


async def test_a_camera_with_another_digest_login_is_told_of_and_asked_again(asked: Asked, faults: Notebook):
    asked.camera.qop = "auth-int"
    asked.camera.hangs_up()
    await eventually(lambda: "auth-int" in faults.on.get("plates.refused", ""))
    asked.camera.qop = "auth"
    await eventually(lambda: asked.camera.listened_to)
    asked.camera.says(an_event(), "text/plain")
    await eventually(lambda: len(asked.heard) == 1)


async def test_what_nobody_foresaw_is_told_and_the_camera_is_called_again(
    asked: Asked, faults: Notebook, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "LONGEST_PAUSE", 0.05)
    troubles = [TypeError("AB12CDE")]

    def breaks(heard: Heard) -> None:
        if troubles:
            raise troubles.pop()

    asked.source.on_heard(breaks)
    asked.camera.says(an_event(), "text/plain")
    await eventually(lambda: any("TypeError" in each for each in faults.ever))
    assert "AB12CDE" not in str(faults.ever)
    await eventually(lambda: len(asked.camera.asked) >= 4 and asked.camera.listened_to)
    asked.camera.says(an_event(data("XY77ZZZ")), "text/plain")
    await eventually(lambda: len(asked.heard) == 2 and faults.on == {})


# --- posted ---


def a_post(plate: str = "AB12CDE", **plates: Any) -> bytes:
    picture = {
        "Plate": {"IsExist": True, "PlateColor": "White", "PlateNumber": plate, "Confidence": 250, **plates},
        "NormalPic": {"PicName": "a.jpg", "Content": base64.b64encode(JPEG).decode()},
        "SnapInfo": {"AccurateTime": "2026-11-28 12:10:32.305", "DeviceID": "8M049B2", "Direction": "Obverse"},
        "Vehicle": {"VehicleColor": "White", "VehicleType": "Motorcycle"},
    }
    return json.dumps({"Picture": picture}).encode()


@pytest.mark.parametrize("many", [b"[" + b"[]," * 100_000 + b"[]]", b"{" + b'"a":1,' * 100_000 + b'"b":1}'])
def test_a_post_of_nothing_but_small_values_is_not_even_read(many: bytes):
    for read in (plate_posted, lambda content: toll_gate(content, 255)):
        with pytest.raises(ValueError, match="fewer values"):
            read(many)


def test_a_picture_may_be_long():
    said = toll_gate(a_post().replace(base64.b64encode(JPEG), base64.b64encode(JPEG + bytes(2_000_000))), 255)
    assert said is not None
    assert said.plate is not None
    assert said.plate.picture == JPEG + bytes(2_000_000)


async def test_a_camera_posts_a_plate_and_signs_of_life(
    tmp_path: Path, context: DriverContext, started: Any, faults: Notebook
):
    (tmp_path / "token").write_text("0123456789abcdef")
    port = free_port()
    written = {"post": {"port": port, "token_file": str(tmp_path / "token")}}
    source, heard = DahuaSettings.model_validate(written).build(context), list[Heard]()
    source.on_heard(heard.append)
    await started(source)
    await eventually(lambda: is_open(port))
    address = f"http://127.0.0.1:{port}/plates/north-in.part/0123456789abcdef/NotificationInfo"
    async with httpx.AsyncClient(trust_env=False) as client:
        for where, content, status in (
            ("KeepAlive", b'{"Active": "keepAlive", "DeviceID": "8M049B2"}', 200),
            ("TollgateInfo", a_post(), 200),
            ("TollgateInfo", a_post(""), 200),
            ("TollgateInfo", a_post()[:-9], 400),
            ("TollgateInfo", b"[]", 400),
        ):
            answer = await client.post(f"{address}/{where}", content=content)
            assert answer.status_code == status
            assert status == 400 or answer.json()["Result"] is True, "or it would post the same again"
    (plate,) = heard
    assert isinstance(plate, HeardPlate)
    assert (plate.text, plate.confidence, plate.picture) == ("AB12CDE", 250 / 255, JPEG)
    assert (plate.vehicle_type, plate.bearing) == (VehicleType.MOTORCYCLE, Bearing.APPROACHES)
    assert plate.event == "8M049B2 2026-11-28 12:10:32.305 AB12CDE"
    assert faults.on.keys() == {"plates.garbled"}


def test_of_a_recorder_that_posts_no_channel_can_be_picked():
    with pytest.raises(ValueError, match="the path of its own lane"):
        DahuaSettings.model_validate({"channel": 2, "post": {"token_env": "TOKEN"}})
    assert DahuaSettings.model_validate({"channel": 2, "host": "recorder"}).channel == 2


def test_a_camera_is_asked_or_posts():
    with pytest.raises(ValueError, match="either `host` is expected"):
        DahuaSettings()
