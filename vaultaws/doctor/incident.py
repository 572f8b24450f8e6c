"""What a responder may do, in Vault and in AWS, purpose by purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from vaultaws.aws.simulate import Context, Opinion, Question
from vaultaws.doctor.finding import Finding, State, bad, of_error, ok, warn
from vaultaws.errors import AwsError
from vaultaws.incident import needs
from vaultaws.incident.needs import AwsNeed, VaultNeed
from vaultaws.leases.words import printable
from vaultaws.model import Principal
from vaultaws.vault.protocol import Vault

_NAME: Final = "NAME"
_ACTS_AS_ONE: Final = frozenset({"create", "update"})


class Simulation(Protocol):
    """IAM's own word (`aws.simulate.Simulator`)."""

    def ask(
        self, principal_arn: str, questions: Sequence[Question], always: Context = ()
    ) -> Mapping[Question, Opinion]: ...


def in_vault(vault: Vault, mount: str) -> Iterator[Finding]:
    """The capabilities that the token has and lacks."""
    asked = {need: needs.path_at(need, mount).replace("*", _NAME) for need in needs.VAULT}
    granted = vault.capabilities(*dict.fromkeys(asked.values()))
    for purpose in dict.fromkeys(need.purpose for need in needs.VAULT):
        wanted = [need for need in needs.VAULT if need.purpose == purpose]
        missing = [
            (capability, needs.path_at(need, mount))
            for need in wanted
            for capability in need.capabilities
            if not _has(capability, granted.get(asked[need], ()))
        ]
        if not missing:
            yield ok("vault", f"may {purpose}: {'; '.join(_said(need, mount) for need in wanted)}")
        for capability, path in missing:
            yield bad(
                "vault",
                f"may not {purpose}",
                f"the token lacks {capability} on {path}",
                "write policies/vaultaws-responder.hcl as a policy, and give it to the responders",
            )


def _said(need: VaultNeed, mount: str) -> str:
    return f"{', '.join(need.capabilities)} on {needs.path_at(need, mount)}"


def _has(capability: str, granted: Sequence[str]) -> bool:
    if "root" in granted:
        return True
    wanted = _ACTS_AS_ONE if capability in _ACTS_AS_ONE else {capability}
    return "deny" not in granted and bool(wanted & set(granted))


def in_aws(caller: Principal, simulation: Simulation) -> Iterator[Finding]:
    """The actions that the caller's policies allow, by IAM's simulation; unknown where the caller
    may not ask for it."""
    name = printable(caller.arn)
    if caller.arn.endswith(":root"):
        yield ok("aws rights", f"{name} may call everything")
        return
    questions = {need: _questions(need, caller.account) for need in needs.AWS}
    flat = [question for asked in questions.values() for question in asked]
    try:
        told = simulation.ask(principal_of(caller.arn), flat)
    except AwsError as fault:
        found = of_error("aws rights", fault, State.WARN)
        yield warn("aws rights", f"unknown what {name} may call", found.why, found.do)
        yield from (_listed(purpose) for purpose in _purposes())
        return
    for purpose in _purposes():
        asked = [each for need in needs.AWS if need.purpose == purpose for each in questions[need]]
        missing = [each for each in asked if each not in told or not told[each].allowed]
        if not missing:
            yield ok("aws rights", f"may {purpose}: {_actions(purpose)}")
        for action, resource, _ in missing:
            yield bad(
                "aws rights",
                f"may not {purpose}",
                f"{name} is not allowed {action} on {resource}",
                "attach policies/vaultaws-responder.json to the responders",
            )


def principal_of(arn: str) -> str:
    """The user or role whose policies decide: arn:…:assumed-role/ROLE/SESSION is the role ROLE."""
    head, kind, rest = arn.partition(":assumed-role/")
    if not kind:
        return arn
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.split('/')[0]}"


def _purposes() -> list[str]:
    return list(dict.fromkeys(need.purpose for need in needs.AWS))


def _actions(purpose: str) -> str:
    return ", ".join(
        action for need in needs.AWS if need.purpose == purpose for action in need.actions
    )


def _listed(purpose: str) -> Finding:
    return ok("aws rights", f"needed to {purpose}: {_actions(purpose)}")


def _questions(need: AwsNeed, account: str) -> list[Question]:
    resource = needs.arn_of(need).replace("::*:", f"::{account}:").replace("/*", f"/{_NAME}")
    resource = resource.replace("-*", f"-{_NAME}")
    context: Context = ()
    if allowed := needs.attached_only(need):
        own = allowed[0].replace("::*:", f"::{account}:").replace("*", _NAME)
        context = (("iam:PolicyARN", (own,)),)
    return [(action, resource, context) for action in need.actions]
