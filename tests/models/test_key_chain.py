"""The cloud's keys as they change: only the newest can change them, there is no way back, and nobody is left behind."""

from __future__ import annotations

import pytest

from models.ids import LotId
from models.wire.envelopes import Malformed, pack, unpack
from models.wire.keys import EVERY_LOT, KeysHeld, KeysNow, Stale, Trust, announced, changed, still_to_tell
from models.wire.seals import Forged, Sealed, SealedAs, Signer, key_id

A, B, C, D = (Signer.generated() for _ in range(4))
LOT = LotId("0193e1a0-0000-7000-8000-000000000001")


def keys(*signers: Signer) -> tuple[str, ...]:
    return tuple(signer.public_text for signer in signers)


FIRST = Trust(0, keys(A))


def a_chain() -> tuple[list[bytes], list[Trust]]:
    """A is joined by B, then C; A is retired, then B is, and D joins."""
    trust, chain, trusts = FIRST, list[bytes](), [FIRST]
    for after, newest in (((A, B), A), ((A, B, C), B), ((B, C), C), ((C,), C), ((C, D), C)):
        chain.append(announced(trust, keys(*after), newest))
        trust = changed(trust, chain[-1])
        trusts.append(trust)
    return chain, trusts


CHAIN, TRUSTS = a_chain()


def test_a_lot_follows_from_whatever_it_knew_to_the_keys_of_today() -> None:
    for reached, trust in enumerate(TRUSTS):
        held = KeysHeld(lot=LOT, serial=trust.serial, newest=key_id(trust.newest))
        told = still_to_tell(CHAIN, held)
        assert told is not None
        for message in told:
            trust = changed(trust, message)
        assert trust == TRUSTS[-1], f"from change {reached}"


def test_a_lot_enrolled_in_between_follows_without_a_number_of_its_own() -> None:
    for before in TRUSTS:
        trust = Trust(0, before.keys)
        for message in still_to_tell(CHAIN, KeysHeld(lot=LOT, serial=0, newest=key_id(trust.newest))) or ():
            trust = changed(trust, message)
        assert trust.keys == TRUSTS[-1].keys or trust.newest == before.newest == C.public_text


def test_a_lot_that_goes_by_a_strangers_keys_must_be_enrolled_anew() -> None:
    stranger = KeysHeld(lot=LOT, serial=0, newest=Signer.generated().key_id)
    assert still_to_tell(CHAIN, stranger) is None


@pytest.mark.parametrize("reached", range(1, len(TRUSTS)))
def test_no_older_change_is_taken_again(reached: int) -> None:
    for message in CHAIN[:reached]:
        with pytest.raises((Stale, Forged)):
            changed(TRUSTS[reached], message)


def told(serial: int, signers: tuple[Signer, ...], by: Signer, lot: LotId = EVERY_LOT) -> bytes:
    return by.seal(SealedAs.KEYS, lot, KeysNow(serial=serial, keys=keys(*signers)))


THIEF = Signer.generated()


@pytest.mark.parametrize(
    "forged",
    [
        told(9, (A, THIEF), A),  # the key that signs every day was stolen: it may not change the keys
        told(9, (A,), A),
        told(9, (B, THIEF), THIEF),
        told(9, (A, THIEF), B),  # the newest key can't retire itself
        told(9, (A, B, C), B, LOT),
        B.seal(SealedAs.ACK, EVERY_LOT, KeysNow(serial=9, keys=keys(B, C))),
    ],
)
def test_no_thief_of_the_key_that_signs_every_day_changes_the_keys(forged: bytes) -> None:
    knows_both = TRUSTS[1]
    with pytest.raises(Forged):
        changed(knows_both, forged)


def test_the_control_the_same_change_by_the_newest_key_is_believed() -> None:
    assert changed(TRUSTS[1], told(9, (B, THIEF), B)).keys == keys(B, THIEF)


def test_a_retired_key_signs_nothing_any_more() -> None:
    after = TRUSTS[3]
    with pytest.raises(Forged):
        changed(after, told(9, (B, C, A), A))


def test_a_change_that_was_edited_is_not_believed() -> None:
    sealed = unpack(Sealed, told(9, (B, C), B))
    with pytest.raises(Forged):
        changed(TRUSTS[1], pack(sealed.model_copy(update={"text": sealed.text.replace("9", "8", 1)})))


@pytest.mark.parametrize("wrong", [(), ("no key",), keys(A, A), keys(*(Signer.generated() for _ in range(9)))])
def test_there_can_be_no_such_keys(wrong: tuple[str, ...]) -> None:
    with pytest.raises(Malformed):
        announced(FIRST, wrong, A)
