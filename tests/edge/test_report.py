"""What `parkgate-edge status` shows on the narrow terminal of somebody who stands at the lane."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from edge.parking.lanes import OpenCall
from edge.parking.places.spots import Availability, Count
from edge.report import Refund, Report, look, show
from edge.status import DaemonStatus, FaultStatus, LaneStatus
from edge.store.database import connect
from edge.store.journal import Head
from edge.store.migrations import migrations
from edge.store.reopening import reopen
from models.ids import LaneName, StreamId
from models.instants import SECOND, Instant
from models.money import Minor
from tests.edge.lots import a_lot

BOARD = "/dev/serial/by-id/usb-Numato_Systems_Pvt._Ltd._Numato_Lab_4_Channel_USB_Relay_Module-if00"
UNPLUGGED = FaultStatus(source="multi-storey-in.barrier", code="relay.unplugged", detail=f"open: there is no {BOARD}")


def a_lane(name: str, *faults: FaultStatus, **more: object) -> LaneStatus:
    lane = {"name": name, "direction": "entry", "phase": "idle", "barrier": "closed", "sign": "", "faults": faults}
    return LaneStatus.model_validate({**lane, **more})


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *lanes: LaneStatus) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    daemon = DaemonStatus(release="0.1.0", pid=1, reader="rapidocr (PP-OCRv6 small)", link="up", lanes=lanes)
    spots = Availability(Count(3, 3), {"0": Count(3, 3)}, {})
    show("North Street", Report(daemon=daemon, spots=spots, tickets={"ACTIVE": 2}, ledger=None))
    return capsys.readouterr().out.splitlines()


def test_every_lane_is_one_line_of_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    worst = a_lane("multi-storey-in", state="closed_to_transients", barrier="closed", assumed=True, arming_loop=True)
    lines = shown(capsys, monkeypatch, worst, a_lane("out", hold="keep_open", sign="Please drive on"))
    (line,) = [line for line in lines if line.startswith("multi-storey-in")]
    assert line.split() == [
        "multi-storey-in",
        "entry",
        "permits",
        "only",
        "idle",
        "closed,",
        "assumed",
        "on",
        "unknown",
    ]
    assert any("kept open" in line for line in lines)
    assert "out shows: Please drive on" in lines
    assert "No faults." in lines
    assert max(map(len, lines)) <= 80


def test_a_fault_says_what_it_means_and_no_path_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch, a_lane("multi-storey-in", UNPLUGGED))
    assert "1 fault:" in lines
    assert "  multi-storey-in.barrier  relay.unplugged" in lines
    assert any("The serial port of the relay board isn't there" in line for line in lines)
    assert any(BOARD in line for line in lines), "it can be copied"
    assert "What to look at: parkgate-edge doctor" in lines
    assert max(len(line) for line in lines if BOARD not in line) <= 80


def test_a_lot_without_a_link_lacks_nothing_in_the_cloud_also_while_its_daemon_is_stopped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ledger = Head("ledger", StreamId("s"), 162, "hash", 0)
    show("North Street", Report(None, Availability(Count(3, 3), {}, {}), {}, ledger, linked=False))
    assert capsys.readouterr().out.splitlines()[-1] == "Cloud: no link is configured"


NOW = Instant(1_795_000_000 * SECOND)


def a_call(lane: str, why: str, seconds_ago: int) -> OpenCall:
    return OpenCall(LaneName(lane), why, Instant(NOW - seconds_ago * SECOND), seconds_ago * SECOND)


def test_open_calls_are_listed_with_their_lane_and_how_long_ago_also_beside_a_stopped_daemon(
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = a_call("out", "lost_ticket", 13 * 60 + 5), a_call("in", "help", 20)
    report = Report(None, Availability(Count(3, 3), {}, {}), {}, None, calls)
    show("North Street", report)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:4] == [
        "2 calls for help:",
        "  out  has lost the ticket, 13 min ago",
        "  in  wants a person, just now",
    ]
    assert "The cloud doesn't hear of it now" in lines[4]
    assert report.as_json()["calls"][1]["seconds_ago"] == 20


def test_what_is_owed_back_is_listed_and_many_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    refunds = tuple(Refund(f"7Q2K-M4X{number}", Minor(150), "EUR") for number in range(7))
    report = Report(None, Availability(Count(3, 3), {}, {}), {}, None, refunds=refunds)
    show("North Street", report)
    owed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Owed")]
    assert owed[0] == "Owed back: 1.50 EUR on ticket 7Q2K-M4X0 (the clock was wrong)"
    assert owed[5:] == ["Owed back on 2 more tickets"]
    assert report.as_json()["refunds"][6] == {"code": "7Q2K-M4X6", "owed": 150, "currency": "EUR"}


def test_a_store_of_an_earlier_release_can_be_looked_at_before_its_daemon_is_restarted(tmp_path: Path) -> None:
    path = tmp_path / "lot.sqlite"
    with closing(connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="0011_known_time")
    report = look(path, linked=False)
    assert (report.calls, report.refunds, report.tickets) == ((), (), {})


def test_a_lot_whose_facts_are_kept_apart_is_not_said_to_have_told_the_cloud(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rival = FaultStatus(source="link", code="link.rival", detail="what the ledger sends isn't believed")
    ledger = Head("ledger", StreamId("s"), 36, "hash", 36)
    daemon = DaemonStatus(release="0.1.0", pid=1, reader="none", link="up", lanes=(), faults=(rival,))
    report = Report(daemon, Availability(Count(3, 3), {}, {}), {}, ledger)
    show("North Street", report)
    said = capsys.readouterr().out
    assert "kept apart" in said
    assert "not yet there" not in said
    assert report.as_json()["link"] == {"facts": 36, "backlog": 0, "kept_apart": True}


async def test_a_lot_that_goes_on_in_a_new_stream_still_counts_all_that_it_has_written(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    lot.enters("AB12CDE")
    written = look(lot.path, linked=True).facts
    for epoch in (2, 3):
        await reopen(lot.store, "ledger", written, epoch, "enrolled", lot.clock)
        head = look(lot.path, linked=True).ledger
        assert head is not None
        written = head.seq
    assert look(lot.path, linked=True).facts == 5 + 2, "each new stream says itself what it goes on from"
