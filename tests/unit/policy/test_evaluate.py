"""The order of evaluation, layer by layer (IAM user guide, "Policy evaluation logic")."""

from __future__ import annotations

import pytest

from tests.support.policies import (
    ACCOUNT,
    OTHER_ACCOUNT,
    ROLE_ARN,
    USER_ARN,
    federated,
    policy,
    request,
    role_session,
    root,
    session_user,
    statement,
    trust,
    user,
)
from vaultaws.policy.evaluate import decide
from vaultaws.policy.messages import denial_message
from vaultaws.policy.values import AttachedPolicy, Decision, PolicySet, Source, Verdict

ALL = policy(statement(), name="all")
DENY = policy(statement("Deny", Sid="No"), name="deny")
DESCRIBE = policy(statement(action="ec2:Describe*"), name="describe")


class TestIdentity:
    def test_nothing_attached_is_an_implicit_deny(self) -> None:
        assert decide(request(), PolicySet()) == Decision(Verdict.IMPLICIT_DENY, Source.IDENTITY)

    def test_an_allow_names_its_policy_and_statement(self) -> None:
        decision = decide(request(), PolicySet(identity=(DESCRIBE,)))
        assert decision == Decision(Verdict.ALLOWED, Source.IDENTITY, "describe", "1")

    def test_an_explicit_deny_wins_and_names_its_sid(self) -> None:
        decision = decide(request(), PolicySet(identity=(ALL, DENY)))
        assert decision == Decision(Verdict.EXPLICIT_DENY, Source.IDENTITY, "deny", "No")

    def test_an_action_that_is_not_named_is_denied(self) -> None:
        assert not decide(request("ec2:RunInstances"), PolicySet(identity=(DESCRIBE,))).allowed

    def test_not_action_and_not_resource(self) -> None:
        allow = policy(
            {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret*"}
        )
        policies = PolicySet(identity=(allow,))
        assert decide(request("s3:GetObject", "arn:aws:s3:::open/a"), policies).allowed
        assert not decide(request("s3:GetObject", "arn:aws:s3:::secret/a"), policies).allowed
        assert not decide(request("IAM:GetUser", USER_ARN), policies).allowed

    def test_a_statement_that_cannot_be_told_denies_but_never_allows(self) -> None:
        strange = {"StringResembles": {"aws:username": "ada"}}
        allow = policy(statement(Condition=strange))
        deny = policy(statement("Deny", Condition=strange))
        assert not decide(request(), PolicySet(identity=(allow,))).allowed
        assert not decide(request(), PolicySet(identity=(ALL, deny))).allowed

    def test_a_deny_with_an_unknown_operator_and_an_unmet_condition_does_not_apply(self) -> None:
        deny = policy(
            statement(
                "Deny",
                Condition={
                    "StringResembles": {"aws:username": "ada"},
                    "StringEquals": {"aws:username": "bob"},
                },
            )
        )
        asked = request(context={"aws:username": ("ada",)})
        assert decide(asked, PolicySet(identity=(ALL, deny))).allowed


class TestBoundaryAndSession:
    def test_a_boundary_limits(self) -> None:
        policies = PolicySet(identity=(ALL,), boundary=DESCRIBE)
        assert decide(request(), policies).allowed
        decision = decide(request("ec2:RunInstances"), policies)
        assert decision == Decision(Verdict.IMPLICIT_DENY, Source.BOUNDARY)

    def test_a_boundary_never_grants(self) -> None:
        assert not decide(request(), PolicySet(boundary=ALL)).allowed

    def test_session_policies_limit_and_are_united_among_themselves(self) -> None:
        buckets = policy(statement(action="s3:*"), name="buckets")
        policies = PolicySet(identity=(ALL,), session=(DESCRIBE, buckets))
        actor = role_session()
        assert decide(request(actor=actor), policies).allowed
        assert decide(request("s3:ListBucket", actor=actor), policies).allowed
        assert decide(request("sqs:SendMessage", actor=actor), policies) == Decision(
            Verdict.IMPLICIT_DENY, Source.SESSION
        )

    def test_session_policies_never_grant(self) -> None:
        asked = request(actor=role_session())
        assert not decide(asked, PolicySet(session=(ALL,))).allowed

    @pytest.mark.parametrize(
        "policies",
        [
            PolicySet(identity=(ALL,), boundary=DENY),
            PolicySet(identity=(ALL,), session=(DENY, ALL)),
        ],
    )
    def test_an_explicit_deny_in_a_limit_wins(self, policies: PolicySet) -> None:
        assert decide(request(actor=role_session()), policies).verdict is Verdict.EXPLICIT_DENY


class TestFederation:
    def test_rights_are_the_intersection(self) -> None:
        asked = request(actor=federated())
        assert decide(asked, PolicySet(identity=(ALL,), session=(DESCRIBE,))).allowed
        assert not decide(asked, PolicySet(identity=(), session=(DESCRIBE,))).allowed

    @pytest.mark.parametrize("session", [None, ()])
    def test_no_session_policy_means_no_rights(self, session: tuple[()] | None) -> None:
        decision = decide(request(actor=federated()), PolicySet(identity=(ALL,), session=session))
        assert decision == Decision(Verdict.IMPLICIT_DENY, Source.SESSION)

    @pytest.mark.parametrize(
        "action", ["iam:GetUser", "sts:AssumeRole", "sts:GetSessionToken", "sts:GetFederationToken"]
    )
    def test_never_iam_and_of_sts_only_who_am_i(self, action: str) -> None:
        policies = PolicySet(identity=(ALL,), session=(ALL,))
        decision = decide(request(action, actor=federated()), policies)
        assert (decision.allowed, decision.source) == (False, Source.CREDENTIAL)
        assert decide(request("sts:GetCallerIdentity", actor=federated()), policies).allowed


class TestKindsOfCredential:
    def test_who_am_i_is_answered_under_an_explicit_deny(self) -> None:
        decision = decide(request("sts:GetCallerIdentity"), PolicySet(identity=(DENY,)))
        assert decision == Decision(Verdict.ALLOWED, Source.EXEMPT)

    def test_a_session_token_needs_no_permission_but_obeys_a_deny(self) -> None:
        asked = request("sts:GetSessionToken")
        assert decide(asked, PolicySet()).allowed
        assert not decide(asked, PolicySet(identity=(DENY,))).allowed

    def test_a_session_without_mfa_cannot_call_iam(self) -> None:
        policies = PolicySet(identity=(ALL,))
        asked = request("iam:GetUser", USER_ARN, actor=session_user())
        assert decide(asked, policies).source is Source.CREDENTIAL
        with_mfa = request("iam:GetUser", USER_ARN, actor=session_user(mfa=True))
        assert decide(with_mfa, policies).allowed

    @pytest.mark.parametrize("mfa", [True, False])
    @pytest.mark.parametrize("action", ["sts:GetFederationToken", "sts:GetSessionToken"])
    def test_a_session_cannot_mint_more_sessions(self, action: str, mfa: bool) -> None:
        asked = request(action, actor=session_user(mfa=mfa))
        assert decide(asked, PolicySet(identity=(ALL,))).source is Source.CREDENTIAL

    @pytest.mark.parametrize("action", ["sts:GetFederationToken", "sts:GetSessionToken"])
    def test_nor_can_a_role(self, action: str) -> None:
        asked = request(action, actor=role_session())
        assert decide(asked, PolicySet(identity=(ALL,))).source is Source.CREDENTIAL

    def test_a_role_may_call_iam(self) -> None:
        asked = request("iam:GetUser", USER_ARN, actor=role_session())
        assert decide(asked, PolicySet(identity=(ALL,))).allowed


class TestRoot:
    def test_may_do_everything_without_a_policy(self) -> None:
        decision = decide(request("iam:CreateUser", actor=root()), PolicySet())
        assert decision == Decision(Verdict.ALLOWED, Source.ROOT)

    def test_is_bound_by_a_deny_on_the_resource(self) -> None:
        bucket = policy({**statement("Deny"), "Principal": "*"})
        assert not decide(request("s3:GetObject", actor=root()), PolicySet(resource=bucket)).allowed

    def test_cannot_assume_a_role(self) -> None:
        anyone = policy(trust("*"))
        asked = request("sts:AssumeRole", ROLE_ARN, actor=root())
        assert decide(asked, PolicySet(trust=anyone)).source is Source.CREDENTIAL

    def test_a_root_session_without_mfa_cannot_call_iam(self) -> None:
        asked = request("iam:ListUsers", actor=root(session=True))
        assert decide(asked, PolicySet()).source is Source.CREDENTIAL
        assert decide(
            request("iam:ListUsers", actor=root(session=True, mfa=True)), PolicySet()
        ).allowed


ASSUME = policy(statement(action="sts:AssumeRole"), name="may assume")
NAMES_USER = policy(trust({"AWS": USER_ARN}), name="trust")
NAMES_ACCOUNT = policy(trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), name="trust")
BY_NUMBER = policy(trust({"AWS": ACCOUNT}), name="trust")


