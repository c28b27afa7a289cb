"""Caps that are too low to be reached in order, and specials that nobody can have."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from models.documents.finding import Finding
from models.tariff.checks.priced import rates_and_extras
from models.tariff.language.rates import Cap, Rate
from models.tariff.language.terms import Terms
from models.tariff.language.written import at_text, length_text

_HOUR, _SHORTEST = 3_600, 600
_USUAL = {"day": 86_400, "week": 604_800, "month": 2_419_200}


def limits(terms: Terms) -> Iterator[Finding]:
    yield from _windows(terms)
    yield from _caps(terms)
    yield from _longer_periods(terms)
    yield from _specials(terms)
    yield from _too_short(terms)


def _too_short(terms: Terms) -> Iterator[Finding]:
    """What begins anew every second can't be worked out while a driver waits."""
    if terms.afresh is not None and terms.afresh < _HOUR:
        yield Finding(("afresh",), "at least 1 h is expected")
    for path, rate in rates_and_extras(terms):
        for key, said in (("starts_again", rate.starts_again), ("holds_for", (rate.holds_for,))):
            if any(isinstance(each, int) and each < _SHORTEST for each in said):
                yield Finding((*path, key), "at least 10 min is expected")
    for index, cap in enumerate(terms.caps):
        if isinstance(cap.per, int) and cap.per < _SHORTEST:
            yield Finding(("caps", index, "per"), "at least 10 min is expected")


def _windows(terms: Terms) -> Iterator[Finding]:
    for path, rate in rates_and_extras(terms):
        if rate.cap is not None and (dearest := _dearest(rate)) > rate.cap:
            yield Finding((*path, "cap"), _too_low(dearest, "this rate"))


def _caps(terms: Terms) -> Iterator[Finding]:
    for index, cap in enumerate(terms.caps):
        for rate in terms.rates:
            if _meets(cap, rate) and (dearest := _dearest(rate)) > cap.ladder[0]:
                name = f'"{rate.name}"' if rate.name else "the rate"
                key = "amount" if cap.amount is not None else "amounts"
                yield Finding(("caps", index, key), _too_low(dearest, name))
                break
        if cap.resets is not None and cap.per not in ("day", "week", "month"):
            yield Finding(("caps", index, "resets"), "`resets` goes with per: day, week or month")
        elif cap.resets is not None and cap.resets.weekday is not None and cap.per != "week":
            yield Finding(("caps", index, "resets"), 'a time of day alone is expected, such as "04:00"')


def _too_low(dearest: Decimal, name: str) -> str:
    return f"at least {dearest} is expected: so much {name} charges at once; raise the cap, or lower the price"


def _meets(cap: Cap, rate: Rate) -> bool:
    if cap.rates and rate.name not in cap.rates:
        return False
    if cap.vehicles and rate.vehicles and not set(cap.vehicles) & set(rate.vehicles):
        return False
    if bool(cap.validations) != bool(rate.validations):
        return False
    if cap.spots and rate.spots and not set(cap.spots) & set(rate.spots):
        return False
    if cap.days is None or rate.days is None:
        return cap.days is None or rate.from_ is None or rate.from_.weekday is None
    return bool(cap.days.weekdays & rate.days.weekdays)


def _dearest(rate: Rate) -> Decimal:
    """The price of the dearest single unit; of a table, of its first step."""
    if rate.price is not None:
        return rate.price if rate.in_steps_of is None else Decimal(0)
    found = [tier.price for tier in rate.tiers if tier.price is not None and tier.in_steps_of is None]
    found += [total for total in (rate.tiers[0].total,) if total is not None]
    return max(found) if found else Decimal(0)


def _longer_periods(terms: Terms) -> Iterator[Finding]:
    plain = [(index, cap) for index, cap in enumerate(terms.caps) if not (cap.days or cap.rates or cap.once)]
    for index, cap in plain:
        for other in (each for _, each in plain if _whose(each) == _whose(cap) and _length(each) < _length(cap)):
            if cap.ladder[0] < other.ladder[0]:
                key = "amount" if cap.amount is not None else "amounts"
                said = f"at least {other.ladder[0]} is expected: so much {_period(other)} costs at most already"
                yield Finding(("caps", index, key), said)
                break


def _period(cap: Cap) -> str:
    return length_text(cap.per) if isinstance(cap.per, int) else f"a {cap.per}"


def _whose(cap: Cap) -> tuple[object, ...]:
    return cap.vehicles, cap.spots, cap.validations


def _length(cap: Cap) -> float:
    return cap.per if isinstance(cap.per, int) else _USUAL.get(cap.per, float("inf"))


def _specials(terms: Terms) -> Iterator[Finding]:
    for index, special in enumerate(terms.specials):
        least, most = special.at_least, special.at_most
        if least is not None and most is not None and least > most:
            said = "no stay is so long and so short at once: less than `at_most`"
            yield Finding(("specials", index, "at_least"), said)
        begin, leave = special.arrive.from_, special.leave
        if least is None or leave is None or begin is None or begin.weekday is not None:
            continue
        longest = ((leave.end.minute - begin.minute - 1) % 1440 + 1) * 60
        if leave.end.weekday is None and least > longest:
            said = (
                f"nobody can have this: who comes at {at_text(begin)} and leaves by {at_text(leave.end)} has been "
                f"there for {length_text(longest)}; at most that is expected"
            )
            yield Finding(("specials", index, "at_least"), said)
