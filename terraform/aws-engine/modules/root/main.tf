# Written once and never read again: a read would bring the key's id into the state, and a second
# write would make engines before Vault 1.19, and OpenBao's, forget the key.
resource "vault_generic_endpoint" "root" {
  path           = "${var.mount}/config/root"
  data_json      = jsonencode(local.said)
  disable_read   = true
  disable_delete = true

  lifecycle {
    ignore_changes = [data_json]
  }
}

locals {
  said = {
    for name, value in var.root : name => value if value != "" && value != null
  }
}
