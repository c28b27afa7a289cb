"""What can go wrong between the daemon and a camera that reads plates itself."""

from __future__ import annotations

from models.faults import Fault

_BLIND = "The lane hears of no plate and does what `when_unread` says"

UNREACHABLE = Fault(
    code="plates.unreachable",
    meaning="The camera that reads the plates can't be reached, or its events broke off",
    does=f"{_BLIND}; it is called again every few seconds",
    ends="By itself, when its events come again",
    look_at="The camera's power and network; `host` and `port`; how many subscribers it serves at once",
)
REFUSED = Fault(
    code="plates.refused",
    meaning="The camera that reads the plates refuses the login, or doesn't know what it is asked for",
    does=f"{_BLIND}; it is asked again every few seconds",
    ends="By itself, once the camera takes what it is asked",
    look_at="Username and password; whether this user may see events; whether this model reads plates itself",
)
SILENT = Fault(
    code="plates.silent",
    meaning="The camera that reads the plates gives no sign of life",
    does=_BLIND,
    ends="With its next word",
    look_at="The camera's power and network; that it sends a sign of life more often than `silent_after`",
)
GARBLED = Fault(
    code="plates.garbled",
    meaning="The camera says something that can't be understood as the events of this product",
    does="What it said counts for nothing",
    ends="With the next event that can be understood",
    look_at="`driver` of this lane's camera; the camera's firmware; whether something else posts to this address",
)
NOT_SERVED = Fault(
    code="plates.not_served",
    meaning="The daemon can't listen where the camera is to post its plates",
    does=f"{_BLIND}; it is tried again every few seconds",
    ends="By itself, when the address and port are free, and the certificate can be read",
    look_at="`listen` and `port`: whether another programme has them; `tls` with its two files",
)
NO_TOKEN = Fault(
    code="plates.no_token",
    meaning="The secret with which the camera has to post its plates can't be read, or is too short",
    does=f"{_BLIND}: nothing that is posted is believed",
    ends="With the next post after the secret can be read",
    look_at="`token_file` or `token_env`: at least 16 characters in its first line",
)
STRANGER = Fault(
    code="plates.stranger",
    meaning="Somebody posts plates to this lane's address without the right secret, or with it to another address",
    does="What was posted counts for nothing",
    ends="With the next post to this lane's address that has the right secret",
    look_at="The address and the secret in the camera's settings; else who else is in this network",
)
CROWDED = Fault(
    code="plates.crowded",
    meaning="More connections are made to where the cameras post their plates than may be open at once",
    does="Cameras are heard all the same: for whoever comes, a connection that hasn't shown the secret is closed, or "
    "the one that has been quiet for longest; no address keeps more than 12",
    ends="With a post that has the right secret, once nobody had to go for a minute",
    look_at="What runs at the address that is told, and who else is in this network",
)
CLOCK = Fault(
    code="plates.clock",
    meaning="The camera's events come late by its own clock, or its clock has jumped",
    does="What comes late counts for nothing: nobody knows whether that vehicle still stands there. When the next "
    "event is late by just as much, the clock may have jumped: from then on each driver is asked. After a clock was "
    "set right, only the first driver is",
    ends="With the next event that is in time by this computer's clock",
    look_at="The camera's clock: set it by a time server (NTP), the same as this computer; then the network's load",
)

PULLING = (UNREACHABLE, REFUSED, SILENT)
LISTENING = (NOT_SERVED, NO_TOKEN)
"""While these last, nothing can be heard"""
