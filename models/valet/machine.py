"""What may become of a vehicle that an attendant has taken over: each state, and each step from it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ValetState(StrEnum):
    TAKEN = "taken"
    """An attendant has it, and hasn't parked it yet"""
    PARKED = "parked"
    REQUESTED = "requested"
    """Its driver waits for it"""
    FETCHING = "fetching"
    READY = "ready"
    """It stands where its driver gets it"""
    HANDED_BACK = "handed_back"


class ValetStep(StrEnum):
    """What an attendant does, or a driver asks for."""

    PARK = "park"
    CALL = "call"
    END_CALL = "end_call"
    FETCH = "fetch"
    READY = "ready"
    HAND_BACK = "hand_back"


_S, _D = ValetState, ValetStep
STEPS: Mapping[tuple[ValetState, ValetStep], ValetState] = {
    (_S.TAKEN, _D.PARK): _S.PARKED,
    (_S.PARKED, _D.PARK): _S.PARKED,
    (_S.READY, _D.PARK): _S.PARKED,
    (_S.TAKEN, _D.CALL): _S.REQUESTED,
    (_S.PARKED, _D.CALL): _S.REQUESTED,
    (_S.REQUESTED, _D.END_CALL): _S.PARKED,
    (_S.REQUESTED, _D.FETCH): _S.FETCHING,
    (_S.TAKEN, _D.READY): _S.READY,
    (_S.REQUESTED, _D.READY): _S.READY,
    (_S.FETCHING, _D.READY): _S.READY,
    (_S.READY, _D.HAND_BACK): _S.HANDED_BACK,
    (_S.TAKEN, _D.HAND_BACK): _S.HANDED_BACK,
}
"""A vehicle that nobody has brought isn't handed back: its key would go without it."""

_WHY_NOT: Mapping[ValetState, str] = {
    _S.TAKEN: "it hasn't been parked yet",
    _S.PARKED: "it is parked, and nobody has called for it",
    _S.REQUESTED: "its driver has called for it, and waits",
    _S.FETCHING: "it is on its way to its driver",
    _S.READY: "it stands ready for its driver",
    _S.HANDED_BACK: "it was handed back already",
}


class NotNow(ValueError):
    """That step doesn't follow from where the vehicle is. The text says where that is."""


def after(state: ValetState, step: ValetStep) -> ValetState:
    """Where the vehicle is then. Raises NotNow."""
    found = STEPS.get((state, step))
    if found is None:
        raise NotNow(_WHY_NOT[state])
    return found
