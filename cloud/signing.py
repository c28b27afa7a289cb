"""The key that signs what goes down to the lots: a file that only the cloud may read."""

from __future__ import annotations

import os
from pathlib import Path

from models.wire.seals import Signer


class NoSigningKey(Exception):
    """There is no key that can be used. The text names the file and what to do, never what stands in it."""


def signer_in(path: Path | None) -> Signer:
    """Raises NoSigningKey."""
    if path is None:
        raise NoSigningKey(
            "PARKGATE_SIGNING_KEY_FILE: a file is expected; `parkgate-cloud signing new FILE` makes the first"
        )
    try:
        return Signer.from_text(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError, ValueError) as wrong:
        why = getattr(wrong, "strerror", None) or "a key is expected, as `parkgate-cloud signing new` writes it"
        raise NoSigningKey(f"PARKGATE_SIGNING_KEY_FILE: {path}: {why}") from None


def new_signer(path: Path) -> Signer:
    """A new key in a new file. Raises NoSigningKey, also when there is a file: a key is never written over."""
    signer = Signer.generated()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(signer.text + "\n")
    except OSError as wrong:
        raise NoSigningKey(f"{path}: {wrong.strerror}") from None
    return signer
