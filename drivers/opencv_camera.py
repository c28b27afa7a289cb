"""Cameras that OpenCV opens: RTSP, HTTP MJPEG, USB, and video files. Tested against: real files and an MJPEG server."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

# Read when cv2 opens its first stream: FFmpeg's own log would show the address, password included.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

import cv2
from pydantic import AfterValidator, BeforeValidator, Field

from drivers.contract import CameraSettings, DriverContext, FrameSource
from drivers.login import Login
from drivers.settings import DriverSettings
from drivers.values import Seconds

_NETWORK = ("rtsp", "rtsps", "http", "https")
_DEVICE = re.compile(r"(?:/dev/video)?(\d+)")
_BARE_ADDRESS = re.compile(r"(?:[^@/\s]*@)?(\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?)(?:/\S*)?")
_SECRETS = ("password", "passwd", "pwd", "pass", "pw", "token", "auth")
_LIKELIEST_RATE = 25.0
_FASTEST_RATE = 240.0
_ONE_THREAD = [cv2.CAP_PROP_N_THREADS, 1]
"""Decode on the thread that asks for the frame: a picture that crashes the decoder crashes a thread that is known, and
no camera takes a core from the reader"""


def _text(written: Any) -> Any:
    """A device is written `source: 0`, which YAML takes for a number."""
    return str(written) if isinstance(written, int) and not isinstance(written, bool) else written


def _openable(source: str) -> str:
    scheme = urlsplit(source).scheme.lower()
    if "://" in source and scheme not in _NETWORK:
        raise ValueError("rtsp://, http://, https://, a device number, a /dev path or a video file is expected")
    bare = _BARE_ADDRESS.fullmatch(source)
    if bare is not None:
        # Only the address: in what stands around it there may be a login.
        raise ValueError(
            f"this is an address without its beginning: rtsp://{bare[1]}/... is expected, with the path that stands in "
            "the camera's manual, or http://"
        )
    if scheme in _NETWORK and not urlsplit(source).hostname:
        raise ValueError("the address names no host")
    return _without_secrets(source) if scheme in _NETWORK else source


def _without_secrets(address: str) -> str:
    parts = urlsplit(address)
    asked = {key.lower() for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.username is not None or parts.password is not None or asked.intersection(_SECRETS):
        raise ValueError(
            "no login stands in this file: leave it out of the address, and write `username` with `password_file` or "
            "`password_env`"
        )
    return address


Source = Annotated[str, BeforeValidator(_text), Field(min_length=1), AfterValidator(_openable)]


class OpenCvCameraSettings(DriverSettings, Login):
    """A camera or a recording. One code path opens them all."""

    contract: ClassVar[type] = CameraSettings

    driver: Annotated[Literal["opencv"], Field(title="Driver")] = "opencv"
    """Cameras that OpenCV opens"""

    source: Annotated[Source, Field(title="Source", repr=False)]
    """Address of an RTSP or MJPEG stream, number or /dev path of a USB camera, or a video file"""

    realtime: Annotated[bool, Field(title="At its own pace")] = True
    """For a video file: play it as fast as it was filmed; otherwise as fast as its frames are looked at"""

    open_timeout: Annotated[Seconds, Field(title="Patience when opening", gt=0, le=60)] = 10.0
    """How long a network camera may take to answer"""

    read_timeout: Annotated[Seconds, Field(title="Patience for a frame", gt=0, le=60)] = 10.0
    """How long a network camera may keep silent before the stream counts as lost"""

    def build(self, context: DriverContext) -> CameraSettings:
        """Itself: a camera is opened where its frames are looked at, in the vision process."""
        return self

    def open(self) -> FrameSource:
        """The opened camera. Blocks for up to `open_timeout`. Raises OSError, never with a password in its text; the
        password is read at each opening."""
        capture = self._captured()
        if not capture.isOpened():
            capture.release()
            raise OSError(f"{self.shown} can't be opened")
        if self.is_recording:
            return OpenCvRecording(capture, self.shown, self.realtime)
        return OpenCvStream(capture, self.shown)

    @property
    def shown(self) -> str:
        """The source as people and logs may see it: without user, password and query."""
        if not self._is_network:
            return self.source
        parts = urlsplit(self.source)
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit((parts.scheme, f"{parts.hostname}{port}", parts.path, "", ""))

    @property
    def is_recording(self) -> bool:
        return not self._is_network and self._device is None

    @property
    def _is_network(self) -> bool:
        return urlsplit(self.source).scheme.lower() in _NETWORK

    @property
    def _device(self) -> int | str | None:
        numbered = _DEVICE.fullmatch(self.source)
        if numbered:
            return int(numbered[1])
        # A stable name such as /dev/v4l/by-id/... points at the numbered device.
        resolved = _DEVICE.fullmatch(os.path.realpath(self.source))
        return int(resolved[1]) if resolved and self.source.startswith("/dev/") else None

    def _captured(self) -> cv2.VideoCapture:
        if self._is_network:
            patience = [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                round(self.open_timeout * 1000),
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                round(self.read_timeout * 1000),
                *_ONE_THREAD,
            ]
            return cv2.VideoCapture(self._with_login(), cv2.CAP_FFMPEG, patience)
        device = self._device
        if device is not None:
            return cv2.VideoCapture(device)
        if not Path(self.source).is_file():
            raise FileNotFoundError(f"{self.source}: there is no such file")
        return cv2.VideoCapture(self.source, cv2.CAP_FFMPEG, _ONE_THREAD)

    def _with_login(self) -> str:
        """The address as FFmpeg wants it; it's shown to nobody. Raises NoPassword."""
        password = self.password()
        if password is None:
            return self.source
        parts = urlsplit(self.source)
        return urlunsplit(
            parts._replace(netloc=f"{quote(self.username or '', '')}:{quote(password, '')}@{parts.netloc}")
        )


class OpenCvStream:
    """A live camera (`FrameSource`): what comes now, or an error."""

    def __init__(self, capture: cv2.VideoCapture, shown: str) -> None:
        self._capture, self._shown = capture, shown

    def read(self) -> Any:
        frame = _next_frame(self._capture, self._shown)
        if frame is None:
            raise OSError(f"the stream of {self._shown} was lost")
        return frame

    def close(self) -> None:
        self._capture.release()


class OpenCvRecording:
    """A video file (`Recording`): every frame once, then None."""

    def __init__(self, capture: cv2.VideoCapture, shown: str, realtime: bool) -> None:
        rate = capture.get(cv2.CAP_PROP_FPS)
        self.interval = 1 / (rate if 0 < rate <= _FASTEST_RATE else _LIKELIEST_RATE)
        self.realtime = realtime
        self._capture, self._shown = capture, shown

    def read(self) -> Any | None:
        return _next_frame(self._capture, self._shown)

    def close(self) -> None:
        self._capture.release()


def _next_frame(capture: cv2.VideoCapture, shown: str) -> Any | None:
    try:
        there, frame = capture.read()
    except cv2.error as error:
        raise OSError(f"{shown} sent a picture that can't be decoded: {error.err}") from None
    return frame if there else None
