"""`parkgate-edge journal`: beside a lot at work and on a copy, for a person and as JSON; no plate unasked."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.journal_lines import as_line
from edge.store.chain import Chained
from models.facts import DaemonStarted
from models.ids import StreamId
from models.instants import Instant, to_datetime, to_rfc3339
from models.wire.envelopes import SentFact
from tests.edge.lots import Lot, a_lot

PLATE = "AB12CDE"


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    lot = a_lot(tmp_path / "lot")
    lot.enters(PLATE)
    return lot


def journal(*said: object) -> str:
    done = CliRunner().invoke(app, ["journal", *map(str, said)])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_latest_facts_are_shown_in_order_beside_a_store_at_work(lot: Lot) -> None:
    shown = journal("tail", "--file", lot.path, "-n", 2).splitlines()
    assert ["ticket.opened" in shown[0], "ticket.confirmed" in shown[1]] == [True, True]


@pytest.mark.parametrize("way", [["tail"], ["since", "1"], ["tail", "--json"], ["since", "1", "--json"]])
def test_a_plate_is_shown_only_when_it_is_asked_for(lot: Lot, way: list[str]) -> None:
    assert PLATE not in journal(*way, "--file", lot.path)
    assert PLATE in journal(*way, "--file", lot.path, "--plates")


def test_since_takes_a_number_or_a_time(lot: Lot) -> None:
    last = int(str(lot.one("SELECT max(seq) FROM journal")))
    lot.clock.forward(hours=1)
    later = to_rfc3339(lot.clock.wall)
    lot.enters("LATER1")
    by_number = journal("since", last + 1, "--file", lot.path, "--json").splitlines()
    by_time = journal("since", later, "--file", lot.path, "--json").splitlines()
    assert by_number == by_time
    assert [json.loads(line)["type"] for line in by_time] == ["vehicle.registered", "ticket.opened", "ticket.confirmed"]
    assert journal("since", "2090-01-01T00:00:00Z", "--file", lot.path) == ""


def test_a_time_that_is_none_is_refused(lot: Lot) -> None:
    done = CliRunner().invoke(app, ["journal", "since", "yesterday", "--file", str(lot.path)], env={"COLUMNS": "300"})
    assert done.exit_code == 2
    assert "'yesterday' is neither a time nor a fact's number" in done.output
    assert "2026-11-20T08:12:00Z" in done.output


def test_times_are_those_of_the_lots_own_clock_and_can_be_typed_into_since(lot: Lot) -> None:
    lot.clock.forward(hours=1)
    lot.enters("LATER1")
    number, date, time, *_ = journal("tail", "-n", 1, "--file", lot.path).split()
    at = to_datetime(lot.clock.wall).astimezone(ZoneInfo(str(lot.one("SELECT timezone FROM parking_lots"))))
    assert at.utcoffset()
    assert (date, time.rstrip("?")[:8]) == tuple(at.strftime("%Y-%m-%d %H:%M:%S").split())
    since = journal("since", f"{date} {time.rstrip('?')}", "--file", lot.path).splitlines()
    assert [line.split()[0] for line in since] == ["6*", "7*", number]


def test_a_time_within_a_fact_is_readable_and_one_that_no_calendar_has_stays_as_it_is(lot: Lot) -> None:
    (opened,) = [line for line in journal("tail", "--file", lot.path).splitlines() if "ticket.opened" in line]
    year = to_datetime(lot.clock.wall).year
    assert f'entered="{year}-' in opened
    lot.decide(lambda tx: tx.record(DaemonStarted(release="0.1.0", at=Instant(2**62))))
    assert f"at={2**62}" in journal("tail", "-n", 1, "--file", lot.path)


def test_a_line_is_folded_to_a_terminals_width_and_nothing_is_lost() -> None:
    stream = Chained("ledger", StreamId("s"), 1, "hash", 0)
    fact = SentFact.model_validate(
        {"seq": 1, "type": "ticket.opened", "version": 1, "boot_id": "b", "monotonic": 1, "wall": 1, "synced": False}
        | {"body": "{}", "hash": "hash"}
    )
    body = {"ticket": "0193e1a0-0000-7000-8000-000000000001", "obeyed": True, "why": "a gate that was stuck " * 5}
    whole = as_line(stream, fact, body, None, ZoneInfo("UTC"), 0)
    folded = as_line(stream, fact, body, None, ZoneInfo("UTC"), 60).splitlines()
    assert "\n" not in whole
    assert "obeyed=yes" in whole
    assert max(map(len, folded)) <= 60
    assert "".join("".join(folded).split()) == "".join(whole.split())


def test_a_whole_chain_verifies_on_a_copied_file_that_nobody_may_write_beside(lot: Lot, tmp_path: Path) -> None:
    lot.store.close()
    folder = tmp_path / "copy"
    folder.mkdir()
    shutil.copy(lot.path, folder / "lot.sqlite")
    assert "the chain holds" in journal("verify", "--file", folder / "lot.sqlite")
    told = json.loads(journal("verify", "--file", folder / "lot.sqlite", "--json"))
    assert told["whole"]
    assert told["streams"][0]["checked"] == told["streams"][0]["last"] == 5


def broken(lot: Lot, statement: str) -> tuple[int, dict[str, object]]:
    lot.store.close()
    with closing(sqlite3.connect(lot.path)) as connection, connection:
        connection.execute(statement)
    done = CliRunner().invoke(app, ["journal", "verify", "--file", str(lot.path), "--json"])
    return done.exit_code, json.loads(done.output)["streams"][0]


@pytest.mark.parametrize(
    ("damage", "at"),
    [
        ("UPDATE journal SET body = replace(body, 'R1', 'R2') WHERE seq = 2", 2),
        ("UPDATE journal SET wall = wall + 1 WHERE seq = 4", 4),
        ("UPDATE journal SET personal = replace(personal, 'AB12', 'XY12') WHERE personal IS NOT NULL", 3),
        ("UPDATE journal SET boot_id = 'x' WHERE seq = 5", 5),
        ("DELETE FROM journal WHERE seq = 3", 3),
        ("DELETE FROM journal WHERE seq = 5", 5),
        ("UPDATE streams SET hash = 'x'", 5),
        ("UPDATE journal SET body = CAST(x'7bff' AS TEXT) WHERE seq = 4", 4),
        ("UPDATE journal SET personal = '{' WHERE seq = 3", 3),
    ],
)
def test_a_broken_chain_is_told_with_its_place_what_holds_before_it_and_its_own_exit_code(
    lot: Lot, damage: str, at: int
) -> None:
    code, told = broken(lot, damage)
    assert (code, told["breaks_at"], told["last"], told["checked"]) == (3, at, at - 1, at - 1)


def test_the_control_an_erased_plate_breaks_nothing(lot: Lot) -> None:
    lot.store.close()
    with closing(sqlite3.connect(lot.path)) as connection, connection:
        connection.execute("UPDATE journal SET personal = NULL, salt = NULL")
    assert "the chain holds" in journal("verify", "--file", lot.path)


def test_what_was_pruned_is_said_and_the_rest_verifies(lot: Lot) -> None:
    lot.store.close()
    with closing(sqlite3.connect(lot.path)) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq <= 2")
    said = journal("verify", "--file", lot.path)
    assert "3 to 5" in said
    assert "isn't kept" in said


def with_a_zeroed_page(lot: Lot, of: str) -> Path:
    """The lot's file as a card leaves it that has lost the first page of a table or an index."""
    lot.store.close()
    with closing(sqlite3.connect(lot.path)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (of,)).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with lot.path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    return lot.path


