"""Permits with limits, accounts and barred vehicles at the prompt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cloud.test_policy_cli import Typed, add, typed, url

__all__ = ["url"]
WHY = ("--lot", "North", "--reason", "debts", "--by", "ann")


def stands(url: str, *words: str) -> list[dict[str, Any]]:
    return json.loads(typed(url, *words, "list", "--lot", "North", "--json").stdout)


def done(url: str, *words: str) -> Typed:
    found = typed(url, *words, *WHY)
    assert found.returncode == 0, found.stderr
    return found


def test_a_permit_says_how_far_it_reaches(url: str) -> None:
    hours = ("--hours", "mon-fri 07:00 to 18:00", "--hours", "sat")
    add(url, "--plate", "A1", "--plate", "A2", *hours, "--in-at-a-time", "1", "--beyond", "refuse", "--zone", "P1")
    add(url, "--plate", "B1", "--kind", "guest", "--entries", "3", "--account", "ACME")
    add(url, "--plate", "C1")
    one, two, plain = stands(url, "permits")
    assert one["hours"] == [{"days": "mon-fri", "from": "07:00", "to": "18:00"}, {"days": "sat"}]
    assert (one["in_at_a_time"], one["beyond"], one["zones"]) == (1, "refuse", ["P1"])
    assert (two["kind"], two["entries"], two["account"]) == ("guest", 3, "ACME")
    assert "hours" not in plain, "in words that earlier releases understand, too"
    told = typed(url, "permits", "list", "--lot", "North").stdout
    assert "mon-fri 07:00 to 18:00, sat; 1 in at a time; refused beyond that; zones P1" in told
    assert "account ACME; guest; 3 entries" in told


@pytest.mark.parametrize("words", [("--hours", "moonday"), ("--kind", "courtesy", "--rates", "gym")])
def test_what_cannot_be_meant_is_said(url: str, words: tuple[str, ...]) -> None:
    wrong = typed(url, "permits", "add", "--plate", "A1", *words, *WHY)
    assert (wrong.returncode, "Nothing was changed" in wrong.stderr) == (2, True), wrong.stderr
    assert stands(url, "permits") == []


def test_a_vehicle_is_barred_and_taken_off_the_list(url: str) -> None:
    entry = done(url, "barred", "add", "--plate", "ab 12-cde", "--action", "refuse_and_call").stdout.strip()
    [listed] = stands(url, "barred")
    assert (listed["barred"], listed["plates"], listed["action"]) == (entry, ["AB12CDE"], "refuse_and_call")
    assert "refuse and call; debts" in typed(url, "barred", "list", "--lot", "North").stdout
    past = typed(url, "barred", "add", "--plate", "X1", "--until", "2020-01-01T00:00:00Z", *WHY)
    assert "nobody would be barred" in past.stderr
    done(url, "barred", "remove", entry)
    assert stands(url, "barred") == []


def test_an_account_is_limited_anew_and_no_longer(url: str) -> None:
    for places in ("20", "10"):
        done(url, "accounts", "set", "ACME", "--in-at-a-time", places)
    [listed] = stands(url, "accounts")
    assert (listed["account"], listed["in_at_a_time"]) == ("ACME", 10)
    done(url, "accounts", "unset", "ACME")
    assert typed(url, "accounts", "unset", "ACME", *WHY).returncode == 1
