"""Roles and root settings that the engine takes, of every type and with every field."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from vaultaws.model import CredentialType, Pairs, Role, RootConfig, ServerHealth
from vaultaws.vault.abilities import missing

ACCOUNT = "123456789012"
WORD = "abcXYZ019+=,.@_-"
TEXTS = st.text(max_size=12)
NAMES = (
    st.text("abcXYZ019_-.@", max_size=8)
    .map(lambda middle: f"r{middle}0")
    .filter(lambda name: ".." not in name)  # Vault takes two dots for a way out of the path
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
POLICIES = st.dictionaries(
    st.sampled_from(["Version", "Id", "Statement"]) | TEXTS, JSON, max_size=4
)
TTLS = st.sampled_from([0, 900, 3600, 43200])


def arns(kind: str) -> st.SearchStrategy[tuple[str, ...]]:
    """ARNs of the account, in no order, some twice."""
    words = st.text(WORD, min_size=1, max_size=6)
    return st.lists(
        words.map(lambda word: f"arn:aws:iam::{ACCOUNT}:{kind}/{word}"), max_size=3
    ).map(tuple)


def tags() -> st.SearchStrategy[Pairs]:
    return st.dictionaries(TEXTS, TEXTS, max_size=4).map(lambda said: tuple(said.items()))


@st.composite
def roles(draw: st.DrawFn) -> Role:
    """Any role that the engine's own checks let through (builtin/logical/aws, validate)."""
    kind = draw(st.sampled_from(CredentialType))
    role = Role(
        draw(NAMES),
        kind,
        iam_groups=draw(st.lists(st.text(WORD, min_size=1, max_size=5), max_size=3).map(tuple)),
        iam_tags=draw(tags()),
        mfa_serial_number=draw(TEXTS),
    )
    if kind is not CredentialType.SESSION_TOKEN:
        policy, managed = draw(st.none() | POLICIES), draw(arns("policy"))
        role = replace(role, policy_document=policy, policy_arns=managed)
    if kind is CredentialType.IAM_USER:
        paths = st.text(WORD, min_size=1, max_size=6).map(lambda word: f"/{word}/")
        return replace(
            role,
            user_path=draw(st.sampled_from(["", "/"]) | paths),
            permissions_boundary_arn=draw(
                st.sampled_from(["", f"arn:aws:iam::{ACCOUNT}:policy/b"])
            ),
        )
    longest = draw(TTLS)
    role = replace(role, max_sts_ttl_seconds=longest)
    role = replace(
        role, default_sts_ttl_seconds=min(draw(TTLS), longest) if longest else draw(TTLS)
    )
    if kind is CredentialType.ASSUMED_ROLE:
        role = replace(
            role, role_arns=draw(arns("role")), session_tags=draw(tags()), external_id=draw(TEXTS)
        )
    return role


@st.composite
def roots(draw: st.DrawFn, health: ServerHealth) -> RootConfig:
    """Any `config/root` that this server can keep."""
    root = RootConfig(
        access_key_id="AKIA" + draw(st.text("ABC234", min_size=16, max_size=16)),
        region=draw(TEXTS),
        iam_endpoint=draw(TEXTS),
        sts_endpoint=draw(TEXTS),
        username_template=draw(
            st.sampled_from(["", "vault-{{ random 20 }}", "{{ .DisplayName }}"])
        ),
        max_retries=draw(st.integers(-1, 9)),
    )
    if missing("root.sts_region", health):
        return root
    pairs = draw(
        st.lists(st.tuples(st.text(WORD, min_size=1), st.text(WORD, min_size=1)), max_size=3)
    )
    return replace(
        root,
        sts_region=draw(TEXTS),
        sts_fallback_endpoints=tuple(endpoint for endpoint, _ in pairs),
        sts_fallback_regions=tuple(region for _, region in pairs),
    )
