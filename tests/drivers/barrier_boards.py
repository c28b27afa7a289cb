"""A barrier on pins, and on a relay board that goes wrong on demand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, ClassVar

from drivers.contract import DriverContext, DriverError, Relay
from drivers.relay_barrier import RelayBarrierSettings
from drivers.settings import DriverSettings
from models.faults import Fault

OPEN = 17
PULSE = 0.1


def a_relay(pin: int) -> dict[str, Any]:
    return {"driver": "gpio", "pin": pin}


def a_switch(pin: int) -> dict[str, Any]:
    return {"driver": "gpio", "pin": pin, "debounce": "10 ms"}


def written(**more: Any) -> RelayBarrierSettings:
    held = {} if "hold" in more else {"hold_by": "maintained"}
    return RelayBarrierSettings.model_validate({"open": a_relay(OPEN), "pulse": PULSE, **held, **more})


@dataclass
class Board(Relay):
    """A relay that does as it is told, or not, and can be read back."""

    broken: bool = False
    slow: float = 0.0
    """Seconds that it takes to switch"""
    within: float | None = None
    """How soon the last pulse was to be sent"""
    told: list[Any] = field(default_factory=list)
    on: bool | None = None  # pyright: ignore[reportIncompatibleMethodOverride]
    reads_back: bool = True  # pyright: ignore[reportIncompatibleMethodOverride]
    times_pulses: bool = False  # pyright: ignore[reportIncompatibleMethodOverride]

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def pulse(self, seconds: float, within: float | None = None) -> None:
        self.told.append(seconds)
        self.within = within
        if self.broken:
            raise DriverError(BOARD_GONE, "gone")

    async def switch(self, on: bool) -> None:
        self.told.append(on)
        await asyncio.sleep(self.slow)
        if self.broken:
            raise DriverError(BOARD_GONE, "gone")
        self.on = on


BOARD_GONE = Fault(code="board.gone", meaning="The board is gone", look_at="The board")


class BoardSettings(DriverSettings):
    contract: ClassVar[type] = Relay
    board: Any
    safe_state: str = "open"

    def build(self, context: DriverContext) -> Board:
        return self.board


async def on_a_board(
    board: Board,
    context: DriverContext,
    started: Any,
    *,
    safe_state: str = "open",
    close: Board | None = None,
    **more: Any,
) -> Any:
    parts = {"open": BoardSettings(board=board, safe_state=safe_state)}
    if close is not None:
        parts["close"] = BoardSettings(board=close)
    settings = written(**more).model_copy(update=parts)
    barrier = await started(settings.build(context))
    await asyncio.sleep(0.05)
    return barrier
