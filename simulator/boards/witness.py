"""An account of what relays really did, one JSON object a line, that outlives the daemon under test.

Lines are `{"event": "relay", "board": ..., "channel": ..., "on": ..., "mono_us": ...}`. The time is the machine's
monotonic clock (CLOCK_MONOTONIC), so that lines of several boards and processes can be compared.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.instants import SECOND
from simulator.witness import witnessed


@dataclass(frozen=True, slots=True)
class Contact:
    """One time that a contact was made. `opened_us` is None while it still is."""

    channel: int
    made_us: int
    opened_us: int | None

    @property
    def seconds(self) -> float:
        """Raises ValueError while it is still made."""
        if self.opened_us is None:
            raise ValueError(f"the contact {self.channel} is still made")
        return (self.opened_us - self.made_us) / SECOND


class RelayWitness:
    """Appends to a file; each line is written whole before the call returns. Can be a board's `on_change`."""

    def __init__(self, board: str, path: Path) -> None:
        """Raises OSError when the file can't be opened."""
        self._board = board
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def __call__(self, channel: int, on: bool, mono_us: int) -> None:
        line = {"event": "relay", "board": self._board, "channel": channel, "on": on, "mono_us": mono_us}
        os.write(self._file, (json.dumps(line) + "\n").encode())

    def close(self) -> None:
        os.close(self._file)


def contacts_in(path: Path) -> list[Contact]:
    """What a witness file tells of contacts, in the order in which they were made."""
    return contacts_of([line for line in witnessed(path) if line["event"] == "relay"])


def contacts_of(lines: list[dict[str, Any]]) -> list[Contact]:
    made: dict[tuple[str, int], int] = {}
    seen: list[Contact] = []
    for line in lines:
        key = (line["board"], line["channel"])
        if line["on"]:
            made[key] = line["mono_us"]
        elif key in made:
            seen.append(Contact(line["channel"], made.pop(key), line["mono_us"]))
    seen += [Contact(channel, since, None) for (_, channel), since in made.items()]
    return sorted(seen, key=lambda contact: contact.made_us)
