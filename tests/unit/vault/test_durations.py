import pytest

from vaultaws.vault.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("60", 60),
        ("-5", -5),
        ("30s", 30),
        ("15m", 900),
        ("1h0m0s", 3600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("500ms", 0.5),
        ("2d", 172800),
        (" 10s ", 10),
        ("-1m", -60),
    ],
)
def test_reads_what_the_vault_cli_reads(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "1x", "1h 2m", "h1", "1.2.3s", "١s", "1e3s", "∞", "9" * 30 + "s", "--1s"]
)
def test_refuses_the_rest(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)
