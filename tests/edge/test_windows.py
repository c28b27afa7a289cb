"""Windows: as many facts as an envelope holds, and never one too many."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sync.windows import Label, fill_window
from models.facts import DaemonStarted, Fact, FaultRaised, VehicleRegistered
from models.ids import VehicleId, uuid7
from models.instants import Instant, Monotonic, Reading
from models.spots import VehicleType
from models.wire.chain import GENESIS
from models.wire.envelopes import WINDOW_BYTES, SentFact, Window, unpack
from tests.models.happenings import LOT, STREAM, journal

# A hundred thousand different characters of three and four bytes: zstd finds nothing to shorten.
NOISE = [chr(code) for code in range(0x4E00, 0x9FFF)] + [chr(code) for code in range(0x20000, 0x2A6DF)]


def noise(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(NOISE, k=length))


def a_backlog(facts: list[Fact]) -> tuple[SentFact, ...]:
    return journal([(fact, Reading("boot", Monotonic(n), Instant(n), True)) for n, fact in enumerate(facts)])


def filled(facts: tuple[SentFact, ...]) -> tuple[Window, bytes]:
    return fill_window(Label(LOT, "ledger", STREAM), GENESIS, facts)


@given(st.integers(0, 2**32), st.lists(st.sampled_from([0, 10, 300, 2000, 20_000]), min_size=1, max_size=60))
def test_a_window_never_outgrows_its_envelope_however_little_its_facts_shrink(seed: int, lengths: list[int]) -> None:
    chance = random.Random(seed)
    facts = a_backlog([DaemonStarted(release=noise(chance, length), at=Instant(1)) for length in lengths])
    window, packed = filled(facts)
    assert len(packed) <= WINDOW_BYTES
    assert unpack(Window, packed) == window
    assert window.facts == facts[: len(window.facts)] != ()


def test_personal_parts_count_too() -> None:
    chance = random.Random(1)
    met = [
        VehicleRegistered(vehicle=VehicleId("v"), vehicle_type=VehicleType.REGULAR, license_plate=noise(chance, 3000))
        for _ in range(60)
    ]
    window, packed = filled(a_backlog(list(met)))
    assert len(packed) <= WINDOW_BYTES
    assert 1 < len(window.facts) < 60


def test_a_fact_that_fills_an_envelope_alone_still_goes() -> None:
    """No lot writes one: the layout goes in parts and what a fault says is cut. But a backlog must never stand."""
    huge = DaemonStarted(release=noise(random.Random(1), 60_000), at=Instant(1))
    window, packed = filled(a_backlog([huge, huge]))
    assert len(window.facts) == 1
    assert len(packed) > WINDOW_BYTES


def test_everyday_facts_go_up_by_the_hundred() -> None:
    chance = random.Random(1)
    day = [
        FaultRaised(
            fault=uuid7(Instant(n), chance.randbytes(10)), code="camera.lost", source="in.camera", detail="no frames",
            at=Instant(n),
        )
        for n in range(1000)
    ]  # fmt: skip
    window, packed = filled(a_backlog(list(day)))
    assert len(window.facts) > 250
    assert len(packed) <= WINDOW_BYTES


def test_there_is_no_window_without_a_fact() -> None:
    with pytest.raises(ValueError):
        filled(())
