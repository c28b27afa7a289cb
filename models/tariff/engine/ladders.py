"""The steps of a rate with their prices, as whole numbers."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from models.instants import SECOND
from models.money import exponent
from models.tariff.engine import words
from models.tariff.engine.plan import DAY, ENDLESS, STAY, Again, PlannedRate, Step
from models.tariff.language.rates import Extra, Rate, Tier
from models.tariff.language.terms import Terms


def ladder(rate: Rate, terms: Terms, factor: Decimal) -> list[tuple[Tier, Fraction]]:
    """The steps of a rate, each with its price in major units; `factor` leaves whole minor units whole, so that what
    the sign shows is what is charged."""
    tiers = rate.tiers or (Tier.model_construct(price=rate.price, in_steps_of=rate.in_steps_of, per=_per(rate)),)
    minor = Decimal(1).scaleb(-exponent(terms.currency))
    priced: list[tuple[Tier, Fraction]] = []
    before = Fraction(0)
    begun = 0
    for tier in tiers:
        ends = _ends(tier, begun)
        if tier.total is not None:
            whole = Fraction(_multiplied(tier.total, factor, minor))
            priced.append((tier, whole - before))
            before = whole
        else:
            price = Fraction(_multiplied(tier.price or Decimal(0), factor, minor))
            priced.append((tier, price))
            before += price * _units(tier, begun, ends)
        begun = ends
    return priced


def _per(rate: Rate) -> int | str | None:
    return rate.per if isinstance(rate.per, int) or rate.per == DAY else None


def _multiplied(price: Decimal, factor: Decimal, minor: Decimal) -> Decimal:
    """A price finer than the smallest coin keeps its decimal places."""
    if factor == 1:
        return price
    places = min(minor, Decimal(1).scaleb(int(price.as_tuple().exponent)))
    return (price * factor).quantize(places, ROUND_HALF_UP)


def _ends(tier: Tier, begun: int) -> int:
    if tier.up_to is not None:
        return tier.up_to * SECOND
    return ENDLESS if tier.next is None else begun + tier.next * SECOND


def _units(tier: Tier, begun: int, ends: int) -> Fraction | int:
    """How many units of its price a whole step holds; of one without end, it doesn't matter."""
    if not isinstance(tier.per, int) or ends == ENDLESS:
        return 1
    return Fraction(-(-(ends - begun) // _unit(tier)) * _unit(tier), tier.per * SECOND)


def _unit(tier: Tier) -> int:
    assert isinstance(tier.per, int)
    return (tier.in_steps_of or tier.per) * SECOND


def each_unit(tier: Tier, price: Fraction) -> Fraction:
    """The price of one unit that is charged."""
    if tier.in_steps_of is None or not isinstance(tier.per, int):
        return price
    return price * tier.in_steps_of / tier.per


def planned_rate(rate: Rate, terms: Terms, unit: int, share: Decimal = Decimal(1)) -> PlannedRate:
    """`share`: by what the prices of the rate are multiplied besides the tariff's own factor, which
    extras don't have."""
    steps: list[Step] = []
    begun = 0
    for tier, price in ladder(rate, terms, share * (Decimal(1) if isinstance(rate, Extra) else terms.factor)):
        ends = _ends(tier, begun)
        each = each_unit(tier, price) * unit
        steps.append(
            Step(
                ends=ends,
                unit=_unit(tier) if isinstance(tier.per, int) else None,
                each_day=tier.per == DAY,
                price=each.numerator,
                words=_words(tier, price, terms.currency),
            )
        )
        begun = ends
    holds = None if rate.holds_for is None else rate.holds_for * SECOND
    return PlannedRate(
        name=rate.name or "Parking",
        steps=tuple(steps),
        again=_again(rate),
        cap=_whole(None if rate.cap is None else rate.cap * share, unit),
        cap_words=""
        if rate.cap is None
        else words.window_cap(rate.name, words.major(rate.cap * share, terms.currency)),
        holds=holds or rate.holds_until,
        pauses=rate.pauses,
        once=rate.per == STAY,
        at=rate.at if isinstance(rate, Extra) else None,
    )


def _words(tier: Tier, price: Fraction, currency: str) -> str:
    shown = Decimal(price.numerator) / price.denominator
    said = words.major(shown, currency)
    return words.unit(_unit(tier) // SECOND, tier.per, said) if isinstance(tier.per, int) else f" x {said}"


def _whole(amount: Decimal | None, unit: int) -> int | None:
    return None if amount is None else (Fraction(amount) * unit).numerator


def _again(rate: Rate) -> Again:
    said = rate.starts_again
    timed = rate.from_ is not None or rate.to is not None
    lengths = [each for each in said if isinstance(each, int)]
    return Again(
        window="each window" in said if said else timed,
        day="each day" in said,
        length=min(lengths, default=0) * SECOND,
    )
