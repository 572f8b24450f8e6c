resource "vault_audit" "device" {
  for_each    = var.audit
  path        = each.key
  type        = each.value.type
  description = each.value.description
  options     = each.value.options
}
