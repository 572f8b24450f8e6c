"""A key that stands anywhere in Terraform's files is found, and never printed."""

from __future__ import annotations

import json
import shutil
import string
import tempfile
import zipfile
from pathlib import Path
from random import Random
from urllib.parse import quote

from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultaws.cli.terraform_doctor import doctor
from vaultaws.infra.modules import modules_directory
from vaultaws.infra.search import MARK, search

LETTERS = string.ascii_letters + string.digits
BASE64 = LETTERS + "+/"


def made(prefix: str, alphabet: str, length: int) -> st.SearchStrategy[str]:
    """A key as a generator makes it: random, which hypothesis's own text is not."""
    seeds = st.integers(0, 2**64)
    return seeds.map(lambda seed: prefix + "".join(Random(seed).choices(alphabet, k=length)))


KEYS = st.one_of(
    made("AK" + "IA", string.ascii_uppercase + string.digits, 16),
    made("AS" + "IA", string.ascii_uppercase + string.digits, 16),
    made("", BASE64, 40),
    made("Fwo" + "GZXIvYXdz", BASE64, 200),
    made("hv" + "s.", LETTERS + "-_", 91),
    made("hv" + "b.", LETTERS + "-_", 120),
    made("s" + ".", LETTERS, 24),
)
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="%"), max_size=30)


def in_state(key: str) -> bytes:
    return json.dumps({"resources": [{"instances": [{"attributes": {"text": key}}]}]}).encode()


def in_generic_endpoint(key: str) -> bytes:
    return in_state(json.dumps({"fields": {"value": key}}))


def in_configuration(key: str) -> bytes:
    return f'resource "x" "y" {{\n  words = "{key}"\n}}\n'.encode()


def in_log(key: str) -> bytes:
    return f'2026-11-29T10:00:00Z [DEBUG] map[string]interface {{}}{{"value":"{key}"}}\n'.encode()


def in_header(key: str) -> bytes:
    return f"GET /v1/sys/mounts HTTP/1.1\r\nX-Something: {key}\r\n\r\n".encode()


def in_query(key: str) -> bytes:
    return f"url = https://example.com/?value={quote(key, safe='')}&more=1\n".encode()


def in_packed(key: str) -> bytes:
    """As msgpack writes a string in a saved plan: a byte or two of its length, then the text."""
    size = bytes([0xA0 + len(key)]) if len(key) < 32 else bytes([0xD9, len(key)])
    return b"\x85\xa5value" + size + key.encode() + b"\xa4next\xc0"


PLACES = st.sampled_from(
    (
        ("terraform.tfstate", in_state),
        ("terraform.tfstate.d/blue/terraform.tfstate", in_state),
        ("terraform.tfstate.backup", in_generic_endpoint),
        ("terraform.tfstate.1700000000.backup", in_state),
        ("errored.tfstate", in_generic_endpoint),
        (".terraform/terraform.tfstate", in_state),
        (".terraform/modules/m/main.tf", in_configuration),
        ("main.tf", in_configuration),
        ("blue.auto.tfvars", in_configuration),
        ("values.tfvars.json", in_state),
        ("plan.json", in_generic_endpoint),
        ("state.json", in_state),
        ("shown.txt", in_configuration),
        ("providers/prod.tfvars", in_configuration),
        ("infra/providers/providers.tf", in_configuration),
        (".terraform/modules/providers/main.tf", in_configuration),
        ("prod.tfvars.old", in_configuration),
        ("main.tf.bak", in_configuration),
        ("main.tofu", in_configuration),
        ("terragrunt.hcl", in_configuration),
        ("crash.log", in_log),
        ("crash.20261129.log", in_header),
        ("deep/down/terraform.log", in_query),
        ("saved", in_packed),
    )
)


def write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.name != "saved":
        file.write_bytes(content)
        return
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfplan", content)


@settings(max_examples=150)
@given(key=KEYS, place=PLACES, before=PLAIN)
def test_a_planted_key_is_found_wherever_it_stands_and_is_never_printed(
    key: str, place: tuple[str, object], before: str
) -> None:
    name, wrap = place
    assert callable(wrap)
    lines = before.replace("\r", "\n").encode() + b"\n"
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory) / name, lines + wrap(key))
        answer = CliRunner().invoke(doctor, [directory], standalone_mode=False)
        assert answer.return_value == 3
        assert name in answer.output
        assert key not in answer.output
        as_json = CliRunner().invoke(doctor, [directory, "--json"], standalone_mode=False)
        found = json.loads(as_json.stdout)["findings"]
        assert [one for one in found if one["file"].startswith(name)]
        assert key not in as_json.output


@settings(max_examples=60)
@given(st.binary(max_size=400), st.sampled_from(("terraform.tfstate", "saved", "x.log")))
def test_any_bytes_are_read_to_their_end(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory) / name, content)
        searched = search(Path(directory))
        assert searched.files == 1
        assert not searched.unread or content.startswith(MARK)


@given(KEYS, st.sampled_from(("utf-16", "utf-8-sig")))
def test_a_key_is_found_in_what_powershell_writes(key: str, encoding: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory) / "plan.json", in_state(key).decode().encode(encoding))
        assert len(search(Path(directory)).found) == 1


def test_programs_are_not_read(tmp_path: Path) -> None:
    key = "AK" + "IA" + "Z" * 16
    for place in (".terraform/providers/x", "mirror", ".git", "node_modules"):
        (tmp_path / place).mkdir(parents=True)
    for file in (".terraform/providers/x/a.json", ".git/a.json", "node_modules/a.json"):
        (tmp_path / file).write_text(key)
    with zipfile.ZipFile(tmp_path / "mirror" / "terraform-provider-x_1.0.0.zip", "w") as archive:
        archive.writestr("terraform-provider-x", key)
    assert search(tmp_path).files == 0


def test_what_comes_with_vaultaws_is_no_alarm(tmp_path: Path) -> None:
    shutil.copytree(modules_directory(), tmp_path / "terraform")
    searched = search(tmp_path)
    assert searched.files > 20
    assert searched.found == ()


@settings(max_examples=60)
@given(st.integers(0, 2**64))
def test_digests_ids_and_paths_are_no_alarm(seed: int) -> None:
    random = Random(seed)
    hexes = ["".join(random.choices("0123456789abcdef", k=length)) for length in (32, 40, 64)]
    provider = "h1:" + "".join(random.choices(BASE64, k=43)) + "="
    text = "\n".join(
        (
            *(f'"{digest}"' for digest in hexes),
            provider,
            '"module/aws/engine/modules/access/policies"',
            '{"access_key": null, "secret_key": "", "token": null}',
            "access_key = var.the_key_that_somebody_gives",
            'audit_non_hmac_response_keys = ["access_key"]',
            "arn:aws:iam::123456789012:role/aws-reserved/Deploy",
        )
    )
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "terraform.tfstate").write_text(text)
        assert search(Path(directory)).found == ()
