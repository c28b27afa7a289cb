"""What keeps a barrier's arm up, for a fire too, and whether what is wired can do that."""

from __future__ import annotations

from enum import StrEnum

from drivers.settings import DriverSettings

_UNSAID = (
    "say what keeps the arm up, in a fire too, or wire a contact `hold`: "
    "`hold_by: maintained` if the controller's OPEN input keeps the arm up as long as its contact is made, "
    "`hold_by: none` if that input takes a pulse only; its manual says which"
)
_OPENS_BY_ITSELF = "as its relay is set up, it knows only a pulse or opens by itself"


class HoldBy(StrEnum):
    MAINTAINED = "maintained"
    RELAY = "relay"
    NONE = "none"


def can_hold(hold: DriverSettings | None) -> DriverSettings | None:
    """The contact `hold`, if there is one. Raises ValueError for one that can't stay made."""
    if hold is not None and not hold.stays_made:
        raise ValueError(f"this contact can't keep an arm up: {_OPENS_BY_ITSELF}")
    return hold


def fits(hold_by: HoldBy | None, open_: DriverSettings | None, hold: DriverSettings | None) -> HoldBy | None:
    """What was written, if the wired contacts can do it. Raises ValueError."""
    if hold_by is None and hold is None:
        raise ValueError(_UNSAID)
    if hold_by is HoldBy.RELAY and hold is None:
        raise ValueError("the contact `hold` is needed for that; `maintained` keeps the open contact made instead")
    if hold_by not in (None, HoldBy.RELAY) and hold is not None:
        raise ValueError("there is a contact `hold`, so `relay` is expected; take `hold` out if it isn't used")
    if hold_by is HoldBy.MAINTAINED and open_ is not None and not open_.stays_made:
        raise ValueError(f"the contact `open` can't stay made: {_OPENS_BY_ITSELF}; wire a contact `hold`, or `none`")
    return hold_by


def is_left(part: DriverSettings) -> bool:
    """Whether a contact is to stay as it is when the daemon stops, by its own settings or its product's."""
    return getattr(getattr(part, "behind", part), "safe_state", None) == "leave"
