"""The code of a reservation: signed by the cloud, so that a lot which hears nothing of it can believe it."""

from __future__ import annotations

import base64
import binascii
import struct
import uuid
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature

from models.ids import LotId, ReservationId
from models.instants import SECOND, Instant
from models.spots import SpotType
from models.wire.seals import Keyring, Signer

PREFIX = "PR1:"
"""Tells reservations from other codes under a scanner; a new number is a new meaning."""
_FIELDS = struct.Struct(">16s16sBQQ8s")
_SIGNATURE_BYTES = 64
_SIGNED_AS = b"parkgate/v1 reservation code\0"
_SPOT_TYPES: tuple[SpotType, ...] = (
    *(SpotType.MOTORCYCLE, SpotType.COMPACT, SpotType.REGULAR),
    *(SpotType.LARGE, SpotType.HANDICAP, SpotType.EV),
)
"""By the number that stands in a code; a number never changes its meaning."""


class BadCode(ValueError):
    """Not a reservation's code, or not one that this lot's cloud has signed. The text holds nothing personal."""


@dataclass(frozen=True, slots=True)
class ReservationCode:
    """A place of this type at this lot from `start` until just before `end` (to the second)."""

    lot: LotId
    reservation: ReservationId
    spot_type: SpotType
    start: Instant
    end: Instant


def is_reservation_code(text: str) -> bool:
    return text.strip()[: len(PREFIX)].upper() == PREFIX


def written_code(code: ReservationCode, signer: Signer) -> str:
    """As it stands in the QR code: some 190 characters of its small alphabet."""
    said = _FIELDS.pack(
        uuid.UUID(code.lot).bytes,
        uuid.UUID(code.reservation).bytes,
        _SPOT_TYPES.index(code.spot_type),
        code.start // SECOND,
        code.end // SECOND,
        bytes.fromhex(signer.key_id),
    )
    signed = said + signer.private.sign(_SIGNED_AS + said)
    return PREFIX + base64.b32encode(signed).decode().rstrip("=")


def read_code(text: str, keys: Keyring) -> ReservationCode:
    """What the code says. For which lot and time it is good is for the caller to look at. Raises BadCode."""
    if not is_reservation_code(text):
        raise BadCode("not the code of a reservation")
    said, signature = _parts(text.strip()[len(PREFIX) :])
    lot, reservation, spot_type, start, end, key_id = _FIELDS.unpack(said)
    key = keys.keys.get(key_id.hex())
    if key is None:
        raise BadCode("signed with a key that this lot doesn't know")
    try:
        key.verify(signature, _SIGNED_AS + said)
    except InvalidSignature:
        raise BadCode("its signature is wrong") from None
    if spot_type >= len(_SPOT_TYPES):
        raise BadCode("for a type of spot that this release doesn't know")
    return ReservationCode(
        lot=LotId(str(uuid.UUID(bytes=lot))),
        reservation=ReservationId(str(uuid.UUID(bytes=reservation))),
        spot_type=_SPOT_TYPES[int(spot_type)],
        start=Instant(start * SECOND),
        end=Instant(end * SECOND),
    )


def _parts(text: str) -> tuple[bytes, bytes]:
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        raise BadCode("not the code of a reservation") from None
    if len(raw) != _FIELDS.size + _SIGNATURE_BYTES:
        raise BadCode("not the code of a reservation")
    return raw[: _FIELDS.size], raw[_FIELDS.size :]
