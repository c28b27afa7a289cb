"""Identities: who minted what, and in which order."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ids import ENTROPY_BYTES, uuid7
from models.instants import Instant

MOMENTS = st.integers(0, 2**48 * 1000 - 1).map(Instant)
ENTROPY = st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES)


@given(MOMENTS, ENTROPY)
def test_an_id_is_a_uuid_of_version_7_that_tells_its_millisecond(at: Instant, entropy: bytes) -> None:
    minted = uuid.UUID(uuid7(at, entropy))
    assert (minted.version, minted.variant) == (7, uuid.RFC_4122)
    assert minted.int >> 80 == at // 1000
    assert str(minted) == uuid7(at, entropy), "canonical: 36 characters, lower case"


def test_the_example_of_the_rfc_comes_out() -> None:
    # RFC 9562, A.6: 2022-02-22 14:22:22 -05:00, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F
    entropy = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert uuid7(Instant(1_645_557_742_000_000), entropy) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(MOMENTS, MOMENTS, ENTROPY, ENTROPY)
def test_ids_sort_as_text_in_the_order_of_their_milliseconds(
    first: Instant, second: Instant, some: bytes, other: bytes
) -> None:
    earlier, later = sorted((first, second))
    if earlier // 1000 < later // 1000:
        assert uuid7(earlier, some) < uuid7(later, other)


@given(st.binary(max_size=20).filter(lambda entropy: len(entropy) != ENTROPY_BYTES))
def test_an_id_without_its_ten_random_bytes_is_not_minted(entropy: bytes) -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(Instant(0), entropy)


def test_no_id_is_minted_before_1970() -> None:
    with pytest.raises(ValueError, match="1970"):
        uuid7(Instant(-1), bytes(ENTROPY_BYTES))
