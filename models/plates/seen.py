"""A plate as a camera saw it: what it most probably is, how sure each character is, and what it may be instead."""

from __future__ import annotations

from dataclasses import dataclass

from models.plates.spelling import Plate


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """Another text that some frames of the same vehicle read. `share` of the vote, 0 to 1."""

    plate: Plate
    share: float


@dataclass(frozen=True, slots=True)
class SeenPlate:
    """`confidences`: one a character, 0 to 1; empty where the reader gives none. `others`: the likeliest first."""

    plate: Plate
    confidences: tuple[float, ...] = ()
    others: tuple[RunnerUp, ...] = ()
