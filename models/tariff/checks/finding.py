"""Something in a tariff that doesn't agree."""

from __future__ import annotations

from dataclasses import dataclass

from models.documents.document import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """Where (the value at that path), and what belongs there."""

    path: Path
    expected: str
