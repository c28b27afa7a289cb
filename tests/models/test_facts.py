"""Facts can be read in ten years: their types, versions and fields never change under our hands."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.facts import (
    AccessRefused,
    DaemonStarted,
    ExitAllowedV1,
    ExitDoubted,
    Fact,
    HelpCalled,
    PassageCounted,
    PlateDiffered,
    TicketOpened,
    TicketRestored,
    TicketRestoredV1,
    TicketRestoredV2,
    TicketSuspected,
    TicketSuspectedV1,
    UnknownFact,
    VehicleRegistered,
    VehicleRegisteredV1,
    decode,
    decode_plain,
)
from models.facts.base import ERASED, known_facts
from models.ids import LaneName, SpotId, TicketId, VehicleId
from models.instants import Instant
from models.money import Minor
from models.spots import VehicleType
from models.tariff import HourlyTariff
from models.wire.chain import canonical
from models.wire.envelopes import read_body
from tests.models.happenings import any_fact

HISTORY = {
    ("access.refused", 1): "at direction lane license_plate reason refusal",
    ("clock.set", 1): "after before synced",
    ("cloud_keys.learnt", 1): "at forgotten keys serial",
    ("command.ended", 1): "at command end said",
    ("command.refused", 1): "at by command digest lane reason size times",
    ("command.refused", 2): "at by command digest given_reason lane reason size times",
    ("command.taken", 1): "at by command issued_at kind lane reason",
    ("daemon.started", 1): "at release",
    ("exit.abandoned", 1): "at lane ticket",
    ("exit.allowed", 1): "amount_due amount_paid at lane match settled_until started_hours ticket",
    ("exit.allowed", 2): "amount_due amount_paid at lane match settled_until started_hours ticket",
    ("exit.allowed", 3): "amount_due amount_paid at confirmed lane match settled_until started_hours ticket",
    ("exit.doubted", 1): "among at denied lane license_plate picture ticket why",
    ("exit.pictured", 1): "at lane picture ticket",
    ("fault.cleared", 1): "at code fault source",
    ("fault.raised", 1): "at code detail fault source",
    ("fee.bounded", 1): "at lane longest shortest ticket",
    ("fee.corrected", 1): "at correction currency fee fee_before paid refund_owed ticket why",
    ("help.called", 1): "at call lane license_plate why",
    ("intents.taken", 1): "at by hash parked revision withheld",
    ("lane.held", 1): "at by cause lane reason",
    ("lane.ordered", 1): "at by kind lane obeyed order reason record state why_not",
    ("lane.released", 1): "at by cause lane reason",
    ("lane.timed", 1): (
        "arming_loop_changes closing_loop_changes lane since to_up_median to_up_most to_vend_median to_vend_most "
        "until vends"
    ),
    ("level.declared", 1): "floor_number level name spots",
    ("link.interrupted", 1): "since until",
    ("lot.declared", 1): "address currency lanes lat_microdegrees lng_microdegrees name timezone total_spots",
    ("machine.measured", 1): "at disk_free disk_total millidegrees store_bytes",
    ("match.decided", 1): "at by lane picture reason seen ticket",
    ("match.undone", 1): ("at before by exit_lane exit_picture freed mended mending moved other reason taken ticket"),
    ("money_case.settled", 1): "at by currency kind moved number ours payment provider reason theirs",
    ("passage.counted", 1): "at direction kind lane license_plate order passage unable_to_collect",
    ("vehicle.alerted", 1): "alert at entry lane reason ticket",
    ("passback.noted", 1): "at direction lane mode note vehicle",
    ("passback.reset", 1): "at by reason vehicle",
    ("payment.collected", 1): "amount currency lane method paid_in_all payment reference taken ticket",
    ("payment.taken", 1): "amount currency lane method paid_in_all payment reference taken ticket",
    ("payment.uncollected", 1): "amount at currency lane payment reason ticket",
    ("plate.differed", 1): "at lane license_plate ticket",
    ("records.erased", 1): "at count disk_class erasure hash seq stream_id up_to what why",
    ("state.digested", 1): "at digested layout",
    (
        "ticket.restored",
        1,
    ): "amount_due amount_paid at code currency entered entry_lane exit_lane exit_time"
    " fee_bounded license_plate payments refund_owed settled_at spot status tariff ticket vehicle vehicle_type",
    ("lot.restored", 1): "applied at left_out request stays why",
    ("spots.removed", 1): "spots",
    ("stay.dated", 1): "entered exited settled ticket",
    ("telemetry.begun", 1): "after at",
    ("store.quarantined", 1): "at facts_lost file former_seq former_stream rows_lost why",
    ("stream.opened", 1): "after_hash after_seq at carried epoch head_hash head_seq left why",
    ("ticket.closed", 1): "amount_due amount_paid exited lane ticket",
    ("ticket.confirmed", 1): "lane passed ticket",
    ("ticket.opened", 1): "code confidence_permille entered lane spot tariff ticket vehicle vehicle_type",
    ("ticket.unresolved", 1): "at during ticket",
    ("ticket.voided", 1): "at lane reason ticket",
    ("vehicle.registered", 1): "license_plate vehicle vehicle_type",
    ("vehicle.registered", 2): "license_plate vehicle vehicle_type",
    ("ticket.lost", 1): "at by entry_known lane reason ticket",
    ("ticket.found", 1): "at by reason ticket",
    ("ticket.pictured", 1): "at lane picture ticket",
    ("ticket.suspected", 1): "at done kind lane license_plate other suspicion ticket",
    ("ticket.suspected", 2): "at done kind lane license_plate other suspicion ticket",
    ("tickets.merged", 1): "at before by freed mended mending moved other reason taken ticket",
    ("ticket.split", 1): "at before by freed mended mending moved other reason taken ticket",
    ("mending.undone", 1): "at before by freed mended mending moved other reason taken ticket",
    ("valet.taken", 1): "at by tag ticket",
    ("valet.parked", 1): "at by place spot ticket",
    ("valet.called", 1): "against at by ticket",
    ("valet.call_ended", 1): "at by ticket",
    ("valet.fetching", 1): "at by ticket",
    ("valet.ready", 1): "at by ticket",
    ("valet.handed_back", 1): "against at by reason ticket",
    ("payment.authorised", 1): "amount at currency lane payment provider ticket token",
    ("payment.collected", 2): (
        "amount charge currency lane method paid_in_all payment provider reference taken ticket"
    ),
    ("payment.person_needed", 1): "amount at currency lane ticket why",
    ("payment.taken", 2): "amount charge currency lane method paid_in_all payment provider reference taken ticket",
    ("stay.settled", 1): "amount_due amount_paid at lane settled_until started_hours ticket",
    ("validation.given", 1): "all at by code lane ticket",
    ("quota.kept", 1): "asked at places revision spot_type",
    ("reservation.arrived", 1): "at by end_time lane reservation spot_type start_time ticket",
    ("reservation.missed", 1): "at reservation",
    ("reservation.returned", 1): "at reservation ticket",
    ("day.closed", 1): "at by closing held number totals",
    ("debt.written_off", 1): "amount at by currency payment reason ticket",
    ("receipt.issued", 1): "at currency number receipt said ticket total",
    ("payment.uncollected", 2): "amount at currency lane payment provider reason ticket",
    ("refund.declined", 1): "at refund ticket",
    ("refund.promised", 1): "amount at by currency payment provider reason refund ticket",
    ("refund.paid", 1): "amount at by currency out_of paid_in_all payment reason reference refund ticket",
    ("report.compared", 1): "at booked by differences provider reason since until",
    ("shift.closed", 1): "at by closing counted currency drawer expected left number",
    ("ledger.posted", 1): "at by currency day kind lines payment posting reason refund_owed reverses ticket",
    ("level.declared", 2): "floor_number level name spots",
    ("count.reset", 1): "at by counted known level reason",
    ("spot.returned", 1): "at by reason spot",
    ("spots.restored", 1): "at spots",
    ("spot.taken_by_unknown", 1): "at spot why",
    ("spot.unknown_gone", 1): "at spot why",
    ("spot.withdrawn", 1): "at by reason spot",
    ("stay.moved", 1): "at by spot ticket was why",
    ("ticket.opened", 2): (
        "account by code confidence_permille entered lane permit reservation serial spot tariff ticket vehicle"
        " vehicle_type"
    ),
    ("ticket.restored", 2): (
        "account amount_due amount_paid at by code currency entered entries entry_known entry_lane exit_lane exit_time"
        " fee_bounded license_plate lost payments permit picture refund_owed reservation serial settled_at spot status"
        " tariff ticket validations vehicle vehicle_type"
    ),
    ("ticket.restored", 3): (
        "account amount_due amount_paid at by code currency entered entries entry_known entry_lane exit_lane exit_match"
        " exit_picture exit_time fee_bounded license_plate lost payments permit picture refund_owed reservation serial"
        " settled_at spot status tariff ticket validations vehicle vehicle_type"
    ),
}
"""What was ever emitted. New lines may be added; a line that stands here stands in somebody's journal."""


