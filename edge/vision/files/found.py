"""What was found in a photograph or a recording."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.contract import Box
from models.plates import RunnerUp


@dataclass(frozen=True, slots=True)
class FoundPlate:
    """`confidence` is that of the weakest character, `confidences` has one for each. `others`: what else was read.

    `frame`: of a recording, the number of the frame that `box` lies in, the best one of this vehicle.
    """

    plate: str
    confidence: float
    box: Box
    confidences: tuple[float, ...] = ()
    others: tuple[RunnerUp, ...] = ()
    frame: int = 0
