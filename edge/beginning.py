"""Puts in order what is known of the last run, before any lane works."""

from __future__ import annotations

import structlog

from edge.config.settings import LotSettings
from edge.parking.money import charges
from edge.parking.places.layout import declare
from edge.parking.stays.restoring import want, want_if_new
from edge.parking.stays.unresolved import settle_after_restart
from edge.retention.log import record_erased
from edge.store import Transaction, inbox
from edge.store.damage import quarantine
from edge.store.pictures import Dropped
from edge.timekeeping import learn
from models.facts import DaemonStarted

_LOG = structlog.get_logger("edge.daemon")


def begin(tx: Transaction, settings: LotSettings, release: str, given_up: Dropped | None) -> None:
    """The start is on record, and what is known of the time. `given_up`: the pictures that had to go before the store
    could be opened."""
    learn(tx)
    if settings.link is not None:
        want_if_new(tx)
        renewal = quarantine.begun_anew(tx.connection)
        if renewal is not None:
            want(tx, "damaged")
            quarantine.mark_resynced(tx.connection, renewal, tx.at.wall)
    if given_up is not None:
        record_erased(tx, "pictures", "pictures", given_up.count, given_up.up_to, "space")
    tx.record(DaemonStarted(release=release, at=tx.at.wall))


def put_in_order(tx: Transaction, settings: LotSettings) -> None:
    """The layout as it is configured now, and the stays that were on their way when the last run ended."""
    declare(tx, settings.declared(), settings.planned_levels())
    unresolved = settle_after_restart(tx)
    if unresolved:
        _LOG.warning("daemon.unresolved_tickets", count=unresolved)
    inbox.try_parked_again(tx)
    unheard_of = charges.unheard_of(tx)
    if unheard_of:
        _LOG.warning("daemon.charges_unheard_of", count=unheard_of)
