"""Intents: what the cloud wants of a lot. Numbered for each lot, signed, and readable by any release."""

from models.intents.barring import VehicleBarred, VehicleUnbarred
from models.intents.base import Intent, UnknownIntent, decode, known_intents
from models.intents.permits import AccountLimited, AccountUnlimited, PermitGranted, PermitGrantedV1, PermitRevoked
from models.intents.policy import PolicyOverruled
from models.intents.reservations import ReservationCancelled, ReservationMade, ReservationQuota
from models.intents.tariffs import TariffSet, TariffWithdrawn

__all__ = [
    "AccountLimited",
    "AccountUnlimited",
    "Intent",
    "PermitGranted",
    "PermitGrantedV1",
    "PermitRevoked",
    "PolicyOverruled",
    "ReservationCancelled",
    "ReservationMade",
    "ReservationQuota",
    "TariffSet",
    "TariffWithdrawn",
    "UnknownIntent",
    "VehicleBarred",
    "VehicleUnbarred",
    "decode",
    "known_intents",
]
