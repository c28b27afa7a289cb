"""Tariffs and price policies as files; what is wrong with one is said at its place in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.documents.document import Document, read_document
from models.documents.explain import problems_of
from models.documents.problems import ConfigurationError, Problem, in_order
from models.documents.section import Section
from models.documents.text import text_of
from models.pricing import Policy
from models.tariff import Terms
from models.tariff.reading import FOR_ANCHORS, parse_tariff, terms_of

SECTION = "dynamic"
_ORDINARY = Path(__file__).with_name("ordinary.yaml")


@dataclass(frozen=True, slots=True)
class PriceFile:
    """What stands in a file: a policy, and the tariff whose rates it multiplies, or an ordinary one."""

    name: str
    policy: Policy
    tariff: Terms


class _PolicyFile(Section):
    dynamic: Policy
    """How the price moves"""


def ordinary_tariff() -> Terms:
    return parse_tariff(_ORDINARY.read_text(encoding="utf-8"), _ORDINARY.name)


def price_file(path: Path) -> PriceFile:
    """Raises OSError, or ConfigurationError with every problem of the file."""
    document = read_document(text_of(path.read_bytes(), str(path)), str(path))
    said: Any = document.data
    if not isinstance(said, dict) or SECTION not in said:
        raise ConfigurationError([*document.problems, _no_policy(document)][:1])
    rest = {key: value for key, value in said.items() if key != SECTION and not key.startswith(FOR_ANCHORS)}
    document.data, problems = {SECTION: said[SECTION] or {}}, list(document.problems)
    policy, tariff = Policy(), ordinary_tariff() if not rest else None
    try:
        policy = _PolicyFile.model_validate(document.data).dynamic
    except ValidationError as error:
        problems += problems_of(document, _PolicyFile, error.errors(include_url=False))
    try:
        tariff = tariff or terms_of(replace(document, data=rest, problems=[]))
    except ConfigurationError as error:
        problems += error.problems
    if problems or tariff is None:
        raise ConfigurationError(in_order(problems))
    return PriceFile(path.stem, policy, tariff)


def _no_policy(document: Document) -> Problem:
    return Problem(document.name, 1, 1, "", "", f"a section `{SECTION}:` is expected: how the price moves")
