"""Steps of a ladder that are out of order, never reached, or end before the stay does."""

from __future__ import annotations

from collections.abc import Iterator

from models.documents.document import Path
from models.documents.finding import Finding
from models.tariff.checks.priced import rates_and_extras
from models.tariff.language.parts import DAYS_END, MIDNIGHT
from models.tariff.language.rates import Rate
from models.tariff.language.terms import Terms
from models.tariff.language.written import length_text

_DAY, _WEEK = 86_400, 604_800


def ladders(terms: Terms) -> Iterator[Finding]:
    for path, rate in rates_and_extras(terms):
        if _is_ambiguous(rate, terms):
            yield Finding(
                (*path, "tiers"),
                "say when this ladder starts again: starts_again: each window (whenever it begins to hold), or "
                "never (its steps count from entry, whatever held before)",
            )
        if rate.tiers:
            yield from _ladder((*path, "tiers"), rate, by_arrival=terms.by_arrival)


def _is_ambiguous(rate: Rate, terms: Terms) -> bool:
    """A ladder for some days only: who comes the day before, has he climbed it already?"""
    timed = rate.from_ is not None or rate.to is not None
    return bool(rate.tiers and rate.days and not timed and not rate.starts_again) and not terms.by_arrival


def _ladder(path: Path, rate: Rate, *, by_arrival: bool) -> Iterator[Finding]:
    begun: int | None = 0
    longest = longest_frame(rate, by_arrival=by_arrival)
    for index, tier in enumerate(rate.tiers):
        here = (*path, index)
        if begun is None:
            yield Finding(
                here,
                "this step is never reached: the one before has no end; give that an `up_to`, or leave this one out",
            )
            return
        if longest is not None and begun >= longest:
            yield Finding(here, f"this step is never reached: the ladder starts again after {length_text(longest)}")
            return
        if tier.up_to is not None and tier.up_to <= begun:
            yield Finding(
                (*here, "up_to"),
                f"more than {length_text(begun)} is expected: the step before ends there; shorter steps come first",
            )
            return
        begun = tier.up_to if tier.up_to is not None else None if tier.next is None else begun + tier.next
    if begun is not None and (longest is None or begun < longest):
        last = rate.tiers[-1]
        key = "up_to" if last.up_to is not None else "next"
        yield Finding(
            (*path, len(rate.tiers) - 1, key),
            f"a longer stay than {length_text(begun)} has no price: leave `{key}` out of the last step, add a step "
            f"without it, or say when the ladder starts again, such as starts_again: 24 h",
        )


def longest_frame(rate: Rate, *, by_arrival: bool) -> int | None:
    """Seconds after which the ladder starts again at the latest; None: it never does."""
    timed = rate.from_ is not None or rate.to is not None
    found = [
        _DAY if again == "each day" else again
        for again in rate.starts_again
        if again == "each day" or isinstance(again, int)
    ]
    if by_arrival:
        found += [_DAY] if rate.holds_until is not None else [] if rate.holds_for is None else [rate.holds_for]
    elif timed and (not rate.starts_again or "each window" in rate.starts_again):
        found.append(_window(rate))
    return min(found, default=None)


def _window(rate: Rate) -> int:
    begin, end = rate.from_ or MIDNIGHT, rate.to or DAYS_END
    if begin.weekday is not None and end.weekday is not None:
        minutes = (end.weekday - begin.weekday) * 1440 + end.minute - begin.minute
        return (minutes * 60 - 1) % _WEEK + 1
    return ((end.minute - begin.minute) * 60 - 1) % _DAY + 1
