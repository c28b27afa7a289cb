"""The simulated camera as OpenCV and other viewers meet it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import cv2
import httpx
import numpy as np
import pytest

from models.ids import LaneName
from simulator.camera import Cameras
from simulator.cars import Traffic
from simulator.clock import RealTime
from simulator.lanes import STOP_LINE
from simulator.render import Painter, Scene, Seen

LANE = LaneName("north-in")
EMPTY = Scene(False, 0.0)
WAITING = Scene(False, 0.0, (Seen(Traffic().car(3), STOP_LINE),))


@asynccontextmanager
async def cameras() -> AsyncIterator[Cameras]:
    served = Cameras({LANE: EMPTY}, RealTime())
    await served.start()
    try:
        yield served
    finally:
        await served.stop()


def frames(url: str, count: int) -> list[np.ndarray]:
    capture = cv2.VideoCapture(url)
    try:
        assert capture.isOpened()
        return [frame for ok, frame in (capture.read() for _ in range(count)) if ok]
    finally:
        capture.release()


async def test_opencv_opens_the_stream() -> None:
    async with cameras() as served:
        seen = await asyncio.to_thread(frames, served.url(LANE), 5)
    assert [frame.shape for frame in seen] == [(480, 640, 3)] * 5


async def test_a_viewer_sees_a_car_that_has_come_meanwhile() -> None:
    async with cameras() as served:
        before = (await asyncio.to_thread(frames, served.url(LANE), 1))[0]
        served.show(LANE, WAITING)
        after = (await asyncio.to_thread(frames, served.url(LANE), 1))[0]
    assert np.abs(before.astype(int) - after).mean() > 10


async def test_two_viewers_watch_one_lane() -> None:
    async with cameras() as served:
        both = await asyncio.gather(*(asyncio.to_thread(frames, served.url(LANE), 4) for _ in range(2)))
    assert [len(seen) for seen in both] == [4, 4]


async def test_nothing_is_painted_while_nobody_watches_or_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[Scene] = []
    paint = Painter.paint
    monkeypatch.setattr(Painter, "paint", lambda self, scene: (painted.append(scene), paint(self, scene))[1])
    async with cameras() as served:
        for front in range(-20, -1):
            served.show(LANE, Scene(False, 0.0, (Seen(Traffic().car(3), front),)))
        assert painted == []
        await asyncio.to_thread(frames, served.url(LANE), 12)
        assert len(painted) == 1


async def test_one_picture_can_be_fetched_alone() -> None:
    async with cameras() as served, httpx.AsyncClient() as client:
        answer = await client.get(served.url(LANE).replace(".mjpg", ".jpg"))
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert answer.headers["content-type"] == "image/jpeg"
    assert picture is not None
    assert picture.shape == (480, 640, 3)


async def test_a_lane_that_is_not_there_is_named_as_missing() -> None:
    async with cameras() as served, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{served.port}/south.mjpg")
    assert answer.status_code == 404
    assert "/north-in.mjpg" in answer.text
