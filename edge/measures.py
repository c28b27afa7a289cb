"""The lot's figures for Prometheus, as a file that its node exporter picks up: no port is opened for them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from edge.digests import Digests, LastDigest
from edge.parking.places.spots import Availability, availability
from edge.status import DaemonStatus, VisionStatus
from edge.store import Store, StoreUnavailable, journal
from edge.store.journal import Head
from models.facts.base import Stream
from models.instants import Clock

_LOG = structlog.get_logger("edge.measures")
_EVERY_SECONDS = 15.0
_STREAMS: tuple[Stream, ...] = ("ledger", "telemetry")


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store says. `heads` are those of the streams that have begun; `intents` that wait, by their state;
    `deleted` is how much went, by class and why; `key_changes`: how often the lot has followed the cloud's keys."""

    spots: Availability
    heads: tuple[Head, ...]
    intents: dict[str, int]
    deleted: tuple[tuple[str, str, int], ...]
    renewals: int
    key_changes: int


@dataclass(frozen=True, slots=True)
class Disk:
    """What the store's files take, and what is left."""

    store_bytes: int
    log_bytes: int
    reserve_bytes: int
    free_bytes: int
    only_reserve: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured at one moment."""

    daemon: DaemonStatus
    stored: Stored
    disk: Disk
    digest: LastDigest


Told = list[tuple[dict[str, str], float]]
"""Values, each under its labels."""


class Sheet:
    """Figures under their names."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    def one(self, name: str, said: str, value: float) -> None:
        Gauge(f"parkgate_edge_{name}", said, registry=self.registry).set(value)

    def each(self, name: str, said: str, told: Told) -> None:
        made = Gauge(f"parkgate_edge_{name}", said, list(told[0][0]) if told else [], registry=self.registry)
        for labels, value in told:
            made.labels(**labels).set(value)


def registry_of(figures: Figures) -> CollectorRegistry:
    """All of it; the file's own time tells when it was taken."""
    sheet = Sheet()
    _of_the_lot(sheet, figures.daemon, figures.stored)
    _of_the_eyes(sheet, figures.daemon.vision)
    _of_the_link(sheet, figures.daemon, figures.stored, figures.digest)
    _of_the_store(sheet, figures.stored, figures.disk)
    return sheet.registry


def _of_the_lot(sheet: Sheet, daemon: DaemonStatus, stored: Stored) -> None:
    sheet.one("spots", "Spots of the lot", stored.spots.whole.total)
    sheet.one("spots_free", "Spots that are free", stored.spots.whole.available)
    sheet.each("faults", "Faults that are open, by the part that has them", _faults(daemon))
    sheet.one("clock_synced", "1 while a time server is heard", daemon.clock is not None and daemon.clock.synced)


def _of_the_eyes(sheet: Sheet, vision: VisionStatus) -> None:
    sheet.one(
        "vision_restarts", "Times since the start that a process that reads plates had to be replaced", vision.restarts
    )
    sheet.one("vision_spare", "1 while another process is ready to take over", vision.spare)
    sheet.one("vision_memory_bytes", "Memory that the processes hold that read plates", vision.memory)
    rates: Told = [({"camera": camera.name}, camera.rate) for camera in vision.cameras]
    sheet.each("camera_frames_per_second", "Pictures that came from a camera, a second", rates)
    ages: Told = [({"camera": each.name}, each.seconds_ago) for each in vision.cameras if each.seconds_ago is not None]
    sheet.each("camera_picture_age_seconds", "Seconds since a camera's last picture", ages)


