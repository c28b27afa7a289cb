"""Where the next page of a list begins, by a moment and an id or by a number; clients read nothing in it."""

from __future__ import annotations

import base64
import binascii

from cloud import queries
from cloud.api.errors import ApiError, Problem
from models.instants import Instant

LARGEST_TIME = 2**63 - 1


def written(at: Instant, id: str) -> str:
    return base64.urlsafe_b64encode(f"{at}:{id}".encode()).decode().rstrip("=")


def numbered(number: int) -> str:
    """Of a list in the order of a number."""
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def number(cursor: str) -> int:
    """Raises ApiError likewise."""
    try:
        found = int(_text(cursor))
    except (ValueError, binascii.Error) as wrong:
        raise ApiError(Problem.CURSOR_INVALID) from wrong
    if not 0 <= found <= LARGEST_TIME:
        raise ApiError(Problem.CURSOR_INVALID)
    return found


def read(cursor: str) -> tuple[Instant, str]:
    """Raises ApiError for a cursor that isn't one."""
    try:
        time, _, id = _text(cursor).partition(":")
        at = int(time)
    except (ValueError, binascii.Error) as wrong:
        raise ApiError(Problem.CURSOR_INVALID) from wrong
    if not queries.is_id(id) or abs(at) > LARGEST_TIME:
        raise ApiError(Problem.CURSOR_INVALID)
    return Instant(at), id


def _text(cursor: str) -> str:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
