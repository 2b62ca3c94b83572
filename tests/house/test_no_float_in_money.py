"""Money is counted, not measured: no float stands in any money path."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
ROOMS = [HOUSE / folder for folder in ("payments", "packs", "offerings")]
MONEY = [
    *sorted(path for room in ROOMS for path in room.rglob("*.py") if "migrations" not in path.parts),
    HOUSE / "mentorship/kernel/money.py",
]
# Seconds and the sizes of letters are no sums: arguments, fields and functions of these names.
WAITING = {"timeout", "TIMEOUT", "seconds", "lag_seconds", "size", "_left", "_lag", "_seconds"}


def floats_in(tree: ast.AST) -> list[int]:
    """Line numbers of float literals, `float` by name, and true division."""
    waits = {id(inner) for node in ast.walk(tree) for part in _about_waiting(node) for inner in ast.walk(part)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float) and id(node) not in waits)
        or (isinstance(node, ast.Name) and node.id in ("float", "FloatField") and id(node) not in waits)
        or (isinstance(node, ast.Attribute) and node.attr == "FloatField")
        or (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and not _is_a_path(node)
            and id(node) not in waits
        )
    ]


def _about_waiting(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.keyword) and node.arg in WAITING:
        return [node.value]
    if isinstance(node, ast.arg) and node.arg in WAITING and node.annotation:
        return [node.annotation]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id in WAITING:
        return [node.annotation]
    if isinstance(node, ast.FunctionDef) and node.name in WAITING and node.returns:
        return [node.returns]
    return []


def _is_a_path(node: ast.BinOp) -> bool:
    return isinstance(node.right, ast.Constant | ast.JoinedStr) and isinstance(getattr(node.right, "value", ""), str)


@pytest.mark.parametrize("path", MONEY, ids=lambda p: str(p.relative_to(HOUSE)))
def test_no_float(path):
    assert floats_in(ast.parse(path.read_text())) == []


@pytest.mark.parametrize("sin", ["x = 0.7 * amount", "x = float(text)", "x = amount / 3", "f = models.FloatField()"])
def test_the_search_finds_one(sin):
    assert floats_in(ast.parse(sin)) == [1]
