"""Nothing but what the cloud itself signed, for this lot and as this kind of message, is believed."""

from __future__ import annotations

from uuid import uuid4

import pytest

from models.ids import LotId, StreamId
from models.wire.chain import GENESIS
from models.wire.envelopes import Ack, Malformed, pack, unpack
from models.wire.seals import NO_KEYS, Forged, Keyring, Sealed, SealedAs, Signer

LOT, OTHER = LotId(str(uuid4())), LotId(str(uuid4()))
CLOUD, NEXT, STRANGER = Signer.generated(), Signer.generated(), Signer.generated()
KEYS = Keyring.of([CLOUD.public_text, NEXT.public_text])
SAID = Ack(lot=LOT, stream="ledger", stream_id=StreamId(str(uuid4())), seq=7, hash=GENESIS)


def heard(payload: bytes, what: SealedAs = SealedAs.ACK, keys: Keyring = KEYS) -> Ack:
    return keys.unseal(what, LOT, Ack, payload)


def altered(**changed: str) -> bytes:
    return pack(unpack(Sealed, CLOUD.seal(SealedAs.ACK, LOT, SAID)).model_copy(update=changed))


@pytest.mark.parametrize("signer", [CLOUD, NEXT], ids=["the key", "the next key"])
def test_what_the_cloud_signed_is_believed(signer: Signer) -> None:
    assert heard(signer.seal(SealedAs.ACK, LOT, SAID)) == SAID


@pytest.mark.parametrize(
    "payload",
    [
        STRANGER.seal(SealedAs.ACK, LOT, SAID),
        CLOUD.seal(SealedAs.COMMAND, LOT, SAID),
        CLOUD.seal(SealedAs.ACK, OTHER, SAID),
        altered(lot=OTHER),
        altered(what="command"),
        altered(key=NEXT.key_id),
        altered(key="nobody"),
        altered(text=SAID.model_copy(update={"seq": 8}).model_dump_json()),
        altered(signature=""),
        altered(signature="not base64!"),
    ],
)
def test_anything_else_is_forged(payload: bytes) -> None:
    with pytest.raises(Forged):
        heard(payload)


def test_a_lot_without_keys_believes_nobody() -> None:
    with pytest.raises(Forged, match="doesn't know"):
        heard(CLOUD.seal(SealedAs.ACK, LOT, SAID), keys=NO_KEYS)


def test_a_bare_message_is_none_and_a_signed_one_of_another_shape_neither() -> None:
    with pytest.raises(Malformed):
        heard(pack(SAID))
    with pytest.raises(Malformed):
        heard(CLOUD.seal(SealedAs.ACK, LOT, unpack(Sealed, CLOUD.seal(SealedAs.ACK, LOT, SAID))))


def test_a_key_survives_its_file_and_no_error_quotes_it() -> None:
    assert Signer.from_text(CLOUD.text + "\n").key_id == CLOUD.key_id
    with pytest.raises(ValueError) as wrong:
        Signer.from_text(CLOUD.text[:-8])
    assert CLOUD.text[:-8] not in str(wrong.value)
