"""What is written in Terraform's language, read by Terraform itself."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import unicodedata
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.declared import configs
from tests.support.terraform import terraform_environ
from vaultaws.config.schema import Config
from vaultaws.infra.export import export
from vaultaws.infra.hcl import quoted
from vaultaws.infra.modules import modules_directory

SHARED = settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
PIECES = st.sampled_from(("${", "%{", "}", '"', "\\", "$", "$$", "\n", "\x1b[31m", "${file(x)}"))


def told(program: Path, words: tuple[str, ...], said: str, directory: Path) -> str:
    done = subprocess.run(
        [program, *words],
        cwd=directory,
        env={"PATH": os.defpath, "HOME": str(directory), "CHECKPOINT_DISABLE": "1"},
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@SHARED
@given(st.lists(st.lists(TEXTS | PIECES).map("".join), min_size=1, max_size=30))
def test_any_string_means_itself(terraform_path: Path, tmp_path: Path, texts: list[str]) -> None:
    """Terraform keeps strings in Unicode's form C."""
    question = ", ".join(f"base64encode({quoted(text)})" for text in texts)
    answer = told(terraform_path, ("console",), f"jsonencode([{question}])\n", tmp_path)
    read = [base64.b64decode(each).decode() for each in json.loads(json.loads(answer))]
    assert read == [unicodedata.normalize("NFC", text) for text in texts]


@SHARED
@given(configs())
def test_an_export_is_as_terraform_formats_it_and_always_the_same(
    terraform_path: Path, tmp_path: Path, config: Config
) -> None:
    text = export(config, tmp_path).text
    assert export(config, tmp_path).text == text
    assert told(terraform_path, ("fmt", "-"), text, tmp_path) == text


def test_the_module_takes_no_device_that_writes_secrets_in_clear(
    terraform_path: Path, terraform_settings: Path, tmp_path: Path
) -> None:
    place = tmp_path / "audit"
    shutil.copytree(modules_directory() / "aws-engine" / "modules" / "audit", place)
    environ = terraform_environ({"HOME": str(tmp_path)}, terraform_path, terraform_settings)

    def ran(*words: str, said: str = "") -> str:
        done = subprocess.run(
            [terraform_path, *words],
            cwd=place,
            env=environ,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.stdout + done.stderr

    assert "successfully initialized" in ran("init", "-no-color")
    for value, refused in RAW.items():
        device = {"type": "file", "options": {"log_raw": value}}
        (place / "terraform.tfvars.json").write_text(json.dumps({"audit": {"file": device}}))
        answer = ran("console", "-no-color", said="keys(var.audit)\n")
        assert ("log_raw writes secrets in clear" in answer) is refused, (value, answer)


RAW = {
    **dict.fromkeys(("1", "t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("0", "f", "F", "false", "False", "FALSE"), False),
}
"""What Go's strconv.ParseBool takes, which Vault asks; true for yes."""
