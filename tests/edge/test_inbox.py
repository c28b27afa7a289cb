"""Intents at the lot: taken in order and once, with their effects, and nothing that contradicts itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.store import inbox
from edge.store.database import Store
from edge.store.inbox import Untrue
from models.ids import ReservationId, TariffId
from models.intents import ReservationCancelled, TariffWithdrawn, base
from models.wire.following import Follows, Fork, Gap, Nothing
from models.wire.intents import START, Intents, Place, SnapshotPart
from models.wire.snapshots import in_parts
from tests.edge.lots import Lot, a_lot, closed_in_the_end
from tests.intents import Issued, a_permit, a_reservation, a_tariff, a_word, revoked


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


def takes(lot: Lot, message: Intents) -> object:
    return lot.decide(lambda tx: inbox.take(tx, message))


def takes_snapshot(lot: Lot, parts: list[SnapshotPart]) -> bool:
    return lot.decide(lambda tx: inbox.take_snapshot(tx, inbox.checked(tx.lot, parts)))


def checksum(lot: Lot) -> str:
    return lot.decide(lambda tx: inbox.checksum_of_all(tx.connection, tx.lot))


def place(lot: Lot) -> Place:
    return lot.decide(lambda tx: inbox.place(tx.connection))


def waiting(lot: Lot) -> inbox.Waiting:
    return lot.decide(lambda tx: inbox.waiting(tx.connection))


def agrees(lot: Lot, cloud: Issued) -> bool:
    return place(lot) == cloud.place and checksum(lot) == cloud.checksum


def test_intents_are_applied_with_their_effects_and_put_on_record(lot: Lot) -> None:
    cloud = Issued()
    for intent in (a_permit(), a_tariff(), a_reservation()):
        cloud.says(intent)
    assert isinstance(takes(lot, cloud.deltas()), Follows)
    assert agrees(lot, cloud)
    assert lot.rows("SELECT id, license_plates FROM permits") == [("p1", '["AB12CDE"]')]
    assert lot.rows("SELECT id, name FROM tariffs") == [("t1", "t1")]
    assert lot.rows("SELECT id, status, spot_id FROM reservations") == [("r1", "BOOKED", None)]
    [(body,)] = lot.rows("SELECT body FROM journal WHERE type = 'intents.taken'")
    assert json.loads(str(body))["revision"] == 3


def test_what_ends_leaves_nothing_behind_that_is_personal(lot: Lot) -> None:
    cloud = Issued()
    for intent in (a_permit(), a_reservation(), a_tariff(), revoked()):
        cloud.says(intent)
    cloud.says(ReservationCancelled(reservation=ReservationId("r1")))
    cloud.says(TariffWithdrawn(tariff=TariffId("t1")))
    takes(lot, cloud.deltas())
    assert agrees(lot, cloud)
    assert lot.rows("SELECT * FROM intents") == lot.rows("SELECT * FROM permits") == lot.rows("SELECT * FROM tariffs")
    assert lot.rows("SELECT status, license_plate FROM reservations") == [("CANCELLED", None)]
    dump = lot.rows("SELECT body || coalesce(personal, '') FROM journal WHERE type = 'intents.taken'")
    assert "AB12CDE" not in str(dump)


def test_what_comes_twice_or_late_changes_nothing(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_permit())
    first = cloud.deltas()
    cloud.says(revoked())
    takes(lot, cloud.deltas())
    for again in (first, cloud.deltas(), cloud.deltas(1), cloud.head()):
        assert isinstance(takes(lot, again), Nothing)
    assert lot.one("SELECT count(*) FROM permits") == 0, "a revoked permit doesn't come back with an old message"
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'intents.taken'") == 1


def test_an_overlap_is_taken_from_where_the_lot_is(lot: Lot) -> None:
    cloud = Issued()
    for n in range(6):
        cloud.says(a_permit(f"p{n}"))
    takes(lot, cloud.deltas(0, 4))
    verdict = takes(lot, cloud.deltas(2))
    assert isinstance(verdict, Follows)
    assert [sent.revision for sent in verdict.intents] == [5, 6]
    assert agrees(lot, cloud)


@pytest.mark.parametrize("after", [1, 2])
def test_beyond_a_gap_nothing_is_taken(lot: Lot, after: int) -> None:
    cloud = Issued()
    for n in range(3):
        cloud.says(a_permit(f"p{n}"))
    assert isinstance(takes(lot, cloud.deltas(after)), Gap)
    assert place(lot) == START


def test_a_word_of_how_far_the_lot_should_be_shows_a_lost_tail(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_permit())
    assert isinstance(takes(lot, cloud.head()), Gap)


def test_another_history_under_the_same_numbers_is_never_merged(lot: Lot) -> None:
    cloud, restored = Issued(), Issued()
    for n in range(3):
        cloud.says(a_permit(f"p{n}"))
        restored.says(a_permit(f"p{n}" if n < 2 else "other"))
    takes(lot, cloud.deltas())
    restored.says(a_permit("more"))
    for message in (restored.deltas(), restored.deltas(2), restored.deltas(3)):
        assert isinstance(takes(lot, message), Fork)
    assert agrees(lot, cloud)


def test_poison_is_parked_and_the_later_ones_go_on(lot: Lot) -> None:
    cloud = Issued()
    cloud.says_as("permit.granted", 1, "permit:p0", '{"permit": "p0", "plates": 7}')
    cloud.says(a_tariff("t2", currency="USD"))
    cloud.says_as("permit.granted", 1, "permit:p1", "[1]")
    cloud.says_as("tariff.set", 1, "permit:p1", a_tariff("t9").model_dump_json())
    cloud.says(a_permit("p5"))
    takes(lot, cloud.deltas())
    assert agrees(lot, cloud)
    assert [each.revision for each in waiting(lot).parked] == [1, 2, 4]
    assert lot.rows("SELECT id FROM permits") == [("p5",)]
    assert lot.rows("SELECT id FROM tariffs") == []


def test_what_this_release_does_not_know_is_kept_and_applied_after_an_upgrade(
    lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Issued()
    known = base._KNOWN.copy()
    monkeypatch.setattr(base, "_KNOWN", {key: kind for key, kind in known.items() if key[0] != "permit.granted"})
    cloud.says(a_tariff())
    cloud.says(a_permit())
    takes(lot, cloud.deltas())
    assert agrees(lot, cloud), "the sums agree, whatever is understood"
    assert [each.type for each in waiting(lot).parked] == ["permit.granted"]
    monkeypatch.setattr(base, "_KNOWN", known)
    lot.store.close()
    upgraded = Lot(closed_in_the_end(Store(lot.path, lot.id, lot.clock)), lot.clock, lot.path)
    assert upgraded.decide(inbox.try_parked_again) == 1
    assert upgraded.rows("SELECT id FROM permits") == [("p1",)]
    assert waiting(upgraded).parked == ()
    assert agrees(upgraded, cloud)


def test_an_unknown_intent_can_end_what_is_known(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_permit())
    cloud.says_as("permit.suspended", 1, "permit:p1", ends=True)
    takes(lot, cloud.deltas())
    assert lot.rows("SELECT id FROM permits") == []
    assert agrees(lot, cloud)


def test_a_tariff_that_the_lot_cannot_run_is_only_named_to_it_and_the_one_before_holds(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_tariff("old"))
    cloud.says(a_tariff("new", dialect=3, terms={"bands": [[0, 100]]}))
    cloud.says(a_permit())
    takes(lot, cloud.deltas(said=a_word()))
    assert lot.rows("SELECT id FROM tariffs") == [("old",)]
    assert waiting(lot).withheld == (2,)
    assert lot.one("SELECT count(*) FROM permits") == 1, "a tariff in the way stops nothing else"
    assert agrees(lot, cloud)


def test_a_snapshot_takes_the_place_of_all_that_stood(lot: Lot) -> None:
    old, cloud = Issued(), Issued()
    old.says(a_permit("gone", "ZZ1"))
    takes(lot, old.deltas())
    for n in range(7):
        cloud.says(a_permit(f"p{n}", f"AA{n}"))
    cloud.says(revoked("p3"))
    cloud.says(a_reservation())
    parts = cloud.snapshot(each=3)
    assert len(parts) == 3
    assert takes_snapshot(lot, parts)
    assert agrees(lot, cloud)
    assert lot.one("SELECT group_concat(id, ' ') FROM (SELECT id FROM permits ORDER BY id)") == "p0 p1 p2 p4 p5 p6"
    cloud.says(a_permit("next"))
    assert isinstance(takes(lot, cloud.deltas(9)), Follows)


def test_a_snapshot_of_the_past_is_refused(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_permit())
    past = cloud.snapshot()
    cloud.says(revoked())
    takes(lot, cloud.deltas())
    assert not takes_snapshot(lot, past)
    assert agrees(lot, cloud)


def test_a_snapshot_of_the_present_repairs_a_damaged_row(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_permit())
    takes(lot, cloud.deltas())
    lot.decide(lambda tx: tx.connection.execute("UPDATE intents SET body = replace(body, 'p1', 'p2')"))
    assert checksum(lot) != cloud.checksum, "what is stored is looked at, not what was noted of it"
    assert takes_snapshot(lot, cloud.snapshot())
    assert agrees(lot, cloud)


def altered(parts: list[SnapshotPart]) -> list[list[SnapshotPart]]:
    first, *rest = parts
    entry = first.entries[0]
    assert entry.body is not None
    other = entry.model_copy(update={"personal": {"plates": ["EV1L"]}})
    body = entry.model_copy(update={"body": entry.body.replace("HANDICAP", "EV")})
    return [
        [first.model_copy(update={"entries": first.entries[1:]}), *rest],
        [first.model_copy(update={"entries": (*first.entries, first.entries[0])}), *rest],
        [first.model_copy(update={"entries": (other, *first.entries[1:])}), *rest],
        [first.model_copy(update={"entries": (body, *first.entries[1:])}), *rest],
        [first.model_copy(update={"checksum": "0" * 64}), *rest],
    ]


@pytest.mark.parametrize("how", range(5))
def test_a_snapshot_that_contradicts_itself_is_not_taken(lot: Lot, how: int) -> None:
    cloud = Issued()
    cloud.says(a_permit(rights=("HANDICAP",)))
    cloud.says(a_permit("p2"))
    with pytest.raises(Untrue):
        takes_snapshot(lot, altered(cloud.snapshot())[how])
    assert place(lot) == START
    assert lot.rows("SELECT * FROM permits") == []


@pytest.mark.parametrize("how", range(4))
def test_without_the_check_an_altered_snapshot_would_be_believed(
    lot: Lot, monkeypatch: pytest.MonkeyPatch, how: int
) -> None:
    """The control. Two entries of one subject would break a rule of the table all the same."""
    cloud = Issued()
    cloud.says(a_permit(rights=("HANDICAP",)))
    cloud.says(a_permit("p2"))
    parts = [each for place, each in enumerate(altered(cloud.snapshot())) if place != 1][how]
    monkeypatch.setattr(inbox, "is_true", lambda lot, parts: True)
    assert takes_snapshot(lot, parts)


def test_a_snapshot_is_checked_and_read_before_the_store_is_held(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ten thousand permits that takes longer than a driver waits."""
    cloud = Issued()
    for n in range(20):
        cloud.says(a_permit(f"p{n}", f"AA{n}"))
    snapshot = inbox.checked(lot.id, cloud.snapshot(each=3))

    def late(*of: object) -> None:
        raise AssertionError("the lanes wait for this")

    for work in ("is_true", "decode", "digest"):
        monkeypatch.setattr(inbox, work, late)
    assert lot.decide(lambda tx: inbox.take_snapshot(tx, snapshot))
    monkeypatch.undo()
    assert agrees(lot, cloud)


def test_a_snapshot_that_says_two_things_of_one_subject_is_not_taken(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_permit())
    cloud.says(a_permit())
    both = in_parts(lot.id, cloud.place, cloud.log)
    with pytest.raises(Untrue, match="two things"):
        takes_snapshot(lot, both)


def test_an_intent_whose_text_is_another_is_not_taken(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_permit())
    cloud.log[0] = cloud.log[0].model_copy(update={"personal": {"plates": ["EV1L"]}})
    with pytest.raises(Untrue):
        takes(lot, cloud.deltas())


def test_what_is_taken_and_what_it_changes_is_one_commit(lot: Lot) -> None:
    cloud = Issued()
    cloud.says(a_permit())

    def power_fails(tx: object) -> None:
        inbox.take(tx, cloud.deltas())  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lot.decide(power_fails)
    assert place(lot) == START
    assert lot.rows("SELECT * FROM permits") == lot.rows("SELECT * FROM intents")
    takes(lot, cloud.deltas())
    assert agrees(lot, cloud)
