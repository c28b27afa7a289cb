"""The way to the cloud: its broker, the login, and whether the lot may hear the cloud's answers."""

from __future__ import annotations

from edge.doctor.findings import About
from edge.doctor.login import log_in
from edge.doctor.reach import NoWay
from edge.doctor.subject import Found, Subject
from edge.sync.keys import NoKeys, keys_in
from models.wire import topics

CHECK = "cloud"
_ABOUT = About(CHECK, "link")
_STREAM = "ledger"


def look(subject: Subject) -> Found:
    link = subject.settings.link
    if link is None:
        yield _ABOUT.ok("no link is configured: this lot works on its own")
        return
    if link.tls is None and not link.on_loopback:
        yield _ABOUT.warn("the link isn't encrypted: the password goes over the network as it is", "tls: true")
    try:
        keys_in(link.cloud_keys)
    except NoKeys as none:
        yield _ABOUT.fail(str(none), "parkgate-edge enroll, with what the operator sent")
    try:
        took = log_in(link, subject.machine.clock, topics=[topics.up_ack(subject.settings.lot.id, _STREAM)])
    except NoWay as none:
        yield _ABOUT.fail(none.why, f"{none.fix}. The lot works on meanwhile; what happens is told later")
        return
    yield _ABOUT.ok(f"{link.address} lets the lot in and lets it listen, after {took:.0f} ms", login_ms=round(took, 1))
