"""AWS's sentences for a refusal (IAM user guide, "Troubleshoot access denied error messages")."""

from __future__ import annotations

from vaultaws.policy.values import AccessRequest, Decision, Source, Verdict


def denial_message(request: AccessRequest, decision: Decision) -> str:
    """Say who may not do what, and which kind of policy is the reason.

    A resource of "*" is not named, as AWS does for operations without resource-level permissions.
    """
    where = "" if request.resource == "*" else f" on resource: {request.resource}"
    return (
        f"User: {request.actor.arn} is not authorized to perform: {request.action}{where}"
        f"{_reason(request, decision)}"
    )


def _reason(request: AccessRequest, decision: Decision) -> str:
    if decision.source is Source.CREDENTIAL:
        return ""
    if decision.verdict is Verdict.IMPLICIT_DENY:
        return f" because no {decision.source} allows the {request.action} action"
    article = {Source.IDENTITY: "an", Source.TRUST: "the"}.get(decision.source, "a")
    return f" with an explicit deny in {article} {decision.source}"
