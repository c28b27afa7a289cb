"""Where the lane's camera hangs and how it maps metres to pixels."""

from __future__ import annotations

WIDTH, HEIGHT = 640, 480
FRAMES_A_SECOND = 12

FOCAL = 1000.0
CENTRE_X, HORIZON = 275.0, 172.0
EYE = 0.95
"""The camera's height above the asphalt, in metres: below the arm, so that the arm hides no plate."""
BEHIND_ARM = 2.6
"""How far behind the arm it hangs."""
NEAREST = 0.35


def distance(along_lane: float) -> float:
    """Metres from the camera to a place in the lane; negative behind it."""
    return BEHIND_ARM - along_lane


def pixels(across: float, up: float, away: float) -> tuple[float, float]:
    """The pixel of a point `across` metres right of the lens, `up` above the ground, `away` in front of it."""
    return CENTRE_X + FOCAL * across / away, HORIZON + FOCAL * (EYE - up) / away


def path(along_lane: float) -> float:
    """How far right of the lens a car's middle is: straight to the stop line, then out to the left, past the camera."""
    beyond = max(0.0, along_lane + 1.2)
    return -0.14 - 0.42 * beyond**1.7
