"""What the parts of the twin's lanes say: the changes since they last said something, by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivers.contract import Position
from models.ids import LaneName
from simulator.lanes import Lane, Said, said
from simulator.troubles import Trouble
from simulator.twin.line import Event

SILENT = None
"""What a part that can't be reached says."""
FIRE_PART = "lot.fire"
_QUIET: dict[str, Any] = {"code_scanner": "", "card_reader": "", "sign": "", "payment_terminal": {}}
"""What a part says that is only there."""


class Devices:
    """Remembers what each part has said. Only parts that the daemon has joined say anything."""

    def __init__(self) -> None:
        self._joined: dict[str, Any] = {}
        """What each part said last; a part that hasn't said anything yet says it next."""
        self._blind: dict[LaneName, bool] = {}
        self._new: list[str] = []
        self._looked_at: dict[LaneName, Lane] = {}

    def join(self, part: str) -> None:
        self._joined[part] = ...
        self._new.append(part)
        self._looked_at.clear()

    def leave(self, part: str) -> None:
        self._joined.pop(part, None)

    def has(self, part: str) -> bool:
        return part in self._joined

    def changes(self, lanes: Sequence[Lane], now: float) -> list[Event]:
        """What there is to say, in the order in which a lane would: who stands there before that somebody does."""
        events: list[Event] = []
        fire = any(ill.trouble is Trouble.FIRE for lane in lanes for ill in lane.ills)
        for lane in lanes:
            if self._looked_at.get(lane.name) is lane and not lane.ills:
                continue
            troubles = lane.troubles
            self._looked_at[lane.name] = lane
            told = said(lane, now)
            for key, state in _states(told, troubles):
                self._say(f"{lane.name}.{key}", state, events)
            self._camera(lane.name, Trouble.CAMERA_BLIND in troubles, events)
        self._say(FIRE_PART, fire, events)
        for part in self._new:
            if self._joined.get(part) is ...:
                self._say(part, _QUIET.get(part.rpartition(".")[2], False), events)
        self._new.clear()
        return events

    def _say(self, part: str, state: Any, events: list[Event]) -> None:
        if part in self._joined and self._joined[part] != state:
            self._joined[part] = state
            events.append((part, state))

    def _camera(self, lane: LaneName, blind: bool, events: list[Event]) -> None:
        if self._blind.get(lane, False) is not blind:
            self._blind[lane] = blind
            events.append((f"@{lane}", {"blind": blind}))


def _states(told: Said, troubles: frozenset[Trouble]) -> list[tuple[str, Any]]:
    return [
        ("classifier", told.vehicle_type.value if told.vehicle_type else ""),
        ("arming_loop", told.arming_loop),
        ("far_arming_loop", told.far_loop),
        ("closing_loop", told.closing_loop),
        ("ticket_printer", Trouble.PAPER_OUT not in troubles),
        ("barrier", _position(told.position)),
    ]


def _position(position: Position | None) -> str | None:
    return SILENT if position is None else position.value
