"""The rules of the house that a linter does not know."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "vaultaws").rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_FUNCTION = 50
# An error's line may begin with a name that has a capital of its own.
NAMES = (
    "AWS",
    "CloudTrail",
    "Ctrl",
    "Go",
    "IAM",
    "MFA",
    "OpenBao",
    "OpenSSL",
    "STS",
    "Terraform",
    "Vault",
    "VAULT",
    "XDG",
)
ERRORS = ("UsageError", "ConfigError", "StackError", "LocalStateError", "FindingsError")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in MODULES:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_no_module_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_too_long() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path, tree in trees() if tree.body and ast.get_docstring(tree) is None]
    assert silent == []


def error_lines() -> Iterator[tuple[str, str]]:
    """Every line of words that the code gives to an error of our tree, with its place."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not _is_error(node.func):
                continue
            words = [*node.args[:1], *(item.value for item in node.keywords if item.arg != "code")]
            for word in words:
                text = _text(word)
                if text:
                    yield f"{path.relative_to(ROOT)}:{word.lineno}", text


def _is_error(function: ast.expr) -> bool:
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name in ERRORS or (name.startswith(("Vault", "Aws")) and name.endswith("Error"))


def _text(node: ast.expr) -> str:
    """The words as far as they are constant; a value put in stands as a letter."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
        return "".join(map(str, parts))
    return ""


def test_errors_speak_in_one_tone() -> None:
    """Lower case at the start, no full stop at the end: they follow `error:`, `why:`, `do:`."""
    wrong = [
        f"{place} {text}"
        for place, text in error_lines()
        if text.endswith(".") or (text[0].isupper() and not text.startswith(NAMES))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "heavy", ["boto3", "botocore", "hvac", "moto", "docker", "psutil", "requests"]
)
def test_help_pays_for_no_heavy_package(heavy: str) -> None:
    script = (
        "import sys; from vaultaws.cli.main import run; code = run(['--help']); "
        f"sys.exit(code or ({heavy!r} in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
