"""What can go wrong between a lot and the cloud, beyond a network that is gone."""

from __future__ import annotations

from models.faults import Fault

REFUSED = Fault(
    code="link.refused",
    meaning="The cloud's broker doesn't let this lot in, listen or publish",
    does="Tries again, and keeps every fact until the cloud has it; the lanes don't notice",
    ends="The broker lets the lot in",
    look_at="Was the lot enrolled anew, or its login revoked? Then `parkgate-edge enroll` with what the operator sent "
    "last. Else its user name, password and access rules at the broker",
)
FORKED = Fault(
    code="link.forked",
    meaning="The cloud has another history of this lot than the lot has",
    does="Goes on in a new stream that says where the two part, so that nothing is mixed; the lanes don't notice",
    ends="The cloud has taken facts of the new stream",
    look_at="Was this card restored from a copy? What the cloud has and the card hasn't is a case for the operator",
)
RIVAL = Fault(
    code="link.rival",
    meaning="Another computer speaks for this lot too, and the cloud believes that one",
    does="Goes on sending; the cloud keeps it apart until a person decides. The lanes don't notice",
    ends="This computer is enrolled anew, or switched off",
    look_at="Was the card copied? One of the two has to go; `parkgate-cloud lots enroll --lot` decides for this one",
)
OUTDATED = Fault(
    code="link.outdated",
    meaning="The lot was enrolled anew since, with another computer or card",
    does="Goes on sending; the cloud keeps it apart until a person decides. The lanes don't notice",
    ends="This computer gets the newest enrolment",
    look_at="Is this an old card? If not, run `parkgate-edge enroll` with what the operator sent last",
)
LOST_BY_CLOUD = Fault(
    code="link.cloud_restored",
    meaning="The cloud has lost facts of this lot that it had already: it was restored from a copy",
    does="Sends them again; the lanes don't notice",
    ends="The cloud has them again",
    look_at="Nothing at the lot; the operator is told",
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
RESTORING = Fault(
    code="link.restoring",
    meaning="The lot's store is new or of an earlier day, and the cloud hasn't said yet who is inside and what is owed",
    does="Works with what it has, and asks the cloud; who came in meanwhile is found once it has answered",
    ends="The cloud has answered, and the lot has taken over what it knew",
    look_at="The link to the cloud. Until then let out by hand who can't be found, with a reason",
)
NOT_BELIEVED = Fault(
    code="link.not_believed",
    meaning="A message came down that the cloud hasn't signed, or not for this lot",
    does="Takes no notice of it",
    ends="Ten minutes without another one",
    look_at="Was the cloud given a new key? Otherwise somebody else writes to this lot's topics at the broker",
)
INTENT_PARKED = Fault(
    code="link.intent_parked",
    meaning="The cloud wants something that this lot can't do: a permit, reservation or tariff that it can't read",
    does="Keeps it and doesn't act on it; what was said before of the same permit or tariff no longer holds either",
    ends="The lot is upgraded, or the cloud takes it back",
    look_at="The detail names it; mostly the lot's release is older than what the cloud sends: upgrade the lot",
)
SNAPSHOT_WRONG = Fault(
    code="link.snapshot_wrong",
    meaning="What the cloud sent of permits, reservations and tariffs contradicts its own checksum",
    does="Takes none of it and asks again; what it had goes on holding",
    ends="It comes whole",
    look_at="The cloud's log and its release; nothing at the lot can cause it",
)
POLICY_FORKED = Fault(
    code="link.policy_forked",
    meaning="The cloud has other permits, reservations and tariffs under the same numbers than it sent before",
    does="Goes on with what it has, and takes nothing new of them",
    ends="An operator settles which are right",
    look_at="Was the cloud's database restored from a copy? `parkgate-cloud policy` shows the case",
)
