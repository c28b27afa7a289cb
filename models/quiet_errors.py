"""Takes out of errors' texts the values that they were given: a plate may be one of them, and errors reach logs."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

LEFT_OUT = "…"
_NEXT = r"(?=\nHINT:|\n\[|\n\n|\nTraceback|\Z)"
_GIVEN = (
    (re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL), f"input_value={LEFT_OUT}"),
    (re.compile(r"'input': .*?(?=, '(?:ctx|url)':|\}(?:,|\])|\Z)", re.DOTALL), f"'input': {LEFT_OUT}"),
    (re.compile(rf"DETAIL:.*?{_NEXT}", re.DOTALL), f"DETAIL: {LEFT_OUT}"),
)
"""How pydantic, FastAPI and PostgreSQL show them: the last shows whole rows."""


def without_values(text: str) -> str:
    for shown, instead in _GIVEN:
        text = shown.sub(instead, text)
    return text


def hide_values(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For every line of a log, after exceptions have become text."""
    for key, said in event.items():
        if isinstance(said, str) and len(said) > len(LEFT_OUT):
            event[key] = without_values(said)
    return event
