"""The port on which the lanes' screens find their page: this computer's, and nobody else's."""

from __future__ import annotations

import errno
import socket

from edge.doctor.findings import About
from edge.doctor.subject import Found, Subject

CHECK = "network"
_ABOUT = About(CHECK, "kiosk")


def look(subject: Subject) -> Found:
    kiosk = subject.settings.kiosk
    if kiosk is None or subject.daemon is not None:
        return
    address = f"{kiosk.listen}:{kiosk.port}"
    family = socket.AF_INET6 if ":" in kiosk.listen else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((kiosk.listen, kiosk.port))
        except OSError as error:
            yield _ABOUT.fail(f"the screens' page can't be served at {address}: {error.strerror}", _fix(error))
            return
    yield _ABOUT.ok(f"{address} is free for the screens' page")


def _fix(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "Another programme listens there (`ss -ltnp` names it): end it, or write another `kiosk: port:`"
    return "`kiosk: listen:` has to be an address of this computer (`ip address` shows them)"
