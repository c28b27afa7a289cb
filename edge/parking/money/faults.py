"""The faults of the lot's money, which a person must see to."""

from __future__ import annotations

from models.faults import Fault

DIFFERS = Fault(
    code="money.differs",
    meaning="The lot's books and a provider's report don't say the same",
    does="Compares them anew each day, and books nothing by itself",
    ends="They say the same, or a person has settled each difference (`parkgate-edge money settle`)",
    look_at="`parkgate-edge money cases` lists them; `parkgate-edge money reconcile --book` books what is missing",
)
NO_REPORT = Fault(
    code="money.no_report",
    meaning="A provider's report couldn't be had for three days, so nobody knows whether it agrees with the books",
    does="Asks for it again every ten minutes",
    ends="The report is there, and was put beside the books",
    look_at="The connection to that provider; `parkgate-edge money reconcile` asks at once and says what is wrong",
)
REFUND_WAITS = Fault(
    code="money.refund_waits",
    meaning="A refund that was promised more than an hour ago isn't paid: its provider doesn't say yes or no",
    does="Asks the provider again every minute, under the same id: it is given back once",
    ends="The provider has given it back or has declined",
    look_at="The terminal and its network; this fault's own text says what the provider answered last",
)
REFUND_DECLINED = Fault(
    code="money.refund_declined",
    meaning="A provider won't give back what a person has promised to a driver; it is still owed",
    does="Doesn't ask again",
    ends="It is promised again or paid in cash, or a person has settled it",
    look_at="`parkgate-edge money cases`, then `parkgate-edge money refund CODE --cash DRAWER`",
)
