"""Where the next page of a list begins, by a moment and an id or by a number; clients read nothing in it."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import Query

from cloud import queries
from cloud.api.errors import ApiError, Problem
from models.instants import Instant

LARGEST_TIME = 2**63 - 1


Cursor = Annotated[str | None, Query(description="`next` of the page before")]
"""None: the list from its beginning. Of the functions below, too."""


def written(place: tuple[Instant, str] | None) -> str | None:
    """None: there is no page behind this one."""
    if place is None:
        return None
    at, id = place
    return base64.urlsafe_b64encode(f"{at}:{id}".encode()).decode().rstrip("=")


def numbered(number: int | None) -> str | None:
    """The same of a list in the order of a number."""
    return None if number is None else base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def number(cursor: str | None) -> int:
    """Raises ApiError likewise."""
    if cursor is None:
        return 0
    try:
        found = int(_text(cursor))
    except (ValueError, binascii.Error) as wrong:
        raise ApiError(Problem.CURSOR_INVALID) from wrong
    if not 0 <= found <= LARGEST_TIME:
        raise ApiError(Problem.CURSOR_INVALID)
    return found


def read(cursor: str | None) -> tuple[Instant, str] | None:
    """Raises ApiError for a cursor that isn't one."""
    if cursor is None:
        return None
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
