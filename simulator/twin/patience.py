"""How long the lot's lanes wait, as its YAML says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds, by the names that stand in the YAML."""

    read_within: float = 12.0
    rise_within: float = 5.0
    travel_within: float = 8.0
    clear_within: float = 60.0
    back_out_after: float = 3.0
    used_within: float = 30.0
