"""A user with one of everything that stands in the way of its deletion."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.aws_clients import allow, document

READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
SSH_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQ== made-up"
STEP_SECONDS = 30


def certificate() -> str:
    """A self-signed certificate, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def foreign(iam: Any, user: str) -> None:
    """Give a user what Vault's engine does not clear, of each kind one."""
    iam.create_login_profile(UserName=user, Password="-".join(("made", "up", "1")))
    iam.upload_signing_certificate(UserName=user, CertificateBody=certificate())
    iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=SSH_KEY)
    iam.create_service_specific_credential(UserName=user, ServiceName="codecommit.amazonaws.com")
    mfa(iam, user)


def mfa(iam: Any, user: str) -> str:
    """Give a user a virtual MFA device; return its serial number."""
    name = f"device-{secrets.token_hex(4)}"
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    totp, now = pyotp.TOTP(made["Base32StringSeed"].decode()), int(time.time())
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=totp.at(now - 2 * STEP_SECONDS),
        AuthenticationCode2=totp.at(now - STEP_SECONDS),
    )
    return str(made["SerialNumber"])


def burden(iam: Any, user: str) -> None:
    """Give a user one of everything, foreign or not, and a boundary. It has a key already."""
    foreign(iam, user)
    group = f"group-{secrets.token_hex(4)}"
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    iam.put_user_policy(
        UserName=user, PolicyName="added", PolicyDocument=document(allow("s3:ListAllMyBuckets"))
    )
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=READ_ONLY)
    iam.create_access_key(UserName=user)
