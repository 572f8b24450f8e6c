"""The chapters but the incident. Each shows its commands, and checks its own outcomes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from vaultaws.leases.words import short_key
from vaultaws.local.demo.aws_side import AwsSide, credentials_of
from vaultaws.local.demo.commands import Ran
from vaultaws.local.demo.scene import Scene
from vaultaws.model import Credentials, Secret

ADA_PASSWORD = "correct-horse"  # noqa: S105  (made up, for a server that lives for seconds)
IMAGE = "ami-12c6146b"  # an image that the local AWS has
REGION = "us-east-1"
STILL_ALIVE = 3  # the exit code of a revocation that leaves a token alive
REFUSED_KEY = frozenset({"InvalidClientTokenId", "AuthFailure"})


def open_stage(scene: Scene, server: str, policies: Path) -> None:
    scene.chapter(1, "A server and an AWS of our own; Vault's own user with least rights")
    delays = ("--iam-delay", "800ms", "--trail-delay", "300ms")
    up = ("up", "--server", server, *delays)
    ran = scene.run(*up, "--json", shown=f'eval "$(vaultaws {" ".join(up)})"')
    stack = json.loads(ran.out)
    scene.environment.update(stack["environment"])
    scene.facts.update(stack=stack, admin=side_of(scene, _environment_key(scene)))
    scene.check(
        f"{stack['product']} {stack['server_version']} and the local AWS answer", stack["address"]
    )
    _make_vault_root(scene, policies)
    _write_files(scene, policies)
    key: Credentials = scene.facts["vault_root"]
    scene.run(
        "apply",
        "--yes",
        extra={
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key.reveal(),
        },
        shown="AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… vaultaws apply --yes",
    )
    again = scene.run("plan", "--detailed-exitcode")
    scene.check("engine, root and roles are as declared: plan is empty", again.code == 0)
    _check_vault_root(scene)


def _check_vault_root(scene: Scene) -> None:
    side = side_of(scene, scene.facts["vault_root"])
    scene.show("aws iam list-users    # with vault-root's key")
    scene.soon(lambda: not side.refusal("iam", "get_user"))  # its key and policy have arrived
    code = side.refusal("iam", "list_users")
    scene.check("vault-root is no administrator: ListUsers is AccessDenied", code == "AccessDenied")


def _make_vault_root(scene: Scene, policies: Path) -> None:
    iam = scene.facts["admin"].client("iam")
    scene.show("aws iam create-user --user-name vault-root")
    iam.create_user(UserName="vault-root")
    scene.show("aws iam put-user-policy … --policy-document file://policies/vault-root.json")
    iam.put_user_policy(
        UserName="vault-root",
        PolicyName="vault-root",
        PolicyDocument=(policies / "vault-root.json").read_text(encoding="utf-8"),
    )
    scene.show("aws iam create-access-key --user-name vault-root")
    made = iam.create_access_key(UserName="vault-root")["AccessKey"]
    scene.facts["vault_root"] = Credentials(made["AccessKeyId"], Secret(made["SecretAccessKey"]))


def _write_files(scene: Scene, policies: Path) -> None:
    scene.run("init", ".")
    shutil.copy(policies / "ec2readonly.json", scene.private / "policies" / "ec2readonly.json")
    file = scene.private / "vaultaws.toml"
    audit_log = scene.facts["stack"]["audit_log"]
    file.write_text(
        file.read_text(encoding="utf-8") + f"\n[trail]\naudit_log = {json.dumps(audit_log)}\n",
        encoding="utf-8",
    )


def issue_to_ada(scene: Scene) -> None:
    scene.chapter(2, "Ada logs in and asks for ec2readonly: a new IAM user")
    _make_ada(scene)
    log_ada_in(scene)
    issued = json.loads(as_ada(scene, "creds", "ec2readonly", "--format", "json").out)
    scene.facts["user_key"] = issued
    scene.facts["user_name"] = _owner_of(scene, issued["access_key_id"])
    scene.check(f"IAM user {scene.facts['user_name']} exists", scene.facts["user_name"])
    waited = issued["waited"]
    scene.check(
        f"the new key was refused {waited['refusals']} times, and good after {waited['seconds']} s",
        waited["seconds"] > 0,  # on a busy machine the key may be good before the first try
    )


def _make_ada(scene: Scene) -> None:
    """Users are made with the server's own tools; the demo speaks its API."""
    import requests

    environment = scene.environment
    scene.show("vault auth enable userpass")
    scene.show("vault write auth/userpass/users/ada password=… policies=vaultaws-aws-analysts")
    for path, body in (
        ("sys/auth/userpass", {"type": "userpass"}),
        (
            "auth/userpass/users/ada",
            {"password": ADA_PASSWORD, "token_policies": "vaultaws-aws-analysts"},
        ),
    ):
        requests.post(
            f"{environment['VAULT_ADDR']}/v1/{path}",
            json=body,
            headers={"X-Vault-Token": environment["VAULT_TOKEN"]},
            timeout=10,
        ).raise_for_status()


