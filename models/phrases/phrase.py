"""Every line that a lot says to a driver but its refusals and prices, in the language in which it thinks: English."""

from __future__ import annotations

from enum import StrEnum


class Phrase(StrEnum):
    """Nothing else is shown: each is in every language's file, as are the drivers' lines of `models.refusals`."""

    DRIVE_UP_TO_ENTER = "Welcome, please drive up"
    DRIVE_UP_TO_LEAVE = "Exit, please drive up"
    READING_PLATE = "Reading your plate"
    IS_THIS_YOUR_PLATE = "Is this your plate? {plate}"
    DID_YOU_COME = "You came {time}? {plate}"
    PRESS_FOR_TICKET = "Press for a ticket"
    SCAN_YOUR_TICKET = "Please scan your ticket"
    ONE_MOMENT = "One moment"
    WELCOME = "Welcome"
    WELCOME_TO_SPOT = "Welcome, spot {spot}"
    TAKE_YOUR_TICKET = "Please take your ticket"
    NOTE_YOUR_TICKET = "Note your ticket: {code}"
    GOODBYE = "Goodbye"
    PAID = "{amount} paid, goodbye"
    TO_PAY_LATER = "{amount} to pay later, goodbye"
    COME_AT = "Please come at {time}"
    DRIVE_ON = "Please drive on"
    HELP_IS_COMING = "Help is on its way"
    PLEASE_CALL = "Please call {number}"
    CALL_IS_NOTED = "Your call is noted"
    FIRE_LEAVE = "Fire alarm: leave now"
    FIRE_STAY_OUT = "Fire alarm: do not enter"

    def of(self, **values: str) -> str:
        """With what stands in its braces."""
        return self.value.format(**values)
