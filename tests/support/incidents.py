"""Made-up suspects and pictures, for plans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.incident.model import Place, Scope, Suspect
from vaultaws.incident.picture import Login, Own, Picture, StaticSeen
from vaultaws.model import CredentialType, Role

AT = datetime(2026, 11, 21, 9, 31, 7, tzinfo=UTC)
PLACE = Place("https://vault.test:8200", "", "aws", "123456789012", "vault-root", "AKIA" + "R" * 16)
ROLES = {
    "reader": Role("reader", CredentialType.IAM_USER),
    "fed": Role("fed", CredentialType.FEDERATION_TOKEN),
    "own": Role("own", CredentialType.SESSION_TOKEN),
    "ops": Role("ops", CredentialType.ASSUMED_ROLE, role_arns=("arn:aws:iam::1:role/Ops",)),
}
ROOT_USER = Holder(HolderKind.USER, "vault-root")
OPS = Holder(HolderKind.ROLE, "Ops")


def key(number: int, prefix: str = "ASIA") -> str:
    """A key id that no scanner takes for a real one."""
    return prefix + f"{number:016d}"


def token(number: int, **fields: object) -> Suspect:
    """A federation token of ben's, unless the fields say otherwise."""
    made: dict[str, object] = {
        "access_key_id": key(number),
        "lease_id": f"aws/sts/fed/{number}",
        "role": "fed",
        "credential_type": CredentialType.FEDERATION_TOKEN,
        "person": "ben",
        "issued_at": AT - timedelta(minutes=number),
        "ends_at": AT + timedelta(hours=1),
        "holder": ROOT_USER,
    }
    return Suspect(**(made | fields))  # type: ignore[arg-type]  # the fields are named by tests


def user(number: int, **fields: object) -> Suspect:
    """An IAM user that Vault made for ben."""
    made: dict[str, object] = {
        "access_key_id": key(number, "AKIA"),
        "lease_id": f"aws/creds/reader/{number}",
        "role": "reader",
        "credential_type": CredentialType.IAM_USER,
        "person": "ben",
        "issued_at": AT - timedelta(minutes=number),
        "user": f"vault-ben-{number}",
    }
    return Suspect(**(made | fields))  # type: ignore[arg-type]  # the fields are named by tests


def picture(*suspects: Suspect, **fields: object) -> Picture:
    made: dict[str, object] = {"place": PLACE, "taken_at": AT, "roles": ROLES}
    return Picture(**(made | fields), suspects=suspects)  # type: ignore[arg-type]  # named by tests


_numbers = st.integers(1, 40)
_tokens = st.builds(
    token,
    _numbers,
    holder=st.sampled_from([ROOT_USER, OPS, None]),
    session=st.sampled_from(["", "AROAX:one", "123456789012:two"]),
    lease_id=st.sampled_from(["", "aws/sts/fed/1", "aws/sts/fed/2"]),
    parent_key=st.sampled_from(["", key(99)]),
)
_users = st.builds(
    user,
    _numbers,
    user=st.sampled_from(["", "vault-ben-1", "mallory", "vault-root", "app", "me"]),
    lease_id=st.sampled_from(["", "aws/creds/reader/1"]),
    parent_key=st.sampled_from(["", key(99)]),
)
pictures = st.builds(
    lambda suspects, fields: picture(*suspects, **fields),
    st.lists(st.one_of(_tokens, _users), max_size=8),
    st.fixed_dictionaries(
        {
            "logins": st.sampled_from([(), (Login("e1", "ben"),)]),
            "accessors": st.sampled_from([(), ("a1", "a2")]),
            "statics": st.sampled_from([(), (StaticSeen("legacy", "app", key(7, "AKIA")),)]),
            "own": st.sampled_from([Own(), Own(user="me"), Own(holder=OPS)]),
            "spare_keys": st.sampled_from([(), (key(8, "AKIA"),)]),
        }
    ),
)
scopes = st.builds(
    Scope,
    person=st.sampled_from(["", "ben"]),
    role=st.sampled_from(["", "reader", "legacy"]),
    everything=st.booleans(),
    session_only=st.booleans(),
    root=st.booleans(),
)
