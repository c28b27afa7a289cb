"""What a lane costs that a car enters each 15 seconds, and whether all of them are read, once each."""

from __future__ import annotations

from bench.lane_film import a_car_each_15_seconds, filmed, plates_of
from bench.vision_cost import compared

_CARS = 4


def main() -> None:
    frames = filmed()
    plates = plates_of(_CARS)
    compared("vision-busy", "ratio <= 0.2", 15 * _CARS, plates, lambda: a_car_each_15_seconds(frames, _CARS))


if __name__ == "__main__":
    main()
