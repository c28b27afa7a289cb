"""What can go wrong between a lot and the cloud, beyond a network that is gone."""

from __future__ import annotations

from models.faults import Fault

REFUSED = Fault(
    code="link.refused",
    meaning="The cloud's broker doesn't let this lot in, listen or publish",
    does="Tries again, and keeps every fact until the cloud has it; the lanes don't notice",
    ends="The broker lets the lot in",
    look_at="The lot's user name, password and access rules at the broker",
)
FORKED = Fault(
    code="link.forked",
    meaning="The cloud has another history of this lot than the lot has",
    does="Sends nothing more of its records, so that nothing is mixed; the lanes don't notice",
    ends="A person settles which history is right",
    look_at="Was this card, or the cloud's database, restored from a copy? The lot goes on; its facts wait",
)
