resource "vault_aws_secret_backend_role" "role" {
  for_each        = var.roles
  backend         = var.mount
  name            = each.key
  credential_type = each.value.credential_type
  policy_document = each.value.policy_document
  policy_arns     = length(each.value.policy_arns) > 0 ? each.value.policy_arns : null
  role_arns       = length(each.value.role_arns) > 0 ? each.value.role_arns : null
  iam_groups      = length(each.value.iam_groups) > 0 ? each.value.iam_groups : null
  default_sts_ttl = each.value.default_ttl_seconds
  max_sts_ttl     = each.value.max_ttl_seconds
}

locals {
  # The engine answers an empty list or map as null, which would be a change for ever.
  in_full = {
    for name, role in var.roles_in_full : name => merge(
      {
        credential_type          = role.credential_type
        policy_document          = role.policy_document
        external_id              = role.external_id
        default_sts_ttl          = role.default_ttl_seconds
        max_sts_ttl              = role.max_ttl_seconds
        permissions_boundary_arn = role.permissions_boundary_arn
        mfa_serial_number        = role.mfa_serial_number
      },
      { for key, value in { user_path = role.user_path } : key => value if value != null },
      { for key, value in {
        policy_arns = role.policy_arns
        role_arns   = role.role_arns
        iam_groups  = role.iam_groups
      } : key => value if length(value) > 0 },
      { for key, value in {
        iam_tags     = role.iam_tags
        session_tags = role.session_tags
      } : key => value if length(value) > 0 },
    )
  }
}

# What is no longer said would stay in the engine: a role of other fields is made anew.
resource "terraform_data" "fields" {
  for_each = local.in_full
  input    = sort(keys(each.value))
}

resource "vault_generic_endpoint" "role" {
  for_each             = local.in_full
  path                 = "${var.mount}/roles/${each.key}"
  data_json            = jsonencode(each.value)
  ignore_absent_fields = true

  lifecycle {
    replace_triggered_by = [terraform_data.fields[each.key]]
  }
}

resource "vault_generic_endpoint" "static_role" {
  for_each             = var.static_roles
  path                 = "${var.mount}/static-roles/${each.key}"
  ignore_absent_fields = true
  data_json = jsonencode({
    username        = each.value.username
    rotation_period = each.value.rotation_period_seconds
  })
}
