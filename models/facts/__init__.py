"""Facts: what happened at a lot, in the past tense, readable in ten years."""

from models.facts.access import AccessRefused
from models.facts.base import Fact, UnknownFact, decode
from models.facts.faults import DaemonStarted, FaultCleared, FaultRaised
from models.facts.layout import DeclaredLane, DeclaredSpot, LevelDeclared, LotDeclared, SpotsRemoved
from models.facts.payments import PaymentTaken, UnableToCollect
from models.facts.tickets import (
    ExitAbandoned,
    ExitAllowed,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
    TicketUnresolved,
    TicketVoided,
    VehicleRegistered,
)

__all__ = [
    "AccessRefused",
    "DaemonStarted",
    "DeclaredLane",
    "DeclaredSpot",
    "ExitAbandoned",
    "ExitAllowed",
    "Fact",
    "FaultCleared",
    "FaultRaised",
    "LevelDeclared",
    "LotDeclared",
    "PaymentTaken",
    "SpotsRemoved",
    "TicketClosed",
    "TicketConfirmed",
    "TicketOpened",
    "TicketUnresolved",
    "TicketVoided",
    "UnableToCollect",
    "UnknownFact",
    "VehicleRegistered",
    "decode",
]
