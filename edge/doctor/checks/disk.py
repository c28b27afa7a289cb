"""The disk under the store: room, how long a commit takes, and what kind of disk it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge.doctor.findings import About, Finding
from edge.doctor.machine import Machine
from edge.doctor.subject import Found, Subject
from edge.store.database import connect
from models.instants import Clock

CHECK = "disk"
_ABOUT = About(CHECK, "store")
LEAST_FREE_BYTES, LEAST_FREE_SHARE = 500_000_000, 0.05
HARDLY_ANY_BYTES = 50_000_000
SLOW_MILLISECONDS = 50.0
_COMMITS = 7
_VANISHING = ("tmpfs", "ramfs")
_FAR_AWAY = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs")


def look(subject: Subject) -> Found:
    folder, machine = subject.store.absolute().parent, subject.machine
    nearest = _nearest(folder)
    if not machine.person.may_make_files_in(nearest):
        yield _not_writable(nearest, f"{machine.person.name} may not write into it")
    elif nearest != folder:
        yield _ABOUT.ok(f"{folder} isn't there yet; the daemon makes it")
    else:
        yield from _commits(folder, machine.clock)
    yield room(_space(nearest))
    yield from _kind(nearest, machine)


@dataclass(frozen=True, slots=True)
class Space:
    """What is left on a disk. `inodes_share` is None where the filesystem makes them as it needs them."""

    folder: Path
    free: int
    share: float
    inodes_share: float | None


def room(space: Space) -> Finding:
    """Whether there is enough of it. Pure."""
    fix = f"Make room on the disk of {space.folder}: old pictures, logs (`journalctl --vacuum-size=200M`), packages"
    measured = {"free_bytes": space.free, "free_share": round(space.share, 4)}
    if space.free < HARDLY_ANY_BYTES:
        return _ABOUT.fail(f"only {_megabytes(space.free)} are left", fix, **measured)
    if space.inodes_share is not None and space.inodes_share < LEAST_FREE_SHARE:
        said = f"{_megabytes(space.free)} are left, but only {space.inodes_share:.1%} of the places for files (inodes)"
        return _ABOUT.warn(said, f"Many small files on the disk of {space.folder}: find and delete them", **measured)
    if space.free < LEAST_FREE_BYTES or space.share < LEAST_FREE_SHARE:
        return _ABOUT.warn(f"only {_megabytes(space.free)} ({space.share:.0%}) are left", fix, **measured)
    return _ABOUT.ok(f"{_megabytes(space.free)} ({space.share:.0%}) are left", **measured)


def speed(milliseconds: list[float]) -> Finding:
    """What a commit takes: each vehicle waits for two of them. Pure."""
    usual, longest = statistics.median(milliseconds), max(milliseconds)
    measured = {"commit_ms": round(usual, 2), "longest_commit_ms": round(longest, 2)}
    said = f"a commit takes {usual:.1f} ms, at the longest {longest:.1f} ms"
    if usual > SLOW_MILLISECONDS:
        return _ABOUT.warn(said, "A slow or worn card: put the store on an SSD or an industrial SD card", **measured)
    return _ABOUT.ok(f"{said} (write-ahead log, synchronous=FULL)", **measured)


def _commits(folder: Path, clock: Clock) -> Found:
    """In a folder of its own beside the store, exactly as the store commits."""
    try:
        trial = Path(tempfile.mkdtemp(prefix=".doctor-", dir=folder))
    except OSError as error:
        yield _not_writable(folder, error.strerror or str(error))
        return
    try:
        yield from _timed(trial / "trial.sqlite", clock)
    except (sqlite3.DatabaseError, OSError) as error:
        yield _ABOUT.fail(f"a database in {folder} can't be written: {error}", "The disk; `dmesg` tells of its errors")
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _timed(trial: Path, clock: Clock) -> Found:
    took: list[float] = []
    with closing(connect(trial)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        connection.execute("CREATE TABLE trial (n INTEGER)")
        for number in range(_COMMITS):
            begun = clock.monotonic()
            connection.execute("INSERT INTO trial VALUES (?)", (number,))
            took.append((clock.monotonic() - begun) / 1000)
    if mode != "wal":
        yield _ABOUT.fail(
            f"the filesystem of {trial.parent.parent} can't keep a write-ahead log",
            "Put the store on a disk of this computer, with ext4: no network share, no FAT",
        )
    yield speed(took)


def _space(folder: Path) -> Space:
    found = os.statvfs(folder)
    inodes = found.f_favail / found.f_files if found.f_files else None
    share = found.f_bavail / found.f_blocks if found.f_blocks else 0.0
    return Space(folder, found.f_bavail * found.f_frsize, share, inodes)


def _kind(folder: Path, machine: Machine) -> Found:
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    filesystem = _filesystem(machine.said("proc/self/mountinfo") or "", number)
    if filesystem in _VANISHING:
        yield _ABOUT.fail(f"{folder} is kept in memory ({filesystem})", "Put the store on a disk: a power cut ends all")
    elif filesystem in _FAR_AWAY:
        yield _ABOUT.fail(f"{folder} is a network share ({filesystem})", "Put the store on a disk of this computer")
    kind = machine.said(f"sys/dev/block/{number}/device/type") or machine.said(f"sys/dev/block/{number}/../device/type")
    if kind == "SD":
        yield _ABOUT.warn(
            "the store is on an SD card, which wears out and may lose what it said was written",
            "An SSD, or an industrial SD card; keep a spare card that is ready to boot",
        )


def _filesystem(mountinfo: str, number: str) -> str:
    """The type of the filesystem with that device number; empty when it isn't mounted as such. Pure."""
    for line in mountinfo.splitlines():
        fields, _, of_type = line.partition(" - ")
        if number in fields.split()[2:3]:
            return of_type.split()[0]
    return ""


def _nearest(folder: Path) -> Path:
    """The folder, or the first one above it that is there."""
    return next((path for path in (folder, *folder.parents) if path.is_dir()), Path("/"))


def _not_writable(folder: Path, why: str) -> Finding:
    fix = f"The permissions of {folder} (`systemd-tmpfiles --create` sets them); whether its disk is mounted read-only"
    return _ABOUT.fail(f"the store's folder {folder} can't be written: {why}", fix)


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
