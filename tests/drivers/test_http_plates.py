"""Plates that are posted: a real HTTP client at the real listener."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract import DriverContext
from drivers.http_plates import HttpPlates, HttpPlatesSettings, plate_posted
from drivers.plate_sources import listener as of_listener
from drivers.plate_sources.guests import Guest, makes_room
from drivers.plate_sources.heard import Bearing, Heard, HeardPlate
from edge.clock import SystemClock
from models.instants import Monotonic
from models.spots import VehicleType
from simulator.servers import free_port
from tests.drivers.conftest import Notebook, eventually
from tests.drivers.plate_cameras import is_open

TOKEN = "0123456789abcdef-right"
JPEG = b"\xff\xd8\xff\xe0" + bytes(500)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


class Site:
    def __init__(self, source: HttpPlates, port: int, scheme: str = "http", verify: Any = True) -> None:
        self.source, self.heard = source, list[Heard]()
        self.source.on_heard(self.heard.append)
        self.address = f"{scheme}://127.0.0.1:{port}/plates/north-in"
        self.port, self._verify = port, verify

    async def post(self, document: Any, **more: Any) -> httpx.Response:
        more.setdefault("headers", {"Authorization": f"Bearer {TOKEN}"})
        async with httpx.AsyncClient(verify=self._verify, trust_env=False) as client:
            address = self.address + more.pop("path", "")
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            return await client.request(more.pop("method", "POST"), address, content=content, **more)


@pytest.fixture
async def site(token_file: Path, faults: Notebook) -> AsyncIterator[Site]:
    port = free_port()
    source = HttpPlatesSettings(port=port, token_file=token_file).build(a_context(faults))
    await source.start()
    made = Site(source, port)
    await eventually(lambda: is_open(port))
    yield made
    await source.stop()


def a_context(faults: Notebook, part: str = "north-in.camera") -> DriverContext:
    return DriverContext(part, SystemClock(), faults)


async def test_a_plate_is_heard_with_all_that_is_said_of_it(site: Site) -> None:
    said = {
        "plate": "AB 12 CDE",
        "id": "e-7",
        "confidence": 0.97,
        "vehicle": "truck",
        "direction": "approaching",
        "time": "2026-11-28T12:00:00Z",
        "picture": base64.b64encode(JPEG).decode(),
    }
    assert (await site.post(said)).status_code == 200
    (heard,) = site.heard
    assert isinstance(heard, HeardPlate)
    assert (heard.text, heard.event, heard.confidence) == ("AB 12 CDE", "e-7", 0.97)
    assert (heard.vehicle_type, heard.bearing, heard.picture) == (VehicleType.LARGE, Bearing.APPROACHES, JPEG)
    assert heard.taken == 1_795_867_200_000_000


@pytest.mark.parametrize("path", ["", f"/{TOKEN}", f"/{TOKEN}/anything/behind"])
async def test_the_secret_may_stand_in_a_header_or_in_the_address(site: Site, path: str) -> None:
    headers = {} if path else {"Authorization": "Basic " + base64.b64encode(f"camera:{TOKEN}".encode()).decode()}
    assert (await site.post({"plate": "AB12CDE"}, path=path, headers=headers)).status_code == 200
    assert len(site.heard) == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic !!"}])
async def test_without_the_secret_nothing_is_heard_and_somebody_is_told(
    site: Site, headers: dict[str, str], faults: Notebook
) -> None:
    assert (await site.post({"plate": "AB12CDE"}, headers=headers)).status_code == 401
    assert site.heard == []
    assert "plates.stranger" in faults.on
    assert TOKEN not in str(faults.ever)


async def test_who_asks_for_a_lane_that_is_not_there_hears_the_same_as_who_has_no_secret(site: Site) -> None:
    there = await site.post({}, headers={})
    site.address = site.address.replace("north-in", "south-in")
    assert ((await site.post({})).status_code, (await site.post({})).text) == (there.status_code, there.text)
    assert "the lane in the address or its secret" in there.text


@pytest.mark.parametrize(
    "path", ["/plates/nroth-in", f"/plates/nroth-in/{TOKEN}", f"/plates/{TOKEN}", f"/{TOKEN}", "/"]
)
async def test_a_camera_with_the_right_secret_and_a_misspelt_lane_is_told_where_to_post(
    site: Site, path: str, faults: Notebook
) -> None:
    site.address = f"http://127.0.0.1:{site.port}{path}"
    headers = {} if TOKEN in path else {"Authorization": f"Bearer {TOKEN}"}
    assert (await site.post({"plate": "AB12CDE"}, headers=headers)).status_code == 401
    assert site.heard == []
    assert "expected is /plates/north-in" in faults.on["plates.stranger"]
    assert TOKEN not in str(faults.ever)


async def test_a_stranger_who_tries_lanes_out_troubles_none_of_them(site: Site, faults: Notebook) -> None:
    site.address = f"http://127.0.0.1:{site.port}/plates/nroth-in"
    assert (await site.post({}, headers={"Authorization": "Bearer 0123456789abcdef-wrong"})).status_code == 401
    assert faults.on == {}


@pytest.mark.parametrize(
    "said",
    [b"", b"{", b"[]", b"\xff\xfe", {}, {"plate": ""}, {"plate": 7}, {"plate": "AB12CDE", "confidence": 2},
     {"plate": "AB12CDE", "colour": "red"}, {"plate": "AB12CDE", "time": "yesterday"},
     {"plate": "AB12CDE", "picture": "bm8gcGljdHVyZQ=="}, {"plate": "AB12CDE", "picture": "*"}, b"[" * 100_000],
)  # fmt: skip
async def test_what_cannot_be_understood_costs_nothing_but_a_counter(site: Site, said: Any, faults: Notebook) -> None:
    answer = await site.post(said)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert "AB12CDE" not in answer.text + str(faults.ever), "no plate is told"
    assert site.heard == []
    assert faults.on.keys() == {"plates.garbled"}
    assert (await site.post({"plate": "AB12CDE"})).status_code == 200
    assert faults.on == {}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"plate": "AB12CDE", "confidence": 97}, "confidence: a share from 0 to 1, such as 0.97 for 97 %, is expected"),
        ({"plate": "AB12CDE", "confidences": [0.9, 88]},
         "confidences.1: a share from 0 to 1, such as 0.97 for 97 %, is expected"),
        ({"plat": "AB12CDE"}, 'unknown key; did you mean "plate"?'),
        ({"plate": "AB12CDE", "direction": "in"}, "direction: approaching or leaving is expected"),
        ({"plate": "AB12CDE", "time": "AB12CDE"}, "time: a time such as 2026-11-28T12:00:00Z is expected"),
        ({"plate": ["AB12CDE"]}, "plate: text of 1 to 64 characters is expected"),
        (["AB12CDE"], 'an object is expected, such as {"plate": ...}'),
        ({"AB12CDE": True}, "unknown key; there could be plate, id, confidence, confidences, vehicle, direction, time, "
         "picture, alive"),
    ],
)  # fmt: skip
async def test_what_was_posted_wrong_is_told_by_its_key_and_what_is_expected(
    site: Site, said: Any, error: str, faults: Notebook
) -> None:
    assert (await site.post(said)).json()["error"] == error
    assert faults.on["plates.garbled"] == error


async def test_a_sign_of_life_is_no_plate(site: Site) -> None:
    assert (await site.post({"alive": True})).status_code == 200
    assert site.heard == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_only_posts_are_taken(site: Site, method: str) -> None:
    assert (await site.post(b"", method=method)).status_code == 405


async def test_a_body_that_is_too_large_is_not_even_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_listener, "LARGEST_BODY", 1000)
    assert (await site.post(b" " * 1001)).status_code == 413

    async def without_a_length() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 100

    async with httpx.AsyncClient(trust_env=False) as client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            answer = await client.post(site.address, content=without_a_length(), headers=headers)
            assert answer.status_code == 413
        except httpx.HTTPError:
            pass  # hung up on while it still sent
    assert site.heard == []


async def test_who_says_nothing_or_little_is_dropped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_listener, "HEAD_WITHIN", 0.2)
    monkeypatch.setattr(of_listener, "BODY_WITHIN", 0.2)
    begun = f"POST /plates/north-in HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
    for said in (b"", b"POST /pl", begun, begun + b"Content-Length: 50\r\n\r\n{"):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(said)
        async with asyncio.timeout(5):
            assert b"200" not in await reader.read()
        writer.close()
    assert (await site.post({"plate": "AB12CDE"})).status_code == 200


async def test_a_crowd_keeps_nobody_out_for_long(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_listener, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(of_listener, "HEAD_WITHIN", 0.3)
    crowd = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(8)]
    await asyncio.sleep(0.8)
    assert (await site.post({"plate": "AB12CDE"})).status_code == 200
    for _, writer in crowd:
        writer.close()


async def a_crowd(port: int, size: int, address: str = "127.0.0.1") -> list[asyncio.StreamWriter]:
    """Connections that say nothing."""
    there = [await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0)) for _ in range(size)]
    return [writer for _, writer in there]


async def a_post_left_open(port: int) -> tuple[bytes, asyncio.StreamWriter]:
    """The first line of the answer, on a connection of its own that nobody closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /plates/north-in HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 19\r\n\r\n"
    writer.write(head.encode() + b'{"plate":"AB12CDE"}')
    with suppress(OSError):
        async with asyncio.timeout(5):
            return await reader.readline(), writer
    return b"", writer


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
async def test_a_crowd_of_strangers_keeps_no_camera_out_for_a_moment(
    site: Site, faults: Notebook, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_listener, "CALM_AFTER", 0)
    crowd = await a_crowd(site.port, of_listener.MOST_CONNECTIONS + 6, address)
    await eventually(lambda: address in faults.on.get("plates.crowded", ""))
    assert (await site.post({"plate": "AB12CDE"})).status_code == 200
    assert len(site.heard) == 1
    for writer in crowd:
        writer.close()
    assert (await site.post({"plate": "AB12CDE"})).status_code == 200
    assert "plates.crowded" not in faults.on


