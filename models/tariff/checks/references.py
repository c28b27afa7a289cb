"""Names that stand for something else in the tariff: rates, holidays, the day's maximum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.documents.document import Path
from models.documents.finding import Finding
from models.documents.spelling import nearest
from models.tariff import calendars
from models.tariff.checks.priced import rates_and_extras
from models.tariff.language.parts import Whose
from models.tariff.language.rates import Cap
from models.tariff.language.stays import Factor
from models.tariff.language.terms import Terms
from models.tariff.language.written import Days


def references(terms: Terms) -> Iterator[Finding]:
    yield from _names(terms)
    yield from _rates_of_caps(terms)
    yield from _holidays(terms)
    yield from _lost(terms)
    yield from _held(terms)
    yield from _codes(terms)


def _codes(terms: Terms) -> Iterator[Finding]:
    """Rates for who has a validation need one that says so."""
    offers = {} if terms.validations is None else terms.validations.offers
    known = [code for code, offer in offers.items() if offer.own_rates]
    for section, parts in _sections(terms):
        for index, part in enumerate(parts):
            for code in part.validations:
                if code not in known:
                    guess = nearest(code, known)
                    hint = f'; did you mean "{guess}"?' if guess else f": {code}: {{own_rates: true}}"
                    said = f'among `validations.offers` there is no "{code}" with `own_rates: true`{hint}'
                    yield Finding((section, index, "validations"), said)


def _sections(terms: Terms) -> Iterator[tuple[str, Sequence[Whose]]]:
    yield "rates", terms.rates
    yield "extras", terms.extras
    yield "caps", terms.caps
    yield "specials", terms.specials
    yield "free", terms.free
    yield "factors", terms.factors


def _held(terms: Terms) -> Iterator[Finding]:
    for index, rate in enumerate(terms.rates):
        for key, said in (("holds_for", rate.holds_for), ("holds_until", rate.holds_until)):
            if said is not None and not terms.by_arrival:
                yield Finding(("rates", index, key), f"`{key}` needs `by_arrival: true` at the top")


def _names(terms: Terms) -> Iterator[Finding]:
    seen: dict[str, Path] = {}
    for path, part in rates_and_extras(terms):
        where = (*path, "name")
        if part.name and part.name in seen and not part.vehicles and not part.spots:
            yield Finding(where, f"{_text(seen[part.name])} has this name too: each needs one of its own")
        seen.setdefault(part.name, where)


def _text(path: Path) -> str:
    return f"{path[0]}[{path[1]}]"


def _naming_rates(terms: Terms) -> Iterator[tuple[str, int, Cap | Factor]]:
    yield from (("caps", index, cap) for index, cap in enumerate(terms.caps))
    yield from (("factors", index, factor) for index, factor in enumerate(terms.factors))


def _rates_of_caps(terms: Terms) -> Iterator[Finding]:
    known = [rate.name for rate in (*terms.rates, *terms.extras) if rate.name]
    for section, index, part in _naming_rates(terms):
        for name in part.rates:
            if name not in known:
                guess = nearest(name, known)
                hint = (
                    f'; did you mean "{guess}"?' if guess else f"; there are {', '.join(known) or 'none with a name'}"
                )
                yield Finding((section, index, "rates"), f'there is no rate "{name}"{hint}')


def _holidays(terms: Terms) -> Iterator[Finding]:
    if terms.holidays is None:
        for path in _holidays_named(terms):
            yield Finding(path, "which days are holidays isn't said: add `holidays: {country: DE}`, or a list of dates")
        return
    wrong = calendars.unknown(terms.holidays)
    if wrong is not None:
        yield Finding(("holidays", wrong[0]), wrong[1])


def _holidays_named(terms: Terms) -> Iterator[Path]:
    yield from _idle(terms)
    for section, parts in (("rates", terms.rates), ("extras", terms.extras), ("caps", terms.caps), ("tax", terms.tax)):
        for index, part in enumerate(parts):
            if _named(part.days):
                yield (section, index, "days")
    for section, parts in (("specials", terms.specials), ("free", terms.free)):
        for index, part in enumerate(parts):
            if _named(part.arrive.days):
                yield (section, index, "arrive", "days")


def _idle(terms: Terms) -> Iterator[Path]:
    idle = None if terms.charging is None else terms.charging.idle
    if idle is not None and _named(idle.days):
        yield ("charging", "idle", "days")


def _named(days: Days | None) -> bool:
    return days is not None and (days.holidays or days.eves)


def _lost(terms: Terms) -> Iterator[Finding]:
    caps = [cap for cap in terms.caps if cap.per in ("day", 86_400)]
    if any(not (cap.vehicles or cap.spots or cap.validations) for cap in caps):
        return
    for index, lost in enumerate(terms.lost_ticket):
        if isinstance(lost.charge, str):
            said = "there is no cap for a day or for 24 h that holds for all: add one, or say an amount, such as 25.00"
            yield Finding(("lost_ticket", index, "charge"), said)
