"""What a lane may be set to, and how a vehicle can get through one without a ticket."""

from __future__ import annotations

from enum import StrEnum

from models.instants import SECOND

DROPS_OUT = 7 * SECOND // 10
"""A loop that loses its vehicle for less than this has it still: loops do so with high floors and drawbars, and no
other fits in."""


class LaneState(StrEnum):
    """Whom a lane lets in. An exit knows only `open` and `closed`."""

    OPEN = "open"
    FULL = "full"
    """Permits and reservations still enter"""
    CLOSED_TO_TRANSIENTS = "closed_to_transients"
    """Permits and reservations still enter"""
    CLOSED = "closed"
    """Nobody passes"""


class HoldCause(StrEnum):
    """Why an arm is kept up. Fire goes over everything."""

    KEEP_OPEN = "keep_open"
    FIRE = "fire"


class PassageKind(StrEnum):
    """How a vehicle passed that no ticket stands for."""

    TAILGATE = "tailgate"
    """Behind another one, on its vend"""
    WRONG_WAY = "wrong_way"
    """Against the lane's direction"""
    FORCED = "forced"
    """Past an arm that was down"""
    MANUAL = "manual"
    """On a person's order"""
    POLICY = "policy"
    """Nothing could be read, and the lane is set to open then; at an exit its fee couldn't be collected"""
    PERMIT = "permit"
    """On a permit whose stay nobody knows of"""
    HELD = "held"
    """The arm was kept up"""
    FIRE = "fire"
    """The arm was up for a fire"""


class OrderKind(StrEnum):
    """What a person can tell a lane to do."""

    OPEN = "open"
    """Raise the arm once"""
    CLOSE = "close"
    KEEP_OPEN = "keep_open"
    RELEASE = "release"
    """End of keep-open"""
    SET_STATE = "set_state"
    RESET_FIRE = "reset_fire"
    """After a fire alarm has ended"""
    RESET_FAULTS = "reset_faults"
    """Somebody has looked: faults that only a person can end are ended"""
