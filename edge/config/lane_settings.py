"""What a technician configures about one lane: its hardware, its buttons, how patient it is."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator

from drivers.contract import (
    Barrier,
    CameraSettings,
    CardReader,
    CodeScanner,
    DigitalInput,
    PaymentTerminal,
    PlateSource,
    Sign,
    TicketPrinter,
    VehicleClassifier,
)
from drivers.registry import settings_for
from drivers.settings import DriverSettings
from drivers.values import Seconds
from edge.config.parts import parts_of
from edge.config.receipt_settings import printed_by
from edge.config.timing import TimingSettings
from edge.lane.lane import WhenUnread
from edge.parking.money.receipt_policy import GiveReceipts
from edge.vision.settings import ViewSettings
from models.documents.section import Section
from models.ids import LaneName
from models.spots import VehicleType
from models.tickets import Direction


class ButtonSettings(Section):
    """Buttons on the post: the same answers as on the kiosk's screen."""

    ticket: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """A ticket, please: where the plate can't be read"""
    lost_ticket: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """I have lost my ticket: calls a person"""
    confirm: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """Yes, that is my plate"""
    deny: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """No, that isn't my plate"""
    help: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """Calls a person"""
    motorcycle: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """This is a motorcycle"""
    compact: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """This is a small car"""
    regular: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """This is a car"""
    large: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """This is a van or a truck"""


class HeightSettings(Section):
    """A contact that is made by vehicles above a height: a light beam, a bar, a radar."""

    input: Annotated[DriverSettings, settings_for(DigitalInput)]
    """On while something that high is there"""
    counts_as: VehicleType = VehicleType.LARGE
    """What such a vehicle counts as, whoever says otherwise"""
    ahead: Seconds = Field(default=0.0, ge=0, le=60)
    """For one that stands before the arming loop: how long a vehicle takes from it to the loop at most"""


class LaneSettings(Section):
    """One way through, with its hardware."""

    name: LaneName
    """Short, without spaces, such as north-in; it never changes"""
    direction: Direction
    """`entry` or `exit`"""
    two_way: bool = False
    """`true` where vehicles also come from the other side; `direction` is then that of those from the near side"""
    barrier: Annotated[DriverSettings, settings_for(Barrier)]
    """The arm"""
    arming_loop: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """The loop in front of the arm; without one, the camera tells that a vehicle is there"""
    closing_loop: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """The loop under the arm; without one, the passage is taken from what is seen in front of it"""
    far_arming_loop: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """Of a lane that works both ways: the loop in front of the arm on its other side"""
    far_camera: Annotated[DriverSettings, settings_for(CameraSettings, PlateSource)] | None = None
    """Of a lane that works both ways: the camera that sees the plates of those from the other side"""
    classifier: Annotated[DriverSettings, settings_for(VehicleClassifier)] | None = None
    """Tells the kind of vehicle at the arm"""
    height: HeightSettings | None = None
    """Tells that the vehicle at an entry is higher than others"""
    vehicle_type: VehicleType = VehicleType.REGULAR
    """What a vehicle counts as when nothing tells its kind"""
    camera: Annotated[DriverSettings, settings_for(CameraSettings, PlateSource)]
    """The camera that sees the plate; or a camera or recorder that reads plates itself"""
    view: ViewSettings = Field(default_factory=ViewSettings)
    """Which part of the picture counts"""
    payment_terminal: Annotated[DriverSettings, settings_for(PaymentTerminal)] | None = None
    """Takes the money at an exit"""
    when_unread: WhenUnread = WhenUnread.REFUSE
    """What happens when a plate can't be read: `refuse` waits for a person, a code or a card; `button` gives a ticket
    at the press of a button (entries); `open` lets everybody through, at an exit on record as unable to collect"""
    sign: Annotated[DriverSettings, settings_for(Sign)] | None = None
    """Shows one line to the driver"""
    show_price: bool = False
    """`true`: the sign of an entry, and the idle page of its kiosk, show the price also where it doesn't move; one that
    moves is always shown"""
    ticket_printer: Annotated[DriverSettings, settings_for(TicketPrinter)] | None = None
    """Prints tickets for those whose plate can't be read, and at an exit receipts"""
    receipts: GiveReceipts = GiveReceipts.ASKED
    """Of who pays here, at an exit: `always` prints a receipt for each, `asked` at the press of `receipt_button`,
    `never` at a person's word only (`parkgate-edge receipt`)"""
    receipt_button: Annotated[DriverSettings, settings_for(DigitalInput)] | None = None
    """A receipt, please: pressed before the driver pays or after"""
    code_scanner: Annotated[DriverSettings, settings_for(CodeScanner)] | None = None
    """Reads the codes on tickets and telephones"""
    card_reader: Annotated[DriverSettings, settings_for(CardReader)] | None = None
    """Reads permits' cards and tags"""
    buttons: ButtonSettings = Field(default_factory=ButtonSettings)
    """Buttons on the post"""
    choose_type: bool = False
    """`true` where the driver says on the kiosk's screen what kind of vehicle it is"""
    timing: TimingSettings = Field(default_factory=TimingSettings)
    """How long the lane waits for what"""

    _are_printed = field_validator("receipts", "receipt_button")(printed_by("ticket_printer"))

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
        """The lane's hardware by the keys that name it, such as `buttons.help`; what isn't there is left out."""
        return {".".join(map(str, path)): part for path, part in parts_of(self)}
