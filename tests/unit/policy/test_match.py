"""Patterns: actions, resources, ARNs in conditions, and policy variables."""

from __future__ import annotations

from typing import ClassVar

import pytest

from vaultaws.policy.match import Mode, action_set, pattern_set
from vaultaws.policy.values import Context, Truth


def found(
    pattern: str,
    text: str,
    mode: Mode = Mode.RESOURCE,
    context: Context | None = None,
    *,
    variables: bool = True,
) -> Truth:
    return pattern_set([pattern], mode, variables=variables).matches(text, context or {})


@pytest.mark.parametrize(
    ("pattern", "action", "matches"),
    [
        ("*", "ec2:DescribeInstances", True),
        ("ec2:*", "ec2:DescribeInstances", True),
        ("EC2:describe*", "ec2:DescribeInstances", True),
        ("ec2:Describe*s", "ec2:DescribeInstances", True),
        ("ec2:Describe?nstances", "ec2:DescribeInstances", True),
        ("ec2:Describe", "ec2:DescribeInstances", False),
        ("ec2:Describe?", "ec2:Describe", False),
        ("s3:*", "s3-object-lambda:Get", False),
        ("ec2:${aws:username}", "ec2:ada", False),
        ("ec2:Describe.*", "ec2:DescribeInstances", False),
    ],
)
def test_actions(pattern: str, action: str, matches: bool) -> None:
    assert (action_set([pattern]).matches(action.lower(), {}) is Truth.YES) is matches


@pytest.mark.parametrize(
    ("pattern", "resource", "matches"),
    [
        ("*", "anything at all", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", True),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/", False),
        ("arn:aws:s3:::B/x", "arn:aws:s3:::b/x", False),
        ("arn:aws:iam::*:user/vault-*", "arn:aws:iam::1:user/vault-1", True),
        ("arn:aws:iam::*:user/vault-*", "arn:aws:iam::1:user/ops/vault-1", False),
        # a star that ends its segment reaches over colons
        ("arn:aws:iam::*", "arn:aws:iam::1:user/x", True),
        ("arn:aws:sns:*:q", "arn:aws:sns:eu-west-2:1:q", True),
        # one inside a segment, and a question mark, do not
        ("arn:aws:sns:eu*2:1:q", "arn:aws:sns:eu:2:1:q", False),
        ("arn:aws:sns:eu*2:1:q", "arn:aws:sns:eu-west-2:1:q", True),
        ("arn:aws:sns:eu?2:1:q", "arn:aws:sns:eu:2:1:q", False),
        ("arn:aws:logs:*:*:log-group:/x/*foo", "arn:aws:logs:r:1:log-group:/x/a:foo", True),
        ("arn:aws:s3:::a*b*c", "arn:aws:s3:::a1b2bc", True),
        ("arn:aws:s3:::a*b*c", "arn:aws:s3:::a1b2bcd", False),
        ("arn:*:s3:::a", "arn:aws-cn:s3:::a", True),
        ("arn:a*s:s3:::a", "arn:aws:s3:::a", True),
        ("arn:a*s-*n:s3:::a", "arn:aws-cn:s3:::a", True),
        ("*vault", "arn:aws:s3:::vault", False),
    ],
)
def test_resources(pattern: str, resource: str, matches: bool) -> None:
    assert (found(pattern, resource) is Truth.YES) is matches


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        ("arn:aws:iam::*:role/*", "arn:aws:iam::1:role/a/b", True),
        ("arn:aws:sns:*:q", "arn:aws:sns:eu-west-2:1:q", False),
        ("arn:aws:sns:*:*:q", "arn:aws:sns:eu-west-2:1:q", True),
        ("arn:aws:logs:*:1:*:x", "arn:aws:logs:r:1:log-group:g:x", True),
    ],
)
def test_arns_in_conditions_are_compared_by_segment(pattern: str, arn: str, matches: bool) -> None:
    assert (found(pattern, arn, Mode.ARN) is Truth.YES) is matches


class TestVariables:
    home = "arn:aws:s3:::home/${aws:username}/*"
    ada: ClassVar[Context] = {"aws:username": ("ada",), "aws:principaltag/team": ("blue",)}

    def test_a_value_is_filled_in(self) -> None:
        assert found(self.home, "arn:aws:s3:::home/ada/x", context=self.ada) is Truth.YES
        assert found(self.home, "arn:aws:s3:::home/bob/x", context=self.ada) is Truth.NO

    def test_keys_have_no_case(self) -> None:
        pattern = "arn:aws:s3:::${AWS:PrincipalTag/Team}"
        assert found(pattern, "arn:aws:s3:::blue", context=self.ada) is Truth.YES

    def test_without_a_value_it_is_unknown(self) -> None:
        assert found(self.home, "arn:aws:s3:::home/ada/x") is Truth.UNKNOWN
        several = {"aws:username": ("ada", "bob")}
        assert found(self.home, "arn:aws:s3:::home/ada/x", context=several) is Truth.UNKNOWN

    def test_a_default_stands_in(self) -> None:
        pattern = "arn:aws:s3:::${aws:PrincipalTag/team, 'all'}/*"
        assert found(pattern, "arn:aws:s3:::all/x") is Truth.YES
        assert found(pattern, "arn:aws:s3:::blue/x", context=self.ada) is Truth.YES
        assert found(pattern, "arn:aws:s3:::all/x", context=self.ada) is Truth.NO

    def test_stars_in_a_value_are_text(self) -> None:
        greedy: Context = {"aws:username": ("*",)}
        assert found(self.home, "arn:aws:s3:::home/ada/x", context=greedy) is Truth.NO
        assert found(self.home, "arn:aws:s3:::home/*/x", context=greedy) is Truth.YES

    def test_escapes(self) -> None:
        pattern = "arn:aws:s3:::${*}${?}${$}"
        assert found(pattern, "arn:aws:s3:::*?$") is Truth.YES
        assert found(pattern, "arn:aws:s3:::abc") is Truth.NO

    def test_version_2008_has_none(self) -> None:
        assert found(self.home, "arn:aws:s3:::home/ada/x", context=self.ada, variables=False) is (
            Truth.NO
        )
        literal = "arn:aws:s3:::home/${aws:username}/x"
        assert found(self.home, literal, context=self.ada, variables=False) is Truth.YES

    @pytest.mark.parametrize("broken", ["${}", "${ }", "${a b}", "${a, b}", "${a 'b'}"])
    def test_an_unreadable_variable_has_no_value(self, broken: str) -> None:
        assert found(f"arn:aws:s3:::{broken}", "arn:aws:s3:::x") is Truth.UNKNOWN

    def test_an_open_brace_is_text(self) -> None:
        assert found("arn:aws:s3:::${aws:username", "arn:aws:s3:::${aws:username") is Truth.YES


@pytest.mark.parametrize("mode", list(Mode))
def test_many_stars_do_not_run_away(mode: Mode) -> None:
    pattern = "arn:aws:s3:::" + "a*" * 400 + "b"
    assert found(pattern, "arn:aws:s3:::" + "a" * 2000, mode) is Truth.NO
    inner = "arn:aws:" + "a*" * 400 + "b:::x"
    assert found(inner, "arn:aws:" + "a" * 2000 + ":::x", mode) is Truth.NO
