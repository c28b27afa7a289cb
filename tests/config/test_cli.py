"""`check` and `init` as a technician calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge.config import cli
from edge.config.load import load_lot
from tests.config.lots import RIGHT, altered
from tests.keys import public_file


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(cli.check)
    app.command()(cli.init)
    return app


def test_check_says_what_a_lot_consists_of(app: typer.Typer, tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(RIGHT)
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0
    assert "North Street can be run." in result.stdout
    assert "2.50 EUR for each hour begun" in result.stdout
    assert "takes no money" in result.stdout


def test_check_ends_with_2_and_every_problem_on_the_error_stream(app: typer.Typer, tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(
        altered(("floor: 0", "floor: ground"), ("type: COMPACT", "type: COMPCT"), ("    barrier:\n", "    barier:\n"))
    )
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.endswith("3 problems.\n")
    assert [place for place in (":8:12 ", ":10:16 ", ":21:5 ") if f"{file}{place}" not in result.stderr] == []


def test_init_writes_an_example_that_can_be_used_and_never_overwrites(app: typer.Typer, tmp_path: Path):
    file = tmp_path / "lot.yaml"
    assert CliRunner().invoke(app, ["init", str(file)]).exit_code == 0
    assert load_lot(file).lot.name == "North Street"
    file.write_text("mine")
    refused = CliRunner().invoke(app, ["init", str(file)])
    assert refused.exit_code == 2
    assert file.read_text() == "mine"
    assert "nothing was written" in refused.stderr


def noted(app: typer.Typer, file: Path, text: str) -> list[str]:
    """What `check` says of a right file beside the table."""
    file.write_text(text)
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0, result.stderr
    return [line.removeprefix("! ") for line in result.stdout.splitlines() if line.startswith("! ")]


def warned(app: typer.Typer, file: Path, text: str) -> list[str]:
    """What `check` warns of in a file that can be used: the line and column, and what it says."""
    file.write_text(text)
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0, result.stderr
    told = result.stdout.rpartition("\n")[0].rpartition("\n")[0].split(f"\n{file}:")[1:]
    joined = [" ".join(line.removeprefix("      | ") for line in each.splitlines()) for each in told]
    return [f"{each.split()[0]} {each.partition('warning: ')[2]}" for each in joined]


def test_a_password_a_key_and_an_authority_that_are_not_there_are_told_once_each(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("LOT_LINK", raising=False)
    text = RIGHT.replace(
        "{driver: mqtt, host: 127.0.0.1, ",
        f"{{driver: mqtt, host: 127.0.0.1, username: gate, password_file: {tmp_path}/none, ",
    )
    public_file(tmp_path)
    text += (
        "link: {host: cloud.example, username: lot, password_env: LOT_LINK, tls: {ca: /none.pem}, "
        f"cloud_keys: {tmp_path}/cloud.keys}}\n"
        f"vision: {{weights: {tmp_path}/weights}}\nstore: {{path: {tmp_path}/lot.sqlite}}\n"
    )
    said = warned(app, tmp_path / "lot.yaml", text)
    assert [line for line in said if "video" not in line] == [
        f"25:81 the file {tmp_path}/none can't be read: No such file or directory",
        "32:58 the variable LOT_LINK isn't set here; it has to be in the daemon's environment",
        "32:78 the file /none.pem can't be read: No such file or directory",
        f"33:19 the folder {tmp_path}/weights isn't there",
    ]


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ("auto", "32:33 the folder {} isn't there"),
        ("fast-alpr", "32:38 the folder {} isn't there, and without weights `reader: fast-alpr` reads no plate at all"),
    ],
)
def test_a_reader_that_cannot_do_without_weights_is_told_to_read_nothing(
    app: typer.Typer, tmp_path: Path, reader: str, said: str
):
    folder = tmp_path / "weights"
    lines = warned(app, tmp_path / "lot.yaml", f"{RIGHT}vision: {{reader: {reader}, weights: {folder}}}\n")
    assert [line for line in lines if "weights" in line] == [said.format(folder)]


def test_a_secret_and_a_certificate_that_cameras_post_with_and_are_not_there_are_told(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("OUT_CAMERA", raising=False)
    text = altered(
        (
            "{driver: opencv, source: rtsp://10.0.0.9/1}",
            "{driver: http_plates, token_file: /nofile, tls: {certificate: /c.pem, key: /k.pem}}",
        ),
        ("{driver: opencv, source: 0}", "{driver: hikvision, post: {port: 8072, token_env: OUT_CAMERA}}"),
    )
    said = warned(app, tmp_path / "lot.yaml", text)
    assert [line for line in said if "the file" in line or "the variable" in line] == [
        "26:47 the file /nofile can't be read: No such file or directory",
        "26:75 the file /c.pem can't be read: No such file or directory",
        "26:88 the file /k.pem can't be read: No such file or directory",
        "30:63 the variable OUT_CAMERA isn't set here; it has to be in the daemon's environment",
    ]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (None, "can't be read: No such file or directory"),
        ("", "there is no key in"),
        ("not a key\n", "a key is expected, in base64"),
    ],
)
def test_keys_of_the_cloud_that_are_not_there_or_are_none_are_told(
    app: typer.Typer, tmp_path: Path, written: str | None, why: str
):
    if written is not None:
        (tmp_path / "keys").write_text(written)
    text = RIGHT + f"link: {{host: cloud.example, cloud_keys: {tmp_path}/keys}}\n"
    [said] = [line for line in warned(app, tmp_path / "lot.yaml", text) if "enroll" in line]
    assert (said.split()[0], why in said) == ("32:41", True), said


@pytest.mark.parametrize("way", ["stale_after: 5 min", "availability_topic: in/status"])
def test_a_loop_behind_a_broker_whose_device_may_die_unseen_is_told(app: typer.Typer, tmp_path: Path, way: str):
    right = RIGHT.replace("stale_after: 5 min", way)
    wrong = RIGHT.replace(", stale_after: 5 min", "")
    assert [line for line in warned(app, tmp_path / "lot.yaml", right) if "dies" in line] == []
    [said] = [line for line in warned(app, tmp_path / "lot.yaml", wrong) if "dies" in line]
    assert said.startswith("25:18 if this device dies, its loop stands as it was, and a vehicle isn't seen")


def test_a_slash_at_an_end_of_a_topic_is_told(app: typer.Typer, tmp_path: Path):
    text = RIGHT.replace("topic: in/arming", "topic: /in/arming").replace("out/vend", "out/vend/")
    said = [line for line in warned(app, tmp_path / "lot.yaml", text) if "a / at an end" in line]
    assert [line.split()[0] for line in said] == ["25:57", "29:61"]


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        ("{driver: http_plates, listen: 10.0.0.2, token_env: T}", {"25 hears the secret"}),
        ("{driver: http_plates, token_env: T}", set()),
        ("{driver: hikvision, post: {listen: 10.0.0.2, token_env: T}}", {"25 hears the secret"}),
        ("{driver: frigate, host: 127.0.0.1, camera: in}", set()),
    ],
)
@pytest.mark.parametrize("loop", [True, False])
def test_what_is_doubtful_about_a_camera_that_reads_plates_itself_is_told(
    app: typer.Typer, tmp_path: Path, camera: str, said: set[str], loop: bool
):
    text = RIGHT.replace("{driver: opencv, source: rtsp://10.0.0.9/1}", camera)
    if not loop:
        text = text.replace(
            "    arming_loop: {driver: mqtt, host: 127.0.0.1, topic: in/arming, stale_after: 5 min}\n", ""
        )
    line = 26 if loop else 25
    expected = {one.replace("25", str(line)) for one in said}
    if not loop:
        expected.add(f"{line} {'every vehicle' if 'frigate' in camera else 'no arming loop'}")
    lines = warned(app, tmp_path / "lot.yaml", text)
    words = ("hears the secret", "every vehicle", "no arming loop")
    assert {f"{one.split(':')[0]} {word}" for one in lines for word in words if word in one} == expected


def test_what_is_there_is_not_told(app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "link.password").write_text("a password\n")
    public_file(tmp_path)
    monkeypatch.setenv("LOT_LINK", "a password")
    text = RIGHT + f"store: {{path: {tmp_path}/lot.sqlite}}\n"
    link = f"link: {{host: cloud.example, username: lot, cloud_keys: {tmp_path}/cloud.keys, password_%s: %s}}\n"
    for way in (("env", "LOT_LINK"), ("file", tmp_path / "link.password")):
        said = warned(app, tmp_path / "lot.yaml", text + link % way)
        assert [line for line in said if "video" not in line] == []


def test_devices_and_recordings_that_are_not_there_are_told_where_they_stand(app: typer.Typer, tmp_path: Path):
    ports = tmp_path / "by-id"
    board = f"{{driver: lcus, port: {tmp_path}/by-id/usb-LCUS, channel: 1}}"
    ports.mkdir()
    (ports / "usb-FTDI-if00").touch()
    text = altered(
        ("    barrier:\n      driver: mqtt\n      host: 127.0.0.1\n      command_topic: in/vend\n", ""),
        (
            "    arming_loop: {driver: mqtt, host: 127.0.0.1, topic: in/arming, stale_after: 5 min}\n",
            f"    barrier: {{driver: relays, hold_by: none, open: {board}}}\n"
            f"    sign: {{driver: line_display, serial: {{port: {ports}/usb-FTDI-if00}}}}\n",
        ),
        ("source: rtsp://10.0.0.9/1", "source: clips/lane.mp4"),
        ("source: 0", "source: /dev/video77"),
    )
    recording, unplugged, camera = sorted(warned(app, tmp_path / "lot.yaml", text), key=lambda said: "file" not in said)
    assert recording.endswith(f"there is no file clips/lane.mp4; it is looked for in {Path.cwd()}")
    assert (
        f"there is no {ports}/usb-LCUS on this computer now: is it plugged in? {ports} has usb-FTDI-if00" in unplugged
    )
    assert "there is no /dev/video77 on this computer now: is the camera plugged in?" in camera


SLOW = "may be under the arm by then"


@pytest.mark.parametrize(
    ("loop", "seconds"),
    [
        ("{driver: http, speaks: shelly_gen2, host: 10.0.0.7}", "2.5 s"),
        ("{driver: product, product: shelly-plus-1, at: 10.0.0.7}", "2.5 s"),
        ("{driver: modbus_tcp, host: 10.0.0.8, discrete_input: 0, poll: 1 s}", "1 s"),
        ("{driver: gpio, pin: 17, debounce: 500 ms}", "0.5 s"),
    ],
)
def test_a_closing_loop_that_is_looked_at_too_seldom_is_warned_of(
    app: typer.Typer, tmp_path: Path, loop: str, seconds: str
):
    text = altered(("    arming_loop:", f"    closing_loop: {loop}\n    arming_loop:"))
    (said,) = [line for line in warned(app, tmp_path / "lot.yaml", text) if SLOW in line]
    assert said.startswith("25:19 ")
    assert f"noticed up to {seconds} later" in said


@pytest.mark.parametrize(
    "loop",
    [
        "{driver: gpio, pin: 17}",
        "{driver: modbus_tcp, host: 10.0.0.8, discrete_input: 0}",
        "{driver: mqtt, host: 127.0.0.1, topic: in/closing}",
    ],
)
def test_a_closing_loop_that_is_heard_of_at_once_is_not(app: typer.Typer, tmp_path: Path, loop: str):
    text = altered(("    arming_loop:", f"    closing_loop: {loop}\n    arming_loop:"))
    assert [line for line in warned(app, tmp_path / "lot.yaml", text) if SLOW in line] == []


_MODBUS = "driver: modbus_tcp, host: 10.0.0.9, discrete_input: 0"


@pytest.mark.parametrize(
    ("contact", "warns"),
    [
        ("driver: gpio, pin: 22", True),
        ("driver: gpio, pin: 22, active_low: false", False),
        ("driver: gpio, pin: 22, pull: down", False),
        ("driver: gpio, pin: 22, pull: down, active_low: false", True),
        ("driver: gpio, pin: 22, pull: none", False),
        (_MODBUS, True),
        (f"{_MODBUS}, inverted: true", False),
        ("driver: product, product: waveshare-eth-b-8, at: 10.0.0.9, channel: 1", True),
        ("driver: product, product: waveshare-eth-b-8, at: 10.0.0.9, channel: 1, options: {inverted: true}", False),
        ("driver: mqtt, host: 127.0.0.1, topic: fire", False),
    ],
)
def test_a_fire_contact_whose_wire_could_be_cut_unnoticed_is_warned_of(
    app: typer.Typer, tmp_path: Path, contact: str, warns: bool
):
    said = warned(app, tmp_path / "lot.yaml", f"{RIGHT}fire: {{{contact}}}\n")
    assert any("nobody would notice" in line for line in said) is warns


def test_an_arm_that_nothing_keeps_up_in_a_fire_is_warned_of(app: typer.Typer, tmp_path: Path):
    said = warned(app, tmp_path / "lot.yaml", RIGHT + "fire: {driver: gpio, pin: 22, active_low: false}\n")
    assert len([line for line in said if "nothing keeps this arm up in a fire" in line]) == 2
    assert [line for line in warned(app, tmp_path / "lot.yaml", RIGHT) if "fire" in line] == []


HEARD = "nobody hears a driver who calls for help"
LINK = "link: {host: cloud.example, username: lot}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (RIGHT + "kiosk: {languages: [en]}\n", "32:8"),
        (RIGHT.replace("    arming_loop:", "    buttons: {help: {driver: gpio, pin: 6}}\n    arming_loop:"), "25:21"),
    ],
)
def test_a_call_for_help_that_nobody_hears_is_warned_of(app: typer.Typer, tmp_path: Path, text: str, line: str):
    told = [said for said in warned(app, tmp_path / "lot.yaml", text) if HEARD in said]
    assert [said.split()[0] for said in told] == [line]


@pytest.mark.parametrize("more", ["", "kiosk: {help_number: +49 40 123456}\n", "kiosk: {languages: [en]}\n" + LINK])
def test_a_call_for_help_that_somebody_hears_is_not(app: typer.Typer, tmp_path: Path, more: str):
    assert [said for said in warned(app, tmp_path / "lot.yaml", RIGHT + more) if HEARD in said] == []


def test_an_arm_whose_position_is_only_assumed_is_told(app: typer.Typer, tmp_path: Path):
    assumed = "where its arm is isn't read, but assumed from what the arm was told."
    text = altered(("command_topic: in/vend", "command_topic: in/vend\n      position_topic: in/position"))
    said = noted(app, tmp_path / "lot.yaml", text)
    assert f"north-out: {assumed}" in said
    assert f"north-in: {assumed}" not in said
