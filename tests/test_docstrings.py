"""Every public class, function and method says what it gives; ruff asks that of the first two only."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "generation", "ingest", "retrieval")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    """The public ones in a module or class, not those inside functions."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node


def is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).partition("[")[0] == "Protocol" for base in node.bases)


def test_every_public_definition_has_a_docstring_or_stands_in_for_a_protocol() -> None:
    missing, of_protocols, seen = [], set(), 0
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in definitions(ast.parse(path.read_text()).body):
            members = list(definitions(node.body)) if isinstance(node, ast.ClassDef) else []
            seen += 1 + len(members)
            if isinstance(node, ast.ClassDef) and is_protocol(node):
                of_protocols |= {member.name for member in members}
                members = []
            lacking = [one for one in (node, *members) if ast.get_docstring(one) is None]
            missing += [(one.name, f"{path.relative_to(ROOT)}:{one.lineno} {one.name}") for one in lacking]
    # Who has a protocol's member says no more of it than the protocol does.
    assert [place for name, place in missing if name not in of_protocols] == []
    assert seen > 1_000
