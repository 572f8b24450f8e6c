"""Whole declared states, for properties."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.support.documents import documents
from vaultaws.config.schema import Access, Config, LeaseBounds, Mount, Root
from vaultaws.model import CredentialType, Role, StaticRole

NAMES = ("reader", "writer", "deploy.er", "ops@eu", "A-1")
SPANS = st.sampled_from((60, 900, 3600, 43_200))
ARNS = ("arn:aws:iam::111122223333:role/ops", "arn:aws:iam::aws:policy/ReadOnlyAccess")
LISTS = st.lists(st.sampled_from(ARNS), max_size=2, unique=True).map(tuple)
TAGS = st.dictionaries(st.sampled_from(("team", "cost")), st.sampled_from(("a", "b c")), max_size=2)
PAIRS = TAGS.map(lambda tags: tuple(sorted(tags.items())))
KEYS = st.none() | st.lists(st.sampled_from(("access_key", "arn")), unique=True).map(tuple)


def roles(name: str) -> st.SearchStrategy[Role]:
    """Any role that both engines store as it is declared."""
    kinds: dict[CredentialType, dict[str, st.SearchStrategy[Any]]] = {
        CredentialType.IAM_USER: {
            "policy_arns": LISTS,
            "iam_groups": st.sampled_from(((), ("admins",), ("a", "b"))),
            "iam_tags": PAIRS,
            "user_path": st.sampled_from(("", "/", "/vault/")),
            "permissions_boundary_arn": st.sampled_from(("", ARNS[1])),
        },
        CredentialType.ASSUMED_ROLE: {
            "role_arns": st.just((ARNS[0],)),
            "session_tags": PAIRS,
            "external_id": st.sampled_from(("", "one")),
            "default_sts_ttl_seconds": st.sampled_from((0, 900)),
            "max_sts_ttl_seconds": st.sampled_from((0, 3600)),
        },
        CredentialType.FEDERATION_TOKEN: {
            "policy_document": documents(),
            "default_sts_ttl_seconds": st.sampled_from((0, 900)),
        },
        CredentialType.SESSION_TOKEN: {"max_sts_ttl_seconds": st.sampled_from((0, 3600))},
    }
    for kind, fields in kinds.items():
        if kind is not CredentialType.SESSION_TOKEN:
            fields.setdefault("policy_document", st.none() | documents())
    return st.one_of(
        [st.builds(Role, st.just(name), st.just(kind), **fields) for kind, fields in kinds.items()]
    )


@st.composite
def configs(
    draw: st.DrawFn,
    mount: str = "aws",
    people: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("userpass", ("ada", "Ben", "cleo")),
        ("oidc", ("eng", "Ops")),
        ("approle", ("ci",)),
        ("entities", ("zoe",)),
    ),
    static: bool = True,
    root: st.SearchStrategy[Root | None] | None = None,
) -> Config:
    """A file of one mount. `people` are the auth methods with the names that are known there."""
    named = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    declared = tuple(draw(roles(name)) for name in named)
    statics = tuple(
        StaticRole(name, f"user-of-{name}", draw(SPANS))
        for name in (draw(st.sets(st.sampled_from(NAMES), max_size=2)) if static else ())
    )
    return Config(
        Path("vaultaws.toml"),
        mount=draw(mounts(mount)),
        lease=draw(st.none() | st.builds(LeaseBounds, SPANS, SPANS)),
        root=draw(root if root is not None else st.none() | roots()),
        roles=declared,
        static_roles=statics,
        access=tuple(
            draw(accesses(name, named, [role.name for role in statics], people))
            for name in draw(st.lists(st.sampled_from(("analysts", "ops")), unique=True))
        ),
    )


def mounts(path: str) -> st.SearchStrategy[Mount]:
    return st.builds(
        lambda spans, **said: Mount(path, *sorted(spans), **said),
        st.tuples(SPANS, SPANS),
        description=st.none() | st.sampled_from(("", "AWS keys", "two  words")),
        audit_non_hmac_request_keys=KEYS,
        audit_non_hmac_response_keys=KEYS,
        listing_visibility=st.sampled_from((None, "unauth", "hidden")),
    )


def roots() -> st.SearchStrategy[Root]:
    return st.builds(
        Root,
        region=st.sampled_from((None, "eu-west-2", "us-east-1")),
        iam_endpoint=st.sampled_from((None, "https://iam.example.com")),
        username_template=st.sampled_from((None, "{{ .RoleName }}")),
        max_retries=st.sampled_from((None, -1, 3)),
    )


@st.composite
def accesses(
    draw: st.DrawFn,
    name: str,
    known: list[str],
    statics: list[str],
    people: tuple[tuple[str, tuple[str, ...]], ...],
) -> Access:
    members = []
    for path, names in people:
        listed = draw(st.lists(st.sampled_from(names), unique=True))
        if listed:
            members.append((path, tuple(listed)))
    return Access(
        name,
        tuple(draw(st.lists(st.sampled_from(known), unique=True)) if known else ()),
        tuple(draw(st.lists(st.sampled_from(statics), unique=True)) if statics else ()),
        tuple(members),
    )
