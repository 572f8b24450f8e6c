# Names, texts and metadata are those that vaultaws gives and looks for, so that either tool finds what
# the other made.

locals {
  prefix = lower("vaultaws-${replace(var.mount, "/", "-")}-")

  methods = toset(flatten([
    for each in values(var.access) : concat(keys(each.members), keys(each.new_logins))
  ]))
  types = { for path, method in data.vault_auth_backend.method : path => method.type }

  named = flatten([
    for access, each in var.access : [
      for path, names in each.members : [
        for name in names : { access = access, path = path, name = name, claim = contains(["oidc", "jwt"], local.types[path]) }
      ]
    ]
  ])
  logins = { for each in local.named : "${each.path}/${each.name}" => each... if !each.claim }
  programs = {
    for key, found in local.logins : key => found[0] if local.types[found[0].path] == "approle"
  }
  new_logins = merge([
    for each in values(var.access) : merge([
      for path, names in each.new_logins : { for name in names : "${path}/${name}" => { path = path, name = name } }
    ]...)
  ]...)

  # A claim's value leads to one group only, whose policies are those of every access that names it.
  claims = { for each in local.named : "${each.path}/${lower(each.name)}" => each... if each.claim }

  peopled = {
    for name, each in var.access : name => each
    if length(concat(
      [for login in local.named : login if login.access == name && !login.claim],
      flatten(values(each.new_logins)), each.entities, each.member_entity_ids,
    )) > 0
  }
}

data "vault_auth_backend" "method" {
  for_each = local.methods
  path     = each.key
}

resource "vault_policy" "access" {
  for_each = var.access
  name     = "${local.prefix}${each.key}"
  policy = join("\n", concat(
    ["# managed by vaultaws: mount ${jsonencode(var.mount)}, access ${jsonencode(each.key)}"],
    flatten([
      for role in sort(distinct(each.value.roles)) : [
        "path \"${var.mount}/creds/${role}\" {\n  capabilities = [\"read\", \"update\"]\n}",
        "path \"${var.mount}/sts/${role}\" {\n  capabilities = [\"read\", \"update\"]\n}",
        "path \"${var.mount}/roles/${role}\" {\n  capabilities = [\"read\"]\n}",
      ]
    ]),
    [
      for role in sort(distinct(each.value.static_roles)) :
      "path \"${var.mount}/static-creds/${role}\" {\n  capabilities = [\"read\"]\n}"
    ],
    [""],
  ))
}

data "vault_approle_auth_backend_role_id" "program" {
  for_each  = local.programs
  backend   = each.value.path
  role_name = each.value.name
}

data "vault_identity_entity" "login" {
  for_each             = local.logins
  alias_mount_accessor = data.vault_auth_backend.method[each.value[0].path].accessor
  alias_name = (
    local.types[each.value[0].path] == "userpass" ? lower(each.value[0].name)
    : local.types[each.value[0].path] == "approle" ? data.vault_approle_auth_backend_role_id.program[each.key].role_id
    : each.value[0].name
  )
}

data "vault_identity_entity" "named" {
  for_each    = toset(flatten([for each in values(var.access) : each.entities]))
  entity_name = each.key
}

resource "vault_identity_entity" "login" {
  for_each          = local.new_logins
  name              = "${replace(each.value.path, "/", "-")}-${each.value.name}"
  external_policies = true # whatever else this person has is not ours to take
}

resource "vault_identity_entity_alias" "login" {
  for_each       = local.new_logins
  canonical_id   = vault_identity_entity.login[each.key].id
  mount_accessor = data.vault_auth_backend.method[each.value.path].accessor
  name           = local.types[each.value.path] == "userpass" ? lower(each.value.name) : each.value.name
}

resource "vault_identity_group" "access" {
  for_each = local.peopled
  name     = "${local.prefix}${each.key}"
  policies = [vault_policy.access[each.key].name]
  metadata = {
    access     = each.key
    managed_by = "vaultaws"
    mount      = var.mount
  }
  member_entity_ids = distinct(concat(
    [for login in local.named : data.vault_identity_entity.login["${login.path}/${login.name}"].id if login.access == each.key && !login.claim],
    flatten([for path, names in each.value.new_logins : [for name in names : vault_identity_entity.login["${path}/${name}"].id]]),
    [for name in each.value.entities : data.vault_identity_entity.named[name].id],
    each.value.member_entity_ids,
  ))
}

locals {
  # The name holds a digest of ["accessor", "value"], as JSON without escapes.
  aliases = {
    for key, found in local.claims : key => format(
      "[%s, %s]",
      jsonencode(data.vault_auth_backend.method[found[0].path].accessor),
      replace(replace(replace(jsonencode(lower(found[0].name)), "\\u0026", "&"), "\\u003c", "<"), "\\u003e", ">"),
    )
  }
}

resource "vault_identity_group" "claim" {
  for_each = local.claims
  type     = "external"
  name = join("-", compact([
    "vaultaws-claim",
    substr(trim(replace(lower(each.value[0].name), "/[^a-z0-9]+/", "-"), "-"), 0, 40),
    substr(sha256(local.aliases[each.key]), 0, 10),
  ]))
  policies = sort(distinct([for named in each.value : vault_policy.access[named.access].name]))
  metadata = { managed_by = "vaultaws" }
}

resource "vault_identity_group_alias" "claim" {
  for_each       = local.claims
  name           = each.value[0].name
  mount_accessor = data.vault_auth_backend.method[each.value[0].path].accessor
  canonical_id   = vault_identity_group.claim[each.key].id
}