async def test_if_nobody_made_room_a_crowd_would_keep_the_camera_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""

    def newcomers_go(guests: Any, newcomer: Guest, most: int, most_of_one: int) -> Guest | None:
        return newcomer if len(guests) >= most else None

    monkeypatch.setattr(of_listener, "makes_room", newcomers_go)
    crowd = await a_crowd(site.port, of_listener.MOST_CONNECTIONS)
    with pytest.raises(httpx.HTTPError):
        await site.post({"plate": "AB12CDE"})
    for writer in crowd:
        writer.close()


async def test_a_camera_that_leaves_the_connection_of_each_post_open_is_heard_each_time(
    site: Site, faults: Notebook
) -> None:
    answers = [await a_post_left_open(site.port) for _ in range(of_listener.MOST_CONNECTIONS + 6)]
    assert {said for said, _ in answers} == {b"HTTP/1.1 200 \r\n"}
    assert faults.ever == []
    for _, writer in answers:
        writer.close()


async def test_when_the_last_lane_leaves_its_guests_go_without_a_trace(token_file: Path, faults: Notebook) -> None:
    traces = list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: traces.append(context))
    port = free_port()
    source = HttpPlatesSettings(port=port, token_file=token_file).build(a_context(faults))
    await source.start()
    await eventually(lambda: is_open(port))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    _, known = await a_post_left_open(port)
    await source.stop()
    async with asyncio.timeout(5):
        with suppress(OSError):
            assert await reader.read() == b""
    assert traces == []
    for each in (writer, known):
        each.close()


