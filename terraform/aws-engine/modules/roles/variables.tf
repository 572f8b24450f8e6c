variable "mount" {
  description = "Where the engine is mounted."
  type        = string
}

variable "roles" {
  description = "Roles by name, of all that the provider's role resource can say."
  type = map(object({
    credential_type     = string
    policy_document     = optional(string)
    policy_arns         = optional(list(string), [])
    role_arns           = optional(list(string), [])
    iam_groups          = optional(list(string), [])
    default_ttl_seconds = optional(number)
    max_ttl_seconds     = optional(number)
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.roles) : can(regex("^[A-Za-z0-9_]([A-Za-z0-9_.@-]*[A-Za-z0-9_])?$", name))])
    error_message = "A role's name has letters, digits, _ - . and @, with a letter, digit or _ at both ends."
  }
  validation {
    condition     = alltrue([for role in values(var.roles) : contains(["iam_user", "assumed_role", "federation_token"], role.credential_type)])
    error_message = "A role is an iam_user, an assumed_role or a federation_token; a session_token goes into roles_in_full."
  }
  validation {
    condition     = alltrue([for role in values(var.roles) : role.policy_document != null || length(concat(role.policy_arns, role.role_arns, role.iam_groups)) > 0])
    error_message = "A role needs a policy_document, policy_arns, role_arns or iam_groups."
  }
  validation {
    condition     = alltrue([for role in values(var.roles) : role.credential_type != "iam_user" || (role.default_ttl_seconds == null && role.max_ttl_seconds == null)])
    error_message = "The lives of iam_user leases are the mount's and the lease's, not the role's."
  }
}

variable "roles_in_full" {
  description = "Roles with fields that the provider's role resource does not know, and session_token roles."
  type = map(object({
    credential_type          = string
    policy_document          = optional(string, "")
    policy_arns              = optional(list(string), [])
    role_arns                = optional(list(string), [])
    iam_groups               = optional(list(string), [])
    iam_tags                 = optional(map(string), {})
    session_tags             = optional(map(string), {})
    external_id              = optional(string, "")
    default_ttl_seconds      = optional(number, 0)
    max_ttl_seconds          = optional(number, 0)
    user_path                = optional(string)
    permissions_boundary_arn = optional(string, "")
    mfa_serial_number        = optional(string, "")
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.roles_in_full) : can(regex("^[A-Za-z0-9_]([A-Za-z0-9_.@-]*[A-Za-z0-9_])?$", name))])
    error_message = "A role's name has letters, digits, _ - . and @, with a letter, digit or _ at both ends."
  }
  validation {
    condition     = alltrue([for role in values(var.roles_in_full) : contains(["iam_user", "assumed_role", "federation_token", "session_token"], role.credential_type)])
    error_message = "A role is an iam_user, an assumed_role, a federation_token or a session_token."
  }
}

variable "static_roles" {
  description = "Static roles by name: an IAM user that is there, whose key the engine keeps and replaces."
  type = map(object({
    username                = string
    rotation_period_seconds = number
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.static_roles) : can(regex("^[A-Za-z0-9_]([A-Za-z0-9_.@-]*[A-Za-z0-9_])?$", name))])
    error_message = "A static role's name has letters, digits, _ - . and @, with a letter, digit or _ at both ends."
  }
  validation {
    condition     = alltrue([for role in values(var.static_roles) : role.rotation_period_seconds >= 60])
    error_message = "A rotation period is 60 seconds or more."
  }
}
