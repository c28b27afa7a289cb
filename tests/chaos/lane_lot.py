"""A lot with a lane of each kind, written down as a technician would, and the daemon that runs it."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from ruamel.yaml import YAML

from simulator.demo.parts import Edge
from tests.chaos.lane_peers import MAKE, LaneKind

PULSE = 0.4
PAYS_WITHIN = 0.2
RISES_WITHIN = 20
"""Seconds after which an arm that is still down is told again"""
USER, PASSWORD = "parkgate", "chaos"
PASSWORD_VARIABLE = "PARKGATE_CHAOS_PASSWORD"
HOUSE = Path(__file__).resolve().parents[2]
DAEMON = ("parkgate-edge",)
BROKEN_READER = HOUSE / "tests/chaos/broken_reader"
CARELESS = ("python", str(HOUSE / "tests/chaos/careless_lanes.py"))


@dataclass(frozen=True, slots=True)
class Stay:
    """A ticket, as the lot has it on record."""

    id: str
    code: str
    status: str
    entry_lane: str
    exit_lane: str | None
    allowed_out: int
    """How often it was put on record that it may leave"""
    overpaid: bool
    run: int = 1
    """The run of the daemon in which it was opened, counted from 1"""
    being_let_out: bool = False
    """An exit was opened for it in this run of the daemon, and nothing is on record yet of how that ended"""

    @property
    def half_way(self) -> bool:
        """Its vehicle is in a lane, as far as the lot has written down; one that was unresolved before stays so
        until it is out."""
        leaving = self.status == "ACTIVE" and self.exit_lane is not None
        return leaving or self.being_let_out or self.status == "ADMITTED"


def opened_in(facts: Iterable[tuple[str, str | None]]) -> dict[str, int]:
    """The run of the daemon in which each ticket was opened, by the lot's facts (type, ticket) in their order."""
    run, opened = 0, dict[str, int]()
    for type, ticket in facts:
        run += type == "daemon.started"
        if type == "ticket.opened" and ticket is not None:
            opened[ticket] = run
    return opened


def being_let_out(facts: Iterable[tuple[str, str | None]]) -> set[str]:
    """The tickets whose vehicles are in an exit lane, by the lot's facts (type, ticket) in their order."""
    leaving: set[str] = set()
    for type, ticket in facts:
        match type:
            case "daemon.started":
                leaving.clear()
            case "exit.allowed" if ticket is not None:
                leaving.add(ticket)
            case "exit.abandoned" | "ticket.closed" | "ticket.unresolved" if ticket is not None:
                leaving.discard(ticket)
            case _:
                pass
    return leaving


