import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.contract import CameraSettings, Recording
from drivers.opencv_camera import OpenCvCameraSettings
from tests.vision.passages import RATE, a_passage, empty_lane, recorded


@contextmanager
def mjpeg_camera(frames: int) -> Iterator[str]:
    """A network camera that sends so many pictures and then hangs up; yields its address."""
    picture = cv2.imencode(".jpg", empty_lane())[1].tobytes()

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            for _ in range(frames):
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                self.wfile.write(head.encode() + picture + b"\r\n")

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}/lane.mjpg"
        server.shutdown()
        thread.join()


def test_the_registry_finds_the_driver():
    assert registry.find(CameraSettings, "opencv") is OpenCvCameraSettings


def test_a_recording_shows_every_frame_once_and_ends(tmp_path: Path):
    frames = list(a_passage("AB123CD"))
    source = OpenCvCameraSettings(source=str(recorded(frames, tmp_path / "lane.avi"))).open()
    assert isinstance(source, Recording)
    assert source.interval == pytest.approx(1 / RATE)
    count = 0
    while source.read() is not None:
        count += 1
    source.close()
    assert count == len(frames)


def test_a_network_camera_is_read_until_it_hangs_up():
    with mjpeg_camera(frames=30) as address:
        source = OpenCvCameraSettings(source=f"http://{address}").open()
        frame = source.read()
        assert frame is not None
        assert frame.shape == (480, 640, 3)
        with pytest.raises(OSError, match="was lost"):
            deque((source.read() for _ in range(60)), maxlen=0)
        source.close()


def test_no_password_stands_in_an_error_or_a_representation(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CAMERA", "s3cret")
    login = {"username": "gate", "password_env": "CAMERA"}
    settings = OpenCvCameraSettings(source="rtsp://127.0.0.1:9/stream", open_timeout=2, **login)
    with pytest.raises(OSError, match=r"rtsp://127\.0\.0\.1:9/stream can't be opened") as refused:
        settings.open()
    shown = capfd.readouterr()
    assert "s3cret" not in f"{refused.value}{settings!r}{shown.out}{shown.err}"


@pytest.mark.parametrize(
    "address", ["rtsp://gate:s3cret@10.0.0.9/stream", "rtsp://gate@10.0.0.9/stream", "http://10.0.0.9/v.cgi?pwd=s3cret"]
)
def test_a_login_in_the_address_is_refused_and_not_repeated(address: str):
    with pytest.raises(ValidationError, match="password_file") as refused:
        OpenCvCameraSettings(source=address)
    assert "s3cret" not in str(refused.value.errors(include_input=False))


def test_a_camera_gets_the_login_that_its_file_holds(tmp_path: Path):
    (tmp_path / "camera.password").write_text("p@ss word/1\n")
    login = {"username": "gate", "password_file": tmp_path / "camera.password"}
    settings = OpenCvCameraSettings(source="rtsp://10.0.0.9:554/stream", **login)
    assert settings._with_login() == "rtsp://gate:p%40ss%20word%2F1@10.0.0.9:554/stream"
    assert settings.shown == "rtsp://10.0.0.9:554/stream"


def test_a_missing_file_and_a_missing_camera_are_errors(tmp_path: Path):
    for source in (str(tmp_path / "none.mp4"), "/dev/video97"):
        with pytest.raises(OSError):
            OpenCvCameraSettings(source=source).open()


def test_a_device_may_be_written_as_a_number():
    assert OpenCvCameraSettings.model_validate({"driver": "opencv", "source": 0}).source == "0"


def test_an_address_of_another_kind_is_refused():
    with pytest.raises(ValidationError, match="a device number"):
        OpenCvCameraSettings(source="ftp://camera/stream")
