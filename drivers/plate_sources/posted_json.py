"""JSON that is posted: long only for the picture in it. Pure."""

from __future__ import annotations

import json
from typing import Any

MOST_VALUES = 10_000


def posted_json(body: bytes) -> Any:
    """Raises ValueError, never with what stands there.

    Millions of small values would take seconds while which no gate is looked after; a picture is one, and has none of
    the signs that stand between them.
    """
    if sum(body.count(sign) for sign in (b",", b"[", b"{")) > MOST_VALUES:
        raise ValueError("JSON with fewer values is expected")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("JSON is expected") from None
