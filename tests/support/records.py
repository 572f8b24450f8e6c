"""Made-up records of a stack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.processes import ProcessRecord
from vaultaws.local.servers.base import ContainerRecord, RunningServer, ServerKind
from vaultaws.local.state import StackRecord
from vaultaws.model import Secret, ServerProduct

RECORD = StackRecord("tag", Path("/state/stack-tag"), "openbao", AwsOptions())
AWS = LocalAws(
    endpoint="http://127.0.0.1:2",
    access_key_id="AKIA" + "0" * 16,
    secret_access_key=Secret("secret-key"),
    control_token=Secret("control"),
    process=ProcessRecord(20, 1000.0, "boot-1"),
    log=Path("/state/stack-tag/aws.log"),
    trail=Path("/state/stack-tag/trail"),
)
SERVER = RunningServer(
    kind=ServerKind.OPENBAO,
    product=ServerProduct.OPENBAO,
    version="2.7.2",
    address="http://127.0.0.1:1",
    root_token=Secret("root-token"),
    log=Path("/state/stack-tag/server.log"),
    audit=Path("/state/stack-tag/audit.log"),
    where=ProcessRecord(10, 1000.0, "boot-1"),
    tag="tag",
)
CONTAINER_SERVER = replace(
    SERVER,
    kind=ServerKind.DOCKER,
    product=ServerProduct.VAULT,
    where=ContainerRecord("c" * 64, "unix:///docker.sock"),
    host_as_seen="host.docker.internal",
)
