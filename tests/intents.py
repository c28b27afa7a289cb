"""What a cloud issues to one lot, kept in a list instead of a database; and intents as tests need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud.intents.sending import for_lot
from models.ids import LotId, PermitId, ReservationId, TariffId
from models.instants import HOUR, Instant
from models.intents import Intent, PermitGranted, PermitRevoked, ReservationMade, TariffSet
from models.intents.base import understood
from models.plates import Plate
from models.spots import SpotType
from models.tariff import DIALECTS
from models.wire.intents import (
    START,
    Intents,
    Place,
    SentIntent,
    SnapshotPart,
    Taken,
    chained,
    checksum,
    digest,
    sealed_text,
)
from models.wire.snapshots import parcels
from tests.edge.lots import LOT, NOON

SALT = "5a" * 16


@dataclass
class Issued:
    """All intents of one lot, from the first on. `hashes[n]` is the hash at revision n."""

    lot: LotId = LOT
    log: list[SentIntent] = field(default_factory=list)
    hashes: list[str] = field(default_factory=lambda: [START.hash])

    def says(self, intent: Intent, at: Instant = NOON) -> SentIntent:
        body, salt, personal = sealed_text(intent, SALT)
        sent = self.says_as(intent.type, intent.version, intent.subject, body, ends=intent.ends, at=at)
        self.log[-1] = sent.model_copy(update={"salt": salt, "personal": personal})
        return self.log[-1]

    def says_as(
        self, type: str, version: int, subject: str, body: str = "{}", *, ends: bool = False, at: Instant = NOON
    ) -> SentIntent:
        """In a later cloud's words."""
        revision = len(self.log) + 1
        mine = digest(self.lot, revision, type, version, subject, ends, at, body)
        sent = SentIntent(
            revision=revision, type=type, version=version, subject=subject, ends=ends, at=at, body=body, digest=mine
        )
        self.log.append(sent)
        self.hashes.append(chained(self.hashes[-1], mine))
        return sent

    @property
    def place(self) -> Place:
        return Place(len(self.log), self.hashes[-1])

    @property
    def standing(self) -> list[SentIntent]:
        last = {sent.subject: sent for sent in self.log}
        return [sent for sent in last.values() if not sent.ends]

    @property
    def checksum(self) -> str:
        return checksum(sent.entry for sent in self.standing)

    def deltas(self, after: int = 0, to: int | None = None, *, said: Taken | None = None) -> Intents:
        chosen: Sequence[SentIntent] = self.log[after:to]
        if said is not None:
            chosen = for_lot(chosen, said)
        return Intents(
            lot=self.lot, after=after, previous=self.hashes[after], intents=tuple(chosen), head=len(self.log)
        )

    def head(self) -> Intents:
        return self.deltas(len(self.log))

    def snapshot(self, *, said: Taken | None = None, each: int | None = None) -> list[SnapshotPart]:
        """In parts of `each` entries, or as many as the cloud would make."""
        standing = self.standing if said is None else for_lot(self.standing, said)
        pieces = [tuple(standing[n : n + each]) for n in range(0, len(standing), each)] if each else parcels(standing)
        found = list(pieces) or [()]
        return [
            SnapshotPart(
                lot=self.lot,
                revision=self.place.revision,
                hash=self.place.hash,
                checksum=self.checksum,
                part=number,
                parts=len(found),
                entries=piece,
            )
            for number, piece in enumerate(found, start=1)
        ]


def a_permit(name: str = "p1", *plates: str, **more: object) -> PermitGranted:
    known = {"permit": PermitId(name), "plates": tuple(map(Plate, plates or ("AB12CDE",))), **more}
    return PermitGranted.model_validate(known)


def revoked(name: str = "p1") -> PermitRevoked:
    return PermitRevoked(permit=PermitId(name))


def a_tariff(name: str = "t1", rate: int = 300, **more: object) -> TariffSet:
    known = {
        "tariff": TariffId(name),
        "name": name,
        "currency": "EUR",
        "dialect": 1,
        "terms": {"hourly_rate": rate, "daily_maximum": 10 * rate},
        "valid_from": NOON - HOUR,
        **more,
    }
    return TariffSet.model_validate(known)


def a_reservation(name: str = "r1") -> ReservationMade:
    return ReservationMade(
        reservation=ReservationId(name),
        user="u1",
        spot_type=SpotType.REGULAR,
        start_time=NOON,
        end_time=Instant(NOON + HOUR),
        code_hash="c0" * 32,
        license_plate="AB12CDE",
    )


def a_word(lot: LotId = LOT, place: Place = START, **more: object) -> Taken:
    """What a lot of this release says."""
    known = {
        "lot": lot,
        "release": "0.1.0",
        "revision": place.revision,
        "hash": place.hash,
        "checksum": checksum(()),
        "understands": understood(),
        "dialects": DIALECTS,
        **more,
    }
    return Taken.model_validate(known)
