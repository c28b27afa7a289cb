"""Hikvision's alerts, from a server that answers as its cameras do and from a client that posts as they do.

The messages follow Hikvision's "Intelligent Security API (ANPR) Developer Guide" and what owners of cameras have
published. No real camera was met.
"""

from __future__ import annotations

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
from drivers.hikvision import ALERT_STREAM, HikvisionSettings
from drivers.plate_sources import pull
from drivers.plate_sources.heard import Bearing, Heard, HeardClock, HeardPicture, HeardPlate
from drivers.plate_sources.hikvision_events import alert
from drivers.plate_sources.listener import Post
from models.instants import from_rfc3339
from models.spots import VehicleType
from simulator.servers import free_port
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.plate_cameras import PASSWORD, USER, Camera, is_open, switched_on

JPEG = b"\xff\xd8\xff\xe0" + bytes(300) + b"\xff\xd9"
UUID = "2023110221103259100tVVeTdMnhzKm8"


def an_alert(plate: str = "AB12CDE", space: str = "http://www.hikvision.com/ver20/XMLSchema", **more: str) -> bytes:
    said = {"licensePlate": plate, "line": "1", "direction": "forward", "confidenceLevel": "97", **more}
    uuid = said.pop("UUID", UUID)
    again = said.pop("isDataRetransmission", "false")
    channel = said.pop("channelID", "1")
    anpr = "\n".join(f"<{key}>{value}</{key}>" for key, value in said.items())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="{space}">