def use_it(scene: Scene) -> None:
    scene.chapter(3, "The key does what the policy says, and no more")
    scene.facts["user_side"] = side_of(scene, credentials_of(scene.facts["user_key"]))
    _reads_but_does_not_run(scene, scene.facts["user_side"])


def _reads_but_does_not_run(scene: Scene, side: AwsSide) -> None:
    scene.show("aws ec2 describe-instances")
    refused = side.refusal("ec2", "describe_instances")
    scene.check("DescribeInstances works", not refused, seen=refused)
    scene.show("aws ec2 run-instances …")
    refused = side.refusal("ec2", "run_instances", ImageId=IMAGE, MinCount=1, MaxCount=1)
    scene.check("RunInstances is UnauthorizedOperation", refused == "UnauthorizedOperation")


def federation(scene: Scene) -> None:
    scene.chapter(4, "A federation token for 15 minutes: no user, no waiting")
    asked = ("creds", "ec2readonly-sts", "--ttl", "15m", "--format", "json")
    issued = json.loads(as_ada(scene, *asked).out)
    scene.facts["token"] = issued
    side = side_of(scene, credentials_of(issued))
    scene.facts["token_side"] = side
    scene.show("aws sts get-caller-identity")
    arn = side.client("sts").get_caller_identity()["Arn"]
    scene.check(f"the caller is {arn}", ":federated-user/" in arn)
    _reads_but_does_not_run(scene, side)
    _refuse_managed_only(scene)


def _refuse_managed_only(scene: Scene) -> None:
    import requests

    environment = scene.environment
    arn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
    scene.show(f"vault write aws/roles/managed credential_type=federation_token policy_arns={arn}")
    requests.post(
        f"{environment['VAULT_ADDR']}/v1/aws/roles/managed",
        json={"credential_type": "federation_token", "policy_arns": [arn]},
        headers={"X-Vault-Token": environment["VAULT_TOKEN"]},
        timeout=10,
    ).raise_for_status()
    before = len(scene.facts["audit_reader"]())
    ran = scene.run("creds", "managed", expect=None)
    scene.check(f"refused: {_first_error(ran)}", ran.code in {1, 2} and "managed" in ran.err)
    asked = scene.facts["audit_reader"]()[before:]
    paths = [record.get("request", {}).get("path", "") for record in asked]
    issued = [path for path in paths if path.startswith(("aws/creds/", "aws/sts/"))]
    scene.check("Vault was not asked for it", not issued, seen=", ".join(issued))


def find_in_trail(scene: Scene) -> None:
    scene.chapter(5, "CloudTrail knows them, and Vault's audit log knows the person")
    user, token = scene.facts["user_key"], scene.facts["token"]
    keys = (user["access_key_id"], token["access_key_id"])
    report = _trail_when(scene, lambda found: all(_seen_and_used(found, key) for key in keys))
    for key in keys:
        entry = _entry(report, key)
        scene.check(
            f"{short_key(key)}: issued to {entry['person']} for {entry['role']},"
            f" {entry['use']['calls']} calls made with it, {entry['use']['denied']} denied",
            entry["standing"] == "explained" and entry["person"] == "ada",
            seen=json.dumps(entry),
        )


def revoke(scene: Scene) -> None:
    scene.chapter(6, "Revoked: the user dies with its lease, the token does not, until it is cut")
    user, token = scene.facts["user_key"], scene.facts["token"]
    name = scene.facts["user_name"]
    scene.run("leases", "revoke", user["lease_id"], "--yes")
    side: AwsSide = scene.facts["user_side"]
    code = scene.soon(lambda: _of(REFUSED_KEY, side.refusal("sts", "get_caller_identity")))
    scene.check(f"the key is refused: {code}", code)
    scene.show(f"aws iam get-user --user-name {name}")
    gone = scene.facts["admin"].refusal("iam", "get_user", UserName=name)
    scene.check("the user is gone: NoSuchEntity", gone in {"NoSuchEntity", "NoSuchEntityException"})
    scene.run("leases", "revoke", token["lease_id"], "--yes", expect=STILL_ALIVE)
    bearer: AwsSide = scene.facts["token_side"]
    scene.check("the federation token still works", not bearer.refusal("ec2", "describe_instances"))
    key = token["access_key_id"]
    listing = json.loads(scene.run("leases", "list", "--json").out)
    alive = [row for row in listing["credentials"] if row["access_key_id"] == key]
    scene.check(
        "leases list shows it, alive beyond its lease", alive and alive[0]["outlives_lease"]
    )
    scene.run("leases", "revoke", "--key", key, "--cut", "--yes", shown=_cut_command(key))
    proof = bearer.proof_of_death(key)
    scene.check(
        f"cut off and proved dead: {proof.action} refused {len(proof.refusals)} times in a row"
        f" ({', '.join(proof.codes)})",
        len(proof.refusals) >= 5,
    )


