"""What a lane of an example lot is wired to: which terminal of which board has which role, by its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from drivers.gpio import GpioSettings
from drivers.over_modbus.part import ModbusSettings
from drivers.over_serial.relay import SerialRelaySettings
from drivers.product import ProductSettings
from drivers.relay_barrier import HoldBy, RelayBarrierSettings
from drivers.settings import DriverSettings
from edge.config.load import load_lot
from tests.house.tree import HOUSE

RELAYS, SWITCHES, LOOPS = ("open", "close", "hold"), ("at_top", "at_bottom", "broken"), ("arming_loop", "closing_loop")


@dataclass(frozen=True)
class Terminal:
    """Where a part is wired. `name`: as printed there, such as K2; `key`: as the file says it, such as coil 1."""

    board: str
    name: str
    key: str = ""
    closed: bool = False
    """The contact is closed while what it tells isn't so"""


@dataclass(frozen=True)
class WiredLane:
    lot: str
    name: str
    terminals: dict[str, Terminal]
    """By role: the keys of the lane and of its barrier, and fire"""
    hold_by: HoldBy

    def of(self, *roles: str) -> Iterator[tuple[str, Terminal]]:
        yield from ((role, self.terminals[role]) for role in roles if role in self.terminals)


@cache
def wired(lot: str, lane: str) -> WiredLane:
    """Of config/lots/`lot`.yaml."""
    settings = load_lot(HOUSE / "config/lots" / f"{lot}.yaml")
    one = next(each for each in settings.lanes if each.name == lane)
    barrier: Any = one.barrier
    assert isinstance(barrier, RelayBarrierSettings), f"{lot}: {lane} has no relays"
    parts: dict[str, DriverSettings | None] = {**barrier.parts(), **one.parts(), "fire": settings.fire}
    terminals = {
        role: terminal(part) for role in (*RELAYS, *SWITCHES, *LOOPS, "fire") if (part := parts.get(role)) is not None
    }
    return WiredLane(lot, lane, terminals, barrier.holding)


def terminal(part: DriverSettings) -> Terminal:
    bought = part if isinstance(part, ProductSettings) else None
    part = part if bought is None else bought.behind
    key = "" if bought is None or bought.channel is None else f"channel {bought.channel}"
    match part:
        case GpioSettings() if bought is not None:
            return Terminal(bought.profile.title, f"K{bought.channel}", key)
        case GpioSettings():
            return Terminal("pins", f"GPIO{part.pin}", f"pin {part.pin}", not getattr(part, "active_low", True))
        case SerialRelaySettings():
            return Terminal(part.port, f"K{part.channel}", f"channel {part.channel}")
        case ModbusSettings():
            return _of_modbus(part, key)
        case _:
            raise NotImplementedError(f"how {type(part).__name__} is wired isn't known here")


def _of_modbus(part: Any, key: str) -> Terminal:
    """Modules print their relays and inputs from 1; the protocol counts from 0."""
    board = f"{part.line}, unit {part.unit}"
    if getattr(part, "discrete_input", None) is not None:
        return Terminal(
            board, f"DI{part.discrete_input + 1}", key or f"discrete_input {part.discrete_input}", part.inverted
        )
    if part.coil is not None:
        return Terminal(board, f"DO{part.coil + 1}", key or f"coil {part.coil}")
    raise NotImplementedError(f"which terminal that is isn't known here: {part}")
