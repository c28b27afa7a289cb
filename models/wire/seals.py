"""Seals: everything that the cloud sends down is signed (Ed25519), and a lot believes nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, Protocol, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from models.ids import LotId
from models.wire.chain import canonical
from models.wire.envelopes import Malformed, pack, unpack

_KEY_BYTES = 32
_ID_DIGITS = 16
_Sent = TypeVar("_Sent", bound=BaseModel)


class SealedAs(StrEnum):
    """What a sealed message is. It is signed too, so that none can be passed off as another. A word never changes."""

    ACK = "ack"
    ANSWER = "answer"
    INTENTS = "intents"
    SNAPSHOT = "snapshot"
    HELLO = "hello"
    """Somebody is about to order something"""
    COMMAND = "command"
    KEYS = "keys"
    RESYNC = "resync"
    """Asks the lot for its own state"""
    RESTORE = "restore"
    """Tells a lot whose store is new what was last known of it"""


class Forged(Malformed):
    """The message isn't from a cloud that this lot knows, or not meant for this lot."""


class Sealed(BaseModel):
    """A message with its signature. `key` names who signed; `text` is the very JSON that was signed."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    what: str
    lot: LotId
    key: str
    text: str
    signature: str


class Seals(Protocol):
    """Whoever can sign for the cloud."""

    def seal(self, what: SealedAs, lot: LotId, message: BaseModel) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Signer:
    """The cloud's half of a key. Its id is worked out from the public half, so that both sides call it the same."""

    private: Ed25519PrivateKey

    @classmethod
    def generated(cls) -> Signer:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_text(cls, text: str) -> Signer:
        """Raises ValueError for anything but the base64 of 32 bytes, without quoting it: it is a secret."""
        return cls(Ed25519PrivateKey.from_private_bytes(_key_bytes(text)))

    @property
    def text(self) -> str:
        """The secret, for a file that only the cloud may read."""
        return base64.b64encode(self.private.private_bytes_raw()).decode()

    @property
    def public_text(self) -> str:
        return base64.b64encode(self.private.public_key().public_bytes_raw()).decode()

    @property
    def key_id(self) -> str:
        return key_id(self.public_text)

    def seal(self, what: SealedAs, lot: LotId, message: BaseModel) -> bytes:
        """The message as published, for this lot only."""
        text = message.model_dump_json()
        signature = self.private.sign(_signed(what, lot, self.key_id, text))
        return pack(
            Sealed(what=what, lot=lot, key=self.key_id, text=text, signature=base64.b64encode(signature).decode())
        )


@dataclass(frozen=True, slots=True)
class Keyring:
    """The public keys that a lot believes, by their ids."""

    keys: Mapping[str, Ed25519PublicKey]

    @classmethod
    def of(cls, public: Iterable[str]) -> Keyring:
        """From public keys in base64. Raises ValueError when one isn't."""
        keys = {key_id(text): Ed25519PublicKey.from_public_bytes(_key_bytes(text)) for text in public}
        return cls(MappingProxyType(keys))

    def unseal(self, what: SealedAs, lot: LotId, kind: type[_Sent], payload: bytes) -> _Sent:
        """The message inside. Raises Malformed when there is none to read, Forged when it can't be believed."""
        sealed = unpack(Sealed, payload)
        if sealed.what != what:
            raise Forged(f"signed as {sealed.what[:20]!r}, where {what.value!r} is expected")
        if sealed.lot != lot:
            raise Forged("signed for another lot")
        key = self.keys.get(sealed.key)
        if key is None:
            raise Forged(f"signed with a key that this lot doesn't know ({sealed.key[:_ID_DIGITS]})")
        try:
            key.verify(base64.b64decode(sealed.signature, validate=True), _signed(what, lot, sealed.key, sealed.text))
        except (InvalidSignature, binascii.Error):
            raise Forged("its signature is wrong") from None
        try:
            return kind.model_validate_json(sealed.text)
        except ValidationError as wrong:
            raise Malformed(f"not a {kind.__name__.lower()}: {wrong.error_count()} fields are wrong") from None


NO_KEYS = Keyring(MappingProxyType({}))
"""Believes nothing."""


def key_id(public: str) -> str:
    """What a public key is called: the beginning of its hash. Raises ValueError when `public` isn't a key in base64."""
    return hashlib.sha256(_key_bytes(public)).hexdigest()[:_ID_DIGITS]


def _signed(what: SealedAs, lot: LotId, key: str, text: str) -> bytes:
    """What is signed: the message, and all that says what it is and for whom."""
    return canonical(["parkgate/v1", what.value, lot, key, text]).encode()


def _key_bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a key is expected, in base64") from None
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"a key of {_KEY_BYTES} bytes is expected, in base64")
    return raw
