"""What holds of every plan: each suspect has a step that kills it, in the order of the kinds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from tests.support.incidents import AT, PLACE, pictures, scopes
from vaultaws.incident.model import (
    Case,
    Progress,
    Scope,
    Step,
    StepKind,
    StepState,
    Suspect,
)
from vaultaws.incident.picture import Picture
from vaultaws.incident.plan import ORDER, Plan, holder_of, open_steps, plan
from vaultaws.leases.words import iso
from vaultaws.model import CredentialType


def kills(found: Plan, suspect: Suspect) -> bool:
    """True when a step of the plan ends this suspect in AWS, or its user's lease does in Vault."""
    for step in found.steps:
        if step.kind is StepKind.DENY_TOKENS and holder_of(step) in suspect.holders:
            return True
        if step.kind is StepKind.DENY_SESSION and step.target == suspect.session:
            return True
        if step.kind is StepKind.STOP_USER and step.target == suspect.user:
            return True
        if step.kind is StepKind.REPLACE_STATIC and step.settings["user"] == suspect.user:
            return True
        is_user = suspect.credential_type is CredentialType.IAM_USER
        if step.kind is StepKind.REVOKE_LEASE and is_user and step.target == suspect.lease_id:
            return True
    return False


@given(scopes, pictures)
def test_every_suspect_has_a_killing_step_or_is_named(scope: Scope, seen: Picture) -> None:
    found = plan(scope, seen)
    named = {suspect for suspect, _ in found.unreached}
    for suspect in seen.suspects:
        assert kills(found, suspect) or suspect in named or suspect.user == seen.own.user


@given(scopes, pictures)
def test_steps_come_once_and_in_the_order_of_their_kinds(scope: Scope, seen: Picture) -> None:
    steps = plan(scope, seen).steps
    assert len({step.id for step in steps}) == len(steps)
    own = f"deny_tokens:{seen.own.holder}"
    places = [ORDER[step.kind] for step in steps if step.id != own]
    assert places == sorted(places)
    assert own not in [step.id for step in steps[:-1]]


@given(scopes, pictures)
def test_vaults_own_user_is_never_stopped_whole(scope: Scope, seen: Picture) -> None:
    for step in plan(scope, seen).of(StepKind.STOP_USER, StepKind.DELETE_USER):
        assert step.target != PLACE.root_user or step.settings["keys"]
        assert step.target != (seen.own.user or "nobody")


def contained(found: Plan, moment_after: timedelta = timedelta(hours=1)) -> Case:
    """The case when all of a plan is done."""
    evidence = {"moment": iso(AT + moment_after)}
    progress = {step.id: Progress(StepState.DONE, AT, {}, evidence) for step in found.steps}
    return Case("x", AT, "ada", Scope(), PLACE, found.suspects, found.steps, progress)


@given(scopes, pictures)
def test_what_was_contained_leaves_no_open_step(scope: Scope, seen: Picture) -> None:
    found = plan(scope, seen)
    assert open_steps(contained(found), plan(scope, seen).steps) == ()


@given(scopes, pictures)
def test_a_token_issued_after_the_cut_opens_its_deny_again(scope: Scope, seen: Picture) -> None:
    found = plan(scope, seen)
    late = [replace(s, issued_at=AT + timedelta(hours=2)) for s in seen.suspects]
    again = plan(scope, replace(seen, suspects=tuple(late)))
    denies = {step.id for step in again.of(StepKind.DENY_TOKENS) if "latest" in step.settings}
    reopened: tuple[Step, ...] = open_steps(contained(found), again.steps)
    assert denies == {step.id for step in reopened if step.kind is StepKind.DENY_TOKENS}