class Lot:
    """The lot's configuration and its books, read from outside."""

    def __init__(
        self,
        folder: Path,
        kinds: Sequence[LaneKind],
        broker: int,
        camera: str | None = None,
        *,
        id: str | None = None,
        link: Mapping[str, Any] | None = None,
        cloud_keys: Path | None = None,
        vision: Mapping[str, Any] | None = None,
    ) -> None:
        """`{lane}` in `camera` stands for the lane's name.

        `broker` is the devices' own; `link` is the way to a cloud that has enrolled the lot as `id`; with
        `cloud_keys` alone, that cloud is at the devices' broker."""
        self.id, self.kinds, self._broker, self._camera = id or str(uuid4()), kinds, broker, camera
        self._link, self._cloud_keys = link, cloud_keys
        self._vision = {"reader": "rapidocr", "spare": False} if vision is None else dict(vision)
        self.root = f"chaos/{self.id}"
        self.folder, self.config, self.store = folder, folder / "lot.yaml", folder / "lot.sqlite"
        with self.config.open("w", encoding="utf-8") as file:
            YAML().dump(self._settings(), file)

    def daemon(self, program: Sequence[str] = DAEMON, first: Path | None = None, **variables: str) -> Edge:
        """`first`: a folder of Python that goes before all others.

        Without a camera no plate reader is started in earnest: every lane is told at once that it is blind."""
        before_all = [HOUSE] if self._camera else [BROKEN_READER, HOUSE]
        before_all = before_all if first is None else [first, *before_all]
        environment = {**os.environ, PASSWORD_VARIABLE: PASSWORD, **variables}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, before_all))
        return Edge(program, self.config, self.store, self.folder / "daemon.log", environment)

    def readers_ready(self) -> int:
        """How many plate readers have said so far that they are ready, over all runs of the daemon."""
        return (self.folder / "daemon.log").read_text(encoding="utf-8").count('"vision.ready"')

    def stays(self) -> dict[str, Stay]:
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                """SELECT id, code, status, entry_lane, exit_lane,
                    (SELECT coalesce(sum(amount), 0) FROM payments WHERE ticket_id = tickets.id) > amount_due
                FROM tickets"""
            ).fetchall()
            facts = connection.execute(
                "SELECT type, json_extract(body, '$.ticket') FROM journal ORDER BY seq"
            ).fetchall()
        leaving, runs = being_let_out(facts), opened_in(facts)
        allowed_out = Counter(ticket for type, ticket in facts if type == "exit.allowed")
        return {
            row[0]: Stay(
                *row[:5],
                allowed_out=allowed_out[row[0]],
                overpaid=bool(row[5]),
                run=runs[row[0]],
                being_let_out=row[0] in leaving,
            )
            for row in rows
        }

    # What stands in the lot's file.

    def _settings(self) -> dict[str, Any]:
        return {
            "lot": {"id": self.id, "name": "Chaos", "timezone": "Europe/Berlin"},
            "tariff": {"currency": "EUR", "hourly_rate": "2.50", "daily_maximum": "18.00"},
            # A stay that nobody resolves keeps its spot.
            "levels": [{"name": "Ground", "floor": 0, "spots": [{"type": "REGULAR", "numbers": "1-3000"}]}],
            "lanes": [self._lane(kind) for kind in self.kinds],
            "vision": self._vision,
            "store": {"path": str(self.store)},
            **self._way_up(),
        }

    def _lane(self, kind: LaneKind) -> dict[str, Any]:
        camera = (
            self._camera.format(lane=kind.name) if kind.plates and self._camera else "http://127.0.0.1:9/nothing.mjpg"
        )
        lane: dict[str, Any] = {
            "name": kind.name,
            "direction": "entry" if kind.entry else "exit",
            "barrier": self._barrier(kind),
            "arming_loop": self._input(kind, "arming"),
            "closing_loop": self._input(kind, "closing"),
            "camera": {"driver": "opencv", "source": camera},
            "view": {"guess_after": 15 if kind.plates else 0.5},
            "timing": {
                "read_within": 20 if kind.plates else 1,
                "back_out_after": 0.6,
                "shortest_passage": 0.05,
                "rise_within": RISES_WITHIN,
            },
        }
        if kind.entry:
            return {**lane, "when_unread": "button", "buttons": {"ticket": self._input(kind, "ticket")}}
        scanner = {"driver": "serial_scanner", "port": str(self.folder / f"{kind.name}.scanner")}
        return {**lane, "code_scanner": scanner, "payment_terminal": {"driver": "simulated", "delay": PAYS_WITHIN}}

    def _barrier(self, kind: LaneKind) -> dict[str, Any]:
        barrier: dict[str, Any] = {"driver": "relays", "open": self._relay(kind, kind.open_on), "pulse": PULSE}
        barrier["assumed_open"] = MAKE.rises_in + MAKE.closes_unused_after
        if kind.hold_on is not None:
            barrier["hold"] = self._relay(kind, kind.hold_on)
        else:
            barrier["hold_by"] = "maintained" if kind.holds else "none"
        if kind.switches:
            barrier |= {"at_top": self._input(kind, "top"), "at_bottom": self._input(kind, "bottom")}
        return barrier

    def _relay(self, kind: LaneKind, channel: int) -> dict[str, Any]:
        if kind.board is not None:
            more = {} if kind.channels is None else {"channels": kind.channels}
            port = str(self.folder / f"{kind.name}.board")
            return {"driver": kind.board, "port": port, "channel": channel, **more}
        return {
            **self._login(),
            "command_topic": f"{self.root}/{kind.name}/command",
            "state_topic": f"{self.root}/{kind.name}/relay",
            "payload_pulse": '{"for_ms": $milliseconds}',
        }

    def _input(self, kind: LaneKind, name: str) -> dict[str, Any]:
        return {**self._login(), "topic": f"{self.root}/{kind.name}/{name}"}

    def _login(self) -> dict[str, Any]:
        return {"driver": "mqtt", **self._at_the_broker(), "poll_topic": f"{self.root}/poll"}

    def _way_up(self) -> dict[str, Any]:
        if self._link is not None:
            return {"link": dict(self._link)}
        if self._cloud_keys is None:
            return {}
        return {"link": {**self._at_the_broker(), "cloud_keys": str(self._cloud_keys)}}

    def _at_the_broker(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self._broker, "username": USER, "password_env": PASSWORD_VARIABLE}
