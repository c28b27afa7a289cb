"""What a technician configures about one lot, as typed, frozen values. Money and lengths of time are exact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from drivers.broker import BrokerSettings
from drivers.contract import (
    DigitalInput,
    SpotSensor,
)
from drivers.registry import settings_for
from drivers.settings import DriverSettings
from edge.config.allocation_settings import AllocationSettings
from edge.config.lane_settings import LaneSettings
from edge.config.list_settings import AccountSettings, BarredSettings, PermitSettings, own_lists
from edge.config.payment_settings import PaymentSettings, StationSettings
from edge.config.receipt_settings import BusinessSettings
from edge.config.reservation_settings import ReservationSettings
from edge.config.retention_settings import RetentionSettings
from edge.config.tariff_settings import TariffSettings
from edge.config.ticket_settings import TicketsSettings, ValetSettings
from edge.config.written import SpotNumbers, WrittenLotId
from edge.inputs import InputMeaning
from edge.kiosk.settings import KioskSettings
from edge.parking.access.lists import OwnLists
from edge.parking.access.permits import Permit
from edge.parking.money.policy import PaymentPolicy
from edge.parking.places.layout import PlannedLevel
from edge.vision.settings import VisionSettings
from models.allocation.places import WITHIN
from models.documents.section import Section
from models.documents.written import WrittenInstant, ZoneName
from models.facts import DeclaredLane, LotDeclared
from models.ids import LaneName
from models.instants import Instant
from models.passback import Passback
from models.phrases.language import LanguageCodes
from models.plates import Plate
from models.receipts.making import Letterhead
from models.spots import Right, SpotType
from models.tariff import Terms

MICRODEGREES = 1_000_000
MOST_ON_A_SIGN = 3
"""Nobody waits at a sign for more."""


class LocationSettings(Section):
    """Where the lot stands."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    """Degrees north"""
    lng: Annotated[float, Field(ge=-180, le=180)]
    """Degrees east"""


class LotIdentity(Section):
    """Who this lot is."""

    id: WrittenLotId
    """The id that enrolment gave to the lot; it never changes"""
    name: Annotated[str, Field(min_length=1, max_length=80)]
    """What people call it"""
    address: str = ""
    """For drivers who look for it"""
    timezone: ZoneName
    """Name from the IANA list, such as Europe/Berlin: what a day is at this lot"""
    location: LocationSettings | None = None
    """For the map"""


class SpotGroup(Section):
    """Spots of one type, side by side."""

    type: SpotType
    """MOTORCYCLE, COMPACT, REGULAR, LARGE, HANDICAP or EV"""
    numbers: SpotNumbers
    """As painted: 1-20, A1-A20, or a list; they fill in this order"""
    zone: Annotated[str, Field(max_length=80)] = ""
    """The zone in which they lie, such as `Staff`; a zone inside a zone is written `Staff/Directors`"""

    @field_validator("zone")
    @classmethod
    def _is_a_way(cls, zone: str) -> str:
        if zone and any(not part or part != part.strip() for part in zone.split(WITHIN)):
            raise ValueError('the name of a zone is expected, such as "Staff", or "Staff/Directors" inside it')
        return zone


class LevelSettings(Section):
    """One floor and its spots."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    """As on the signs"""
    floor: int
    """0 is the ground, -1 the first basement"""
    spots: Annotated[tuple[SpotGroup, ...], Field(min_length=1)]
    """The groups of spots, in the order in which they fill"""

    def planned(self) -> PlannedLevel:
        spots = tuple((number, group.type) for group in self.spots for number in group.numbers)
        zones = {number: group.zone for group in self.spots if group.zone for number in group.numbers}
        return PlannedLevel(self.floor, self.name, spots, zones)


class WatchedInput(Section):
    """A contact that is watched, and a fault while it is made."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    """Short, without spaces: names the contact in faults"""
    means: InputMeaning
    """`door_open`, `on_battery` (the UPS), `battery_low` or `alarm`"""
    input: Annotated[DriverSettings, settings_for(DigitalInput)]
    """The contact"""


class SensedSpot(Section):
    """A spot with a sensor of its own."""

    level: int
    """Its floor, as in the levels"""
    number: str
    """As painted"""
    sensor: Annotated[DriverSettings, settings_for(SpotSensor)]
    """Tells whether a vehicle stands on it"""


class StoreSettings(Section):
    """Where the lot keeps its tickets."""

    path: Path = Path("/var/lib/parkgate/lot.sqlite")
    """The database; made with its folder if there is none"""

    @property
    def pictures(self) -> Path:
        """The folder of evidence pictures, beside the database."""
        return self.path.with_name("pictures")


class LinkSettings(Section, BrokerSettings):
    """The broker through which the cloud is reached. A lot without it works on its own."""

    cloud_keys: Path = Path("/etc/parkgate/cloud.keys")
    """File with the cloud's public keys, one a line: nothing else is believed"""
    epoch: Annotated[int, Field(ge=1)] = 1
    """Which enrolment of this lot it is; `parkgate-edge enroll` writes it"""


