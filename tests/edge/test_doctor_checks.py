"""The doctor's round on real things: brokers, files, folders, devices, cameras, a daemon that runs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from drivers.broker import BrokerSettings
from edge.clock import SystemClock
from edge.config.load import load_lot
from edge.doctor.checks import computer
from edge.doctor.checks.devices import holders
from edge.doctor.checks.disk import look as look_at_disk
from edge.doctor.findings import About, Finding, Verdict
from edge.doctor.login import log_in
from edge.doctor.machine import Machine
from edge.doctor.person import Person, this_user
from edge.doctor.reach import NoWay, connected
from edge.doctor.rounds import Check, go_round
from edge.doctor.subject import Found, Subject
from edge.doctor.walk.alone import NotAlone, alone_on, somebody_is_on
from edge.local import ask
from edge.store.lock import StoreLock
from models.wire import topics
from simulator.boards.cores import LcusCore
from simulator.boards.pty_board import PtyBoard
from simulator.servers import Mosquitto, free_port
from tests.brokers import USERS, Talker, talker
from tests.edge.daemons import Daemon, Site, a_camera, until
from tests.edge.doctoring import PASSIVE_AND_CHEAP, as_nobody, doctor, doctor_process, findings, verdicts, with_lane
from tests.vision.passages import empty_lane, recorded, with_car

SECRET = USERS["lot"]


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto) -> Site:
    site = Site(tmp_path / "lot", mosquitto)
    site.link = site.login()
    site.write(site.settings())
    return site


def rewritten(site: Site, **changes: Any) -> Site:
    site.write({**site.settings(), **changes})
    return site


# The whole round.


def test_a_sound_lot_has_nothing_to_mend_but_its_computer(site: Site) -> None:
    ran = doctor(
        site, "--json", "--only", "configuration,passwords,files,disk,devices,gpio,network,brokers,cloud,daemon"
    )
    told = json.loads(ran.stdout)
    assert (told["verdict"], ran.returncode, told["complete"]) == ("ok", 0, True), ran.stdout
    assert (told["lot"], told["daemon"]) == ("North", None)
    assert {found["check"] for found in told["findings"]} >= {"configuration", "brokers", "cloud", "disk", "daemon"}


def test_no_secret_is_ever_shown(site: Site, tmp_path: Path) -> None:
    (tmp_path / "camera.password").write_text("hidden-word\n")
    login = {"username": "someone", "password_file": str(tmp_path / "camera.password")}
    camera = {"driver": "opencv", "source": f"http://127.0.0.1:{free_port()}/x.mjpg", **login}
    site.write(dict(with_lane(site.settings(), camera=camera)))
    for ran in (doctor(site, "--json"), doctor_process(site, "--only", PASSIVE_AND_CHEAP + ",camera")):
        assert ran.returncode == 1
        assert SECRET not in ran.stdout + ran.stderr
        assert "hidden-word" not in ran.stdout + ran.stderr


def test_a_login_in_an_address_is_a_mistake_that_is_not_repeated(site: Site) -> None:
    camera = {"driver": "opencv", "source": "http://someone:hidden-word@127.0.0.1/x.mjpg"}
    site.write(dict(with_lane(site.settings(), camera=camera)))
    for ran in (doctor(site, "--json"), doctor(site)):
        assert ran.returncode == 2
        assert "password_file" in ran.stdout + ran.stderr
        assert "hidden-word" not in ran.stdout + ran.stderr


def test_a_person_gets_a_table_and_what_to_mend_in_order(site: Site) -> None:
    ran = doctor(site, "--only", PASSIVE_AND_CHEAP, PARKGATE_TEST_PASSWORD="wrong")
    assert ran.returncode == 1
    assert "to mend, in this order" in ran.stdout
    assert "1. " in ran.stdout
    assert "Username and password of the lot at this broker" in ran.stdout


def test_a_configuration_that_cannot_be_used_ends_with_2_and_its_problems(site: Site) -> None:
    rewritten(site, tariff={"currency": "EUR"})
    ran, for_scripts = doctor(site), doctor(site, "--json")
    assert (ran.returncode, for_scripts.returncode) == (2, 2)
    assert "hourly_rate" in ran.stderr
    assert any("hourly_rate" in found["said"] for found in findings(for_scripts, "configuration"))


@pytest.mark.parametrize(
    "options", [("--only", "tea"), ("--only", ","), ("--lane", "nowhere"), ("--json", "--yes-pulse")]
)
def test_what_the_doctor_does_not_understand_it_does_not_do(site: Site, options: tuple[str, ...]) -> None:
    assert doctor(site, *options).returncode == 2


# Passwords, files, disk.


def test_a_missing_variable_and_a_missing_file_are_named_with_their_parts(site: Site, tmp_path: Path) -> None:
    loop = {
        "driver": "mqtt",
        "host": "127.0.0.1",
        "port": site.broker.port,
        "topic": "x",
        "username": "lot",
        "password_file": str(tmp_path / "none.password"),
    }
    site.write(dict(with_lane(site.settings(), arming_loop=loop)))
    ran = doctor(site, "--json", "--only", "passwords", PARKGATE_TEST_PASSWORD="")
    (missing,) = findings(ran, "passwords", "in.arming_loop")
    assert (missing["verdict"], missing["said"]) == (
        "fail",
        f"{tmp_path}/none.password can't be read: No such file or directory",
    )
    assert any(
        "PARKGATE_TEST_PASSWORD" in found["said"] and found["verdict"] == "fail" for found in findings(ran, "passwords")
    )


@pytest.mark.parametrize(
    ("text", "mode", "verdict"), [("a word\n", 0o600, "ok"), ("\nsecond", 0o600, "fail"), ("a word", 0o644, "warn")]
)
def test_a_password_file_has_a_first_line_for_its_owner_alone(
    site: Site, tmp_path: Path, text: str, mode: int, verdict: str
) -> None:
    file = tmp_path / "lot.password"
    file.write_text(text)
    file.chmod(mode)
    site.link = {"host": "127.0.0.1", "port": site.broker.port, "username": "lot", "password_file": str(file)}
    site.write(site.settings())
    assert verdicts(doctor(site, "--json", "--only", "passwords"), "passwords", "link") == [verdict]


def test_a_folder_that_may_not_be_written_is_told(mosquitto: Mosquitto) -> None:
    """As nobody, for root may write everywhere."""
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        Path(folder).chmod(0o755)
        site = Site(Path(folder) / "lot", mosquitto)
        settings = load_lot(site.config)
        site.folder.chmod(0o555)
        found = as_nobody(
            lambda: list(look_at_disk(Subject(settings, site.config, machine=Machine(person=this_user()))))
        )
        site.folder.chmod(0o755)
        allowed = Subject(settings, site.config, machine=Machine(person=this_user()))
        assert next(iter(look_at_disk(allowed))).verdict is Verdict.OK, "the control: who may write, can"
    assert found[0]["verdict"] == "fail"
    assert f"the store's folder {site.folder} can't be written" in found[0]["said"]


def test_the_disk_is_tried_with_real_commits_and_left_as_it_was(site: Site) -> None:
    before = sorted(site.folder.iterdir())
    ran = doctor(site, "--json", "--only", "disk")
    (commit, room, *_) = findings(ran, "disk")
    assert 0 < commit["measured"]["commit_ms"] < 5000
    assert room["measured"]["free_bytes"] > 0
    assert sorted(site.folder.iterdir()) == before


def test_a_user_who_may_not_write_is_found_by_root_too(site: Site) -> None:
    """Root looks for the daemon's user, whose rights are told by the files' modes."""
    site.folder.chmod(0o700)
    stranger = Person("stranger", os.getuid() + 4321, frozenset())
    subject = Subject(load_lot(site.config), site.config, machine=Machine(person=stranger))
    first = next(iter(look_at_disk(subject)))
    assert (first.verdict, "stranger" in first.said) == (Verdict.FAIL, True)


# The computer, from what its kernel says.


def test_a_hot_raspberry_with_a_weak_supply_is_told(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "pi"
    for path, text in {
        "sys/class/thermal/thermal_zone0/temp": "81234\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
        "proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 90000 kB\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    found = list(computer.look(Subject(load_lot(site.config), site.config, machine=Machine(root=root))))
    said = {each.said: each.verdict for each in found}
    assert said["the processor has 81 °C"] is Verdict.WARN
    assert said["the supply voltage is too low now"] is Verdict.FAIL
    assert said["92 MB of memory are free"] is Verdict.WARN


# Devices.


def test_a_board_that_is_plugged_in_is_found_and_one_that_is_not_is_missed(site: Site, tmp_path: Path) -> None:
    link = tmp_path / "by-id" / "usb-lcus"
    barrier = {"driver": "relays", "open": {"driver": "lcus", "port": str(link), "channel": 1}, "hold_by": "none"}
    site.write(dict(with_lane(site.settings(), barrier=barrier)))
    board = PtyBoard(LcusCore(), link, lambda *_: None)
    with board:
        assert verdicts(doctor(site, "--json", "--only", "devices"), "devices") == ["ok"]
        assert board.heard == b"", "the port wasn't opened"
    (gone,) = findings(doctor(site, "--json", "--only", "devices"), "devices")
    assert (gone["verdict"], gone["said"], gone["part"]) == ("fail", f"there is no {link}", "in.barrier")


def test_who_has_a_device_open_is_named(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    with subprocess.Popen(["sleep", "60"], stdin=device.open()) as holder:
        try:
            found: list[tuple[int, str]] = []
            ends = time.monotonic() + 5
            while (holder.pid, "sleep") not in found and time.monotonic() < ends:
                found = list(holders(device, Path("/proc")))
            assert (holder.pid, "sleep") in found
        finally:
            holder.kill()


def test_pins_of_a_computer_without_any_are_told_and_mock_pins_are_no_pins(site: Site) -> None:
    site.write(dict(with_lane(site.settings(), arming_loop={"driver": "gpio", "pin": 27})))
    (mock,) = findings(doctor(site, "--json", "--only", "gpio", GPIOZERO_PIN_FACTORY="mock"), "gpio")
    assert (mock["verdict"], "GPIO27 (in.arming_loop)" in mock["said"]) == ("warn", True)
    if not list(Path("/dev").glob("gpiochip*")):
        assert "fail" in verdicts(doctor(site, "--json", "--only", "gpio"), "gpio")


# The network.


def test_a_printer_that_answers_and_one_that_does_not(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as printer:
        there = {"driver": "escpos", "network": {"host": "127.0.0.1", "port": printer.getsockname()[1]}}
        site.write(dict(with_lane(site.settings(), ticket_printer=there)))
        assert verdicts(doctor(site, "--json", "--only", "network"), "network") == ["ok"]
    (gone,) = findings(doctor(site, "--json", "--only", "network"), "network")
    assert gone["verdict"] == "fail"
    assert "nothing listens at port" in gone["said"]


def test_the_screens_port_that_somebody_else_has_is_told(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        rewritten(site, kiosk={"port": other.getsockname()[1]})
        (taken,) = findings(doctor(site, "--json", "--only", "network"), "network", "kiosk")
    assert (taken["verdict"], "Another programme" in taken["fix"]) == ("fail", True)
    assert verdicts(doctor(site, "--json", "--only", "network"), "network", "kiosk") == ["ok"]


def test_a_name_that_nobody_knows_is_told_as_such() -> None:
    with pytest.raises(NoWay, match=r"nobody knows the name no-such-device\.invalid"):
        connected("no-such-device.invalid", 80)


def test_a_wrong_password_is_told_at_broker_and_link(site: Site) -> None:
    ran = doctor(site, "--json", "--only", "brokers,cloud", PARKGATE_TEST_PASSWORD="wrong")
    for check in ("brokers", "cloud"):
        (refused,) = findings(ran, check)
        assert refused["verdict"] == "fail"
        assert "refuses the login as lot" in refused["said"]


def test_a_lot_without_the_clouds_keys_is_told_where_they_come_from(site: Site) -> None:
    site.link = {**site.login(), "cloud_keys": str(site.folder / "nowhere")}
    site.write(site.settings())
    (missing, login) = findings(doctor(site, "--json", "--only", "cloud"), "cloud")
    assert (missing["verdict"], login["verdict"]) == ("fail", "ok")
    assert "parkgate-edge enroll" in missing["fix"]


def test_a_broker_that_does_not_let_the_lot_listen_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mosquitto's access file never refuses a subscription, only its plugin does."""
    plugin = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"), None)
    if plugin is None:
        pytest.skip("Mosquitto's dynamic security plugin isn't installed")
    rule = {"acltype": "subscribePattern", "topic": "parkgate/#", "priority": 0, "allow": False}
    rules = {
        "defaultACLAccess": {"subscribe": True, "publishClientSend": True, "publishClientReceive": True},
        "clients": [{"username": "lot", "roles": [{"rolename": "lot"}]}],
        "roles": [{"rolename": "lot", "acls": [rule]}],
    }
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    guard = [f"plugin {plugin}", f"plugin_opt_config_file {tmp_path / 'rules.json'}"]
    monkeypatch.setenv("LOT_WORD", SECRET)
    with Mosquitto(tmp_path / "mosquitto", USERS, settings=guard) as broker:
        settings = BrokerSettings(host="127.0.0.1", port=broker.port, username="lot", password_env="LOT_WORD")
        log_in(settings, SystemClock())
        with pytest.raises(NoWay, match="doesn't let lot listen"):
            log_in(settings, SystemClock(), topics=[topics.up_ack("a-lot", "ledger")])


