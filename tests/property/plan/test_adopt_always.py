"""Laws of import: it loads, plan is empty, twice is once, and comments stay."""

from __future__ import annotations

import re
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.declared import configs
from tests.support.imported import bring, everything
from tests.support.memory_operators import MemoryServer, memory_server
from vaultaws.config.load import load
from vaultaws.config.places import Places
from vaultaws.config.schema import Config
from vaultaws.model import CredentialType, Role, Secret
from vaultaws.plan import steps
from vaultaws.plan.adopt_policies import FOLDER, Named, assign, file_name, is_inside, key
from vaultaws.plan.adopt_text import rewrite
from vaultaws.plan.planner import make_plan

drawn = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
KEY = ("AKIA" + "0" * 16, Secret("made-up"))


def apply(server: MemoryServer, config: Config) -> None:
    hands = steps.Hands(server, config.mount.path, KEY)
    for change in make_plan(server, config, prune=True).to_write:
        steps.take(change, hands)


def plan_is_empty(server: MemoryServer, file: Path) -> None:
    assert make_plan(server, load(file)).changes == ()


def commented(text: str) -> str:
    """The file with a comment above each table and beside each line."""
    lines = []
    for number, line in enumerate(text.splitlines()):
        if line.startswith("["):
            lines += ["", f"# above {line}"]
        single = "=" in line and not line.endswith("[")
        lines.append(f"{line}  # beside {number}" if single else line)
    return "\n".join([*lines, "# the end", ""])


@drawn
@given(configs())
def test_plan_is_empty_after_import_and_a_second_import_is_the_same(config: Config) -> None:
    server = memory_server()
    apply(server, config)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vaultaws.toml"
        adoption = bring(server, file)
        assert adoption.left_out == ()
        plan_is_empty(server, file)
        first = everything(Path(folder))
        assert bring(server, file).policies == {}
        assert everything(Path(folder)) == first


@drawn
@given(configs(), configs())
def test_a_file_that_is_there_is_brought_to_what_the_server_has(one: Config, other: Config) -> None:
    server, before = memory_server(), memory_server()
    apply(before, one)
    apply(server, one)
    apply(server, other)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vaultaws.toml"
        bring(before, file)
        file.write_text(commented(file.read_text()))
        text = file.read_text()
        bring(server, file)
        plan_is_empty(server, file)
        new = file.read_text()
        data = tomllib.loads(new)
        for comment in Places.of(text).comments().values():
            assert f"# {comment.text}" in new or not has(data, comment.path)
        if data == tomllib.loads(text):
            assert new == text


def has(data: Any, path: tuple[str, ...]) -> bool:
    """True when there is something at a path; an item of a list counts as its list."""
    for part in path:
        if not isinstance(data, dict):
            return True
        if part not in data:
            return False
        data = data[part]
    return True


NAMES = st.text(st.sampled_from("ab._-@ é\"'\\#="), min_size=1, max_size=4)
VALUES = st.one_of(
    st.text(max_size=5),
    st.integers(-5, 10**9),
    st.booleans(),
    st.lists(st.text(max_size=4), max_size=3),
    st.dictionaries(NAMES, st.text(max_size=3), max_size=2),
)
TABLE = st.dictionaries(NAMES, VALUES, max_size=4)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "mount": TABLE,
        "lease": TABLE,
        "roles": st.dictionaries(NAMES, TABLE, min_size=1, max_size=3),
        "access": st.dictionaries(NAMES, TABLE, min_size=1, max_size=2),
    },
)


@drawn
@given(DATA, DATA)
@example({"mount": {"a": 1}}, {"mount": {}})
@example({"mount": {"a": {}}, "lease": {}}, {"mount": {}})
@example({"roles": {"a": {"x": {}}, "b": {}}}, {"roles": {"a": {}}})
@example({"roles": {"a": {"x": ["1", "2"]}}}, {"roles": {"a": {"x": ["2"]}, "b": {"y": {}}}})
def test_a_text_says_what_it_is_brought_to(old: dict[str, Any], new: dict[str, Any]) -> None:
    text = rewrite("", old)
    assert tomllib.loads(text) == old
    assert rewrite(text, old) == text
    for before in (text, commented_tables(text), text.replace("\n", "\r\n")):
        assert tomllib.loads(rewrite(before, new)) == new


def commented_tables(text: str) -> str:
    return re.sub(r"^\[", "# here\n[", text, flags=re.MULTILINE)


HOSTILE = st.one_of(
    st.text(max_size=130),
    st.sampled_from(("..", "../../etc/passwd", "CON", "con.json", "a/b", "A", "a", ".x", "", "~")),
)


@drawn
@given(st.lists(HOSTILE, unique=True, max_size=8), st.sets(st.sampled_from(("a", "A", "role"))))
def test_policy_files_are_safe_distinct_and_overwrite_nothing(
    names: list[str], foreign: set[str]
) -> None:
    there = {f"{FOLDER}/{name}.json": "not ours" for name in foreign}
    roles = [
        Role(name, CredentialType.IAM_USER, policy_document={"Statement": [str(number)]})
        for number, name in enumerate(names)
    ]
    found = assign(roles, Named(), there)
    assert len({key(path) for path in found.texts}) == len(names)
    for path in found.texts:
        assert is_inside(path)
        assert re.fullmatch(rf"{FOLDER}/[A-Za-z0-9_@][A-Za-z0-9_.@-]*\.json", path)
        assert key(path) not in {key(name) for name in there}
    assert assign(roles, Named(), there) == found


@given(HOSTILE)
def test_a_sound_name_stays_and_every_name_is_short(name: str) -> None:
    made = file_name(name)
    assert len(made) <= 110
    assert file_name(made) == made
