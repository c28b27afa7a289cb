"""The cloud's key in tests, and the files in which each side finds its half."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from models.wire.seals import Signer

SIGNER = Signer.generated()
"""Of this process; the lots of its tests believe it."""


def public_file(folder: Path, *signers: Signer) -> Path:
    """What a lot gets at its enrolment."""
    path = folder / "cloud.keys"
    path.write_text("".join(f"{signer.public_text}\n" for signer in signers or (SIGNER,)), encoding="ascii")
    return path


def private_file(folder: Path, signer: Signer = SIGNER) -> Path:
    path = folder / "signing.key"
    path.write_text(signer.text + "\n", encoding="ascii")
    return path


@cache
def signing_key_file() -> Path:
    """For processes of the cloud; kept for as long as the machine keeps its temporary files."""
    return private_file(Path(tempfile.mkdtemp(prefix="parkgate-key-")))