def test_what_is_no_broker_is_told_within_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = BrokerSettings(host="127.0.0.1", port=mute.getsockname()[1])
        begun = time.monotonic()
        with pytest.raises(NoWay, match="doesn't answer the login"):
            log_in(settings, SystemClock())
        assert time.monotonic() - begun < 10
        guarded = BrokerSettings.model_validate({"host": "127.0.0.1", "port": settings.port, "tls": True})
        with pytest.raises(NoWay, match="doesn't speak TLS"):
            log_in(guarded, SystemClock())


# Cameras.


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return recorded([with_car(empty_lane(), "AB123CD")] * 36, tmp_path / "lane.avi")


def test_a_plate_is_read_and_marked_in_the_picture(site: Site, video: Path, tmp_path: Path) -> None:
    site.write(dict(with_lane(site.settings(), camera={"driver": "opencv", "source": str(video)})))
    ran = doctor(site, "--json", "--only", "files,camera,plates", "--pictures", str(tmp_path / "pictures"))
    assert verdicts(ran, "camera", "in.camera") == ["ok"]
    (plate,) = findings(ran, "plates", "in.camera")
    assert plate["verdict"] == "ok"
    assert plate["measured"]["plate"] == "AB123CD"
    assert plate["measured"]["plate_pixels"] > 90
    picture = tmp_path / "pictures" / "in.camera.jpg"
    assert picture.stat().st_mode & 0o077 == 0, "a plate is nobody else's business"
    seen: Any = cv2.imread(str(picture))
    green = (seen[:, :, 1] > 180) & (seen[:, :, 0] < 120) & (seen[:, :, 2] < 120)
    assert green.sum() > 300


