"""What a lane costs in which no car comes: a minute of a real one, with traffic behind it."""

from __future__ import annotations

from bench.lane_film import an_empty_lane, filmed
from bench.vision_cost import compared

_SECONDS = 60


def main() -> None:
    frames = filmed()
    compared("vision-idle", "ratio <= 0.05", _SECONDS, [], lambda: an_empty_lane(frames, _SECONDS))


if __name__ == "__main__":
    main()
