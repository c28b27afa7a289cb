"""The edge daemon for the day's negative control: it loses one fact, and posts another payment nowhere."""

from __future__ import annotations

from edge.cli import main
from edge.parking.money import ledger
from edge.store import Transaction
from edge.store.transaction import apply
from models.effects import effects
from models.facts import Fact, PaymentTaken
from models.ledger.posting import Kind, Posting

_record, _post = Transaction.record, ledger.post
_lost: list[Fact] = []
_unposted: list[Posting] = []


def _loses_one_fact(self: Transaction, fact: Fact) -> None:
    """Its rows are changed, and nobody is ever told of it."""
    if not isinstance(fact, PaymentTaken) or _lost:
        _record(self, fact)
        return
    _lost.append(fact)
    for change in effects(fact, self.lot, self._spot_of):
        apply(self.connection, change)


def _loses_one_entry(tx: Transaction, posted: Posting | None, *args: object, **more: object) -> str | None:
    """Of another payment: what its fact says is known everywhere, and stands in no account."""
    lost = bool(_lost) and posted is not None and posted.payment == _lost[0].payment  # type: ignore[attr-defined]
    if posted is None or posted.kind is not Kind.PAYMENT or lost or _unposted:
        return _post(tx, posted, *args, **more)  # type: ignore[arg-type]
    _unposted.append(posted)
    return None


Transaction.record = _loses_one_fact  # type: ignore[method-assign]
ledger.post = _loses_one_entry  # type: ignore[assignment]

if __name__ == "__main__":
    main()
