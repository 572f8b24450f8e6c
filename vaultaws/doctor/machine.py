"""This machine: settings and where they came from, files, the environment, profiles, the cache."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vaultaws.cache.cache import open_cache
from vaultaws.doctor.finding import Finding, bad, ok, warn
from vaultaws.errors import VaultawsError
from vaultaws.handoff import awsfile, keyfile, program
from vaultaws.handoff.profiles import ours
from vaultaws.leases.words import printable
from vaultaws.vault.connection import ConnectionSettings, Environment
from vaultaws.vault.tokens import configured_helper

Environ = Mapping[str, str]
_LONG_TERM: Final = "AKIA"


def settings(
    found: ConnectionSettings, said: Mapping[str, str], environ: Environ, home: Path | None
) -> Iterator[Finding]:
    """Each setting of the server that is in force, with its source. `said` are the flags given,
    by the name of their variable."""
    env = Environment(environ)

    def source(name: str) -> str:
        value, variable = env.find(name)
        return said.get(name) or (variable if value else "the default")

    where = (
        source("AGENT_ADDR") if env.get("AGENT_ADDR") or "AGENT_ADDR" in said else source("ADDR")
    )
    yield ok("settings", f"server {printable(found.address)} ({where})")
    if found.namespace:
        yield ok("settings", f"namespace {found.namespace} ({source('NAMESPACE')})")
    for name, value in (("CACERT", found.tls.ca_file), ("CLIENT_CERT", found.tls.client_cert)):
        if value:
            yield ok("settings", f"{name.lower()} {printable(value)} ({source(name)})")
    if found.proxy:
        yield ok("settings", "the server is asked through a proxy")
    if not found.tls.verify:
        yield warn(
            "settings",
            f"the server's certificate is not checked ({source('SKIP_VERIFY')})",
            "whoever sits in between can read the token",
            "set VAULT_CACERT to the authority's certificate instead",
        )
    if found.address.startswith("http://") and not _is_loopback(found.address):
        yield warn(
            "settings",
            "the token goes to the server in clear",
            f"{printable(found.address)} is not https",
            "use https, or an agent on this machine",
        )
    yield from _token_source(found, env, environ, home)


def _is_loopback(address: str) -> bool:
    return address.startswith(("http://127.", "http://localhost", "http://[::1]"))


def _token_source(
    found: ConnectionSettings, env: Environment, environ: Environ, home: Path | None
) -> Iterator[Finding]:
    if found.token is None:
        yield bad(
            "settings",
            "there is no token",
            "VAULT_TOKEN, the token helper and ~/.vault-token gave none",
            "log in: vaultaws login",
        )
        return
    value, variable = env.find("TOKEN")
    helper = "the token helper" if configured_helper(environ, home) else "~/.vault-token"
    yield ok("settings", f"token from {variable if value else helper}")


def files(environ: Environ, home: Path | None) -> Iterator[Finding]:
    """Who else may read what is secret, and long-term keys at rest."""
    if home is not None:
        yield from _readable_by_others(home / ".vault-token")
    path = awsfile.credentials_path(environ, home)
    yield from _readable_by_others(path)
    long_term = sorted(name for name, alone in keyfile.with_keys(path).items() if alone)
    if long_term:
        yield warn(
            "files",
            f"{path} holds long-term keys: {printable(', '.join(long_term[:5]))}",
            "they work until somebody deletes them, for whoever reads the file",
            "use profiles of vaultaws, or vaultaws mfa; then delete the keys in IAM",
        )


def _readable_by_others(path: Path) -> Iterator[Finding]:
    try:
        found = path.stat()
    except OSError:
        return
    if os.name != "posix":
        return  # the mode there says nothing of others
    if stat.S_IMODE(found.st_mode) & 0o077:
        yield bad(
            "files",
            f"{path} can be read by others",
            f"its mode is {stat.S_IMODE(found.st_mode):04o}",
            f"chmod 600 {path}",
        )
    else:
        yield ok("files", f"{path} is yours alone")


def environment(environ: Environ, now: datetime) -> Iterator[Finding]:
    """Variables that win over what vaultaws hands over, or mix with it."""
    key = environ.get("AWS_ACCESS_KEY_ID", "")
    if key:
        yield from _key_in_environment(key, environ, now)
    elif environ.get("AWS_SECRET_ACCESS_KEY") or environ.get("AWS_SESSION_TOKEN"):
        yield _stale("AWS_SECRET_ACCESS_KEY or AWS_SESSION_TOKEN is set without AWS_ACCESS_KEY_ID")
    if environ.get("AWS_SECURITY_TOKEN"):
        yield _stale("AWS_SECURITY_TOKEN is set: older SDKs send it with any key")
    named = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    if named and key:
        yield warn(
            "environment",
            "AWS_PROFILE and AWS_ACCESS_KEY_ID are both set",
            "some SDKs take the profile, others the key",
            "unset AWS_PROFILE, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
        )
    if not key and not named:
        yield ok("environment", "no AWS credentials in it")


def _key_in_environment(key: str, environ: Environ, now: datetime) -> Iterator[Finding]:
    end = _moment(environ.get("AWS_CREDENTIAL_EXPIRATION", ""))
    if end is not None and end <= now:
        yield bad(
            "environment",
            "the AWS credentials in it have expired",
            "SDKs take them before any profile",
            'fetch new ones: eval "$(vaultaws creds ROLE)", or unset AWS_ACCESS_KEY_ID and its kin',
        )
    elif key.startswith(_LONG_TERM) and end is None:
        yield _stale("AWS_ACCESS_KEY_ID is a long-term key")
    else:
        yield ok("environment", "AWS credentials in it win over profiles")


def _stale(what: str) -> Finding:
    return warn(
        "environment", what, "SDKs take it before any profile of vaultaws", "unset it when done"
    )


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def profiles(environ: Environ, home: Path | None) -> Iterator[Finding]:
    """Profiles of ours that do not work any more."""
    path = awsfile.config_path(environ, home)
    found = ours(awsfile.read(path))
    shadowing = keyfile.with_keys(awsfile.credentials_path(environ, home))
    sound = 0
    for profile in found:
        words, name = program.split(profile.command), printable(profile.name)
        if not words or shutil.which(words[0]) is None:
            yield bad(
                "profiles",
                f"the profile {name} starts a program that is not there",
                printable(words[0]) if words else "its credential_process cannot be split",
                f"vaultaws profile write {name} --role {printable(profile.role)}",
            )
        elif profile.name in shadowing:
            yield bad(
                "profiles",
                f"the profile {name} is never asked",
                "the credentials file has keys by that name, and SDKs take those first",
                f"remove [{name}] there",
            )
        else:
            sound += 1
    if sound or not found:
        yield ok("profiles", f"{sound} of vaultaws in {path}" if found else f"none in {path}")


def cache(environ: Environ) -> Iterator[Finding]:
    """Where credential sets are kept between runs."""
    try:
        standing = open_cache(environ).describe()
    except VaultawsError as error:
        yield bad("cache", error.what, error.why, error.do)
        return
    why = "; ".join(f"{name}: {reason}" for name, reason in standing.missing)
    if not standing.name:
        do = "set up a keyring, or allow files: VAULTAWS_CACHE=file"
        yield warn("cache", "nothing is kept between runs", why or "VAULTAWS_CACHE=off", do)
    elif standing.name == "file":
        do = "use a machine with a keyring"
        yield warn("cache", "credentials are kept in files in clear", "VAULTAWS_CACHE=file", do)
    else:
        yield ok("cache", f"in {standing.label}")
