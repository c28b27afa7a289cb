"""What can go wrong with a part behind an MQTT broker."""

from __future__ import annotations

from models.faults import Fault

_REFUSED = "Orders to it are refused and never sent later; what it says counts as unknown"

UNREACHABLE = Fault(
    code="device.unreachable",
    meaning="The broker through which this part is reached doesn't answer",
    look_at="The broker's address and login, the network cable, the broker's own log",
    does=f"{_REFUSED}; the connection is tried again every few seconds",
    ends="By itself, when the broker answers",
)
REFUSED = Fault(
    code="device.refused",
    meaning="The broker doesn't let the daemon listen to this part",
    look_at="The broker's access rules for the daemon's user",
    does="What it says counts as unknown",
    ends="By itself, at the next connection for which the rules are right",
)
SILENT = Fault(
    code="device.silent",
    meaning="The device hasn't said its state for longer than it may",
    look_at="Power and network of the device; `stale_after`, if it says its state less often",
    does=f"{_REFUSED}; it is asked again if it can be asked",
    ends="By itself, when the device says its state",
)
NEVER_HEARD = Fault(
    code="device.never_heard",
    meaning="The device hasn't said its state even once since the connection to the broker was made",
    look_at="The topics in this part's settings, letter by letter; whether the device is on and connected to this "
    "broker, and the daemon may read there; one that speaks only when something changes needs `poll_topic`: what the "
    "broker keeps of it (retained) doesn't count",
    does="What it says counts as unknown; it is asked again if it can be asked. Orders are still sent, until "
    "`stale_after` has passed where that is set",
    ends="With its first word",
)
OFFLINE = Fault(
    code="device.offline",
    meaning="The broker says that the device has lost its connection",
    look_at="Power of the device, its wireless network, and the broker's address in its settings",
    does=_REFUSED,
    ends="By itself, when the device is back",
)
GARBLED = Fault(
    code="device.garbled",
    meaning="The device says something that its settings don't name",
    look_at="The payloads in this part's settings, and what the device really sends",
    does="What it says counts as unknown",
    ends="By itself, when the device says something that can be understood",
)
CANNOT = Fault(
    code="device.cannot",
    meaning="The device was to do something for which its settings have no words",
    look_at="The payloads of this part's settings: hold, release, lower",
    does="The order is refused, and nothing is sent",
    ends="At once: the next order is taken",
)

REACHING = (UNREACHABLE, REFUSED)
"""Of a part that only tells"""
HEARING = (*REACHING, SILENT, NEVER_HEARD, OFFLINE, GARBLED)
"""Of a part that listens to its device"""
