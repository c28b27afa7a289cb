"""Facts: what happened at a lot, in the past tense, readable in ten years."""

from models.facts.access import AccessRefused, VehicleAlerted
from models.facts.base import Fact, UnknownFact, decode, decode_plain
from models.facts.commands import CloudKeysLearnt, CommandEnded, CommandRefused, CommandRefusedV1, CommandTaken
from models.facts.digests import StateDigested
from models.facts.faults import DaemonStarted, FaultCleared, FaultRaised
from models.facts.intents import IntentsTaken
from models.facts.lanes import HelpCalled, LaneHeld, LaneOrdered, LaneReleased, PassageCounted
from models.facts.layout import (
    DeclaredLane,
    DeclaredSpot,
    DeclaredSpotV1,
    LevelDeclared,
    LevelDeclaredV1,
    LotDeclared,
    SpotsRemoved,
)
from models.facts.ledger import DayClosed, DebtWrittenOff, LedgerPosted, ReceiptIssued, RefundPaid, ShiftClosed
from models.facts.lost import Suspicion, TicketFound, TicketLost, TicketPictured, TicketSuspected
from models.facts.mending import MendedTicket, MendingUndone, MovedPayment, TicketsMerged, TicketSplit
from models.facts.passback import PassbackNoted, PassbackReset
from models.facts.payments import DebtCollected, PaymentTaken, UnableToCollect
from models.facts.places import (
    CountReset,
    SpotReturned,
    SpotTakenByUnknown,
    SpotWithdrawn,
    StayMoved,
    UnknownVehicleGone,
)
from models.facts.reservations import QuotaKept, ReservationArrived, ReservationMissed, ReservationReturned
from models.facts.restoring import LotRestored, TicketRestored, TicketRestoredV1
from models.facts.retention import RecordsErased
from models.facts.store import StoreQuarantined
from models.facts.streams import StreamOpened
from models.facts.telemetry import LaneTimed, LinkInterrupted, MachineMeasured, TelemetryBegun
from models.facts.tickets import (
    EnteredBy,
    ExitAbandoned,
    ExitAllowed,
    ExitAllowedV1,
    Match,
    PlateDiffered,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    TicketOpenedV1,
    TicketUnresolved,
    TicketVoided,
    VehicleRegistered,
    VehicleRegisteredV1,
)
from models.facts.time import ClockSet, FeeBounded, FeeCorrected, StayDated
from models.facts.valet import (
    ValetCalled,
    ValetCallEnded,
    ValetFetching,
    ValetHandedBack,
    ValetParked,
    ValetReady,
    ValetTaken,
)

__all__ = [
    "AccessRefused",
    "ClockSet",
    "CloudKeysLearnt",
    "CommandEnded",
    "CommandRefused",
    "CommandRefusedV1",
    "CommandTaken",
    "CountReset",
    "DaemonStarted",
    "DayClosed",
    "DebtCollected",
    "DebtWrittenOff",
    "DeclaredLane",
    "DeclaredSpot",
    "DeclaredSpotV1",
    "EnteredBy",
    "ExitAbandoned",
    "ExitAllowed",
    "ExitAllowedV1",
    "Fact",
    "FaultCleared",
    "FaultRaised",
    "FeeBounded",
    "FeeCorrected",
    "HelpCalled",
    "IntentsTaken",
    "LaneHeld",
    "LaneOrdered",
    "LaneReleased",
    "LaneTimed",
    "LedgerPosted",
    "LevelDeclared",
    "LevelDeclaredV1",
    "LinkInterrupted",
    "LotDeclared",
    "LotRestored",
    "MachineMeasured",
    "Match",
    "MendedTicket",
    "MendingUndone",
    "MovedPayment",
    "PassageCounted",
    "PassbackNoted",
    "PassbackReset",
    "PaymentTaken",
    "PlateDiffered",
    "QuotaKept",
    "ReceiptIssued",
    "RecordsErased",
    "RefundPaid",
    "ReservationArrived",
    "ReservationMissed",
    "ReservationReturned",
    "ShiftClosed",
    "SpotReturned",
    "SpotTakenByUnknown",
    "SpotWithdrawn",
    "SpotsRemoved",
    "StateDigested",
    "StayDated",
    "StayMoved",
    "StoreQuarantined",
    "StreamOpened",
    "Suspicion",
    "TelemetryBegun",
    "TicketClosed",
    "TicketConfirmed",
    "TicketFound",
    "TicketLost",
    "TicketOpened",
    "TicketOpenedV1",
    "TicketPictured",
    "TicketRestored",
    "TicketRestoredV1",
    "TicketSplit",
    "TicketSuspected",
    "TicketUnresolved",
    "TicketVoided",
    "TicketsMerged",
    "UnableToCollect",
    "UnknownFact",
    "UnknownVehicleGone",
    "ValetCallEnded",
    "ValetCalled",
    "ValetFetching",
    "ValetHandedBack",
    "ValetParked",
    "ValetReady",
    "ValetTaken",
    "VehicleAlerted",
    "VehicleRegistered",
    "VehicleRegisteredV1",
    "decode",
    "decode_plain",
]
