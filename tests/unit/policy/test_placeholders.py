"""What may stand for a placeholder, and what is refused."""

from __future__ import annotations

import pytest

from vaultaws.policy.placeholders import (
    KINDS,
    BadPlaceholderValueError,
    check,
    fill,
    left,
    names,
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bucket", "abc"),
        ("bucket", "my.site.example"),
        ("bucket", "a" * 63),
        ("prefix", "daily"),
        ("prefix", "teams/data.v2/2026_11"),
        ("prefix", "..hidden/a"),
        ("state_key", "live/net.tfstate"),
        ("account", "000000000001"),
        ("region", "us-gov-west-1"),
        ("role", "service-role/app+one@x"),
        ("log_group", "/aws/lambda/api#1"),
        ("repository", "acme/api-server_2"),
        ("stack", "n"),
    ],
)
def test_names_as_aws_has_them_are_taken(name: str, value: str) -> None:
    check(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in KINDS for value in ("", "*", "a*", "?", "${aws:username}")),
        *(
            (name, value)
            for name in KINDS
            for value in ('a"', "a\\", "a\n", "{{bucket}}", "é", "a b")
        ),
        *(("bucket", bad) for bad in ("ab", "a" * 64, "Acme", "a..b", ".ab", "ab-", "10.0.0.1")),
        *(("bucket", bad) for bad in ("xn--abc", "abc-s3alias", "abc--x-s3", "a/b", "a_b")),
        *(("prefix", bad) for bad in ("/a", "a/", "a//b", "..", "a/../b", ".", "a/.", "./a")),
        ("prefix", "a" * 513),
        *(("account", bad) for bad in ("12345678901", "1234567890123", "12345678901a", "١" * 12)),
        *(("region", bad) for bad in ("eu", "EU-west-2", "eu-west")),
        *(("role", bad) for bad in ("arn:aws:iam::111122223333:role/a", "/a", "a/", "a" * 65)),
        *(("stack", bad) for bad in ("1a", "a_b")),
        ("repository", "Acme"),
    ],
)
def test_the_rest_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadPlaceholderValueError) as refused:
        check(name, value)
    assert refused.value.name == name
    assert refused.value.rule == KINDS[name].rule


def test_iams_own_variables_are_left_alone() -> None:
    text = '"arn:aws:s3:::{{bucket}}/${aws:username}/{{prefix}}/{{bucket}}"'
    assert names(text) == ("bucket", "prefix")
    filled = fill(text, {"bucket": "one", "prefix": "two", "other": "*"})
    assert filled == '"arn:aws:s3:::one/${aws:username}/two/one"'
    assert left(filled) == ()


def test_what_a_person_may_have_written_is_found_unfilled() -> None:
    assert left('"{{ Bucket }} {{bucket}} ${aws:username} {}{{}} {{bucket}}"') == (
        "{{ Bucket }}",
        "{{bucket}}",
    )


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(BadPlaceholderValueError, match="bucket: it is empty"):
        fill("{{bucket}}", {})
