"""A picture that a camera sent, made fit to be kept: small, and with nobody in it who could be known.

It is decoded in a process of its own: a picture that crashes its decoder costs that picture, never a barrier. Where
the plate is in it nobody says, so what is left of it is what `view: hide:` leaves of a vehicle that wasn't read.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from asyncio.subprocess import DEVNULL, PIPE

import cv2
import numpy as np

from edge.patience import within
from edge.store.picture_notes import PictureNote, with_note
from edge.vision.frames.album import encoded
from edge.vision.frames.privacy import shown
from edge.vision.process.life.environment import environment
from edge.vision.process.life.limits import leave_no_core
from edge.vision.settings import ViewSettings
from models.instants import Clock

QUALITY = 80
PATIENCE_SECONDS = 20.0
_MOST_MEMORY = 1 << 30
_MOST_SECONDS = 10


async def fit_to_keep(picture: bytes, view: ViewSettings, clock: Clock) -> bytes | None:
    """None for one that can't be decoded, or takes too long."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge.vision.told.pictures"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=environment(os.environ),
    )
    fitted: list[bytes] = []

    async def talk() -> None:
        said, _ = await child.communicate(view.model_dump_json().encode() + b"\n" + picture)
        fitted.append(said)

    try:
        await within(PATIENCE_SECONDS, talk(), clock)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return fitted[0] if fitted and fitted[0] and child.returncode == 0 else None


def fitted(picture: bytes, view: ViewSettings) -> bytes:
    """Raises ValueError for what is no picture."""
    frame = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR) if picture else None
    if frame is None:
        raise ValueError("this is no picture")
    kept, _ = shown(frame.astype(np.uint8, copy=False), None, (), view)
    return with_note(encoded(kept, QUALITY), PictureNote(None, None).text)


def main() -> None:
    leave_no_core()
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    line, _, picture = sys.stdin.buffer.read().partition(b"\n")
    sys.stdout.buffer.write(fitted(picture, ViewSettings.model_validate_json(line)))


if __name__ == "__main__":
    main()