class TestTrust:
    asked = request("sts:AssumeRole", ROLE_ARN)
    outside = request(
        "sts:AssumeRole",
        f"arn:aws:iam::{OTHER_ACCOUNT}:role/ops",
        resource_account=OTHER_ACCOUNT,
    )

    def test_a_role_that_does_not_trust_is_never_assumed(self) -> None:
        decision = decide(self.asked, PolicySet(identity=(ALL,)))
        assert decision == Decision(Verdict.IMPLICIT_DENY, Source.TRUST)

    def test_trusting_the_user_is_enough_within_an_account(self) -> None:
        decision = decide(self.asked, PolicySet(trust=NAMES_USER))
        assert decision == Decision(Verdict.ALLOWED, Source.TRUST, "trust", "1")

    @pytest.mark.parametrize("role_trust", [NAMES_ACCOUNT, BY_NUMBER])
    def test_trusting_the_account_hands_the_decision_on(self, role_trust: AttachedPolicy) -> None:
        assert not decide(self.asked, PolicySet(trust=role_trust)).allowed
        assert decide(self.asked, PolicySet(trust=role_trust, identity=(ASSUME,))).allowed

    def test_across_accounts_both_sides_must_allow(self) -> None:
        assert not decide(self.outside, PolicySet(trust=NAMES_USER)).allowed
        assert not decide(self.outside, PolicySet(identity=(ASSUME,))).allowed
        assert decide(self.outside, PolicySet(trust=NAMES_USER, identity=(ASSUME,))).allowed

    def test_an_explicit_deny_in_the_trust_policy_wins(self) -> None:
        both = policy(trust("*"), trust({"AWS": USER_ARN}, "Deny"), name="trust")
        decision = decide(self.asked, PolicySet(trust=both, identity=(ALL,)))
        assert decision == Decision(Verdict.EXPLICIT_DENY, Source.TRUST, "trust", "2")

    def test_a_deny_for_somebody_else_does_not_apply(self) -> None:
        both = policy(trust("*"), trust({"AWS": f"{USER_ARN}2"}, "Deny"))
        assert decide(self.asked, PolicySet(trust=both)).allowed

    def test_not_principal(self) -> None:
        all_but = policy(
            trust("*"), {"Effect": "Deny", "Action": "*", "NotPrincipal": {"AWS": USER_ARN}}
        )
        assert decide(self.asked, PolicySet(trust=all_but)).allowed
        bob = request("sts:AssumeRole", ROLE_ARN, actor=user("bob"))
        assert not decide(bob, PolicySet(trust=all_but)).allowed

    def test_a_service_principal_names_nobody(self) -> None:
        service = policy(trust({"Service": "ec2.amazonaws.com"}))
        assert not decide(self.asked, PolicySet(trust=service, identity=(ALL,))).allowed

    def test_a_boundary_limits_a_role_that_chains(self) -> None:
        actor = role_session()
        asked = request("sts:AssumeRole", f"{ROLE_ARN}2", actor=actor)
        by_role = policy(trust({"AWS": ROLE_ARN}))
        assert decide(asked, PolicySet(trust=by_role)).allowed
        assert not decide(asked, PolicySet(trust=by_role, boundary=DESCRIBE)).allowed
        by_session = policy(trust({"AWS": actor.arn}))
        assert decide(asked, PolicySet(trust=by_session, boundary=DESCRIBE)).allowed

    def test_a_deleted_user_s_unique_id_is_not_its_successor(self) -> None:
        by_id = policy(trust({"AWS": "AIDA" + "B" * 17}))
        assert not decide(self.asked, PolicySet(trust=by_id, identity=(ALL,))).allowed
        same = policy(trust({"AWS": user().principal_id}))
        assert decide(self.asked, PolicySet(trust=same)).allowed


