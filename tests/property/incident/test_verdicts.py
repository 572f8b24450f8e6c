"""The verdict, whatever was seen: nothing is dropped, and nothing is called dead without proof."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.judged import (
    CUT,
    NOW,
    OPENED,
    ROLE,
    ROOT,
    case_of,
    deny_step,
    token,
    user,
)
from vaultaws.aws.cutoff import Holder
from vaultaws.incident.facts import (
    DenySeen,
    Facts,
    KeySeen,
    KeySight,
    Proof,
    TrailSeen,
    Trial,
    Uses,
)
from vaultaws.incident.model import Case, Suspect
from vaultaws.incident.verdict import SETTLED, Judged, Standing, judge
from vaultaws.model import CredentialType

NUMBERS = st.integers(0, 5)
OFFSETS = st.integers(-900, 900).map(lambda seconds: CUT + timedelta(seconds=seconds))
HOLDERS = st.sampled_from([ROOT, ROLE])
KINDS = st.sampled_from(list(CredentialType))


@st.composite
def suspects(draw: st.DrawFn) -> Suspect:
    number = draw(NUMBERS)
    if draw(st.booleans()):
        return user(f"vault-{number}", f"AKIA{number:016d}", lease_id=f"aws/creds/r/{number}")
    return token(
        f"ASIA{number:016d}",
        draw(st.none() | HOLDERS),
        credential_type=draw(st.none() | st.just(CredentialType.ASSUMED_ROLE)),
        issued_at=draw(st.none() | OFFSETS),
        ends_at=draw(st.none() | OFFSETS),
        other_holders=draw(st.sampled_from([(), (ROLE,)])),
    )


PROOFS = st.builds(
    Proof,
    step=st.just("canary:x"),
    kind=KINDS,
    holder=st.none() | HOLDERS,
    trial=st.sampled_from(list(Trial)),
    since=st.none() | OFFSETS,
    times=st.just(5),
    why=st.just("lost"),
)
DENIES = st.builds(DenySeen, moment=st.none() | OFFSETS, why=st.sampled_from(["", "throttled"]))
KEYS = st.builds(KeySeen, st.sampled_from(list(KeySight)), st.none() | OFFSETS)
USES = st.builds(
    Uses,
    allowed=NUMBERS,
    refused=NUMBERS,
    last_allowed=st.none() | OFFSETS,
    last_call=st.just("s3 GetObject"),
)


@st.composite
def cases_and_facts(draw: st.DrawFn) -> tuple[Case, Facts]:
    found = {each.name: each for each in draw(st.lists(suspects(), max_size=8))}
    names = sorted(found)
    ids = [each.access_key_id for each in found.values()]

    def some(values: st.SearchStrategy[object], keys: list[str]) -> Mapping[str, object]:
        return {key: draw(values) for key in keys if draw(st.booleans())}

    facts = Facts(
        at=draw(st.just(NOW) | OFFSETS),
        proofs=tuple(draw(st.lists(PROOFS, max_size=4))),
        denies={holder: draw(DENIES) for holder in (ROOT, ROLE) if draw(st.booleans())},
        keys=some(KEYS, names),  # type: ignore[arg-type]  # of KEYS
        trail=TrailSeen(NOW, some(USES, ids)),  # type: ignore[arg-type]  # of USES
    )
    steps = tuple(deny_step(holder) for holder in (ROOT, ROLE))
    return case_of(*found.values(), steps=steps), facts


def denied(facts: Facts, holder: Holder, suspect: Suspect) -> bool:
    seen = facts.denies.get(holder)
    if seen is None or seen.moment is None or seen.why:
        return False
    return (suspect.issued_at or OPENED) < seen.moment


def proves(facts: Facts, found: Judged) -> bool:
    """An independent reading of what is evidence of a death."""
    suspect = found.suspect
    if found.how == "ended":
        return suspect.ends_at is not None and suspect.ends_at <= facts.at
    if found.how == "iam":
        key = facts.keys[suspect.name]
        stood = key.since is not None and key.since + SETTLED <= facts.at
        return key.sight in {KeySight.GONE, KeySight.OFF} and stood
    if found.how == "read_back":
        return bool(suspect.holders) and all(
            denied(facts, holder, suspect) for holder in suspect.holders
        )
    assert found.how == "canary"
    if suspect.user:
        refused = any(
            proof.trial is Trial.REFUSED and proof.kind is CredentialType.IAM_USER
            for proof in facts.proofs
        )
        return refused and facts.keys[suspect.name].sight in {KeySight.GONE, KeySight.OFF}
    return all(denied(facts, holder, suspect) for holder in suspect.holders) and any(
        proof.trial is Trial.REFUSED and proof.since and proof.holder in suspect.holders
        for proof in facts.proofs
    )


@given(cases_and_facts())
def test_nothing_is_dropped_and_nothing_invented(given_: tuple[Case, Facts]) -> None:
    case, facts = given_
    found = judge(case, facts)
    assert sorted(each.suspect.name for each in found.judged) == sorted(
        each.name for each in case.suspects
    )
    assert sum(len(found.of(standing)) for standing in Standing) == len(case.suspects)


@given(cases_and_facts())
def test_dead_is_never_said_without_evidence_that_proves_it(given_: tuple[Case, Facts]) -> None:
    case, facts = given_
    for found in judge(case, facts).of(Standing.DEAD):
        assert found.since is not None
        assert proves(facts, found), found


@given(cases_and_facts())
def test_a_use_that_was_allowed_after_the_death_makes_it_alive(given_: tuple[Case, Facts]) -> None:
    case, facts = given_
    for found in judge(case, facts).judged:
        last: datetime | None = found.uses.last_allowed
        if found.standing is Standing.DEAD and found.since is not None:
            assert last is None or last <= found.since
        if found.standing is Standing.UNKNOWN and last is not None:
            assert last <= CUT


@given(cases_and_facts())
def test_every_verdict_says_why_and_passing_means_all_dead(given_: tuple[Case, Facts]) -> None:
    case, facts = given_
    verification = judge(case, facts)
    assert all(found.why for found in verification.judged)
    if verification.passed:
        assert len(verification.of(Standing.DEAD)) == len(case.suspects)
        assert all(seen.moment or seen.why for seen in facts.denies.values())
