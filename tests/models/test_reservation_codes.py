"""The code of a reservation says what the cloud has signed, and nothing else is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ids import LotId, ReservationId
from models.instants import HOUR, Instant
from models.reservations.codes import PREFIX, BadCode, ReservationCode, is_reservation_code, read_code, written_code
from models.spots import SpotType
from models.wire.seals import Keyring, Signer
from tests.edge.lots import NOON

CLOUD = Signer.generated()
KEYS = Keyring.of([CLOUD.public_text])
SOLD = ReservationCode(
    lot=LotId("0192f0c1-2b3c-7d4e-8f50-61728394a5b6"),
    reservation=ReservationId("0192f0c1-2b3c-7d4e-8f50-61728394a5b7"),
    spot_type=SpotType.EV,
    start=NOON,
    end=Instant(NOON + 3 * HOUR),
)


@pytest.mark.parametrize("spot_type", list(SpotType))
def test_what_was_sold_is_what_is_read(spot_type: SpotType) -> None:
    sold = ReservationCode(SOLD.lot, SOLD.reservation, spot_type, SOLD.start, SOLD.end)
    assert read_code(written_code(sold, CLOUD), KEYS) == sold


def test_a_scanner_may_say_it_in_small_letters_and_with_a_line_end() -> None:
    assert read_code(written_code(SOLD, CLOUD).lower() + "\r\n", KEYS) == SOLD


def test_it_fits_the_small_alphabet_of_a_qr_code() -> None:
    text = written_code(SOLD, CLOUD)
    assert len(text) < 220
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_another_cloud_sells_nothing_here() -> None:
    with pytest.raises(BadCode, match="key that this lot doesn't know"):
        read_code(written_code(SOLD, Signer.generated()), KEYS)


@given(
    place=st.integers(min_value=len(PREFIX), max_value=len(written_code(SOLD, CLOUD)) - 2),
    letter=st.sampled_from("A2Q7"),
)
def test_no_letter_of_it_can_be_changed(place: int, letter: str) -> None:
    text = written_code(SOLD, CLOUD)
    altered = text[:place] + letter + text[place + 1 :]
    if altered != text:
        with pytest.raises(BadCode):
            read_code(altered, KEYS)


@pytest.mark.parametrize(
    "text", ["", "PR1:", "PR1:AAAA", "PG1:7Q2K-M4XD", "PR1:!!", "PR1:" + "Z" * 300, "PR2:" + "A" * 186]
)
def test_other_codes_are_none_of_ours(text: str) -> None:
    with pytest.raises(BadCode):
        read_code(text, KEYS)


def test_a_ticket_is_no_reservation() -> None:
    assert not is_reservation_code("PG1:7Q2K-M4XD")
