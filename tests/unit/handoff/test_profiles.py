"""Edits of ~/.aws/config: what is ours is written, the rest stays byte for byte."""

from __future__ import annotations

import pytest

from vaultaws.errors import ConfigError, UsageError
from vaultaws.handoff.profiles import MARK, Profile, check_name, names, ours, removed, written

FILE = """# my file
[default]
region=eu-west-1

s3 =
    max_concurrent_requests = 10
    # nested words
    max_queue_size = 1000

; about the next one
[profile   odd]
output : json
   \t
[profile "quoted name"]
role_arn = arn:aws:iam::111122223333:role/x  # words
[sso-session corp]
sso_region = us-east-1


# the end
"""
READER = Profile("reader", "reader-sts", "/opt/vaultaws creds reader-sts", (("region", "eu-1"),))


def test_a_new_profile_stands_at_the_end_and_the_rest_stays() -> None:
    after = written(FILE, READER)
    assert after.startswith(FILE)
    assert after[len(FILE) :] == (
        "\n[profile reader]\ncredential_process = /opt/vaultaws creds reader-sts\n"
        f"{MARK} = reader-sts\nregion = eu-1\n"
    )
    assert ours(after) == (READER,)


def test_writing_twice_changes_nothing() -> None:
    once = written(FILE, READER)
    assert written(once, READER) == once


def test_the_first_profile_of_an_empty_file() -> None:
    assert written("", READER).startswith("[profile reader]\n")
    assert written("[default]\nregion = x", READER).startswith("[default]\nregion = x\n\n[profile")


def test_the_default_profile_has_no_word_before_it() -> None:
    assert written("", Profile("default", "r", "c")).startswith("[default]\n")


def test_an_update_keeps_keys_comments_and_order() -> None:
    before = written("", READER).replace("region = eu-1", "# mine\nregion=eu-1\ncli_pager =")
    before += "\n# about the last\n[profile last]\nregion = b\n"
    newer = Profile("reader", "other", "/opt/vaultaws creds other", (("output", "json"),))
    after = written(before, newer)
    expected = before.replace("creds reader-sts", "creds other").replace(
        "vaultaws_role = reader-sts", "vaultaws_role = other"
    )
    assert after == expected.replace("cli_pager =\n", "cli_pager =\noutput = json\n")


def test_removing_keeps_the_comment_of_the_next_section() -> None:
    head, tail = "[default]\nregion = a\n\n", "# about the last\n\n[profile last]\nregion = b\n"
    ours_in_between = "[profile reader]\n# inside\nvaultaws_role = r\ncredential_process = c\n\n"
    assert removed(head + ours_in_between + tail, "reader") == head + tail


def test_notes_below_values_and_set_in_ones_stay() -> None:
    before = "  # set in, at the top\n[default]\nregion = a\n  # about a\n\n"
    before += "[profile reader]\nvaultaws_role = r\n  ; below\ncredential_process = c\n"
    after = "  # behind\n[profile last]\nregion = b\n"
    newer = Profile("reader", "r", "d")
    assert written(before + after, newer) == before.replace("= c\n", "= d\n") + after
    assert removed(before + after, "reader") == before[: before.index("[profile")] + after


def test_a_section_set_in_does_not_go_on_with_the_value_before() -> None:
    head, tail = "[default]\nregion = a\n", "[profile last]\n  region = b\n"
    text = f"{head}[profile reader]\n  vaultaws_role = r\n  {tail}"
    assert names(text) == {"default", "reader", "last"}
    assert removed(text, "reader") == head + tail


@pytest.mark.parametrize("name", ["default", "odd", "quoted name"])
def test_a_profile_of_another_hand_is_not_touched(name: str) -> None:
    with pytest.raises(UsageError, match="not written by vaultaws"):
        written(FILE, Profile(name, "r", "c"))
    with pytest.raises(UsageError, match="not written by vaultaws"):
        removed(FILE, name)


def test_force_takes_a_profile_over_and_what_would_win_goes() -> None:
    after = written(FILE, Profile("quoted name", "r", "c"), force=True)
    assert "role_arn" not in after
    assert [profile.name for profile in ours(after)] == ["quoted name"]
    assert removed(FILE, "odd", force=True) == FILE.replace(
        "[profile   odd]\noutput : json\n   \t\n", ""
    )


def test_what_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(UsageError, match="no profile nobody"):
        removed(FILE, "nobody")


def test_the_names_are_read_as_the_sdks_read_them() -> None:
    assert names(FILE) == {"default", "odd", "quoted name"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\ufeff[default]\n", "byte order mark"),
        ("[a]\nx = 1\n[a]\nx = 2\n", "twice"),
        ("[a]\nx = 1\nX = 2\n", "twice"),
        ('[profile a]\nx = 1\n[profile "a"]\nx = 2\n', "the profile a is there twice"),
        ("x = 1\n[a]\n", "before the first section"),
        ("[a]\njunk SECRET\n", "line 2"),
        ("[a\nx = 1\n", "line 1"),
    ],
)
def test_a_broken_file_is_refused_without_its_words(text: str, why: str) -> None:
    for edit in (lambda: written(text, READER), lambda: removed(text, "a"), lambda: ours(text)):
        with pytest.raises(ConfigError) as caught:
            edit()
        assert why in caught.value.why
        assert "SECRET" not in caught.value.describe()


@pytest.mark.parametrize("name", ["", "a b", "a]", "é", "-x", "a\nb", '"', "x" * 129, "a#b"])
def test_names_that_the_sdks_read_differently_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)
