resource "vault_mount" "aws" {
  path                         = var.path
  type                         = "aws"
  description                  = var.description
  default_lease_ttl_seconds    = var.default_lease_ttl_seconds
  max_lease_ttl_seconds        = var.max_lease_ttl_seconds
  audit_non_hmac_request_keys  = var.audit_non_hmac_request_keys
  audit_non_hmac_response_keys = var.audit_non_hmac_response_keys
}

locals {
  # The engine answers spans as Go writes them; anything else would be a change for ever.
  lease = var.lease == null ? {} : {
    lease     = var.lease.default_seconds
    lease_max = var.lease.max_seconds
  }
  spans = {
    for name, seconds in local.lease : name => join("", [
      seconds >= 3600 ? "${floor(seconds / 3600)}h" : "",
      seconds >= 60 ? "${floor(seconds % 3600 / 60)}m" : "",
      "${seconds % 60}s",
    ])
  }
}

resource "vault_generic_endpoint" "lease" {
  count          = var.lease == null ? 0 : 1
  path           = "${vault_mount.aws.path}/config/lease"
  data_json      = jsonencode(local.spans)
  disable_delete = true # the engine cannot delete it; it goes with the mount
}
