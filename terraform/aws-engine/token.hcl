# What Terraform's token needs to keep one mount at aws/ with these modules: put your mount's path in its
# place. Nothing is granted at aws/config/root, where the engine's own key is.

# the provider works with a short-lived child of the token
path "auth/token/create" {
  capabilities = ["update"]
}
path "sys/mounts" {
  capabilities = ["read"]
}
path "sys/mounts/aws" {
  capabilities = ["create", "read", "update", "delete"]
}
path "sys/mounts/aws/tune" {
  capabilities = ["read", "update"]
}
path "aws/config/lease" {
  capabilities = ["create", "read", "update"]
}
path "aws/roles/*" {
  capabilities = ["create", "read", "update", "delete"]
}
path "aws/static-roles/*" {
  capabilities = ["create", "read", "update", "delete"]
}

# Who may issue. Vault has no narrower right at identities than these: whoever holds this token can put
# himself into any group of the namespace.
path "sys/auth" {
  capabilities = ["read"]
}
path "sys/policies/acl/vaultaws-aws-*" {
  capabilities = ["create", "read", "update", "delete"]
}
path "auth/+/role/+/role-id" {
  capabilities = ["read"]
}
path "identity/entity" {
  capabilities = ["create", "update"]
}
path "identity/entity/id/*" {
  capabilities = ["read", "update", "delete"]
}
path "identity/entity/name/*" {
  capabilities = ["read"]
}
path "identity/entity-alias" {
  capabilities = ["create", "update"]
}
path "identity/entity-alias/id/*" {
  capabilities = ["read", "update", "delete"]
}
path "identity/lookup/*" {
  capabilities = ["create", "update"]
}
path "identity/group" {
  capabilities = ["create", "update"]
}
path "identity/group/id/*" {
  capabilities = ["read", "update", "delete"]
}
path "identity/group/name/*" {
  capabilities = ["read"]
}
path "identity/group-alias" {
  capabilities = ["create", "update"]
}
path "identity/group-alias/id/*" {
  capabilities = ["read", "update", "delete"]
}
