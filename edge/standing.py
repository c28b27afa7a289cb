"""Names the vehicle that a lane serves now, so that what a person says of it is done to no other one. Pure."""

from __future__ import annotations

from hashlib import sha256

from edge.lane.lane import Lane
from models.plates import Plate

_UNKNOWN = "x"
_PARTS = 3


def named(lane: Lane, where: str, picture: str | None, run: str) -> str:
    """Short enough to be typed. `run`: of the daemon, which counts each lane's vehicles anew. Two names are compared by
    what both of them say: a vehicle is looked at again and again, and a plate or a picture may come late."""
    shown = _UNKNOWN if picture is None else _short(picture)
    return f"{_short(f'{run}/{where}/{lane.served}')}-{_plate(lane.plate, run)}-{shown}"


def is_still(name: str, now: str) -> bool:
    """Whether both name one vehicle, as far as it is known."""
    was, stands = name.strip().lower().split("-"), now.split("-")
    if len(was) != _PARTS or was[0] != stands[0]:
        return False
    return all(_UNKNOWN in pair or pair[0] == pair[1] for pair in zip(was, stands, strict=True))


def with_plate(name: str, plate: Plate | None, run: str) -> Plate | None:
    """The plate, if whoever was told that name saw it."""
    return plate if plate is not None and _plate(plate, run) in name.strip().lower().split("-")[1:2] else None


def _plate(plate: Plate | None, run: str) -> str:
    return _UNKNOWN if plate is None else _short(f"{run}/{plate}")


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:4]
