"""The day's reservations: the places that the lot is asked to keep, and what the cloud sells of them, by its API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import httpx

from models.instants import SECOND, Instant, to_rfc3339
from models.plates import Plate
from models.spots import SpotType

_BEFORE, _AFTER = 600 * SECOND, 1800 * SECOND
"""How long before and after its stay a reservation's time begins and ends: nobody comes early or leaves late."""
_ANSWERS_WITHIN = 20.0
_LISTED = 200
SOLD_AS = SpotType.REGULAR


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place for the car of this number. `plate` where the lot shall know it by that."""

    car: int
    comes: Instant
    leaves: Instant
    plate: Plate | None = None


@dataclass(frozen=True)
class Bookings:
    """`lot` is its id at the cloud, whose API is at `address`. `codes` are what the drivers of cars show."""

    address: str
    key: str
    lot: str
    codes: dict[int, str] = field(default_factory=dict[int, str])

    def sell(self, wanted: Iterable[Wanted]) -> None:
        """Raises httpx.HTTPError."""
        with self._cloud() as cloud:
            for each in wanted:
                self.codes[each.car] = self._sold(cloud, each)

    def statuses(self) -> dict[str, str]:
        """Of all reservations, by their ids, as the cloud has them. Raises httpx.HTTPError."""
        with self._cloud() as cloud:
            answer = cloud.get(f"/v1/lots/{self.lot}/reservations", params={"limit": _LISTED})
        return {each["id"]: each["status"] for each in answer.raise_for_status().json()["reservations"]}

    def _cloud(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=_ANSWERS_WITHIN)

    def _sold(self, cloud: httpx.Client, wanted: Wanted) -> str:
        booking = {
            "spot_type": SOLD_AS.value,
            "start": to_rfc3339(_whole(wanted.comes - _BEFORE)),
            "end": to_rfc3339(_whole(wanted.leaves + _AFTER)),
            "plate": wanted.plate,
        }
        asked = {"Idempotency-Key": f"of the day's car {wanted.car}"}
        answer = cloud.post(f"/v1/lots/{self.lot}/reservations", json=booking, headers=asked)
        return str(answer.raise_for_status().json()["code"])


def _whole(at: int) -> Instant:
    return Instant(at // SECOND * SECOND)
