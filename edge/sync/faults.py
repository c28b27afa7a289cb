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
NO_KEYS = Fault(
    code="link.no_keys",
    meaning="The lot has no key of the cloud, so it can believe nothing that comes from there",
    does="Sends its records again and again, and counts none of them as arrived; the lanes don't notice",
    ends="The file with the cloud's keys can be read",
    look_at="`link: cloud_keys:`, and the file that came with the lot's enrolment",
)
COMMANDS_REFUSED = Fault(
    code="link.commands_refused",
    meaning="Commands came that no honest cloud sends: forged, kept by the broker, played back, or for another lot",
    does="Moves nothing; puts each of them on record",
    ends="Ten minutes without another one",
    look_at="Who may write to this lot's topics at the broker? `parkgate-edge journal` shows what came",
)
KEYS_NOT_FOLLOWED = Fault(
    code="link.keys_not_followed",
    meaning="The cloud's keys were changed in a way that this lot can't believe",
    does="Goes by the keys that it knew",
    ends="A change of keys is believed, or the lot is enrolled anew",
    look_at="`parkgate-cloud signing list` against the lot's file of keys: where its newest key is gone, enrol it "
    "anew. Otherwise somebody else writes to this lot's topics at the broker",
)
NOT_BELIEVED = Fault(
    code="link.not_believed",
    meaning="A message came down that the cloud hasn't signed, or not for this lot",
    does="Takes no notice of it",
    ends="The cloud is heard with a signature that is right",
    look_at="Was the cloud given a new key? Otherwise somebody else writes to this lot's topics at the broker",
)
