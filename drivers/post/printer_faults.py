"""What can go wrong with a ticket printer."""

from __future__ import annotations

from models.faults import Fault

_WITHOUT_PAPER = "Nothing is printed; the code is shown on the kiosk, and plates and permits work on"

UNREACHABLE = Fault(
    code="printer.unreachable",
    meaning="The ticket printer doesn't answer",
    look_at="Its power and cable; its address or device file; that the daemon's user is in the groups lp and dialout; "
    "a printer that never answers needs `status: none`",
    does=_WITHOUT_PAPER + "; the printer is looked for all the time, and no ticket is printed late",
    ends="The printer answers again",
)
PAPER_OUT = Fault(
    code="printer.paper_out",
    meaning="The ticket printer has no paper",
    look_at="A new roll, the right way round; the paper sensor",
    does=_WITHOUT_PAPER,
    ends="The printer says that it has paper",
)
PAPER_LOW = Fault(
    code="printer.paper_low",
    meaning="The ticket printer's paper is nearly at its end",
    look_at="A new roll soon; where the sensor sits, if it says so too early",
    does="Tickets are printed as before",
    ends="The printer says that it has enough paper",
)
COVER_OPEN = Fault(
    code="printer.cover_open",
    meaning="The ticket printer's cover is open",
    look_at="The cover, until it clicks",
    does=_WITHOUT_PAPER,
    ends="The printer says that its cover is closed",
)
FAULTY = Fault(
    code="printer.faulty",
    meaning="The ticket printer says that something is wrong with it, or can't print this ticket",
    look_at="The cutter, for jammed paper; the print head, if it is hot; `dots` and `profile` of this part",
    does=_WITHOUT_PAPER,
    ends="The printer says that it is well",
)
FAULTS = (UNREACHABLE, PAPER_OUT, PAPER_LOW, COVER_OPEN, FAULTY)