def test_history_is_not_edited() -> None:
    known = {name: " ".join(sorted(kind.model_fields)) for name, kind in known_facts().items()}
    assert {name: known.get(name) for name in HISTORY} == HISTORY
    assert not known.keys() - HISTORY.keys(), "a new fact: add its line to HISTORY"


def test_a_ticket_opened_today_is_written_like_this() -> None:
    """The text that is hashed. If this changes, every lot's chain breaks."""
    opened = TicketOpened(
        ticket=TicketId("t"),
        code="7Q2K-M4XD",
        vehicle=VehicleId("v"),
        vehicle_type=VehicleType.REGULAR,
        lane=LaneName("in"),
        spot=SpotId("s"),
        entered=Instant(1),
        tariff=HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800)),
        confidence_permille=971,
    )
    assert canonical(opened.body()) == (
        '{"account":null,"by":"plate","code":"7Q2K-M4XD","confidence_permille":971,"entered":1,"lane":"in",'
        '"permit":null,"reservation":null,"serial":null,"spot":"s",'
        '"tariff":{"currency":"EUR","daily_maximum":1800,"dialect":1,"hourly_rate":250},'
        '"ticket":"t","vehicle":"v","vehicle_type":"REGULAR"}'
    )


@given(any_fact())
def test_every_fact_is_read_back_as_it_was_written(fact: Fact) -> None:
    body, personal = json.loads(canonical(fact.body())), json.loads(json.dumps(fact.personal_part()))
    assert decode(fact.type, fact.version, body, personal) == fact


