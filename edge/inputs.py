"""Contacts that are watched beside the lanes: the fire alarm, doors, the UPS. Each is a fault while it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

from drivers.contract import DigitalInput, FaultReporter
from models.faults import Fault
from models.instants import Clock

FIRE_READ_WITHIN_SECONDS = 5.0
"""After the start; nothing is read in the first moment, and that is no fault yet"""


class InputMeaning(StrEnum):
    DOOR_OPEN = "door_open"
    ON_BATTERY = "on_battery"
    BATTERY_LOW = "battery_low"
    ALARM = "alarm"


FIRE = Fault(
    code="lot.fire",
    meaning="The fire contact is made",
    does="Raises every arm and keeps it up, over every other fault; counts who passes, charges nobody",
    ends="The contact is open again; the arms come down only when a person resets them (`reset_fire`)",
    look_at="The fire panel; its wiring to the fire contact",
)
FIRE_UNKNOWN = Fault(
    code="lot.fire_unknown",
    meaning="The fire contact can't be read",
    does="Nothing moves by it: arms that are up for a fire stay up",
    ends="The contact is read again",
    look_at="The part's own fault beside this one; the wiring of the fire contact",
)
DOOR_OPEN = Fault(
    code="lot.door_open",
    meaning="A cabinet's or a room's door is open",
    does="Nothing else",
    ends="The door contact says closed",
    look_at="The door, and who is there",
)
ON_BATTERY = Fault(
    code="lot.on_battery",
    meaning="The mains are gone: the lot runs on its UPS",
    does="Nothing else; everything that happens is on the disk at once",
    ends="The UPS says that the mains are back",
    look_at="The fuse of the cabinet, the mains",
)
BATTERY_LOW = Fault(
    code="lot.battery_low",
    meaning="The UPS will soon be empty",
    does="Nothing else; whatever is half way through a lane then is settled as unresolved at the next start",
    ends="The UPS says that its battery is charged",
    look_at="The mains; the age of the battery",
)
ALARM = Fault(
    code="lot.alarm",
    meaning="A contact that was set up as an alarm is made",
    does="Nothing else",
    ends="The contact is open again",
    look_at="What the contact is wired to",
)
MEANS = {
    InputMeaning.DOOR_OPEN: DOOR_OPEN,
    InputMeaning.ON_BATTERY: ON_BATTERY,
    InputMeaning.BATTERY_LOW: BATTERY_LOW,
    InputMeaning.ALARM: ALARM,
}


def watch(contact: DigitalInput, fault: Fault, faults: FaultReporter) -> None:
    """The fault stands while the contact is made. Unknown changes nothing: the part has a fault of its own then."""

    def level(made: bool | None) -> None:
        if made:
            faults.raised(fault, "the contact is made")
        elif made is False:
            faults.cleared(fault)

    contact.on_level(level)


class FireContact:
    """The fire panel's contact, with a fault of its own for not being read. `heard` is told each level, for the lanes.

    An input tells only changes: one that can't be read from the start on would say nothing at all.
    """

    def __init__(
        self, contact: DigitalInput, heard: Callable[[bool | None], None], faults: FaultReporter, clock: Clock
    ) -> None:
        self._contact, self._heard, self._faults, self._clock = contact, heard, faults, clock
        self._missing: asyncio.Task[None] | None = None
        watch(contact, FIRE, faults)
        contact.on_level(self._level)

    async def start(self) -> None:
        await self._contact.start()
        if self._missing is None:
            self._missing = asyncio.create_task(self._miss_it(), name="fire contact")

    async def stop(self) -> None:
        missing, self._missing = self._missing, None
        if missing is not None:
            missing.cancel()
            await asyncio.gather(missing, return_exceptions=True)
        await self._contact.stop()

    def _level(self, made: bool | None) -> None:
        if made is None:
            self._faults.raised(FIRE_UNKNOWN, "its level isn't known")
        else:
            self._faults.cleared(FIRE_UNKNOWN)
        self._heard(made)

    async def _miss_it(self) -> None:
        await self._clock.sleep(FIRE_READ_WITHIN_SECONDS)
        if self._contact.level is None:
            self._faults.raised(FIRE_UNKNOWN, "it hasn't been read since the start")
