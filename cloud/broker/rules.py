"""Who may publish and hear what at the broker: each lot as itself and nobody else, the cloud with every lot.

Mosquitto puts the name that a lot logged in with, which is its id, where `%u` stands.
"""

from __future__ import annotations

from models.wire import topics

CLOUD_USER = "parkgate-cloud"
_SELF, _ANY = "%u", "+"


def lots_acl() -> str:
    """The ACL file of the listener for the lots."""
    return _written(
        "A lot logs in with its id: it speaks and listens as itself, whatever it asks for.",
        [f"pattern write {topic}" for topic in _from_lot(_SELF)]
        + [f"pattern read {topic}" for topic in _to_lot(_SELF)],
    )


def cloud_acl() -> str:
    """The ACL file of the listener for the cloud's own processes."""
    return _written(
        "The cloud hears every lot and answers every lot; it can't speak as one.",
        [f"user {CLOUD_USER}"]
        + [f"topic read {topic}" for topic in _from_lot(_ANY)]
        + [f"topic write {topic}" for topic in _to_lot(_ANY)],
    )


def _from_lot(lot: str) -> list[str]:
    command = topics.command(lot)
    up = topics.root(lot) + "/up/+"
    return [up, f"{up}/ask", topics.state(lot), topics.down_ack(lot, "+"), f"{command}/+"]


def _to_lot(lot: str) -> list[str]:
    up = topics.root(lot) + "/up/+"
    return [f"{up}/ack", f"{up}/answer", topics.down(lot, "+"), topics.command(lot)]


def _written(why: str, rules: list[str]) -> str:
    return "\n".join([f"# {why}", "# Written by `parkgate-cloud broker setup`.", *rules, ""])
