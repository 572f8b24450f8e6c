# What a responder's token may do, beside Vault's policy `default`. The mount is aws/ here: put your
# own in its place. vaultaws doctor --for incident says what is missing.

# see who holds what
path "aws/config/root" { capabilities = ["read"] }
path "aws/roles" { capabilities = ["list"] }
path "aws/roles/*" { capabilities = ["read"] }
path "sys/mounts" { capabilities = ["read"] }
path "sys/audit" { capabilities = ["read", "sudo"] }
path "sys/audit-hash/*" { capabilities = ["update"] }
path "sys/leases" { capabilities = ["read", "sudo"] }
path "sys/leases/lookup" { capabilities = ["update"] }
path "sys/leases/lookup/aws/*" { capabilities = ["list", "sudo"] }

# stop issuing
path "sys/policies/acl/default" { capabilities = ["read", "update"] }
path "sys/auth" { capabilities = ["read"] }
path "identity/lookup/entity" { capabilities = ["update"] }
path "identity/entity/id/*" { capabilities = ["read", "update"] }
path "auth/token/accessors" { capabilities = ["list", "sudo"] }
path "auth/token/lookup-accessor" { capabilities = ["update"] }
path "auth/token/revoke-accessor" { capabilities = ["update"] }

# end leases
path "sys/leases/revoke" { capabilities = ["update"] }
path "sys/leases/revoke-force/aws/*" { capabilities = ["update", "sudo"] }

# replace static keys
path "aws/static-roles" { capabilities = ["list"] }
path "aws/static-roles/*" { capabilities = ["read", "create", "update", "delete"] }
path "aws/static-creds/*" { capabilities = ["read"] }

# prove it
path "aws/creds/*" { capabilities = ["read"] }
path "aws/sts/*" { capabilities = ["read"] }

# replace the root key
path "aws/config/rotate-root" { capabilities = ["update"] }
path "aws/roles/vaultaws-probe-*" { capabilities = ["create", "update", "delete"] }
path "aws/sts/vaultaws-probe-*" { capabilities = ["read"] }
