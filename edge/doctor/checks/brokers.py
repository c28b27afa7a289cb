"""The brokers behind the lot's parts: the network, TLS, the login."""

from __future__ import annotations

from edge.doctor import needs
from edge.doctor.findings import About
from edge.doctor.login import log_in
from edge.doctor.needs import Broker, named, users_of
from edge.doctor.reach import NoWay
from edge.doctor.subject import Found, Subject

CHECK = "brokers"


def look_for(subject: Subject) -> list[tuple[Broker, list[str]]]:
    users = users_of(subject.parts, Broker)
    return [(broker, users[key]) for key, broker in needs.brokers(subject.parts).items()]


def look(subject: Subject, broker: Broker, users: list[str]) -> Found:
    about, address = About(CHECK, named(users)), broker.settings.address
    try:
        took = log_in(broker.settings, subject.machine.clock, speaks_5=broker.speaks_5)
    except NoWay as none:
        yield about.fail(none.why, none.fix)
        return
    guarded = "" if broker.settings.tls is None else " over TLS"
    yield about.ok(f"{address} lets the lot in{guarded} after {took:.0f} ms", login_ms=round(took, 1))
