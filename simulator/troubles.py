"""What can go wrong with a simulated lane's hardware, on demand: the words that scenarios and live injections use."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """One thing that is wrong with a lane, from when it is injected until it is mended."""

    ARM_STUCK = "arm_stuck"
    """The arm doesn't move, whatever it is told; what it was told meanwhile is forgotten"""
    ARM_SLOW = "arm_slow"
    """The arm moves ten times as slowly"""
    ARM_STAYS_UP = "arm_stays_up"
    """An arm that is up doesn't close"""
    ARM_FORCED_UP = "arm_forced_up"
    """Somebody lifts the arm though nobody told it to rise"""
    ARM_BROKEN_OFF = "arm_broken_off"
    """The arm lies on the ground; its break-away contact says so"""
    POSITION_DEAD = "position_dead"
    """The position switches say nothing"""
    BARRIER_SILENT = "barrier_silent"
    """The barrier can't be reached"""
    ARMING_LOOP_ON = "arming_loop_on"
    ARMING_LOOP_OFF = "arming_loop_off"
    ARMING_LOOP_CHATTERS = "arming_loop_chatters"
    ARMING_LOOP_SILENT = "arming_loop_silent"
    CLOSING_LOOP_ON = "closing_loop_on"
    CLOSING_LOOP_OFF = "closing_loop_off"
    CLOSING_LOOP_CHATTERS = "closing_loop_chatters"
    CLOSING_LOOP_SILENT = "closing_loop_silent"
    CAMERA_BLIND = "camera_blind"
    """No plate is read"""
    TERMINAL_DECLINES = "terminal_declines"
    """This, and what follows but the fire, only a twin can play: over MQTT there is no terminal and no printer"""
    TERMINAL_UNREACHABLE = "terminal_unreachable"
    TERMINAL_HANGS = "terminal_hangs"
    """It takes what it is asked, and says so only minutes later"""
    PAPER_OUT = "paper_out"
    FIRE = "fire"
    """The fire contact is made"""


CHATTER_EVERY = 0.2
"""Seconds between two changes of a loop that chatters."""


def said_level(
    real: bool, now: float, on: Trouble, off: Trouble, chatters: Trouble, troubles: frozenset[Trouble]
) -> bool:
    """What a loop's detector says, given what is really there and what is wrong with it."""
    if on in troubles:
        return True
    if off in troubles:
        return False
    if chatters in troubles:
        return int(now / CHATTER_EVERY + 1e-6) % 2 == 0
    return real