def test_a_lane_in_which_nobody_stands_is_neither_right_nor_wrong(site: Site, tmp_path: Path) -> None:
    with a_camera(empty_lane()) as camera:
        site.camera = camera
        site.write(site.settings())
        ran = doctor(site, "--json", "--only", "camera,plates", "--pictures", str(tmp_path))
    assert verdicts(ran, "camera") == ["ok"]
    assert verdicts(ran, "plates", "in.camera") == ["skipped"]
    assert ran.returncode == 0


def test_a_camera_that_is_not_there_and_one_that_is_no_file(site: Site, tmp_path: Path) -> None:
    (gone,) = findings(doctor(site, "--json", "--only", "camera"), "camera")
    assert (gone["verdict"], "nothing listens" in gone["said"]) == ("fail", True)
    site.write(dict(with_lane(site.settings(), camera={"driver": "opencv", "source": str(tmp_path / "none.mp4")})))
    ran = doctor(site, "--json", "--only", "files,camera")
    assert "fail" in verdicts(ran, "files", "in.camera")
    assert verdicts(ran, "camera", "in.camera") == ["fail"]


# A daemon that runs.


def says(client: Talker, site: Site) -> bool:
    """A vehicle is under an arm that is down."""
    for topic, payload in (("arming", "OFF"), ("closing", "ON"), ("position", "closed")):
        client.publish(site.topic(topic), payload)
    return True


