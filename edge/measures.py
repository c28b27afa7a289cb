"""The lot's figures for Prometheus, as a file that its node exporter picks up: no port is opened for them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from edge.parking.spots import Availability, availability
from edge.status import DaemonStatus
from edge.store import Store, StoreUnavailable, journal
from edge.store.journal import Head
from models.facts.base import Stream
from models.instants import Clock

_LOG = structlog.get_logger("edge.measures")
_EVERY_SECONDS = 15.0
_STREAMS: tuple[Stream, ...] = ("ledger", "telemetry")


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured at one moment. `heads` are those of the streams that have begun."""

    daemon: DaemonStatus
    spots: Availability
    heads: tuple[Head, ...]
    store_bytes: int
    log_bytes: int


def registry_of(figures: Figures) -> CollectorRegistry:
    """The figures under their names; the file's own time tells when they were taken."""
    registry = CollectorRegistry()

    def gauge(name: str, said: str, values: Iterable[tuple[dict[str, str], float]]) -> None:
        told = list(values)
        made = Gauge(f"parkgate_edge_{name}", said, list(told[0][0]) if told else [], registry=registry)
        for labels, value in told:
            (made.labels(**labels) if labels else made).set(value)

    daemon, spots = figures.daemon, figures.spots.whole
    gauge("link_up", "1 while the way to the cloud's broker is up", [({}, daemon.link == "up")])
    gauge("facts", "Facts written, by stream", _by_stream(figures.heads, lambda head: head.seq))
    gauge("backlog_facts", "Facts that the cloud hasn't applied", _by_stream(figures.heads, lambda head: head.backlog))
    gauge("spots", "Spots of the lot", [({}, spots.total)])
    gauge("spots_free", "Spots that are free", [({}, spots.available)])
    gauge("store_bytes", "Size of the lot's database", [({}, figures.store_bytes)])
    gauge("store_log_bytes", "Size of its write-ahead log", [({}, figures.log_bytes)])
    refused = [({"reason": reason}, float(times)) for reason, times in daemon.refused_commands.items()]
    gauge("commands_refused", "Commands from afar that weren't taken since the start, by reason", refused)
    gauge("faults", "Faults that are open, by the part that has them", _faults(daemon))
    return registry


def _by_stream(heads: Iterable[Head], figure: Callable[[Head], float]) -> list[tuple[dict[str, str], float]]:
    return [({"stream": head.stream}, figure(head)) for head in heads]


def _faults(daemon: DaemonStatus) -> list[tuple[dict[str, str], float]]:
    found = [*daemon.faults, *(fault for lane in daemon.lanes for fault in lane.faults)]
    return [({"source": fault.source, "code": fault.code}, 1.0) for fault in found]


class MeasuresFile:
    """Written anew every 15 s, whole or not at all. A folder that can't be written costs the figures only."""

    def __init__(self, path: Path, store_path: Path, store: Store, status: Callable[[], DaemonStatus], clock: Clock):
        self._path, self._store_path, self._store, self._status, self._clock = path, store_path, store, status, clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                figures = await self._figures()
                await asyncio.to_thread(write_to_textfile, str(self._path), registry_of(figures))
            except (OSError, StoreUnavailable) as wrong:
                _LOG.warning("measures.not_written", file=str(self._path), why=str(wrong))
            await self._clock.sleep(_EVERY_SECONDS)

    async def _figures(self) -> Figures:
        spots, heads = await self._store.read(_read)
        return Figures(self._status(), spots, heads, _size(self._store_path), _size(Path(f"{self._store_path}-wal")))


def _read(connection: sqlite3.Connection) -> tuple[Availability, tuple[Head, ...]]:
    heads = (journal.head_of(connection, stream) for stream in _STREAMS)
    return availability(connection), tuple(head for head in heads if head is not None)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
