"""Facts as they arrived, read into what they say; those that can't be read are kept with the reason. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError

from models.facts import Fact, UnknownFact, decode, decode_plain
from models.ids import TicketId
from models.wire.envelopes import Malformed, SentFact, read_body


class Entry(NamedTuple):
    """One fact of a window: `fact` when this release can read it, otherwise `why` not."""

    sent: SentFact
    fact: Fact | None
    ticket: TicketId | None
    why: str | None


def read(facts: Iterable[SentFact]) -> list[Entry]:
    return [_read(sent) for sent in facts]


def _read(sent: SentFact) -> Entry:
    fact = decode_plain(sent.type, sent.version, sent.body)
    if fact is not None:
        return Entry(sent, fact, _ticket(vars(fact).get("ticket")), None)
    try:
        body = read_body(sent.body)
    except Malformed:
        return Entry(sent, None, None, "its body isn't a JSON object")
    ticket = _ticket(body.get("ticket"))
    try:
        return Entry(sent, decode(sent.type, sent.version, body, sent.personal), ticket, None)
    except UnknownFact as unknown:
        return Entry(sent, None, ticket, _why(unknown))


def _why(unknown: UnknownFact) -> str:
    """Without the values that didn't fit: one of them may be a plate, and reasons are kept for good."""
    wrong = unknown.__cause__
    if not isinstance(wrong, ValidationError):
        return unknown.why
    problems = wrong.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(str(part) for part in problem['loc'])}: {problem['type']}" for problem in problems)


_AS_MINTED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _ticket(value: object) -> TicketId | None:
    """The ticket that a fact is about, even when this release can't read the rest of it."""
    if not isinstance(value, str):
        return None
    if _AS_MINTED.fullmatch(value):
        return TicketId(value)
    try:
        return TicketId(str(uuid.UUID(value)))
    except ValueError:
        return None