class MetricsSettings(Section):
    """Figures for Prometheus."""

    file: Path
    """File that is written every 15 s, in the folder of the node exporter's textfile collector; ends in .prom"""

    @model_validator(mode="after")
    def _ends_in_prom(self) -> MetricsSettings:
        if self.file.suffix != ".prom":
            raise ValueError("a file that ends in .prom is expected: the node exporter reads no other")
        return self


class SimulationSettings(Section):
    """Time that isn't real, for a lot with nothing real in it: either wall time that runs fast, or a twin's."""

    wall_anchor: WrittenInstant | None = None
    """The moment from which wall time runs fast"""
    wall_factor: Annotated[int, Field(ge=1, le=100_000)] = 60
    """How many times as fast"""
    lockstep: Path | None = None
    """The socket of `parkgate-sim twin`, which hands out the time: it moves on when the daemon has nothing to do"""

    @model_validator(mode="after")
    def _one_of_them(self) -> SimulationSettings:
        if (self.wall_anchor is None) == (self.lockstep is None):
            raise ValueError('either "wall_anchor" (time that runs fast) or "lockstep" (a twin\'s time) is expected')
        return self


class LotSettings(Section):
    """A whole lot. Get one from `edge.config.load.load_lot`, which also checks that its parts agree."""

    lot: LotIdentity
    """Who this lot is"""
    business: BusinessSettings | None = None
    """Who sells the parking, for receipts"""
    tariff: TariffSettings
    """What a stay costs"""
    levels: Annotated[tuple[LevelSettings, ...], Field(min_length=1)]
    """The floors and their spots"""
    permits: tuple[PermitSettings, ...] = ()
    """Vehicles that this lot knows"""
    accounts: tuple[AccountSettings, ...] = ()
    """What several permits belong to, where it has a limit of its own"""
    barred: tuple[BarredSettings, ...] = ()
    """Vehicles that aren't let in"""
    passback: Passback = Passback.HARD
    """A permit that is inside and comes in again, or leaves without having come in: `hard` refuses it, `soft` lets it
    through and records it, `off` lets it through"""
    reservations: ReservationSettings = Field(default_factory=ReservationSettings)
    """Who comes on a reservation early, late or not at all"""
    tickets: TicketsSettings = Field(default_factory=TicketsSettings)
    """Tickets that aren't as they should be"""
    valet: ValetSettings | None = None
    """Attendants who park the vehicles"""
    lanes: Annotated[tuple[LaneSettings, ...], Field(min_length=1)]
    """The ways in and out"""
    languages: Annotated[LanguageCodes, Field(max_length=MOST_ON_A_SIGN)] = ("en",)
    """Two letters each: the languages in which the signs speak to drivers, one after the other, and the first ones of
    the screens"""
    fire: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """The contact of the fire alarm: made, every arm goes up and stays up until a person resets it"""
    inputs: tuple[WatchedInput, ...] = ()
    """Other contacts that are watched: doors, the UPS"""
    allocation: AllocationSettings = Field(default_factory=AllocationSettings)
    """How vehicles are led to spots"""
    spot_sensors: tuple[SensedSpot, ...] = ()
    """Spots with a sensor of their own"""
    kiosk: KioskSettings | None = None
    """The page for small screens at the lanes"""
    stations: tuple[StationSettings, ...] = ()
    """Pay stations, where drivers pay before they leave"""
    payments: PaymentSettings = Field(default_factory=PaymentSettings)
    """How the lot deals with money that it can't get at once"""
    vision: VisionSettings = Field(default_factory=VisionSettings)
    """How plates are read"""
    store: StoreSettings = Field(default_factory=StoreSettings)
    """Where the lot keeps its tickets"""
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    """How long the lot keeps what it knows"""
    link: LinkSettings | None = None
    """The way to the cloud"""
    metrics: MetricsSettings | None = None
    """Figures for Prometheus; without it none are written"""
    simulation: SimulationSettings | None = None
    """Fast time; only for a lot with nothing real in it"""

    def with_terms(self, terms: Terms) -> LotSettings:
        """The same lot, now that its tariff's own file was read."""
        return self.model_copy(update={"tariff": self.tariff.with_terms(terms)})

    def planned_levels(self) -> tuple[PlannedLevel, ...]:
        """The levels from the lowest floor up, each with its spots as (number, type) in filling order."""
        return tuple(level.planned() for level in sorted(self.levels, key=lambda level: level.floor))

    def payment_policy(self) -> PaymentPolicy:
        return self.payments.policy(self.tariff.tariff().currency)

    def letterhead(self) -> Letterhead:
        """What every receipt says of this lot; without `business`, the lot's own name and address."""
        lot = self.lot
        said = self.business or BusinessSettings(name=lot.name)
        return Letterhead(lot.name, said.business(lot.address), lot.timezone)

    def total_spots(self) -> int:
        return sum(len(level.spots) for level in self.planned_levels())

    def rights(self) -> dict[Plate, tuple[Right, ...]]:
        """The rights of each plate that has any."""
        return {plate: permit.rights for permit in self.permits for plate in permit.all_plates}

    def permits_by_plate(self) -> dict[Plate, Permit]:
        """As the parking service knows them."""
        of_lot = self.lot.id, self.lot.timezone, self.passback
        return {permit.plate: permit for written in self.permits for permit in written.permits(*of_lot)}

    def lists(self) -> OwnLists:
        """Who is barred, and how far accounts reach, likewise."""
        return own_lists(self.barred, self.accounts, self.lot.timezone)

    def declared(self) -> LotDeclared:
        """The fact that tells the cloud of this lot."""
        place = self.lot.location
        return LotDeclared(
            name=self.lot.name,
            address=self.lot.address,
            timezone=self.lot.timezone,
            currency=self.tariff.tariff().currency,
            total_spots=self.total_spots(),
            lat_microdegrees=None if place is None else round(place.lat * MICRODEGREES),
            lng_microdegrees=None if place is None else round(place.lng * MICRODEGREES),
            lanes=tuple(DeclaredLane(name=lane.name, direction=lane.direction) for lane in self.lanes),
        )

    def lane(self, name: LaneName) -> LaneSettings:
        """Raises KeyError."""
        for lane in self.lanes:
            if lane.name == name:
                return lane
        raise KeyError(name)

    def simulated_time(self) -> tuple[Instant, int] | None:
        """Anchor and factor of the fast wall clock; None for real time."""
        fast = self.simulation
        return None if fast is None or fast.wall_anchor is None else (fast.wall_anchor, fast.wall_factor)
