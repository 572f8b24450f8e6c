"""Who is compared: vaultaws and Terraform, each with a directory and a mount of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.declarations import Wanted, terraform_file, vaultaws_file, write_policies
from benchmarks.measure import CommandFailedError, Run, run, tail
from benchmarks.stage import Stage
from vaultaws.local.processes import python_module


@dataclass(frozen=True)
class Contender:
    """One tool with its declaration in `directory`. `plan_changes` is plan's code for changes.

    `state` are the files that the tool keeps there between runs.
    """

    name: str
    directory: Path
    wanted: Wanted
    plan: Sequence[str]
    apply: Sequence[str]
    plan_changes: int
    environ: Mapping[str, str]
    state: tuple[str, ...] = ()
    lint: Sequence[str] = ()

    def run_lint(self, *, memory: bool) -> Run:
        """`lint`, which must find nothing."""
        return self._run(self.lint, 0, memory=memory)

    def run_plan(self, *, changes: bool, memory: bool) -> Run:
        """`plan`, which must find changes, or none."""
        return self._run(self.plan, self.plan_changes if changes else 0, memory=memory)

    def run_apply(self, *, memory: bool) -> Run:
        """`apply` without a question."""
        return self._run(self.apply, 0, memory=memory)

    def _run(self, command: Sequence[str], code: int, *, memory: bool) -> Run:
        log = self.directory.with_name(f"{self.directory.name}.log")
        done = run(command, directory=self.directory, environ=self.environ, log=log, memory=memory)
        if done.code != code:
            said = tail(log)
            raise CommandFailedError(f"{self.name}: exit {done.code}, not {code}; it said:\n{said}")
        return done

    def forget(self) -> None:
        """As before the first run: the policies as they were, no state of the tool."""
        write_policies(self.directory, self.wanted)
        for name in self.state:
            (self.directory / name).unlink(missing_ok=True)


def vaultaws(stage: Stage, roles: int) -> Contender:
    """This checkout's vaultaws."""
    wanted = Wanted("ours", roles, stage.region, stage.aws_endpoint)
    directory = _directory(stage, "vaultaws", wanted, "vaultaws.toml", vaultaws_file(wanted))
    program = python_module("vaultaws")
    return Contender(
        name="vaultaws",
        directory=directory,
        wanted=wanted,
        plan=[*program, "plan", "--detailed-exitcode"],
        apply=[*program, "apply", "--yes"],
        plan_changes=3,
        environ=stage.environ(),
        lint=[*program, "lint"],
    )


def terraform(
    stage: Stage, roles: int, program: str, provider: Path, parallelism: int
) -> Contender:
    """Terraform with local state and the built provider, which `dev_overrides` names.

    That spares it `init` and the provider's checksum at each start.
    """
    name = f"terraform-{parallelism}"
    wanted = Wanted(name, roles, stage.region, stage.aws_endpoint)
    directory = _directory(stage, name, wanted, "main.tf", terraform_file(wanted))
    settings = stage.directory / "terraformrc"
    settings.write_text(
        "provider_installation {\n"
        f'  dev_overrides {{ "hashicorp/vault" = {json.dumps(str(provider.parent))} }}\n'
        "  direct {}\n}\n",
        "utf-8",
    )
    environ = stage.environ()
    own = {
        "TF_CLI_CONFIG_FILE": str(settings),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_VAR_access_key": environ["AWS_ACCESS_KEY_ID"],
        "TF_VAR_secret_key": environ["AWS_SECRET_ACCESS_KEY"],
    }
    flags = ["-input=false", "-no-color", f"-parallelism={parallelism}"]
    return Contender(
        name=name,
        directory=directory,
        wanted=wanted,
        plan=[program, "plan", "-detailed-exitcode", *flags],
        apply=[program, "apply", "-auto-approve", *flags],
        plan_changes=2,
        environ={**environ, **own},
        state=("terraform.tfstate", "terraform.tfstate.backup"),
    )


def terraform_program(named: str) -> str:
    """The Terraform CLI. Raises CommandFailedError where there is none."""
    found = shutil.which(named)
    if found is None:
        raise CommandFailedError(
            f"no {named} on PATH; install Terraform (docs/benchmarks.md), or name it: --terraform"
        )
    return found


def _directory(stage: Stage, name: str, wanted: Wanted, file: str, text: str) -> Path:
    directory = stage.directory / name
    write_policies(directory, wanted)
    (directory / file).write_text(text, "utf-8")
    return directory
