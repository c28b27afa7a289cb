"""The command line, as an operator types it; the running process, as a machine starts and stops it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cloud.cli import app
from cloud.db.migrate import head
from simulator.servers import Mosquitto, free_port
from tests.brokers import USERS
from tests.keys import signing_key_file

PROGRAM = Path(sys.executable).parent / "parkgate-cloud"


def typed(url: str, *words: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """In this process, which has started already: a command has little to do. `run` is a process of its own."""
    env = variables or environment(url)
    if words[0] == "run":
        return subprocess.run([PROGRAM, *words], env=env, capture_output=True, text=True, timeout=60)
    done = CliRunner().invoke(app, words, env=dict(env))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def environment(url: str, **more: str) -> Mapping[str, str]:
    given = {"DATABASE_URL": url, "SIGNING_KEY_FILE": str(signing_key_file()), **more}
    return {**os.environ, **{f"PARKGATE_{name}": value for name, value in given.items()}}


def test_from_an_empty_database_to_an_enrolled_lot(database_url: str) -> None:
    early = typed(database_url, "lots", "add", "--name", "North")
    assert early.returncode == 2
    assert "parkgate-cloud db upgrade" in early.stderr
    assert typed(database_url, "db", "upgrade").stdout == f"Upgraded from nothing to {head()}.\n"
    lot = json.loads(typed(database_url, "lots", "add", "--name", "North", "--json").stdout)["id"]
    [listed] = json.loads(typed(database_url, "lots", "--json").stdout)
    assert (listed["id"], listed["name"], listed["last_contact"]) == (lot, "North", None)
    shown = typed(database_url, "lots").stdout
    assert lot in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_key_is_shown_once_and_can_be_ended(database_url: str) -> None:
    typed(database_url, "db", "upgrade")
    key = typed(database_url, "keys", "add", "--name", "site", "--scope", "read").stdout.strip()
    assert key.startswith("pk_")
    assert typed(database_url, "keys", "revoke", key).returncode == 0
    again = typed(database_url, "keys", "revoke", key)
    assert again.returncode == 1
    wrong = typed(database_url, "keys", "add", "--name", "site", "--scope", "everything")
    assert wrong.returncode == 2
    assert "read, plates, operate, metrics, admin" in wrong.stderr


@pytest.mark.parametrize("words", [("lots",), ("db", "upgrade"), ("run", "--wait", "0")])
def test_a_database_that_isnt_there_is_one_sentence_without_its_password(words: tuple[str, ...]) -> None:
    done = typed(f"postgresql://parkgate:hidden@127.0.0.1:{free_port()}/parkgate", *words)
    assert done.returncode == 2
    assert "can't be reached" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden" not in done.stderr


def test_a_wrong_setting_is_named_and_not_quoted() -> None:
    done = typed("mysql://parkgate:hidden@127.0.0.1/parkgate", "lots")
    assert done.returncode == 2
    assert done.stderr.startswith("PARKGATE_DATABASE_URL: ")
    assert "hidden" not in done.stderr


def test_the_process_serves_and_stops_in_order_with_a_stream_open(database_url: str, mosquitto: Mosquitto) -> None:
    port = free_port()
    settings = environment(
        database_url,
        HTTP_PORT=str(port),
        MQTT_PORT=str(mosquitto.port),
        MQTT_USERNAME="parkgate",
        MQTT_PASSWORD=USERS["parkgate"],
        CONSOLE="false",
    )
    typed(database_url, "db", "upgrade")
    key = typed(database_url, "keys", "add", "--name", "site", "--scope", "read").stdout.strip()
    with subprocess.Popen([PROGRAM, "run"], env=settings, stderr=subprocess.PIPE, text=True) as process:
        try:
            client = httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {key}"},
                transport=httpx.HTTPTransport(retries=0),
            )
            assert _health(client) == {"status": "ok", "database": "up", "broker": "connected"}
            assert client.get("/v1/lots").json() == {"lots": []}
            with client.stream("GET", "/v1/events") as events:
                lines = events.iter_lines()
                assert next(lines) == "event: resync"
                process.send_signal(signal.SIGTERM)
                rest = list(lines)
            assert "event: lot" not in rest
            assert process.wait(timeout=20) == 0
            assert process.stderr is not None
            log = process.stderr.read()
        finally:
            process.kill()
    assert "event=stopped" in log
    assert "Traceback" not in log
    assert USERS["parkgate"] not in log


def test_the_signing_key_is_made_once_and_never_shown(tmp_path: Path) -> None:
    url, file = "postgresql://parkgate@127.0.0.1:1/parkgate", tmp_path / "signing.key"
    made = typed(url, "signing", "new", str(file))
    secret = file.read_text().strip()
    assert (len(made.stdout.strip()), file.stat().st_mode & 0o777) == (44, 0o600)
    assert secret not in made.stdout + made.stderr
    wrong = typed(
        url, "signing", "rotate", str(tmp_path / "safe.key"), variables=environment(url, SIGNING_KEY_FILE=str(file))
    )
    assert wrong.stderr == f"{tmp_path}/safe.key: No such file or directory\n", "the setting isn't to blame"
    again = typed(url, "signing", "new", str(file))
    assert (again.returncode, file.read_text().strip()) == (1, secret)


def test_a_cloud_without_its_signing_key_says_where_one_comes_from() -> None:
    url = "postgresql://parkgate@127.0.0.1:1/parkgate"
    done = subprocess.run(
        [PROGRAM, "run"], env=environment(url, SIGNING_KEY_FILE=""), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "parkgate-cloud signing new" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("setting", ["MQTT_PASSWORD_FILE", "MQTT_CA_FILE"])
@pytest.mark.parametrize("words", [("run",), ("lanes", "open", "North", "in", "--reason", "ambulance")])
def test_a_file_for_the_broker_that_isnt_there_is_named_at_the_start(
    setting: str, words: tuple[str, ...], database_url: str
) -> None:
    typed(database_url, "db", "upgrade")
    typed(database_url, "lots", "add", "--name", "North")
    given = environment(database_url, **{"MQTT_TLS": "true", setting: "/nowhere/at-all"})
    done = typed(database_url, *words, variables=given)
    assert (done.returncode, done.stderr) == (2, f"PARKGATE_{setting}: /nowhere/at-all: No such file or directory\n")


def _health(client: httpx.Client) -> dict[str, str]:
    import time

    for _ in range(300):
        try:
            health = client.get("/healthz").json()
        except httpx.TransportError:
            health = {}
        if health.get("status") == "ok":
            break
        time.sleep(0.1)
    return health


def test_an_operator_sees_and_sets_how_long_plates_are_kept(database_url: str) -> None:
    typed(database_url, "db", "upgrade")
    typed(database_url, "lots", "add", "--name", "North")
    assert typed(database_url, "retention").stdout == "Plates are kept for 30 days, those of debts for 365.\n"
    assert typed(database_url, "retention", "set", "--plates", "14", "--debts", "7").returncode == 2
    assert typed(database_url, "retention", "set", "--plates", "14", "--debts", "180").stdout.startswith(
        "Plates are kept for 14 "
    )
    said = json.loads(typed(database_url, "retention", "--json").stdout)
    assert said == {"days": {"plates": 14, "debts": 180}, "erased": []}