def sees(site: Site, **levels: bool) -> bool:
    status = ask(site.store)
    return status is not None and all(getattr(status.lanes[0], loop) is level for loop, level in levels.items())


def test_beside_a_running_daemon_the_doctor_looks_through_its_eyes(site: Site) -> None:
    with talker(site.broker.port) as client, Daemon(site):
        client.subscribe(site.topic("command"))
        until(lambda: says(client, site) and sees(site, closing_loop=True, arming_loop=False))
        until(
            lambda: (status := ask(site.store)) and any(f.code == "camera.unreachable" for f in status.lanes[0].faults)
        )
        ran = doctor(site, "--json", "--yes-pulse", "--lane", "in", "--only", "daemon,disk,files,relays")
        assert client.hears_nothing(), "nothing was told to the arm"
    told = json.loads(ran.stdout)
    lane = findings(ran, "daemon", "in")[0]
    assert told["daemon"] is not None
    assert (lane["measured"]["arming_loop"], lane["measured"]["closing_loop"]) == (False, True)
    assert any(
        "camera.unreachable" in found["said"] and found["fix"].startswith("The camera's power")
        for found in findings(ran, "daemon", "in.camera")
    )
    assert told["complete"] is False
    (refused,) = findings(ran, "walk")
    assert (refused["verdict"], "systemctl stop parkgate-edge" in refused["fix"]) == ("fail", True)


