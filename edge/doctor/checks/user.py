"""Who looks, and for whom: what root may do says nothing about what the daemon may."""

from __future__ import annotations

import os

from edge.doctor.findings import About
from edge.doctor.person import DAEMON_USER, this_user
from edge.doctor.subject import Found, Subject

CHECK = "user"


def look(subject: Subject) -> Found:
    about, person = About(CHECK, "lot"), subject.machine.person
    if person.uid != os.geteuid():
        yield about.ok(f"permissions are looked at for the daemon's user {person.name}")
    elif person.uid == 0:
        yield about.skipped(
            f"there is no user {DAEMON_USER}, so what the daemon may do was looked at as root, who may do everything",
            f"docs/technician.md, Run: make the user {DAEMON_USER}; a daemon needn't be root",
        )
    elif person.name == DAEMON_USER:
        yield about.ok(f"looked at as {person.name}")
    else:
        yield about.skipped(
            f"looked at as {this_user().name}; the daemon's own user may be allowed more or less",
            "Look again as root: `sudo parkgate-edge doctor ...` then looks for the daemon's user",
        )
