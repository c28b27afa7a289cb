"""What can go wrong with the page for the screens at the lanes."""

from __future__ import annotations

from models.faults import Fault

NOT_SERVED = Fault(
    code="kiosk.not_served",
    meaning="The page for the screens at the lanes can't be served: its port is taken, or its address isn't there",
    does="Tries again every few seconds; the lanes work without their screens",
    ends="The page is served",
    look_at="`kiosk.listen` and `kiosk.port`; another program on that port; the network cable",
)
NO_SECRET = Fault(
    code="kiosk.no_secret",
    meaning="The file from which the screens' links are derived can't be read or made",
    does="Serves no screen and tries again every few seconds; the lanes work without them",
    ends="The file is readable and whole",
    look_at="`kiosk.secret_file`: its folder, its owner, free space; an empty or cut file may be deleted",
)
FAULTS = (NOT_SERVED, NO_SECRET)
