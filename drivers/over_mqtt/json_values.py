"""Reads what devices say in JSON: the document, and one value somewhere in it."""

from __future__ import annotations

import json
from typing import Annotated, Any, cast

from pydantic import AfterValidator, Field


class Missing:
    """What stands where nothing stands: in JSON, None is a value."""


MISSING = Missing()


def read_json(text: str) -> Any:
    """The document, or MISSING when it isn't one."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return MISSING


def value_at(document: Any, path: str) -> Any:
    """What stands at `path`, such as `decoded.status` or `inputs.0.state`; MISSING when nothing does."""
    found = document
    for step in path.split("."):
        if isinstance(found, dict):
            found = cast("dict[str, Any]", found).get(step, MISSING)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(cast("list[Any]", found)):
            found = cast("list[Any]", found)[int(step)]
        else:
            return MISSING
    return found


def written(value: Any) -> str | None:
    """A number, a text, true or false as it would be written by hand: `1` for 1.0, `true` for True.

    None for anything else.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}"
    return value if isinstance(value, str) else None


def _steps(path: str) -> str:
    if not all(path.split(".")):
        raise ValueError("names with dots between them are expected, such as decoded.status or inputs.0.state")
    return path


JsonPath = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_steps)]
"""Where in a JSON document a value stands."""