class TestResourcePolicies:
    def test_within_an_account_either_side_is_enough(self) -> None:
        asked = request("s3:GetObject", "arn:aws:s3:::b/k")
        bucket = policy({**statement(action="s3:GetObject"), "Principal": {"AWS": USER_ARN}})
        assert decide(asked, PolicySet(resource=bucket)).allowed
        assert decide(asked, PolicySet(identity=(ALL,))).allowed
        assert not decide(asked, PolicySet()).allowed

    def test_across_accounts_both_are_needed(self) -> None:
        asked = request("s3:GetObject", "arn:aws:s3:::b/k", resource_account=OTHER_ACCOUNT)
        bucket = policy({**statement(action="s3:GetObject"), "Principal": {"AWS": USER_ARN}})
        assert not decide(asked, PolicySet(resource=bucket)).allowed
        assert not decide(asked, PolicySet(identity=(ALL,))).allowed
        assert decide(asked, PolicySet(identity=(ALL,), resource=bucket)).allowed

    def test_a_statement_without_a_principal_names_nobody(self) -> None:
        asked = request("s3:GetObject", "arn:aws:s3:::b/k")
        assert not decide(asked, PolicySet(resource=ALL)).allowed
        assert decide(asked, PolicySet(resource=DENY, identity=(ALL,))).allowed

    def test_naming_the_federating_user_leaves_the_session_policy_in_force(self) -> None:
        asked = request("s3:GetObject", "arn:aws:s3:::b/k", actor=federated())
        bucket = policy({**statement(action="s3:GetObject"), "Principal": {"AWS": USER_ARN}})
        assert not decide(asked, PolicySet(resource=bucket)).allowed
        assert decide(asked, PolicySet(resource=bucket, session=(ALL,))).allowed


