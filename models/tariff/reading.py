"""Reads a tariff's YAML text: either terms that can be charged, or every problem of the file at its place."""

from __future__ import annotations

from typing import Any, cast

from pydantic import ValidationError

from models.documents.document import Document, read_document
from models.documents.explain import problems_of
from models.documents.problems import ConfigurationError, Problem, in_order
from models.documents.section import keys_of
from models.tariff.checks import disagreements
from models.tariff.language.parts import Several
from models.tariff.language.terms import Terms

FOR_ANCHORS = "x-"
"""Top-level keys that begin so are passed over: a place for what several sections share."""


def parse_tariff(text: str, name: str) -> Terms:
    """The tariff that `text` describes; `name` stands for the file in problems. Raises ConfigurationError."""
    document = read_document(text, name)
    if document.problems and document.data is None:
        raise ConfigurationError(document.problems)
    written: Any = document.data
    if not isinstance(written, dict):
        raise ConfigurationError([_no_tariff(document)])
    said = cast("dict[str, Any]", written)
    document.data = {key: value for key, value in said.items() if not key.startswith(FOR_ANCHORS)}
    _put_into_lists(document)
    return terms_of(document)


def _put_into_lists(document: Document) -> None:
    """A section that stands without a list around it is its first: its places have to say so, too."""
    for key, field in keys_of(Terms).items():
        written: Any = document.data.get(key)
        if Several not in field.metadata or written is None or isinstance(written, list):
            continue
        document.data[key] = [written]
        for places in (document.keys, document.values):
            for path in [path for path in places if path[:1] == (key,) and len(path) > 1]:
                places[(key, 0, *path[1:])] = places.pop(path)
        document.values[(key, 0)] = document.values[(key,)]


def terms_of(document: Document) -> Terms:
    """Raises ConfigurationError."""
    _list_what_stands_alone(document)
    problems = list(document.problems)
    terms: Terms | None = None
    try:
        terms = Terms.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of(document, Terms, error.errors(include_url=False))
    if terms is not None:
        for finding in disagreements(terms):
            problems.append(document.problem(document.at_value(finding.path), finding.path, finding.expected))
    if terms is None or problems:
        raise ConfigurationError(in_order(problems))
    return terms


def _list_what_stands_alone(document: Document) -> None:
    """One cap may stand without a list around it; its places in the file are those of the list's first item."""
    for name, field in Terms.model_fields.items():
        alone = document.data.get(name)
        if Several not in field.metadata or alone is None or isinstance(alone, list):
            continue
        document.data[name] = [alone]
        for marks, least in ((document.keys, 2), (document.values, 1)):
            inside = [(path, mark) for path, mark in marks.items() if path[:1] == (name,) and len(path) >= least]
            marks.update({(name, 0, *path[1:]): mark for path, mark in inside})


def _no_tariff(document: Document) -> Problem:
    if document.data is None:
        return Problem(
            document.name, 0, 0, "", "", "the file is empty; a tariff is expected: currency, timezone, rates"
        )
    return document.problem(document.values[()], (), "a tariff is expected: currency, timezone and rates")
