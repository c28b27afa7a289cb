"""The file from which every screen's link is derived: made once, for the daemon's own user alone."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import structlog

_LOG = structlog.get_logger("edge.kiosk")
_BYTES = 32


def secret_in(path: Path) -> bytes:
    """The secret of this lot's screens; makes it if there is none. Blocking. Raises OSError, also for a cut file."""
    with suppress(FileNotFoundError):
        return _read(path)
    _make(path)
    return _read(path)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if mode & 0o077:
            os.fchmod(file.fileno(), 0o600)
            _LOG.warning("kiosk.secret_was_open", path=str(path), mode=f"{mode:o}")
        written = file.read(1024).strip()
    try:
        secret = bytes.fromhex(written.decode("ascii"))
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise OSError(f"{path} holds no secret of {_BYTES} bytes in hexadecimal")
    return secret


def _make(path: Path) -> None:
    """Whole or not at all, also when the daemon and the command line make it at the same moment."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(secrets.token_hex(_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