def test_a_daemon_whose_socket_is_gone_is_still_noticed_by_its_lock(tmp_path: Path) -> None:
    store = tmp_path / "lot.sqlite"
    daemon = StoreLock(store)
    try:
        with pytest.raises(NotAlone, match="another daemon"), alone_on(store):
            pass
        assert somebody_is_on(store)
    finally:
        daemon.release()
    assert somebody_is_on(store) is False


def test_no_daemon_can_start_while_the_doctor_has_the_hardware(tmp_path: Path) -> None:
    store = tmp_path / "lot.sqlite"
    with alone_on(store), pytest.raises(OSError, match="another daemon"):
        StoreLock(store)
    assert list(tmp_path.iterdir()) == [], "nothing of root's is left behind"
    StoreLock(store).release()


# The round itself.


class QuickClock(SystemClock):
    """Its ten seconds are a tenth of one."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 100)


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    over = threading.Event()
    yield over
    over.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_check_that_hangs_costs_its_deadline_and_is_a_finding(hanging: threading.Event) -> None:
    def hangs() -> Found:
        hanging.wait(60)
        return []

    def breaks() -> Found:
        raise ZeroDivisionError("a mistake of ours")

    def works() -> Found:
        return [About("clock", "lot").ok("well")]

    told: list[tuple[str, bool]] = []
    wanted = [Check("disk", "", hangs), Check("computer", "", breaks), Check("clock", "", works)]
    found: list[Finding] = await go_round(
        wanted, QuickClock(), lambda check, found: told.append((check.name, found is not None))
    )
    assert [(each.check, each.verdict) for each in found] == [
        ("disk", Verdict.FAIL),
        ("computer", Verdict.FAIL),
        ("clock", Verdict.OK),
    ]
    assert "wasn't done within 10 s" in found[0].said
    assert "please report it" in found[1].fix
    assert ("disk", False) in told
    assert told[-1] == ("disk", True)


def test_a_camera_that_reads_plates_itself_is_not_looked_through_and_its_secret_is_looked_for(
    site: Site, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    camera = {"driver": "http_plates", "port": free_port(), "token_file": str(token)}
    rewritten(site, **with_lane(site.settings(), camera=camera))
    ran = doctor(site, "--only", "camera,passwords,network", "--json")
    assert verdicts(ran, "camera") == ["skipped"]
    assert verdicts(ran, "passwords", "in.camera") == ["fail"]
