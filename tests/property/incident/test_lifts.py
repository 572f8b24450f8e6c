"""No lift takes a deny away while a token that it denies may live."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.judged import CUT, ROLE, ROOT, case_of, deny_step, token
from vaultaws.aws.cutoff import Holder
from vaultaws.incident.lifting import DENIES, plan
from vaultaws.leases.rules import CEILING_SECONDS
from vaultaws.model import CredentialType, Role

SPANS = st.integers(0, 200_000).map(lambda seconds: timedelta(seconds=seconds))
STS = sorted(kind for kind in CredentialType if kind.is_sts)
ROLES = st.builds(
    Role,
    name=st.sampled_from(["a", "b", "c"]),
    credential_type=st.sampled_from(STS),
    role_arns=st.just(("arn:aws:iam::123456789012:role/ops",)),
    max_sts_ttl_seconds=st.sampled_from([0, 900, 3600, 43_200]),
)


@given(
    st.lists(ROLES, max_size=4),
    st.lists(st.tuples(st.sampled_from([ROOT, ROLE]), SPANS), max_size=4),
    SPANS,
    st.booleans(),
)
def test_a_deny_outlives_all_that_it_denies(
    roles: list[Role], lives: list[tuple[Holder, timedelta]], after: timedelta, known: bool
) -> None:
    suspects = [
        token(f"ASIA{number:016d}", holder, ends_at=CUT + life)
        for number, (holder, life) in enumerate(lives)
    ]
    steps = (deny_step(ROOT), deny_step(ROLE))
    now = CUT + after
    found = plan(case_of(*suspects, steps=steps), roles if known else None, now)
    lifted = {step.target for step in found.undo if step.kind in DENIES}
    assert lifted | {step.target for step, _ in found.waiting} == {str(ROOT), str(ROLE)}
    for suspect in suspects:
        if str(suspect.holder) in lifted:
            assert suspect.ends_at is not None
            assert suspect.ends_at <= now
    for role in roles if known else ():
        of_role = role.credential_type is CredentialType.ASSUMED_ROLE
        holder = str(ROLE if of_role else ROOT)
        longest = role.max_sts_ttl_seconds or CEILING_SECONDS[role.credential_type]
        if holder in lifted:
            assert CUT + timedelta(seconds=longest) <= now
    for _, due in found.waiting:
        assert due > now
