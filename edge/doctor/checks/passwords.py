"""Whether each password and key is where the configuration says; what it says is never shown."""

from __future__ import annotations

import os
from pathlib import Path

from edge.doctor.findings import About
from edge.doctor.needs import Secret, named, needs, users_of
from edge.doctor.person import Person, is_open_to_all
from edge.doctor.subject import Found, Subject

CHECK = "passwords"


def look(subject: Subject) -> Found:
    wanted: dict[Secret, list[str]] = users_of(subject.parts, Secret)
    if subject.settings.link is not None:
        for need in needs(subject.settings.link):
            if isinstance(need, Secret):
                wanted.setdefault(need, []).append("link")
    for secret, users in wanted.items():
        about = About(CHECK, named(users))
        if secret.variable is not None:
            yield from _variable(about, secret.variable)
        elif secret.file is not None:
            yield from _file(about, secret.file, subject.machine.person)
    if not wanted:
        yield About(CHECK, "lot").ok("no part needs one")


def _variable(about: About, name: str) -> Found:
    if os.environ.get(name):
        yield about.ok(f"${name} is set")
    else:
        yield about.fail(
            f"the environment variable {name} isn't set" if name not in os.environ else f"${name} is empty",
            f"Set {name} where the daemon is started (`systemctl edit parkgate-edge`) and here, or use password_file",
        )


def _file(about: About, path: Path, person: Person) -> Found:
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        open_to_all = is_open_to_all(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it isn't text"
        yield about.fail(f"{path} can't be read: {reason}", _owned(path, person))
        return
    if not first.strip():
        yield about.fail(f"the first line of {path} is empty", f"Write the password into the first line of {path}")
    elif not person.may_read(path):
        yield about.fail(f"{path} can't be read by {person.name}", _owned(path, person))
    elif open_to_all:
        yield about.warn(f"{path} can be read by every user of this computer", f"chmod o-r {path}")
    elif first != first.strip():
        yield about.warn(
            f"the first line of {path} begins or ends with a space, which counts as part of it",
            f"Take the space out of {path}, unless it belongs there",
        )
    else:
        yield about.ok(f"{path} can be read")


def _owned(path: Path, person: Person) -> str:
    return f"The file {path}: is it there? chgrp {person.name} {path}; chmod 640 {path}"
