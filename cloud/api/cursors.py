"""Where the next page of a list begins: a moment and an id, in a word that says nothing to whoever hands it back."""

from __future__ import annotations

import base64
import binascii

from cloud import queries
from cloud.api.errors import ApiError, Problem
from models.instants import Instant

LARGEST_TIME = 2**63 - 1


def written(at: Instant, id: str) -> str:
    return base64.urlsafe_b64encode(f"{at}:{id}".encode()).decode().rstrip("=")


def read(cursor: str) -> tuple[Instant, str]:
    """Raises ApiError for a cursor that isn't one."""
    try:
        time, _, id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        at = int(time)
    except (ValueError, binascii.Error) as wrong:
        raise ApiError(Problem.CURSOR_INVALID) from wrong
    if not queries.is_id(id) or abs(at) > LARGEST_TIME:
        raise ApiError(Problem.CURSOR_INVALID)
    return Instant(at), id