def a_guest(address: str, quiet_since: int, **more: bool) -> Guest:
    return Guest(address, Monotonic(quiet_since), **more)


def test_whoever_has_shown_no_secret_makes_room_first_and_of_the_largest_crowd() -> None:
    camera, alone = a_guest("camera", 0, known=True), a_guest("alone", 1)
    crowd = [a_guest("crowd", 3), a_guest("crowd", 2)]
    there = [camera, alone, *crowd]
    assert makes_room(there, a_guest("new", 9), most=5, most_of_one=3) is None
    assert makes_room(there, a_guest("new", 9), most=4, most_of_one=3) is crowd[1]
    assert makes_room([camera, alone], a_guest("new", 9), most=2, most_of_one=3) is alone


def test_an_address_that_has_its_share_pushes_out_only_its_own() -> None:
    newcomer = a_guest("crowd", 9)
    own = [a_guest("crowd", 5, known=True), a_guest("crowd", 4, known=True, speaking=True)]
    there = [a_guest("camera", 1), *own]
    assert makes_room(there, newcomer, most=10, most_of_one=2) is own[0]
    assert makes_room([there[0], own[1]], newcomer, most=10, most_of_one=1) is newcomer, "who speaks isn't cut off"


async def test_one_connection_may_post_again_and_again(site: Site) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for place in range(5):
            headers = {"Authorization": f"Bearer {TOKEN}"}
            answer = await client.post(site.address, json={"plate": f"AB12CD{place}"}, headers=headers)
            assert answer.status_code == 200
    assert len(site.heard) == 5


