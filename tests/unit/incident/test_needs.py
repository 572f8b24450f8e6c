"""The responder's two policies grant what the table of needs says, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from vaultaws.incident import needs
from vaultaws.policy.document import parse_policy

POLICIES = Path(__file__).parents[3] / "policies"
RULE = re.compile(r'^path "([^"]+)" \{ capabilities = \[([^]]*)\] \}$', re.MULTILINE)


def test_the_vault_policy_grants_exactly_the_needs() -> None:
    text = (POLICIES / "vaultaws-responder.hcl").read_text("utf-8")
    granted = {
        (path, capability)
        for path, listed in RULE.findall(text)
        for capability in re.findall(r'"(\w+)"', listed)
    }
    assert granted == {
        (needs.path_at(need, "aws"), capability)
        for need in needs.VAULT
        for capability in need.capabilities
    }
    assert text.count("path ") == len(RULE.findall(text))


def test_the_iam_policy_grants_exactly_the_needs() -> None:
    document = json.loads((POLICIES / "vaultaws-responder.json").read_text("utf-8"))
    granted = set()
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        own = statement.get("Condition", {}).get("ArnLike", {}).get("iam:PolicyARN", [])
        for action in [actions] if isinstance(actions, str) else actions:
            granted.add((action, statement["Resource"], tuple(own)))
    assert granted == {
        (action, needs.arn_of(need), needs.attached_only(need))
        for need in needs.AWS
        for action in need.actions
    }


def test_the_iam_policy_is_sound_and_fits_a_managed_policy() -> None:
    text = (POLICIES / "vaultaws-responder.json").read_text("utf-8")
    parse_policy(json.loads(text))
    assert len(re.sub(r"\s", "", text)) <= 6144


def test_no_need_is_said_twice() -> None:
    actions = [(action, need.resource) for need in needs.AWS for action in need.actions]
    paths = [need.path for need in needs.VAULT]
    assert len(set(actions)) == len(actions)
    assert len(set(paths)) == len(paths)