<ipAddress>192.168.1.64</ipAddress>
<protocol>HTTP</protocol>
<macAddress>c4:2f:90:a7:b5:d1</macAddress>
<channelID>{channel}</channelID>
<dateTime>2026-11-28T12:10:32+01:00</dateTime>
<activePostCount>1</activePostCount>
<eventType>ANPR</eventType>
<eventState>active</eventState>
<eventDescription>ANPR</eventDescription>
<ANPR>
<country>19</country>
{anpr}
<vehicleInfo><index>405</index><color>gray</color></vehicleInfo>
<pictureInfoList><pictureInfo><fileName>licensePlatePicture.jpg</fileName></pictureInfo></pictureInfoList>
<originalLicensePlate>{plate}</originalLicensePlate>
<vehicleListName>otherList</vehicleListName>
</ANPR>
<UUID>{uuid}</UUID>
<picNum>2</picNum>
<isDataRetransmission>{again}</isDataRetransmission>
</EventNotificationAlert>
""".encode()


HEARTBEAT = b"""<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<ipAddress>192.168.1.64</ipAddress>
<channelID>1</channelID>
<dateTime>2026-11-28T12:10:40+01:00</dateTime>
<activePostCount>0</activePostCount>
<eventType>videoloss</eventType>
<eventState>inactive</eventState>
</EventNotificationAlert>
"""


@pytest.mark.parametrize(
    "space",
    ["http://www.hikvision.com/ver20/XMLSchema", "http://www.isapi.org/ver20/XMLSchema",
     "http://www.std-cgi.com/ver10/XMLSchema"],
)  # fmt: skip
def test_a_plate_is_read_out_of_each_namespace(space: str):
    said = alert(an_alert(space=space, vehicleType="largeBus", plateCharBelieve="99,99,61,99,99,99,99"))
    assert said.plate == HeardPlate(
        event=UUID,
        text="AB12CDE",
        confidence=0.97,
        confidences=(0.99, 0.99, 0.61, 0.99, 0.99, 0.99, 0.99),
        vehicle_type=VehicleType.LARGE,
        bearing=Bearing.APPROACHES,
        taken=from_rfc3339("2026-11-28T11:10:32Z"),
    )


@pytest.mark.parametrize(
    ("more", "field", "value"),
    [
        ({"direction": "reverse"}, "bearing", Bearing.LEAVES),
        ({"direction": "unknown"}, "bearing", None),
        ({"confidenceLevel": "0.95"}, "confidence", 0.95),
        ({"confidenceLevel": "1"}, "confidence", 0.01),
        ({"confidenceLevel": "much"}, "confidence", None),
        ({"confidenceLevel": "250"}, "confidence", None),
        ({"vehicleType": "SUVMPV"}, "vehicle_type", VehicleType.REGULAR),
        ({"vehicleType": "twoWheelVehicle"}, "vehicle_type", VehicleType.MOTORCYCLE),
        ({"vehicleType": "pedestrian"}, "vehicle_type", None),
    ],
)
def test_what_is_said_of_a_vehicle_is_taken_as_far_as_it_is_known(more: dict[str, str], field: str, value: Any):
    assert getattr(alert(an_alert(**more)).plate, field) == value


@pytest.mark.parametrize("more", [{"isDataRetransmission": "true"}, {"alarmDataType": "1"}])
def test_what_the_camera_only_tells_again_is_no_plate_now(more: dict[str, str]):
    said = alert(an_alert(**more))
    assert (said.plate, said.taken) == (None, None)


def test_some_firmware_speaks_json():
    said = {"ipAddress": "192.168.1.64", "channelID": 1, "dateTime": "2026-11-28T12:10:32+01:00", "eventType": "ANPR",
            "UUID": UUID, "ANPR": {"licensePlate": "AB12CDE", "confidenceLevel": 97}}  # fmt: skip
    for document in (said, {"EventNotificationAlert": said}):
        plate = alert(json.dumps(document).encode()).plate
        assert plate is not None
        assert (plate.text, plate.confidence, plate.event) == ("AB12CDE", 0.97, UUID)


_BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><EventNotificationAlert>&c;</EventNotificationAlert>'
_DEEP = b"<EventNotificationAlert>" + b"<a>" * 100_000


@pytest.mark.parametrize(
    "content", [b"", b"<", b"<a/>", b"[]", b"{}", b"{", an_alert()[:-20], _BOMB, _BOMB.decode().encode("utf-16"),
                _DEEP, b"{" * 100_000, b'<?xml version="1.0" encoding="x"?><a/>']
)  # fmt: skip
def test_what_is_no_alert_is_refused_and_never_shown(content: bytes):
    with pytest.raises(ValueError, match=r"^[^<{]*$"):
        alert(content)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_alert_that_was_bent_is_an_alert_or_a_value_error(data: Any):
    content = bytearray(an_alert())
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    until = data.draw(st.integers(0, len(content)))
    with suppress(ValueError):
        alert(bytes(content[:until]))


# --- asked ---


class Asked:
    def __init__(self, camera: Camera, source: Any) -> None:
        self.camera, self.heard = camera, list[Heard]()
        self.source = source
        source.on_heard(self.heard.append)

    def of(self, kind: type[Any]) -> list[Any]:
        return [heard for heard in self.heard if isinstance(heard, kind)]


@pytest.fixture
async def asked(context: DriverContext, started: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asked]:
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    monkeypatch.setattr(pull, "FIRST_PAUSE", 0.05)
    async with switched_on(Camera()) as camera:
        login = {"username": USER, "password_env": "CAMERA_PASSWORD"}
        written = {"host": "127.0.0.1", "port": camera.port, "silent_after": "400 ms", **login}
        made = Asked(camera, HikvisionSettings.model_validate(written).build(context))
        await started(made.source)
        await eventually(lambda: camera.listened_to)
        yield made


async def test_a_camera_is_asked_with_a_login_and_heard_with_its_pictures(asked: Asked, faults: Notebook):
    asked.camera.says(HEARTBEAT)
    asked.camera.says(an_alert())
    asked.camera.says(JPEG, "image/jpeg", name="licensePlatePicture.jpg")
    asked.camera.says(JPEG, "image/jpeg", name="detectionPicture.jpg")
    await eventually(lambda: len(asked.heard) == 3)
    assert asked.heard[0] == HeardClock(from_rfc3339("2026-11-28T11:10:40Z"))
    assert asked.of(HeardPlate)[0].text == "AB12CDE"
    assert asked.of(HeardPicture) == [HeardPicture(UUID, JPEG)]
    assert asked.camera.asked[-1] == ALERT_STREAM
    assert faults.on == {}


@pytest.mark.parametrize("length", [None, 0])
async def test_a_plate_is_heard_at_once_though_its_length_is_not_said(asked: Asked, length: int | None):
    asked.camera.says(an_alert(), length=length)
    await eventually(lambda: len(asked.of(HeardPlate)) == 1, within=0.35)


async def test_a_camera_that_hangs_up_is_called_again_and_not_missed(asked: Asked, faults: Notebook):
    asked.camera.says(HEARTBEAT)
    await eventually(lambda: bool(asked.heard))
    asked.camera.hangs_up()
    await eventually(lambda: asked.camera.listened_to)
    asked.camera.says(an_alert())
    await eventually(lambda: len(asked.of(HeardPlate)) == 1)
    assert faults.ever == []


async def test_a_camera_that_falls_silent_is_missed_and_called_anew(asked: Asked, faults: Notebook):
    await eventually(lambda: "plates.silent" in faults.on)
    await eventually(lambda: asked.camera.listened_to)

    def spoke() -> bool:
        asked.camera.says(HEARTBEAT)
        return faults.on == {}

    await eventually(spoke)


async def test_nonsense_in_the_stream_is_a_fault_until_the_next_right_word(asked: Asked, faults: Notebook):
    asked.camera.says(b"<secret>AB12CDE</secret>")
    await eventually(lambda: faults.on.keys() == {"plates.garbled"})
    assert "AB12CDE" not in str(faults.ever)
    asked.camera.says(HEARTBEAT)
    await eventually(lambda: faults.on == {})


@pytest.mark.parametrize(("status", "kind"), [(404, "multipart/mixed; boundary={boundary}"), (200, "text/html")])
async def test_a_camera_that_knows_no_such_events_says_so(
    context: DriverContext, started: Any, faults: Notebook, status: int, kind: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    login = {"username": USER, "password_env": "CAMERA_PASSWORD"}
    async with switched_on(Camera(status=status, content_type=kind)) as camera:
        written = {"host": "127.0.0.1", "port": camera.port, **login}
        await started(HikvisionSettings.model_validate(written).build(context))
        await eventually(lambda: faults.on.keys() == {"plates.refused"})


@pytest.mark.parametrize("password", [None, "another"])
async def test_a_wrong_login_is_a_fault_and_is_never_told(
    context: DriverContext, started: Any, faults: Notebook, password: str | None, monkeypatch: pytest.MonkeyPatch
):
    if password is not None:
        monkeypatch.setenv("CAMERA_PASSWORD", password)
    login = {"username": USER, "password_env": "CAMERA_PASSWORD"}
    async with switched_on(Camera()) as camera:
        await started(
            HikvisionSettings.model_validate({"host": "127.0.0.1", "port": camera.port, **login}).build(context)
        )
        await eventually(lambda: faults.on.keys() == {"plates.refused"})
        assert "another" not in str(faults.ever)


# --- posted ---


def a_form(*fields: tuple[str, str, bytes], boundary: bytes = b"---------------------------7e13971310878") -> bytes:
    body = b""
    for name, kind, content in fields:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: {kind}\r\n'
        body += b"--" + boundary + b"\r\n" + head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode()
        body += content + b"\r\n"
    return body + b"--" + boundary + b"--\r\n"


FORM = "multipart/form-data; boundary=---------------------------7e13971310878"


async def test_a_camera_posts_its_alert_with_pictures(
    tmp_path: Path, context: DriverContext, started: Any, faults: Notebook
):
    (tmp_path / "token").write_text("0123456789abcdef")
    port = free_port()
    written = {"post": {"port": port, "token_file": str(tmp_path / "token")}}
    source, heard = HikvisionSettings.model_validate(written).build(context), list[Heard]()
    source.on_heard(heard.append)
    await started(source)
    await eventually(lambda: is_open(port))
    address = f"http://127.0.0.1:{port}/plates/north-in.part/0123456789abcdef"
    body = a_form(
        ("anpr.xml", "text/xml", an_alert()),
        ("licensePlatePicture.jpg", "image/jpeg", JPEG),
        ("detectionPicture.jpg", "image/jpeg", JPEG + b"scene"),
    )
    async with httpx.AsyncClient(trust_env=False) as client:

        async def posted(content: bytes, kind: str = FORM) -> int:
            return (await client.post(address, content=content, headers={"Content-Type": kind})).status_code

        assert await posted(body) == 200
        assert [type(each) for each in heard] == [HeardPlate, HeardPicture]
        assert heard[1] == HeardPicture(UUID, JPEG + b"scene")
        assert await posted(an_alert("XY77ZZZ"), "application/xml") == 200
        assert [each.text for each in heard if isinstance(each, HeardPlate)] == ["AB12CDE", "XY77ZZZ"]
        assert await posted(HEARTBEAT, "application/xml") == 200
        before = len(heard)
        for cut in (body[:400], b"", b"--x", an_alert()):
            assert await posted(cut) == 400
        assert len(heard) == before
        assert faults.on.keys() == {"plates.garbled"}
        assert await posted(body) == 200
        assert faults.on == {}


def test_only_pictures_make_a_post_long(context: DriverContext, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOKEN", "0123456789abcdef")
    source = HikvisionSettings.model_validate({"post": {"token_env": "TOKEN"}}).build(context)
    heard = list[Heard]()
    source.on_heard(heard.append)
    scenes = [("detectionPicture.jpg", "image/jpeg", JPEG + bytes(500_000))] * 8
    alerts = [("anpr.xml", "text/xml", an_alert() + b" " * 30_000)] * 9
    assert source._posted(Post(FORM, a_form(alerts[0], *scenes))).status == 200  # pyright: ignore[reportPrivateUsage]
    assert len(heard) == 9
    with pytest.raises(ValueError, match="without end"):
        source._posted(Post(FORM, a_form(*alerts)))  # pyright: ignore[reportPrivateUsage]
    assert len(heard) == 9


async def test_of_a_recorder_only_this_lanes_channel_counts(asked: Asked, context: DriverContext):
    settings = {"host": "127.0.0.1", "port": asked.camera.port, "channel": 2}
    source, heard = HikvisionSettings.model_validate(settings).build(context), list[Heard]()
    source.on_heard(heard.append)
    for channel in ("1", "2"):
        source._take(an_alert(f"CHANNEL{channel}", channelID=channel))  # pyright: ignore[reportPrivateUsage]
    assert [each.text for each in heard if isinstance(each, HeardPlate)] == ["CHANNEL2"]


def test_a_camera_is_asked_or_posts():
    with pytest.raises(ValueError, match="either `host` is expected"):
        HikvisionSettings()
    with pytest.raises(ValueError, match="either `host` is expected"):
        HikvisionSettings.model_validate({"host": "camera", "post": {"token_env": "TOKEN"}})