def catch_a_thief(scene: Scene) -> None:
    scene.chapter(7, "A key made behind Vault's back")
    iam = side_of(scene, scene.facts["vault_root"]).client("iam")
    scene.show("aws iam create-user --user-name vault-thief    # with the stolen root key")
    iam.create_user(UserName="vault-thief")
    made = iam.create_access_key(UserName="vault-thief")["AccessKey"]
    key = made["AccessKeyId"]
    scene.show("aws iam create-access-key --user-name vault-thief")
    thief = side_of(scene, Credentials(key, Secret(made["SecretAccessKey"])))
    works = scene.soon(lambda: not thief.refusal("sts", "get_caller_identity"))
    scene.check("the thief's key works, and Vault knows nothing of it", works)
    report = _trail_when(scene, lambda found: _entry(found, key))
    entry = _entry(report, key)
    scene.check(
        f"{short_key(key)} is flagged as unexplained",
        entry["standing"] == "unexplained" and report["exit_code"] == 3,
        seen=json.dumps(entry),
    )


def close(scene: Scene) -> None:
    scene.chapter(9, "The end")
    scene.run("down")
    state = json.loads(scene.run("status", "--json", expect=None).out)
    scene.check("nothing is left running", not state["running"])
    user, token = scene.facts["user_key"], scene.facts["token"]
    rows = (
        ("CREDENTIAL", "FOR", "ROLE", "END"),
        (short_key(user["access_key_id"]), "ada", "ec2readonly", "lease revoked, user deleted"),
        (
            short_key(token["access_key_id"]),
            "ada",
            "ec2readonly-sts",
            "lease revoked, token cut off",
        ),
        ("vault-thief", "nobody", "—", "found: made without Vault"),
        *scene.facts["incident_rows"],
    )
    scene.say("")
    for key, person, role, end in rows:
        scene.say(f"   {key:<14}{person:<9}{role:<17}{end}")
    scene.say(f"\n   {scene.passed} outcomes checked, all as told.")


def log_ada_in(scene: Scene) -> None:
    """Log ada in; the token is kept in her home."""
    scene.run(
        "login", "userpass", "ada", stdin=ADA_PASSWORD + "\n", without=("VAULT_TOKEN", "BAO_TOKEN")
    )


def as_ada(scene: Scene, *arguments: str, expect: int | None = 0) -> Ran:
    """Run a command with ada's token, the one that `vaultaws login` kept in her home."""
    return scene.run(*arguments, without=("VAULT_TOKEN", "BAO_TOKEN"), expect=expect)


def _trail_when(scene: Scene, ready: Any) -> dict[str, Any]:
    """Ask `trail check` until CloudTrail has caught up; the command is shown once."""
    scene.show("vaultaws trail check --since 1h")
    quiet = Scene(scene.private, scene.commands, lambda _: None, scene.environment)

    def ask() -> dict[str, Any] | None:
        ran = quiet.run("trail", "check", "--since", "1h", "--json", expect=None)
        if ran.code not in {0, 3}:
            return None
        report: dict[str, Any] = {**json.loads(ran.out), "exit_code": ran.code}
        scene.facts["last_report"] = report
        return report if ready(report) else None

    found = scene.soon(ask)
    return found or scene.facts.get("last_report") or {"credentials": [], "exit_code": -1}


def _entry(report: dict[str, Any], key: str) -> dict[str, Any]:
    for entry in report["credentials"]:
        if entry["access_key_id"] == key:
            found: dict[str, Any] = entry
            return found
    return {}


def _seen_and_used(report: dict[str, Any], key: str) -> bool:
    entry = _entry(report, key)
    return bool(entry) and entry["standing"] != "pending" and entry["use"]["denied"] > 0


def side_of(scene: Scene, credentials: Credentials) -> AwsSide:
    return AwsSide(scene.environment["AWS_ENDPOINT_URL"], REGION, credentials)


def _environment_key(scene: Scene) -> Credentials:
    environment = scene.environment
    return Credentials(
        environment["AWS_ACCESS_KEY_ID"], Secret(environment["AWS_SECRET_ACCESS_KEY"])
    )


def _owner_of(scene: Scene, key: str) -> str:
    iam = scene.facts["admin"].client("iam")
    scene.show("aws iam list-users")
    for user in iam.list_users()["Users"]:
        keys = iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
        if any(found["AccessKeyId"] == key for found in keys):
            return str(user["UserName"])
    return ""


def _of(codes: frozenset[str], code: str) -> str:
    return code if code in codes else ""


def _first_error(ran: Ran) -> str:
    for line in ran.err.splitlines():
        if line.startswith("error:"):
            return line.removeprefix("error:").strip()
    return "nothing was said"


def _cut_command(key: str) -> str:
    return f"vaultaws leases revoke --key {short_key(key)} --cut --yes"
