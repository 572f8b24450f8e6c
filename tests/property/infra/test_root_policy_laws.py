"""For any sound declared state, Vault's own user may do what is needed, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.rootfiles import ACCOUNT, READER, declared, ground, holder
from vaultaws.config.schema import Config
from vaultaws.infra.cloudformation import load, with_policy
from vaultaws.infra.rootpolicy import computed
from vaultaws.lint import username
from vaultaws.lint.needs import ENDS_A_USER, Need, Purpose, needs
from vaultaws.local.aws.cfn.template import read
from vaultaws.model import CredentialType, Role, StaticRole

WORDS = st.text("abcXYZ019+=,.@_-", min_size=1, max_size=6)
NAMES = st.text("abcXYZ019", min_size=1, max_size=6)
TAGS = st.dictionaries(WORDS.map(str.lower), st.text("ab*?${}: ", max_size=5), max_size=3)
TEMPLATES = st.sampled_from(
    [
        "",
        "vault-{{ random 20 }}",
        "keys-{{ .DisplayName }}-{{ .PolicyName }}-{{ unix_time }}",
        '{{ printf "v-%s" (.PolicyName) | truncate_sha256 20 }}',
    ]
)
USER_ACTIONS = (
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreateUser",
    "iam:DeleteAccessKey",
    "iam:DeleteUser",
    "iam:DeleteUserPermissionsBoundary",
    "iam:DeleteUserPolicy",
    "iam:DetachUserPolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:TagUser",
)


def arns(kind: str) -> st.SearchStrategy[tuple[str, ...]]:
    found = WORDS.map(lambda word: f"arn:aws:iam::{ACCOUNT}:{kind}/{word}")
    return st.lists(found, max_size=3, unique=True).map(tuple)


@st.composite
def roles(draw: st.DrawFn) -> Role:
    kind = draw(st.sampled_from(CredentialType))
    role = Role(draw(NAMES), kind)
    if kind is CredentialType.ASSUMED_ROLE:
        tags = tuple(draw(TAGS).items())
        return replace(
            role,
            role_arns=draw(arns("role")),
            session_tags=tags,
            external_id=draw(st.text("ab", max_size=3)),
        )
    if kind is CredentialType.FEDERATION_TOKEN:
        return replace(
            role, policy_document=READER, iam_groups=tuple(draw(st.lists(WORDS, max_size=2)))
        )
    if kind is CredentialType.IAM_USER:
        return replace(
            role,
            policy_document=draw(st.sampled_from([None, READER])),
            policy_arns=draw(arns("policy")),
            iam_groups=tuple(draw(st.lists(WORDS, max_size=2))),
            iam_tags=tuple(draw(TAGS).items()),
            user_path=draw(st.sampled_from(["", "/"]) | WORDS.map(lambda word: f"/{word}/")),
            permissions_boundary_arn=draw(
                st.sampled_from(["", f"arn:aws:iam::{ACCOUNT}:policy/b"])
            ),
        )
    return role


STATICS = st.lists(WORDS, max_size=2, unique=True).map(
    lambda names: tuple(StaticRole(name, f"app-{name}", 3600) for name in names)
)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    found = draw(st.lists(roles(), min_size=1, max_size=4, unique_by=lambda role: role.name))
    return declared(*found, statics=draw(STATICS), template=draw(TEMPLATES))


def asked(config: Config) -> tuple[Need, ...]:
    template = (config.root.username_template if config.root else None) or ""
    return needs(config.roles, config.static_roles, ground(template))


@settings(max_examples=60, deadline=None)
@given(configs())
def test_every_need_is_allowed(config: Config) -> None:
    own = holder(computed(config))
    assert [
        need for need in asked(config) if not own.may(need.action, need.resource, need.keys)
    ] == []


@settings(max_examples=60, deadline=None)
@given(configs(), WORDS, st.sampled_from(USER_ACTIONS))
def test_nobody_elses_users_are_touched(config: Config, word: str, action: str) -> None:
    own, wanted = holder(computed(config)), asked(config)
    anything = {key: values for need in wanted for key, values in need.keys.items()}
    named = {need.resource for need in wanted}
    for path in ("/", f"/other-{word}/", f"/vault-{word}/", f"/{word}/deeper/"):
        stranger = f"arn:aws:iam::{ACCOUNT}:user{path}x{word}"
        if stranger not in named:
            assert not own.may(action, stranger, anything), stranger


@settings(max_examples=60, deadline=None)
@given(configs())
def test_each_action_is_one_that_a_need_asks(config: Config) -> None:
    policy = computed(config)
    wanted = {need.action for need in asked(config)} | {"ec2:Describe*"}
    if "iam:DeleteUser" in wanted:
        wanted |= set(ENDS_A_USER)
    granted = {
        action
        for statement in policy.statements
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert granted <= wanted


@settings(max_examples=60, deadline=None)
@given(configs())
def test_what_differs_from_a_need_in_one_condition_is_denied(config: Config) -> None:
    """A role with a boundary, alone: without the boundary nothing is made or given."""
    bound = f"arn:aws:iam::{ACCOUNT}:policy/b"
    mine = [
        replace(role, permissions_boundary_arn=bound)
        for role in config.roles
        if role.credential_type is CredentialType.IAM_USER
    ]
    alone = declared(*mine) if mine else config
    own = holder(computed(alone))
    given = [need for need in asked(alone) if need.action not in ENDS_A_USER]
    for need in given:
        if "iam:permissionsboundary" in need.keys:
            less = {k: v for k, v in need.keys.items() if k != "iam:permissionsboundary"}
            assert not own.may(need.action, need.resource, less)
        if "iam:policyarn" in need.keys:
            other = {**need.keys, "iam:policyarn": ("arn:aws:iam::aws:policy/Other",)}
            assert not own.may(need.action, need.resource, other)


@settings(max_examples=60, deadline=None)
@given(configs(), roles())
def test_a_role_that_changes_leaves_nobody_at_its_path_and_in_its_groups(
    config: Config, role: Role
) -> None:
    """Whatever else a role had before, what it issued then can be ended."""
    before = [
        replace(
            role,
            name=each.name,
            credential_type=CredentialType.IAM_USER,
            iam_groups=each.iam_groups,
            user_path=each.user_path,
        )
        for each in config.roles
        if each.credential_type is CredentialType.IAM_USER
    ]
    own = holder(computed(config))
    assert [
        need
        for need in asked(replace(config, roles=tuple(before)))
        if need.purpose is Purpose.REVOKE and not own.may(need.action, need.resource, need.keys)
    ] == []


@settings(max_examples=30, deadline=None)
@given(configs())
def test_the_template_with_the_policy_can_be_read(config: Config) -> None:
    template = read(with_policy(load("vault-root"), computed(config)).body)
    policies = [name for name in template.resources if name.startswith("RootPolicy")]
    assert policies
    assert template.resources["RootUser"].kind == "AWS::IAM::User"


@settings(max_examples=60, deadline=None)
@given(TEMPLATES, NAMES, WORDS)
def test_names_of_anybody_fit_the_pattern(template: str, name: str, person: str) -> None:
    role = Role(name, CredentialType.IAM_USER, policy_document=READER, user_path="/made/")
    own = holder(computed(declared(role, template=template)))
    made = username.user_name(
        template, name, person=person, sample=username.Sample("k", 1_800_000_000)
    )
    assert own.may("iam:DeleteUser", f"arn:aws:iam::{ACCOUNT}:user/made/{made}")
