"""Reads a tariff's YAML text: either terms that can be charged, or every problem of the file at its place."""

from __future__ import annotations

from pydantic import ValidationError

from models.documents.document import Document
from models.documents.explain import problems_of
from models.documents.problems import ConfigurationError, Problem, in_order
from models.documents.sections import read_sections
from models.tariff.checks import disagreements
from models.tariff.language.parts import Several
from models.tariff.language.terms import Terms


def parse_tariff(text: str, name: str) -> Terms:
    """The tariff that `text` describes; `name` stands for the file in problems. Raises ConfigurationError."""
    return terms_of(read_sections(text, name, _no_tariff))


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
