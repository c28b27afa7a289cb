"""How a fact of the journal is written for whoever reads it: one line of local times, or one JSON object."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args
from zoneinfo import ZoneInfo

from edge.store.chain import Chained
from models.facts.base import known_facts
from models.instants import Instant, to_datetime, to_rfc3339
from models.wire.envelopes import SentFact

_INDENT = " " * 10
_NARROWEST = 40
_LONGEST = 60
"""Of a list or a part within a fact."""


def as_line(
    stream: Chained, fact: SentFact, body: dict[str, Any], personal: dict[str, Any] | None, zone: ZoneInfo, width: int
) -> str:
    """`width` 0: one line, however long it is. Paths and ids stay whole where it is folded."""
    when = local(fact.wall, zone) + ("" if fact.synced else "?")
    moments = _moments(fact.type, fact.version)
    said = " ".join(
        f"{name}={_plain(_read(value, zone) if name in moments else value)}"
        for name, value in {**body, **(personal or {})}.items()
    )
    line = f"{fact.seq:>8}{' ' if fact.seq <= stream.acked else '*'} {when}  {fact.type:<20} {said}".rstrip()
    return "\n".join(_folded(line, width)) if width else line


def as_json(stream: Chained, fact: SentFact, body: dict[str, Any], personal: dict[str, Any] | None) -> dict[str, Any]:
    written = {
        "stream": stream.stream,
        "stream_id": stream.stream_id,
        "seq": fact.seq,
        "hash": fact.hash,
        "type": fact.type,
        "version": fact.version,
        "at": to_rfc3339(fact.wall),
        "synced": fact.synced,
        "boot_id": fact.boot_id,
        "monotonic": fact.monotonic,
        "sent": fact.seq <= stream.acked,
        "body": body,
    }
    return {**written, "personal": personal} if personal is not None else written


def local(at: Instant, zone: ZoneInfo) -> str:
    """As the clock on the wall says it, to the millisecond."""
    return to_datetime(at).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@cache
def _moments(type: str, version: int) -> frozenset[str]:
    """The fields of a fact that are times; none of one that this release doesn't know."""
    known = known_facts().get((type, version))
    fields = known.model_fields.items() if known is not None else ()
    return frozenset(name for name, field in fields if Instant in (field.annotation, *get_args(field.annotation)))


def _read(value: object, zone: ZoneInfo) -> object:
    try:
        return local(Instant(value), zone) if isinstance(value, int) else value
    except (OverflowError, ValueError):
        return value  # no calendar has it: as it is written


def _plain(value: object) -> str:
    if isinstance(value, dict | list):
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    text = {None: "-", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"\s", text) else text


def _folded(line: str, width: int) -> Iterator[str]:
    folded = textwrap.wrap(
        line,
        max(width, _NARROWEST),
        subsequent_indent=_INDENT,
        drop_whitespace=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from (part.rstrip() for part in folded)
