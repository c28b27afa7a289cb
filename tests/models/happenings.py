"""Strategies that make up what happens at a lot: any fact of any known type, and chains of them as they travel."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from models.facts import Fact
from models.facts.base import known_facts
from models.ids import LotId, StreamId
from models.instants import Instant, Monotonic, Reading
from models.money import Minor
from models.tariff import HourlyTariff, Terms
from models.wire.chain import GENESIS, link
from models.wire.envelopes import SentFact, body_text

LOT = LotId("0193e1a0-0000-7000-8000-000000000001")
STREAM = StreamId("0193e1a0-0000-7000-8000-00000000000a")
SALT = "5a" * 16

WHOLE = st.integers(-(2**63), 2**63 - 1)
TARIFFS = st.tuples(st.integers(0, 10_000), st.integers(0, 100_000)).map(
    lambda pair: HourlyTariff(currency="EUR", hourly_rate=Minor(pair[0]), daily_maximum=Minor(pair[0] + pair[1]))
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
READINGS = st.builds(Reading, TEXTS, WHOLE.map(Monotonic), WHOLE.map(Instant), st.booleans())

CITY = Terms.model_validate(
    {
        "tariff": "City",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "rates": [
            {
                "name": "Day",
                "from": "08:00",
                "to": "20:00",
                "tiers": [{"up_to": "1 h", "price": "3"}, {"price": "2", "per": "30 min"}],
            },
            {"name": "Night", "price": "1", "per": "1 h"},
        ],
        "caps": [{"amount": "20", "per": "24 h"}],
    }
)

st.register_type_strategy(HourlyTariff, TARIFFS)
st.register_type_strategy(
    Terms, st.sampled_from(["0.8", "1", "1.3"]).map(lambda factor: CITY.at_factor(Decimal(factor)))
)


PLATES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
"""Any text that a store can hold: a lot's own plates are far tamer."""


def facts_of(kind: type[Fact]) -> st.SearchStrategy[Fact]:
    return st.builds(kind, **dict.fromkeys(sorted(kind.personal), PLATES))


def any_fact() -> st.SearchStrategy[Fact]:
    return st.sampled_from(sorted(known_facts().values(), key=lambda kind: kind.type)).flatmap(facts_of)


def sent(fact: Fact, at: Reading, seq: int = 1, previous: str = GENESIS) -> SentFact:
    """The fact as its lot writes it into the journal."""
    personal = fact.personal_part() or None
    salt = SALT if personal else None
    body = body_text(fact.body(), salt, personal)
    return SentFact(
        seq=seq,
        type=fact.type,
        version=fact.version,
        boot_id=at.boot_id,
        monotonic=at.monotonic,
        wall=at.wall,
        synced=at.synced,
        body=body,
        salt=salt,
        personal=personal,
        hash=link(previous, LOT, "ledger", STREAM, seq, fact.type, fact.version, at, body),
    )


def journal(facts: list[tuple[Fact, Reading]]) -> tuple[SentFact, ...]:
    """A whole stream, from its first fact on."""
    written: list[SentFact] = []
    for fact, at in facts:
        previous = written[-1].hash if written else GENESIS
        written.append(sent(fact, at, len(written) + 1, previous))
    return tuple(written)
