"""The papers of the house: the licence, the history, and no address that a run would reach out to."""

from __future__ import annotations

import hashlib
import re

from tests.house.tree import HOUSE, own_texts

LICENCE_SHA256 = "283ea6cc2997a1a70da0049e09adf9317bb60ca1b51279b65196b83a69e1996b"

# Spelt in two halves so that this file doesn't name them either.
REGISTRIES = [
    "py" + "pi.org",
    "files.python" + "hosted.org",
    "registry." + "npmjs.org",
    "cdn." + "jsdelivr.net",
    "un" + "pkg.com",
    "cdn" + "js.cloudflare.com",
    "fonts." + "googleapis.com",
    "fonts." + "gstatic.com",
    "hugging" + "face.co",
    "deb." + "debian.org",
    "docker" + ".io",
    "ghcr" + ".io",
]


def test_the_licence_is_apache_2_in_full():
    text = (HOUSE / "LICENSE").read_text()
    assert hashlib.sha256(text.strip().encode()).hexdigest() == LICENCE_SHA256


def test_the_history_starts_with_what_is_not_released_yet():
    headings = re.findall(r"^## (.+)$", (HOUSE / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_no_file_names_a_registry_or_a_content_network():
    naming = [f"{name}: {host}" for name, text in own_texts() for host in REGISTRIES if host in text]
    assert naming == []
