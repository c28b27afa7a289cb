"""The cloud's keys as they change: a chain of messages, each signed with the newest key of the one before. Pure.

The newest key is the *next* one, made long before it signs from day to day, and kept elsewhere. Only it can change the
keys, so whoever steals the key that signs every day can't make himself believed for longer than that key is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from models.ids import LotId
from models.wire.bounds import COUNT, HASH, ID, LARGEST
from models.wire.envelopes import Malformed, unpack
from models.wire.seals import Forged, Keyring, Sealed, SealedAs, Seals, key_id

EVERY_LOT = LotId("*")
"""What a change of keys is signed for: it is the same for all lots, and can be read to one that was away for years."""
_MOST_KEYS = 8


class KeysNow(BaseModel):
    """All keys that the cloud signs with from now on, the newest last; one that is missing is believed no more."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    serial: int = Field(ge=1, le=LARGEST)
    keys: tuple[str, ...] = Field(min_length=1, max_length=_MOST_KEYS)

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if len({key_id(key) for key in keys}) != len(keys):
            raise ValueError("a key stands there twice")
        return keys


class KeysHeld(BaseModel):
    """Which keys a lot goes by, going up: how far it has followed, and the id of its newest key."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: Annotated[LotId, ID]
    serial: Annotated[int, COUNT]
    newest: Annotated[str, HASH]


@dataclass(frozen=True, slots=True)
class Trust:
    """The public keys that are believed, the newest last. `serial` 0: as they came with the enrolment."""

    serial: int
    keys: tuple[str, ...]

    @property
    def newest(self) -> str:
        return self.keys[-1]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(key_id(key) for key in self.keys)


class Stale(Exception):
    """A change of keys that was taken before, or is older than that: no news, and no way back."""


def changed(trust: Trust, payload: bytes) -> Trust:
    """The keys after this message. Raises Stale, Forged when it isn't to be believed, Malformed.

    Signed with the newest key, which stays: no other key can add one, and none can remove itself.
    """
    said = unpack(Sealed, payload)
    told = Keyring.of(trust.keys).unseal(SealedAs.KEYS, EVERY_LOT, KeysNow, payload)
    if told.serial <= trust.serial:
        raise Stale
    if said.key != key_id(trust.newest):
        raise Forged("signed with a key that may not change the keys: only the newest may")
    if trust.newest not in told.keys:
        raise Forged("the key that signed it isn't among the keys that it names")
    return Trust(told.serial, told.keys)


def announced(trust: Trust, keys: Sequence[str], newest: Seals) -> bytes:
    """The message that changes `trust` to these keys, signed by the holder of the newest key.

    Raises Forged when no lot would believe it, Malformed when there can be no such keys.
    """
    try:
        told = KeysNow(serial=trust.serial + 1, keys=tuple(keys))
    except ValueError:
        raise Malformed(f"one to {_MOST_KEYS} different keys are expected") from None
    payload = newest.seal(SealedAs.KEYS, EVERY_LOT, told)
    changed(trust, payload)
    return payload


def still_to_tell(chain: Sequence[bytes], held: KeysHeld) -> Sequence[bytes] | None:
    """What a lot hasn't followed yet, in order. None: it goes by keys that this chain never knew, so nothing that
    could be said would be believed."""
    if not chain:
        return []
    reached = [place for place, payload in enumerate(chain) if _newest_after(payload) == held.newest]
    if reached:
        # A key stays the newest while others are retired: those messages are told again, and the old are no news.
        later = [payload for payload in chain[reached[0] :] if _serial_of(payload) > held.serial]
        return later if held.serial else chain[reached[0] + 1 :]
    return chain if unpack(Sealed, chain[0]).key == held.newest else None


def _now(payload: bytes) -> KeysNow:
    return KeysNow.model_validate_json(unpack(Sealed, payload).text)


def _newest_after(payload: bytes) -> str:
    return key_id(_now(payload).keys[-1])


def _serial_of(payload: bytes) -> int:
    return _now(payload).serial