class TestMessages:
    def test_an_implicit_deny(self) -> None:
        asked = request("iam:CreateUser", USER_ARN)
        assert denial_message(asked, decide(asked, PolicySet())) == (
            f"User: {USER_ARN} is not authorized to perform: iam:CreateUser on resource: {USER_ARN}"
            " because no identity-based policy allows the iam:CreateUser action"
        )

    @pytest.mark.parametrize(
        ("policies", "ending"),
        [
            (PolicySet(identity=(DENY,)), "with an explicit deny in an identity-based policy"),
            (PolicySet(boundary=DENY), "with an explicit deny in a permissions boundary"),
            (PolicySet(session=(DENY,)), "with an explicit deny in a session policy"),
        ],
    )
    def test_an_explicit_deny_without_a_resource(self, policies: PolicySet, ending: str) -> None:
        asked = request("ec2:RunInstances")
        assert denial_message(asked, decide(asked, policies)) == (
            f"User: {USER_ARN} is not authorized to perform: ec2:RunInstances {ending}"
        )

    def test_a_role_that_does_not_trust(self) -> None:
        asked = request("sts:AssumeRole", ROLE_ARN)
        assert denial_message(asked, decide(asked, PolicySet(identity=(ALL,)))).endswith(
            "because no role trust policy allows the sts:AssumeRole action"
        )

    def test_a_kind_of_credential_gives_no_reason(self) -> None:
        asked = request("iam:GetUser", USER_ARN, actor=federated())
        message = denial_message(asked, decide(asked, PolicySet()))
        assert message.endswith(f"iam:GetUser on resource: {USER_ARN}")