def test_damage_beside_the_journal_is_told_though_the_chain_holds(lot: Lot) -> None:
    done = CliRunner().invoke(app, ["journal", "verify", "--file", str(with_a_zeroed_page(lot, "tickets"))])
    assert done.exit_code == 3
    assert "5 facts, 1 to 5, the chain holds" in done.output
    assert "The table tickets is damaged: " in done.output
    assert "tables are whole" in done.output


@pytest.mark.parametrize("table", ["journal", "streams"])
def test_what_keeps_the_journal_from_being_walked_is_told(lot: Lot, table: str) -> None:
    file = with_a_zeroed_page(lot, table)
    done = CliRunner().invoke(app, ["journal", "verify", "--file", str(file), "--json"])
    told = json.loads(done.output)
    assert (done.exit_code, told["whole"], [each["table"] for each in told["damaged"]]) == (3, False, [table])
    assert told["unwalked"]


def test_a_folder_is_said_to_be_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["journal", "verify", "--file", str(tmp_path)])
    assert done.exit_code == 1
    assert "is a folder" in done.output


@pytest.mark.timeout(60)
def test_following_shows_what_comes(lot: Lot) -> None:
    command = [sys.executable, "-c", "from edge.cli import main; main()", "journal", "tail", "-n", "1", "-f", "--json"]
    with subprocess.Popen([*command, "--file", str(lot.path)], stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        seen = [following.stdout.readline()]
        lot.enters("LATER1")
        seen += [following.stdout.readline() for _ in range(3)]
        following.send_signal(signal.SIGINT)
        assert following.wait(20) == 0
    types = [json.loads(line)["type"] for line in seen]
    assert types == ["ticket.confirmed", "vehicle.registered", "ticket.opened", "ticket.confirmed"]


def test_a_store_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["journal", "tail", "--file", str(tmp_path / "none.sqlite")])
    assert done.exit_code == 1
    assert "doesn't exist" in done.output