@given(any_fact())
def test_a_body_is_read_from_its_text_as_from_its_values(fact: Fact) -> None:
    plain = decode_plain(fact.type, fact.version, canonical(fact.body()))
    assert plain == (None if fact.personal or plain is None else fact)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["1", "true", "REGULAR", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(any_fact(), st.data())
def test_what_is_read_from_the_text_would_be_read_from_the_values_whatever_they_are(
    fact: Fact, data: st.DataObject
) -> None:
    body = {**fact.body(), data.draw(st.sampled_from(sorted(fact.body()))): data.draw(ANYTHING)}
    for text in (json.dumps(body), json.dumps(body, ensure_ascii=False)):
        plain = decode_plain(fact.type, fact.version, text)
        if plain is not None:
            assert plain == decode(fact.type, fact.version, read_body(text), None)


@pytest.mark.parametrize("odd", ["NaN", "-Infinity", '"\\u0000"', '"\\ud800"'])
def test_what_no_store_holds_isnt_read_in_passing(odd: str) -> None:
    text = f'{{"at":1,"lane":"in","passed":1,"ticket":"t","more":{odd}}}'
    assert decode_plain("ticket.confirmed", 1, text.replace(odd, "1")) is not None
    assert decode_plain("ticket.confirmed", 1, text) is None


@given(any_fact())
def test_what_is_personal_never_stands_in_the_body(fact: Fact) -> None:
    assert fact.body().keys() & fact.personal == set()
    assert fact.personal_part().keys() == fact.personal


@given(any_fact())
def test_a_fact_whose_personal_part_was_erased_is_still_read(fact: Fact) -> None:
    read = decode(fact.type, fact.version, fact.body(), None)
    assert read.body() == fact.body()
    assert set(read.personal_part().values()) <= {ERASED}


@given(any_fact(), st.dictionaries(st.text(min_size=1).map("new_".__add__), st.integers()))
def test_fields_that_a_later_release_added_do_not_disturb(fact: Fact, later: dict[str, int]) -> None:
    assert decode(fact.type, fact.version, {**fact.body(), **later}, fact.personal_part()) == fact


@given(any_fact(), st.data())
def test_a_fact_that_lacks_a_field_is_unknown_and_never_guessed(fact: Fact, data: st.DataObject) -> None:
    body = fact.body()
    needed = [name for name, field in type(fact).model_fields.items() if field.is_required() and name in body]
    assume(needed)
    del body[data.draw(st.sampled_from(sorted(needed)))]
    with pytest.raises(UnknownFact, match="missing"):
        decode(fact.type, fact.version, body, fact.personal_part())


@given(st.text(max_size=20), st.integers(-1, 3))
def test_a_type_that_nobody_knows_is_unknown(type: str, version: int) -> None:
    if (type, version) not in known_facts():
        with pytest.raises(UnknownFact):
            decode(type, version, {}, None)


def test_what_is_wrong_with_a_fact_is_said_without_its_plate() -> None:
    with pytest.raises(UnknownFact) as wrong:
        decode("vehicle.registered", 1, {"vehicle": "v", "vehicle_type": "BUS"}, {"license_plate": ["AB12CDE"]})
    assert "AB12CDE" not in str(wrong.value)
    assert "vehicle_type" in wrong.value.why


def test_only_plates_are_personal() -> None:
    kinds = {kind for kind in known_facts().values() if kind.personal}
    assert kinds == {
        *(VehicleRegistered, VehicleRegisteredV1, TicketRestored, TicketRestoredV1, TicketRestoredV2),
        *(AccessRefused, PassageCounted, HelpCalled, PlateDiffered, TicketSuspected, TicketSuspectedV1, ExitDoubted),
    }
    assert {field for kind in kinds for field in kind.personal} == {"license_plate"}


def test_a_vehicle_and_an_exit_that_were_written_before_there_were_others_are_read_as_ever() -> None:
    met = decode("vehicle.registered", 1, {"vehicle": "v", "vehicle_type": "REGULAR"}, {"license_plate": "AB12CDE"})
    assert isinstance(met, VehicleRegisteredV1)
    with pytest.raises(UnknownFact):
        decode("vehicle.registered", 1, {"vehicle": "v", "vehicle_type": "REGULAR"}, {"license_plate": None})
    figures = dict.fromkeys(("at", "settled_until", "amount_due", "amount_paid", "started_hours"), 1)
    left = decode("exit.allowed", 1, {"ticket": "t", "lane": "out", "match": "exact", **figures}, None)
    assert isinstance(left, ExitAllowedV1)


@pytest.mark.parametrize("annotation", [float, float | None, list[float], dict[str, float]])
def test_a_fact_with_a_float_is_refused_when_it_is_written_and_stays_unknown(annotation: type) -> None:
    with pytest.raises(TypeError, match="float"):
        type("Weighed", (Fact,), {"__annotations__": {"tons": annotation}}, type="vehicle.weighed", version=1)
    assert ("vehicle.weighed", 1) not in known_facts()


def test_a_type_and_version_can_be_given_only_once() -> None:
    with pytest.raises(TypeError, match="a new meaning is a new version"):
        type("Begun", (Fact,), {"__annotations__": {"why": str}}, type="daemon.started", version=1)
    assert known_facts()["daemon.started", 1] is DaemonStarted
