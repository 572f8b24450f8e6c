"""The modules that come with vaultaws: each README says every input and output."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vaultaws.infra.modules import engine_files, modules_directory

NAMED = re.compile(r"^(?:variable|output) ", re.MULTILINE)
MODULES = sorted({file.parent for file in (modules_directory() / "aws-engine").rglob("*.tf")})


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_readme_names_every_input_and_output_with_its_words(module: Path) -> None:
    readme = (module / "README.md").read_text("utf-8")
    for file in ("variables.tf", "outputs.tf"):
        text = (module / file).read_text("utf-8") if (module / file).exists() else ""
        for name, words in re.findall(
            r'^(?:variable|output) "(\w+)" \{\n  description = "(.*)"$', text, re.MULTILINE
        ):
            assert re.search(rf"^\| `{name}`.* \| {re.escape(words)} \|$", readme, re.MULTILINE)
        assert text.count("description =") >= len(NAMED.findall(text))


def test_an_export_brings_every_file_of_the_module() -> None:
    files = engine_files()
    assert Path("aws-engine/main.tf") in files
    assert Path("aws-engine/modules/access/main.tf") in files
    assert all(file.suffix == ".tf" for file in files)


def test_no_module_reads_or_writes_a_secret() -> None:
    text = "".join(engine_files().values())
    resources = ('vault_aws_secret_backend"', "vault_generic_secret")
    for word in ("access_key =", "secret_key =", *resources):
        assert word not in text
