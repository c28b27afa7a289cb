"""What a technician configures about one lot, as typed, frozen values. Money and lengths of time are exact."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from drivers.broker import BrokerSettings
from drivers.contract import Barrier, CameraSettings, DigitalInput, PaymentTerminal, VehicleClassifier
from drivers.registry import settings_for
from drivers.settings import DriverSettings
from drivers.values import Seconds
from edge.config.written import Amount, SpotNumbers, WrittenInstant, WrittenLotId, WrittenPlate, ZoneName
from edge.lane.timing import LaneTiming
from edge.parking.layout import PlannedLevel
from edge.vision.settings import ViewSettings, VisionSettings
from models.facts import DeclaredLane, LotDeclared
from models.ids import LaneName
from models.instants import Instant
from models.money import from_major
from models.plates import Plate
from models.spots import Right, SpotType, VehicleType
from models.tariff import Tariff
from models.tickets import Direction

MICRODEGREES = 1_000_000


class Section(BaseModel):
    """A section of the file. A key without a value counts as left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        pairs = cast("dict[Any, Any]", written).items()
        return {key: value for key, value in pairs if value is not None or key not in cls.model_fields}


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


class TariffSettings(Section):
    """What a stay costs: each started hour, up to a maximum. Tax included."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """Three letters as in ISO 4217, such as EUR"""
    hourly_rate: Amount
    """For each started hour"""
    daily_maximum: Amount
    """No stay costs more than this"""

    def tariff(self) -> Tariff:
        """In minor units. Raises ValueError for a part of a minor unit, or a maximum below the rate."""
        return Tariff(
            currency=self.currency,
            hourly_rate=from_major(self.hourly_rate, self.currency),
            daily_maximum=from_major(self.daily_maximum, self.currency),
        )


class SpotGroup(Section):
    """Spots of one type, side by side."""

    type: SpotType
    """MOTORCYCLE, COMPACT, REGULAR, LARGE, HANDICAP or EV"""
    numbers: SpotNumbers
    """As painted: 1-20, A1-A20, or a list; they fill in this order"""


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
        return PlannedLevel(self.floor, self.name, spots)


class PermitSettings(Section):
    """A vehicle with a right, known at this lot."""

    plate: WrittenPlate
    """Spaces, dashes and letter case don't matter"""
    rights: Annotated[tuple[Right, ...], Field(min_length=1)]
    """HANDICAP, EV, or both"""


class TimingSettings(Section):
    """How patient a lane is."""

    read_within: Annotated[Seconds, Field(gt=0, le=300)] = 12.0
    """A vehicle is told that its plate couldn't be read after this long"""
    retry_after: Annotated[Seconds, Field(gt=0, le=300)] = 5.0
    """A refused vehicle that still waits is asked for again after this long"""
    rise_within: Annotated[Seconds, Field(gt=0, le=60)] = 5.0
    """An arm that still says it is closed this long after a vend is at fault"""
    back_out_after: Annotated[Seconds, Field(gt=0, le=60)] = 3.0
    """A vehicle that left the arming loop and isn't under the arm by then has backed out"""
    clear_within: Annotated[Seconds, Field(gt=0, le=3600)] = 60.0
    """A closing loop that is occupied for longer than this is stuck, and the lane works on without it"""

    def lane_timing(self) -> LaneTiming:
        return LaneTiming.model_validate(self.model_dump())


class LaneSettings(Section):
    """One way through, with its hardware."""

    name: LaneName
    """Short, without spaces, such as north-in; it never changes"""
    direction: Direction
    """`entry` or `exit`"""
    barrier: Annotated[DriverSettings, settings_for(Barrier)]
    """The arm"""
    arming_loop: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """The loop in front of the arm; without one, the camera tells that a vehicle is there"""
    closing_loop: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """The loop under the arm; without one, the passage is taken from what is seen in front of it"""
    classifier: Annotated[DriverSettings, settings_for(VehicleClassifier)] | None = None
    """Tells the kind of vehicle at the arm"""
    vehicle_type: VehicleType = VehicleType.REGULAR
    """What a vehicle counts as when nothing tells its kind"""
    camera: Annotated[DriverSettings, settings_for(CameraSettings)]
    """The camera that sees the plate"""
    view: ViewSettings = Field(default_factory=ViewSettings)
    """Which part of the picture counts"""
    payment_terminal: Annotated[DriverSettings, settings_for(PaymentTerminal)] | None = None
    """Takes the money at an exit"""
    timing: TimingSettings = Field(default_factory=TimingSettings)
    """How long the lane waits for what"""

    @field_validator("name")
    @classmethod
    def _fit_for_topics(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name):
            raise ValueError("a short name of letters, digits and dashes is expected, such as north-in")
        return name

    @property
    def camera_only(self) -> bool:
        """Whether the camera alone tells that a vehicle is there."""
        return self.arming_loop is None

    def parts(self) -> dict[str, DriverSettings]:
        """The lane's hardware by the key that names it, what isn't there left out."""
        keys = ("barrier", "arming_loop", "closing_loop", "classifier", "camera", "payment_terminal")
        return {key: part for key in keys if (part := getattr(self, key)) is not None}


class StoreSettings(Section):
    """Where the lot keeps its tickets."""

    path: Path = Path("/var/lib/parkgate/lot.sqlite")
    """The database; its folder has to exist and be writable"""


class LinkSettings(Section, BrokerSettings):
    """The broker through which the cloud is reached. A lot without it works on its own."""


class SimulationSettings(Section):
    """Wall time that runs fast, for a lot with nothing real in it."""

    wall_anchor: WrittenInstant
    """The moment from which time runs fast"""
    wall_factor: Annotated[int, Field(ge=1, le=100_000)] = 60
    """How many times as fast"""


class LotSettings(Section):
    """A whole lot. Get one from `edge.config.load.load_lot`, which also checks that its parts agree."""

    lot: LotIdentity
    """Who this lot is"""
    tariff: TariffSettings
    """What a stay costs"""
    levels: Annotated[tuple[LevelSettings, ...], Field(min_length=1)]
    """The floors and their spots"""
    permits: tuple[PermitSettings, ...] = ()
    """Vehicles with a right to spots that are kept back"""
    lanes: Annotated[tuple[LaneSettings, ...], Field(min_length=1)]
    """The ways in and out"""
    vision: VisionSettings = Field(default_factory=VisionSettings)
    """How plates are read"""
    store: StoreSettings = Field(default_factory=StoreSettings)
    """Where the lot keeps its tickets"""
    link: LinkSettings | None = None
    """The way to the cloud"""
    simulation: SimulationSettings | None = None
    """Fast time; only for a lot with nothing real in it"""

    def planned_levels(self) -> tuple[PlannedLevel, ...]:
        """The levels from the lowest floor up, each with its spots as (number, type) in filling order."""
        return tuple(level.planned() for level in sorted(self.levels, key=lambda level: level.floor))

    def total_spots(self) -> int:
        return sum(len(level.spots) for level in self.planned_levels())

    def rights(self) -> dict[Plate, tuple[Right, ...]]:
        """The rights of each plate that has any."""
        return {permit.plate: permit.rights for permit in self.permits}

    def declared(self) -> LotDeclared:
        """The fact that tells the cloud of this lot."""
        place = self.lot.location
        return LotDeclared(
            name=self.lot.name,
            address=self.lot.address,
            timezone=self.lot.timezone,
            currency=self.tariff.currency,
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
        return None if self.simulation is None else (self.simulation.wall_anchor, self.simulation.wall_factor)
