"""docs/reference.md names exactly the keys that the verbs of incidents print."""

from __future__ import annotations

import json

from tests.integration.cli.test_reference import check
from tests.support.contained import CASE, Contained
from tests.support.places import here
from vaultaws.incident.model import Step, StepKind, StepState


def test_the_keys_of_incidents(case: Contained) -> None:
    entity = Step(StepKind.DISABLE_ENTITY, "11111111-made-up", {"name": "ben"})
    with case.cases.gone_on(CASE) as (_, writer):
        writer.found((), (entity,))
        writer.note(entity, StepState.DONE)
    passed = case.told("verify")
    dry, early = case.told("lift", "--dry-run"), case.told("lift", "--yes", code=3)
    check("incident lift", dry, early)
    iam = case.wired.client("iam")
    iam.delete_user_policy(UserName=case.holder.name, PolicyName=case.policy_name)
    check("incident verify", passed, case.told("verify", code=3))
    check("incident status NAME", case.told("status"))
    check("incident status", json.loads(here(case.shell, "incident", "status", "--json")[1]))
    ended, out, said = here(case.shell, "incident", "report", CASE, "--format", "json")
    assert ended == 0, said
    check("incident report (--format json)", json.loads(out))
