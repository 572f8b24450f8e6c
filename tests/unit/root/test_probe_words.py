"""What an engine's sentence says of its key. The sentences are those of OpenBao 2.7.2 (engine of
Vault 1.18.5) and Vault 1.21.1 against an AWS."""

from __future__ import annotations

import pytest

from vaultaws.aws.streak import Verdict
from vaultaws.errors import VaultError
from vaultaws.root.probe import classify, probe_role, read

_LOOK = "unable to validate username"
_SAYS_NO = "AccessDenied: User: arn:aws:iam::1:user/vault-root is not authorized to perform:"
_UNKNOWN = "InvalidClientTokenId: The security token included in the request is invalid."
GOOD = [
    f'{_LOOK} "vault-x": NoSuchEntity: The user with name vault-x cannot be found.; status: 404',
    f'{_LOOK} "x": {_SAYS_NO} iam:GetUser on resource: arn:aws:iam::1:user/x',
    f"Error assuming role: {_SAYS_NO} sts:AssumeRole on resource: arn:aws:iam::1:role/p",
]
NOT_YET = [
    f'{_LOOK} "vault-x": {_UNKNOWN}; status code: 403, request id: 1',
    f"Error assuming role: {_UNKNOWN}",
    "could not obtain sts client",
    "Error assuming role: SignatureDoesNotMatch: The request signature does not match",
]
NOISE = [
    'unable to validate username "vault-x": Throttling: Rate exceeded; status code: 400',
    "error calling AWS: RequestError: send request failed caused by: dial tcp: refused",
    'unable to validate username "NoSuchEntityman": ServiceUnavailable',
    "",
]


def verdict(sentence: str) -> Verdict:
    return classify(read(VaultError("no", why=sentence, do="wait")))


@pytest.mark.parametrize("sentence", GOOD)
def test_a_refusal_for_want_of_a_right_proves_the_key(sentence: str) -> None:
    assert verdict(sentence) is Verdict.HIT


@pytest.mark.parametrize("sentence", NOT_YET)
def test_an_unknown_key_counts_again_from_nothing(sentence: str) -> None:
    assert verdict(sentence) is Verdict.MISS


@pytest.mark.parametrize("sentence", NOISE)
def test_everything_else_says_nothing(sentence: str) -> None:
    assert verdict(sentence) is Verdict.NOISE


def test_a_success_proves_the_key() -> None:
    assert classify(None) is Verdict.HIT


def test_the_probes_role_names_no_role_that_could_be() -> None:
    role = probe_role("vaultaws-probe-1", "123456789012", "aws-cn")
    assert role.role_arns == ("arn:aws-cn:iam::123456789012:role/vaultaws-probe-1",)
    assert role.policy_document is None
