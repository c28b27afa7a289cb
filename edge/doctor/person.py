"""As whom the daemon runs, and what that user may do: a look as root alone would find nothing forbidden."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

DAEMON_USER = "parkgate"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    uid: int
    groups: frozenset[int]

    def may_read(self, path: Path) -> bool:
        return self._may(path, os.R_OK)

    def may_use(self, path: Path) -> bool:
        """Read and write, as a device has to be."""
        return self._may(path, os.R_OK | os.W_OK)

    def may_make_files_in(self, folder: Path) -> bool:
        return self._may(folder, os.W_OK | os.X_OK)

    def _may(self, path: Path, wanted: int) -> bool:
        if self.uid == os.geteuid():
            return os.access(path, wanted, effective_ids=True)
        if self.uid == 0:
            return True
        try:
            real = path.resolve(strict=True)
            return all(self._has(folder, os.X_OK) for folder in real.parents) and self._has(real, wanted)
        except OSError:
            return False

    def _has(self, path: Path, wanted: int) -> bool:
        found = path.stat()
        if found.st_uid == self.uid:
            granted = found.st_mode >> 6
        elif found.st_gid in self.groups:
            granted = found.st_mode >> 3
        else:
            granted = found.st_mode
        return granted & wanted == wanted


def this_user() -> Person:
    uid = os.geteuid()
    return Person(_name_of(uid), uid, frozenset((*os.getgroups(), os.getegid())))


def daemon_user() -> Person:
    """The daemon's own user where root looks for it, otherwise whoever looks."""
    if os.geteuid() != 0:
        return this_user()
    try:
        known = pwd.getpwnam(DAEMON_USER)
    except KeyError:
        return this_user()
    return Person(known.pw_name, known.pw_uid, frozenset(os.getgrouplist(known.pw_name, known.pw_gid)))


def group_of(path: Path) -> str:
    """The name of the group that a file belongs to; empty when it can't be told."""
    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        return ""


def is_open_to_all(path: Path) -> bool:
    """Whether every user of this machine may read it. Raises OSError."""
    return bool(path.stat().st_mode & stat.S_IROTH)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
