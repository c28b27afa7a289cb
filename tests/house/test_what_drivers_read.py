"""No line for drivers stands in the code: each has its place among the phrases, where every language has it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
PLACES = {"Show": 0, "Allowed": 1}
"""Where a line for the driver stands among what is given to these."""
SHOWN_AS = {"greeting", "line"}
SAY_SO = {"WELCOME", "BUSY", "COMING", "idle_line", "_what_to_do"}
"""What else makes a line."""


def test_every_line_for_a_driver_is_a_phrase_or_a_refusal() -> None:
    files = [*(HOUSE / "edge/lane").rglob("*.py"), *(HOUSE / "edge/parking").rglob("*.py")]
    files += [HOUSE / "edge/kiosk/screen.py", HOUSE / "edge/post.py"]
    found = [f"{path.relative_to(HOUSE)}: {text}" for path in files for text in literals(path.read_text())]
    assert found == []


def test_a_line_that_is_written_down_where_it_is_shown_is_found() -> None:
    assert list(literals('def f(): return Show("Mind the goose", (Button.HELP,))')) == ["'Mind the goose'"]
    assert list(literals('def f(n):\n    said = f"{n} geese"\n    return Allowed(None, said)')) == ["f'{n} geese'"]
    assert list(literals('vend(lane, greeting="Honk" if goose else Phrase.DRIVE_ON)')) == ["'Honk'"]
    assert list(literals('def idle_line(lane):\n    return "Honk"')) == ["'Honk'"]
    assert list(literals('def _greeting(spot):\n    return "Honk"\ndef f(): return Allowed(None, _greeting(1))')) == [
        "'Honk'"
    ]
    assert list(literals('def f(): return Show(Phrase.DRIVE_ON), Show("")')) == []


def literals(code: str) -> Iterator[str]:
    """Texts that are shown but stand in no catalogue, as they are written."""
    tree = ast.parse(code)
    said = [(tree, line) for line in _lines(tree)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    said = [(function, line) for function in functions for line in _lines(function)] + said
    says = SAY_SO | {_called(line) for _, line in said}
    for function in functions:
        if function.name in says:
            said += [
                (function, node.value) for node in ast.walk(function) if isinstance(node, ast.Return) and node.value
            ]
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id in SAY_SO for to in node.targets):
            said.append((tree, node.value))
    texts = {(node.lineno, node.col_offset): ast.unparse(node) for scope, line in said for node in _texts(line, scope)}
    yield from (texts[place] for place in sorted(texts))


def _lines(scope: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Call):
            place = PLACES.get(ast.unparse(node.func).split(".")[-1])
            yield from [] if place is None else node.args[place : place + 1]
            yield from (keyword.value for keyword in node.keywords if keyword.arg in SHOWN_AS)


def _called(line: ast.expr) -> str:
    return ast.unparse(line.func).split(".")[-1] if isinstance(line, ast.Call) else ""


def _texts(line: ast.expr, scope: ast.AST) -> Iterator[ast.expr]:
    match line:
        case ast.Constant(value=str(text)) if text:
            yield line
        case ast.JoinedStr():
            yield line
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one, scope)
            yield from _texts(other, scope)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _texts(value, scope)
        case ast.Dict(values=values):
            for value in values:
                yield from _texts(value, scope)
        case ast.Name(id=name):
            for node in ast.walk(scope):
                if isinstance(node, ast.Assign) and any(ast.unparse(to) == name for to in node.targets):
                    yield from _texts(node.value, scope)
        case _:
            return