def _of_the_link(sheet: Sheet, daemon: DaemonStatus, stored: Stored, digest: LastDigest) -> None:
    sheet.one("link_up", "1 while the way to the cloud's broker is up", daemon.link == "up")
    sheet.each("facts", "Facts written, by stream", _by_stream(stored.heads, lambda head: head.seq))
    backlog = _by_stream(stored.heads, lambda head: head.backlog)
    sheet.each("backlog_facts", "Facts that the cloud hasn't applied", backlog)
    heard: Told = [({"stream": stream}, float(seconds)) for stream, seconds in daemon.acknowledged.items()]
    if heard:
        sheet.each("acknowledged_seconds", "Seconds since the cloud last said how far it has a stream", heard)
    if digest.age_seconds is not None:
        sheet.one("digest_age_seconds", "Seconds since the lot's state was last digested", digest.age_seconds)
    sheet.one("digest_failed", "1 when the last digest couldn't be written", digest.failed)
    sheet.one("resyncs", "Times since the start that the cloud asked for the lot's whole state", daemon.resyncs)
    waiting: Told = [({"state": state}, float(count)) for state, count in stored.intents.items()]
    sheet.each("intents_waiting", "What the cloud wants and the lot can't do, parked or withheld", waiting)
    sheet.one("key_changes", "Changes of the cloud's keys that the lot has followed", stored.key_changes)
    refused: Told = [({"reason": reason}, float(times)) for reason, times in daemon.refused_commands.items()]
    sheet.each("commands_refused", "Commands from afar that weren't taken since the start, by reason", refused)


def _of_the_store(sheet: Sheet, stored: Stored, disk: Disk) -> None:
    sheet.one("store_bytes", "Size of the lot's database", disk.store_bytes)
    sheet.one("store_log_bytes", "Size of its write-ahead log", disk.log_bytes)
    sheet.one("store_reserve_bytes", "Room that the store holds for vehicles that leave", disk.reserve_bytes)
    sheet.one("store_only_reserve", "1 while there is no room but that", disk.only_reserve)
    sheet.one("store_renewals", "Times that a damaged store was set aside", stored.renewals)
    sheet.one("disk_free_bytes", "Room on the store's disk, without the reserve", disk.free_bytes)
    deleted: Told = [({"class": of, "why": why}, float(count)) for of, why, count in stored.deleted]
    sheet.each("deleted", "Facts, rows and pictures that were deleted, by class and why", deleted)


def _by_stream(heads: Iterable[Head], figure: Callable[[Head], float]) -> Told:
    return [({"stream": head.stream}, figure(head)) for head in heads]


def _faults(daemon: DaemonStatus) -> Told:
    found = [*daemon.faults, *(fault for lane in daemon.lanes for fault in lane.faults)]
    return [({"source": fault.source, "code": fault.code}, 1.0) for fault in found]


class MeasuresFile:
    """Written anew every 15 s, whole or not at all. A folder that can't be written costs the figures only."""

    def __init__(self, path: Path, store: Store, digests: Digests, status: Callable[[], DaemonStatus], clock: Clock):
        self._path, self._store, self._digests, self._status, self._clock = path, store, digests, status, clock

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
        stored = await self._store.read(read_stored)
        return Figures(self._status(), stored, self._disk(), self._digests.last)

    def _disk(self) -> Disk:
        store = self._store
        return Disk(_size(store.path), store.log_size(), store.held(), store.free_on_disk(), store.only_reserve)


def read_stored(connection: sqlite3.Connection) -> Stored:
    heads = (journal.head_of(connection, stream) for stream in _STREAMS)
    waiting = connection.execute("SELECT state, count(*) FROM intents WHERE state != 'applied' GROUP BY state")
    deleted = connection.execute("SELECT disk_class, why, sum(count) FROM deletions GROUP BY disk_class, why")
    keys = connection.execute("SELECT serial FROM cloud_keys").fetchone()
    return Stored(
        spots=availability(connection),
        heads=tuple(head for head in heads if head is not None),
        intents={"parked": 0, "withheld": 0, **dict(map(tuple, waiting))},
        deleted=tuple(tuple(row) for row in deleted),
        renewals=connection.execute("SELECT count(*) FROM renewals").fetchone()[0],
        key_changes=0 if keys is None else keys["serial"],
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
