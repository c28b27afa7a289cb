"""Licence plates: how they are spelled, and which are taken for one another."""

from models.plates.seen import RunnerUp, SeenPlate
from models.plates.spelling import LONGEST, SHORTEST, Plate, masked, normalised, respelled

__all__ = ["LONGEST", "SHORTEST", "Plate", "RunnerUp", "SeenPlate", "masked", "normalised", "respelled"]
