"""Puts an enrolment where the daemon finds it: keys, password and authority in files, the rest into the lot's YAML."""

from __future__ import annotations

import grp
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.enrolment import Enrolment

_GROUP = "parkgate"
_SECRET, _OPEN = 0o640, 0o644


class CannotEnrol(Exception):
    """It isn't done, and nothing was changed in the lot's file. The text says what to do."""


def section(enrolment: Enrolment, folder: Path) -> dict[str, Any]:
    """The section `link:` of the lot's YAML."""
    return {
        "host": enrolment.host,
        "port": enrolment.port,
        "username": enrolment.username,
        "password_file": str(folder / "link.password"),
        "tls": {"ca": str(folder / "broker-authority.pem")} if enrolment.authority is not None else True,
        "cloud_keys": str(folder / "cloud.keys"),
        "epoch": enrolment.epoch,
    }


def put_files(enrolment: Enrolment, folder: Path) -> None:
    """Raises CannotEnrol."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "link.password", enrolment.password.get_secret_value() + "\n", _SECRET)
        _write(folder / "cloud.keys", "".join(f"{key}\n" for key in enrolment.keys), _OPEN)
        if enrolment.authority is not None:
            _write(folder / "broker-authority.pem", enrolment.authority, _OPEN)
    except OSError as wrong:
        raise CannotEnrol(f"{wrong.filename or folder}: {wrong.strerror}; run it as root (sudo)") from None


def put_into(config: Path, enrolment: Enrolment, folder: Path, sound: Callable[[Path], None]) -> None:
    """Write the lot's id and its `link:` into its YAML; everything else stays as it is, comments too.

    `sound` raises when the file with them isn't a lot; then it isn't taken. Raises CannotEnrol.
    """
    yaml: Any = YAML()  # its types say little
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        written: Any = yaml.load(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as wrong:
        raise CannotEnrol(f"{config} can't be read: {getattr(wrong, 'strerror', None) or wrong}") from None
    lot: Any = cast("dict[str, Any]", written).get("lot") if isinstance(written, dict) else None
    if not isinstance(lot, dict):
        raise CannotEnrol(f"{config} has no section `lot:`; `parkgate-edge init` writes an example")
    lot["id"] = str(enrolment.lot)
    written["link"] = section(enrolment, folder)
    text = StringIO()
    yaml.dump(written, text)
    candidate = config.with_name(f".{config.name}.enrolled")
    try:
        _write(candidate, text.getvalue(), config.stat().st_mode & 0o777)
        sound(candidate)
        os.replace(candidate, config)
    except OSError as wrong:
        raise CannotEnrol(f"{wrong.filename or config}: {wrong.strerror}") from None
    finally:
        candidate.unlink(missing_ok=True)


def _write(path: Path, text: str, mode: int) -> None:
    """Whole or not at all; the daemon's own group may read a secret, where there is one."""
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        with suppress(KeyError, PermissionError):
            os.chown(scratch, -1, grp.getgrnam(_GROUP).gr_gid)
        os.chmod(scratch, mode)
        os.replace(scratch, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(scratch)
        raise
