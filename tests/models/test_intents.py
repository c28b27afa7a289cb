"""Intents can be read by any release: their types, versions and fields never change under our hands."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from edge.store.policy import _put
from models.intents import Intent, TariffSet, UnknownIntent, decode, known_intents
from models.intents.base import understood
from models.tariff import UnknownDialect
from models.wire.envelopes import read_body
from models.wire.following import Follows, Fork, Gap, Nothing, judge
from models.wire.intents import START, Place, chained, checksum, digest, sealed_text
from tests.edge.lots import LOT, NOON
from tests.intents import SALT, Issued, a_permit, a_reservation, a_tariff, revoked

HISTORY = {
    ("account.limited", 1): "account: account in_at_a_time",
    ("account.unlimited", 1): "account: account",
    ("permit.granted", 1): "permit: account cards passback permit plates rights valid_from valid_until",
    ("permit.granted", 2): "permit: account beyond cards entries hours in_at_a_time kind passback permit plates rates"
    " rights valid_from valid_until zones",
    ("permit.revoked", 1): "permit: permit",
    ("policy.overruled", 1): "policy: policy",
    ("reservation.cancelled", 1): "reservation: reservation",
    ("reservation.made", 1): "reservation: code_hash end_time license_plate reservation spot_type start_time user",
    ("reservation.quota", 1): "quota: places quota",
    ("tariff.set", 1): "tariff: currency dialect name tariff terms valid_from",
    ("tariff.withdrawn", 1): "tariff: tariff",
    ("vehicle.barred", 1): "barred: action barred plates reason until",
    ("vehicle.unbarred", 1): "barred: barred",
}


def test_no_intent_that_was_ever_issued_has_changed() -> None:
    """A new meaning is a new version: add a line here, never change one."""
    fields = {key: f"{kind.about}: {' '.join(sorted(kind.model_fields))}" for key, kind in known_intents().items()}
    assert fields == HISTORY


def test_whatever_does_not_end_its_subject_can_be_put_in_force_at_a_lot() -> None:
    lasting = [kind for kind in known_intents().values() if not kind.ends]
    assert [kind for kind in lasting if _put.dispatch(kind) is _put.dispatch(Intent)] == []


@pytest.mark.parametrize("intent", [a_permit(), revoked(), a_reservation(), a_tariff()], ids=lambda each: each.type)
def test_what_was_issued_is_what_is_read(intent: Intent) -> None:
    body, salt, personal = sealed_text(intent, SALT)
    assert decode(intent.type, intent.version, read_body(body), personal) == intent
    assert (salt is None) == (personal is None) == (not intent.personal)


def test_a_permit_of_before_opens_for_its_plates_as_they_are_spelled_today() -> None:
    body, personal = a_permit().parts()
    granted = decode(a_permit().type, a_permit().version, body, {**personal, "plates": ["MÜ1234", "АВ12"]})
    assert granted == a_permit().model_copy(update={"plates": ("MU1234", "AB12")})


def test_an_erased_plate_leaves_the_sums_as_they_are_and_no_permit() -> None:
    cloud = Issued()
    sent = cloud.says(a_permit()).model_copy(update={"personal": None, "salt": None})
    assert sent.is_right(LOT)
    assert "AB12CDE" not in sent.model_dump_json()
    with pytest.raises(UnknownIntent, match="erased"):
        decode(sent.type, sent.version, read_body(str(sent.body)), sent.personal)


def test_why_an_intent_cannot_be_read_says_nothing_personal() -> None:
    with pytest.raises(UnknownIntent) as wrong:
        decode("permit.granted", 1, {"permit": "p1"}, {"plates": ["ab-12 cde"]})
    assert "12" not in str(wrong.value).replace("v1", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"plates": ()},
        {"plates": ("ab12",)},
        {"cards": ("17 04711",)},
        {"valid_from": NOON, "valid_until": NOON},
    ],
)
def test_a_permit_that_cannot_be_meant_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        a_permit(**wrong)  # type: ignore[arg-type]


def test_a_tariff_is_exact_and_in_a_language_that_the_engine_knows() -> None:
    with pytest.raises(ValidationError):
        a_tariff(terms={"hourly_rate": 2.5})
    with pytest.raises(ValidationError):
        a_tariff(terms={"bands": [{"price": 2.5}]})
    with pytest.raises(UnknownDialect):
        a_tariff(dialect=3, terms={}).read()
    with pytest.raises(ValueError, match="maximum"):
        a_tariff(terms={"hourly_rate": 5, "daily_maximum": 1}).read()
    assert TariffSet.model_validate_json(a_tariff().model_dump_json()).read().hourly_rate == 300


def test_a_digest_covers_everything_that_is_not_personal() -> None:
    one = (LOT, 1, "permit.granted", 1, "permit:p1", False, NOON, "{}")
    others = [("x" if isinstance(part, str) else part + 1) for part in one]
    assert len({digest(*one[:n], other, *one[n + 1 :]) for n, other in enumerate(others)} | {digest(*one)}) == 9  # type: ignore[arg-type]


def test_a_checksum_depends_on_what_stands_and_not_on_its_order() -> None:
    entries = [("permit:p1", 1, "d1"), ("permit:p2", 2, "d2")]
    assert checksum(entries) == checksum(reversed(entries))
    assert len({checksum(entries), checksum(entries[:1]), checksum([("permit:p1", 2, "d1"), entries[1]])}) == 3


def test_the_chain_leads_from_each_revision_to_the_next() -> None:
    cloud = Issued()
    for n in range(4):
        cloud.says(a_permit(f"p{n}"))
    verdict = judge(START, cloud.deltas())
    assert isinstance(verdict, Follows)
    assert verdict.place == cloud.place
    assert chained(cloud.hashes[3], cloud.log[3].digest) == cloud.hashes[4]
    assert isinstance(judge(cloud.place, cloud.deltas()), Nothing)
    assert isinstance(judge(Place(1, cloud.hashes[1]), cloud.deltas(2)), Gap)
    assert isinstance(judge(Place(2, "f" * 64), cloud.deltas(1)), Fork)
    assert isinstance(judge(Place(2, "f" * 64), cloud.deltas(2)), Fork)
    assert isinstance(judge(Place(4, "f" * 64), cloud.head()), Fork)


def test_a_hole_inside_a_message_is_a_gap() -> None:
    cloud = Issued()
    for n in range(3):
        cloud.says(a_permit(f"p{n}"))
    holed = cloud.deltas().model_copy(update={"intents": (cloud.log[0], cloud.log[2])})
    assert isinstance(judge(START, holed), Gap)


def test_a_lot_announces_all_that_this_release_understands() -> None:
    assert understood()["permit.granted"] == (1, 2)
    assert set(understood()) == {type for type, _ in HISTORY}
