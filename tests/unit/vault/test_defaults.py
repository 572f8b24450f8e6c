"""One form for what is declared and what is read."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.model import CredentialType, Role, RootConfig, StaticRole
from vaultaws.vault.defaults import USERNAME_TEMPLATE, normal, normal_root, normal_static

NAMES = st.lists(st.text(max_size=4), max_size=5).map(tuple)
TAGS = st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=4).map(tuple)
ROLES = st.builds(
    Role,
    name=st.just("r"),
    credential_type=st.sampled_from(CredentialType),
    policy_document=st.none() | st.dictionaries(st.text(), st.text()),
    policy_arns=NAMES,
    role_arns=NAMES,
    iam_groups=NAMES,
    iam_tags=TAGS,
    session_tags=TAGS,
    user_path=st.sampled_from(["", "/", "/team/"]),
)


@given(ROLES)
def test_normal_twice_is_normal_once(role: Role) -> None:
    assert normal(normal(role)) == normal(role)


@given(ROLES, st.randoms())
def test_order_and_repetition_mean_nothing_where_aws_takes_a_set(
    role: Role, chance: Random
) -> None:
    groups = [*role.iam_groups, *role.iam_groups]
    chance.shuffle(groups)
    other = Role(**{**vars(role), "iam_groups": tuple(groups)})
    assert normal(other) == normal(role)


@given(ROLES)
def test_a_policy_is_never_touched(role: Role) -> None:
    assert normal(role).policy_document is role.policy_document


def test_the_path_at_the_top_is_iams_own_default_for_users() -> None:
    user = Role("r", CredentialType.IAM_USER, user_path="/")
    token = Role("r", CredentialType.FEDERATION_TOKEN, user_path="/")
    assert normal(user).user_path == ""
    assert normal(token).user_path == "/"
    assert normal(Role("r", CredentialType.IAM_USER, user_path="/team/")).user_path == "/team/"


def test_tags_of_one_name_are_one_tag_with_the_last_value() -> None:
    role = Role("r", CredentialType.IAM_USER, iam_tags=(("b", "1"), ("a", "2"), ("b", "3")))
    assert normal(role).iam_tags == (("a", "2"), ("b", "3"))


def test_the_engines_own_template_is_not_declared() -> None:
    assert normal_root(RootConfig(username_template=USERNAME_TEMPLATE)) == RootConfig()
    own = RootConfig(username_template="vault-{{ random 20 }}")
    assert normal_root(own) == own


def test_fallbacks_keep_their_order_of_use() -> None:
    root = RootConfig(sts_fallback_regions=("us-west-2", "eu-west-1"))
    assert normal_root(root).sts_fallback_regions == ("us-west-2", "eu-west-1")


def test_static_roles_have_no_defaults() -> None:
    role = StaticRole("deploy", "deploy-user", 3600)
    assert normal_static(role) == role
