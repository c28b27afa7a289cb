"""What can go wrong with a relay board on a serial port."""

from __future__ import annotations

from models.faults import Fault

_REFUSES = "Orders to this relay are refused and never sent later"
_OPENS_LATER = f"{_REFUSES}; as soon as the board is back, a contact that isn't meant to be held is opened"

UNPLUGGED = Fault(
    code="relay.unplugged",
    meaning="The serial port of the relay board isn't there",
    look_at="The USB cable and the board's power; the port's name in the settings against /dev/serial/by-id",
    does=_OPENS_LATER,
    ends="By itself, when the port is there again",
)
FORBIDDEN = Fault(
    code="relay.forbidden",
    meaning="The daemon may not open the serial port of the relay board",
    look_at="The groups of the daemon's user: `sudo usermod -aG dialout parkgate`, then restart the daemon",
    does=_REFUSES,
    ends="By itself, when the port could be opened",
)
TAKEN = Fault(
    code="relay.port_taken",
    meaning="Something else has the serial port of the relay board open",
    look_at="A terminal programme, ModemManager, or another part of the configuration that names the same port",
    does=_REFUSES,
    ends="By itself, when the port is free",
)
SILENT = Fault(
    code="relay.silent",
    meaning="The relay board doesn't answer",
    look_at="The board's power, the baud rate, and whether the driver is the right one for this board",
    does=f"{_REFUSES}; the contact is told to open again and again until the board says that it is open",
    ends="By itself, when the board answers",
)
GARBLED = Fault(
    code="relay.garbled",
    meaning="The relay board answers half, or something that makes no sense",
    look_at="The baud rate, the number of channels, the cable; whether the driver is the right one for this board",
    does=f"{_REFUSES}; the contact is told to open again and again until the board says that it is open",
    ends="By itself, when an answer makes sense",
)
NOT_OBEYED = Fault(
    code="relay.not_obeyed",
    meaning="The relay board says that the contact isn't as it was ordered to be",
    look_at="The relay's own power supply, the channel's number, the board itself; by MQTT, whether the device says "
    "its state on the topic that the settings name, letter by letter",
    does="The order has failed, and the contact is told to open",
    ends="By itself, when an order of the same kind is obeyed",
)
DROPPED = Fault(
    code="relay.dropped",
    meaning="A contact that was to stay made has opened, or nobody can tell whether it has",
    look_at="The board's power: it forgets its relays when it goes; the USB cable",
    does="Nothing is switched on again without an order",
    ends="With the next order to this relay that is obeyed",
)
BUSY = Fault(
    code="relay.busy",
    meaning="A relay was to give a pulse while it was made, or its board was kept busy by other relays",
    look_at="Whether two parts of the lane use one relay; whether the board answers slowly",
    does="The order is refused, and nothing is sent",
    ends="At once: the next order is taken",
)

FAULTS = (UNPLUGGED, FORBIDDEN, TAKEN, SILENT, GARBLED, NOT_OBEYED, DROPPED, BUSY)