async def test_two_lanes_share_a_port_and_each_has_its_secret(tmp_path: Path, faults: Notebook) -> None:
    port, heard = free_port(), dict[str, list[Heard]]()
    shared: dict[Any, Any] = {}
    sources: list[HttpPlates] = []
    for lane in ("one", "two"):
        (tmp_path / lane).write_text(f"{lane}-secret-0123456789")
        context = a_context(faults, f"{lane}.camera")
        lent = DriverContext(context.part, context.clock, faults, shared)
        source = HttpPlatesSettings(port=port, token_file=tmp_path / lane).build(lent)
        source.on_heard(heard.setdefault(lane, []).append)
        await source.start()
        sources.append(source)
    await eventually(lambda: is_open(port))
    async with httpx.AsyncClient(trust_env=False) as client:
        for lane, secret, status in (("one", "one", 200), ("two", "two", 200), ("two", "one", 401)):
            address = f"http://127.0.0.1:{port}/plates/{lane}/{secret}-secret-0123456789"
            assert (await client.post(address, json={"plate": "AB12CDE"})).status_code == status
    assert [len(each) for each in heard.values()] == [1, 1]
    await sources[0].stop()
    assert is_open(port)
    await sources[1].stop()
    await eventually(lambda: not is_open(port))


async def test_a_port_that_is_taken_is_a_fault_until_it_is_free(
    token_file: Path, faults: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_listener, "_AGAIN_SECONDS", 0.1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        source = HttpPlatesSettings(port=taken.getsockname()[1], token_file=token_file).build(a_context(faults))
        await source.start()
        await eventually(lambda: "plates.not_served" in faults.on)
    await eventually(lambda: faults.on == {})
    await source.stop()


async def test_a_secret_that_is_missing_or_short_lets_nobody_in(token_file: Path, site: Site, faults: Notebook) -> None:
    token_file.write_text("short")
    assert (await site.post({"plate": "AB12CDE"}, headers={"Authorization": "Bearer short"})).status_code == 401
    assert faults.on.keys() == {"plates.no_token"}
    token_file.unlink()
    assert (await site.post({"plate": "AB12CDE"}, headers={})).status_code == 401
    token_file.write_text(TOKEN)
    assert (await site.post({"plate": "AB12CDE"})).status_code == 200
    assert faults.on == {}


async def test_a_camera_that_gives_signs_of_life_is_missed(token_file: Path, faults: Notebook) -> None:
    port = free_port()
    settings = HttpPlatesSettings(port=port, token_file=token_file, silent_after=0.1)
    source = settings.build(a_context(faults))
    await source.start()
    await eventually(lambda: "plates.silent" in faults.on)
    await Site(source, port).post({"alive": True})
    assert "plates.silent" not in faults.on
    await source.stop()


async def test_posts_may_come_by_https_and_whoever_never_shakes_hands_is_dropped(
    tmp_path: Path, token_file: Path, faults: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out",
         str(certificate)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    port = free_port()
    tls = {"certificate": certificate, "key": key}
    settings = HttpPlatesSettings.model_validate({"port": port, "token_file": token_file, "tls": tls})
    source = settings.build(a_context(faults))
    await source.start()
    await eventually(lambda: is_open(port))
    site = Site(source, port, "https", ssl.create_default_context(cafile=str(certificate)))
    assert (await site.post({"plate": "AB12CDE"})).status_code == 200
    assert len(site.heard) == 1
    large = {"plate": "AB12CDE", "picture": base64.b64encode(JPEG + bytes(1_500_000)).decode()}
    assert (await site.post(large)).status_code == 200
    monkeypatch.setattr(of_listener, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(of_listener, "HANDSHAKE_WITHIN", 0.3)
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
    async with asyncio.timeout(5):
        # Beyond the most that are served, at once; of the others, each when its time is over.
        for reader, _ in reversed(crowd):
            with suppress(OSError):
                assert await reader.read() == b""
    assert (await site.post({"plate": "XY77ZZZ"})).status_code == 200
    for _, writer in crowd:
        writer.close()
    await source.stop()


@pytest.mark.parametrize("target", ["//[", "/plates/north-in//[::1", "http://[x/plates/north-in"])
async def test_an_address_that_is_none_is_refused_and_ends_nothing(site: Site, target: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
    async with asyncio.timeout(5):
        assert (await reader.read())[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 401")
    writer.close()
    assert (await site.post({"plate": "AB12CDE"})).status_code == 200


def test_nobody_is_listened_to_without_a_secret() -> None:
    with pytest.raises(ValueError, match="the secret has one place"):
        HttpPlatesSettings()


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["plate", "id", "confidence", "time", "picture", "vehicle"]), inner, max_size=4),
    max_leaves=8,
).map(lambda document: json.dumps(document).encode())))  # fmt: skip
def test_whatever_is_posted_is_a_plate_a_sign_of_life_or_a_plain_refusal(body: bytes) -> None:
    try:
        heard = plate_posted(body)
    except ValueError:
        return
    assert heard is None or 0 < len(heard.text) <= 64
