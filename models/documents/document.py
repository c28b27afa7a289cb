"""A YAML file as plain values, with the place of each key and value in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from models.documents.problems import Problem, without_secrets
from models.documents.written import WrittenFloat, WrittenInt

Path = tuple[str | int, ...]

# The nodes of ruamel.yaml carry no types worth having.
Node = Any

_TAG = "tag:yaml.org,2002:"
_MOST_NESTED = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the file, counted from 1, and how many characters of its line it takes."""

    line: int
    column: int
    width: int


@dataclass
class Document:
    """What a file says. `keys` and `values` know where, by the path from the top."""

    name: str
    lines: list[str]
    data: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict[Path, Mark])
    values: dict[Path, Mark] = field(default_factory=dict[Path, Mark])
    problems: list[Problem] = field(default_factory=list[Problem])

    def problem(self, mark: Mark, path: Path, expected: str, value: object = "", hint: str = "") -> Problem:
        source = self.lines[mark.line - 1] if mark.line <= len(self.lines) else ""
        shown = without_secrets(f"{path_text(path[-1:])}: {value}").partition(": ")[2]
        return Problem(
            file=self.name,
            line=mark.line,
            column=mark.column,
            path=path_text(path),
            value=shown,
            expected=expected,
            hint=hint,
            source=without_secrets(source),
            width=mark.width,
        )

    def at_key(self, path: Path) -> Mark:
        """Where the key of `path` stands, or the nearest section around it."""
        while path:
            mark = self.keys.get(path) or self.values.get(path)
            if mark is not None:
                return mark
            path = path[:-1]
        top = self.values.get((), Mark(1, 1, 1))
        return Mark(top.line, top.column, 1)

    def at_value(self, path: Path) -> Mark:
        """Where the value of `path` stands, or the nearest section around it."""
        return self.values.get(path) or self.at_key(path)


def path_text(path: Path) -> str:
    """`lanes[0].barrier.port`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def read_document(text: str, name: str) -> Document:
    """Takes in the whole text; syntax errors and keys written twice are in the document's `problems`."""
    document = Document(name, text.splitlines())
    try:
        yaml: Any = YAML(typ="safe", pure=True)
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        document.problems.append(_syntax_problem(document, error))
        return document
    except YAMLError as error:
        document.problems.append(Problem(name, 0, 0, "", "", f"this isn't YAML: {_first_line(error)}"))
        return document
    if root is not None:
        document.data = _Reader(document).value(root, ())
    return document


def _first_line(error: object) -> str:
    return str(error).partition("\n")[0]


def _syntax_problem(document: Document, error: Any) -> Problem:
    mark: Any = error.problem_mark or error.context_mark
    said: list[str] = [part for part in (error.context, error.problem) if part]
    what = ", ".join(said)
    if mark is None:
        return Problem(document.name, 0, 0, "", "", f"this isn't YAML: {what}")
    line, column = min(mark.line + 1, max(len(document.lines), 1)), mark.column + 1
    if line <= mark.line:
        column = len(document.lines[-1]) + 1 if document.lines else 1
    if "expected <block end>" in what:
        begins: Any = error.context_mark
        return document.problem(Mark(line, column, 1), (), _out_of_line(what, begins.line + 1 if begins else line))
    return document.problem(Mark(line, column, 1), (), f"this isn't YAML: {what}{_advice(what)}")


def _out_of_line(what: str, begins: int) -> str:
    if "<block " in what.partition("but found")[2]:
        return f"wrong indentation near this line: it isn't in line with the section that begins on line {begins}"
    return "something stands here after the end of a value: a quote or a comma too many, or one that is missing?"


def _advice(what: str) -> str:
    if "mapping values are not allowed" in what:
        return " (a colon too many, or a line that is indented too far?)"
    if "'\\t'" in what:
        return " (indent with spaces, not with tabs)"
    if "could not find expected ':'" in what:
        return " (a colon is missing after a key, here or on the line above)"
    return ""


def _is(node: Node, kind: type[Any]) -> bool:
    return isinstance(node, kind)


class _Reader:
    """Walks the nodes of one document, noting places and problems."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def value(self, node: Node, path: Path) -> Any:
        self._document.values[path] = self._mark(node)
        if len(path) > _MOST_NESTED:
            self._problem(node, path, "sections within sections without end: does an anchor hold itself?")
            return None
        if _is(node, MappingNode):
            return self._mapping(node, path)
        if _is(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: Node, path: Path) -> dict[str, Any]:
        said: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in self._pairs(node):
            if key.tag == f"{_TAG}merge":
                merged = {**self._merged(value, path), **merged}
                continue
            name = str(key.value)
            where = (*path, name)
            if name in said:
                first = self._document.keys[where].line
                self._problem(key, where, f"this key stands here twice: it is on line {first} already")
                continue
            self._document.keys[where] = self._mark(key)
            said[name] = self.value(value, where)
            if self._document.values[where].width == 0:
                self._document.values[where] = self._document.keys[where]
        return {**merged, **said}

    def _pairs(self, node: Node) -> Iterator[tuple[Node, Node]]:
        """Those merged from elsewhere first, so that the places of a section's own keys win."""
        pairs: list[tuple[Node, Node]] = node.value
        for key, value in sorted(pairs, key=lambda pair: pair[0].tag != f"{_TAG}merge"):
            if _is(key, ScalarNode):
                yield key, value
            else:
                self._problem(key, (), "a key has to be a plain word")

    def _merged(self, node: Node, path: Path) -> dict[str, Any]:
        if _is(node, MappingNode):
            return self._mapping(node, path)
        if _is(node, SequenceNode):
            several: dict[str, Any] = {}
            for part in reversed(node.value):
                several.update(self._merged(part, path))
            return several
        self._problem(node, (*path, "<<"), "<< takes a section that was named with & before, such as *broker")
        return {}

    def _scalar(self, node: Node, path: Path) -> Any:
        text = str(node.value)
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in ("str", "timestamp"):
            return text
        try:
            if kind == "int":
                return WrittenInt.read(text)
            if kind == "float":
                return WrittenFloat.read(text)
        except ValueError:
            return text
        self._problem(node, path, f"tags such as {node.tag} aren't used here")
        return None

    def _mark(self, node: Node) -> Mark:
        line: int = node.start_mark.line
        column: int = node.start_mark.column
        last: int = node.end_mark.column
        if node.end_mark.line != line:
            lines = self._document.lines
            last = len(lines[line].rstrip()) if line < len(lines) else column
        return Mark(line + 1, column + 1, max(last - column, 0))

    def _problem(self, node: Node, path: Path, expected: str) -> None:
        mark = self._mark(node)
        self._document.problems.append(
            self._document.problem(Mark(mark.line, mark.column, max(mark.width, 1)), path, expected)
        )
