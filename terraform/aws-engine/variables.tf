variable "path" {
  description = "Where the engine is mounted."
  type        = string
  default     = "aws"
}

variable "description" {
  description = "Words for people."
  type        = string
  default     = ""
}

variable "default_lease_ttl_seconds" {
  description = "Life of a lease that asks for none; null is the server's own."
  type        = number
  default     = 900
}

variable "max_lease_ttl_seconds" {
  description = "Longest life of a lease; null is the server's own."
  type        = number
  default     = 3600
}

variable "audit_non_hmac_request_keys" {
  description = "Keys of requests that the audit log has in clear; null leaves what the server has."
  type        = list(string)
  default     = null
}

variable "audit_non_hmac_response_keys" {
  description = "Keys of answers that the audit log has in clear, such as access_key; null leaves them."
  type        = list(string)
  default     = null
}

variable "lease" {
  description = "The engine's config/lease, which bounds leases of iam_user roles; null leaves it alone."
  type = object({
    default_seconds = number
    max_seconds     = number
  })
  default = null
}

variable "root" {
  description = "What of config/root is no secret, written once when Terraform makes the mount; null leaves it alone. See modules/root."
  type = object({
    region            = optional(string, "")
    iam_endpoint      = optional(string, "")
    sts_endpoint      = optional(string, "")
    username_template = optional(string, "")
    max_retries       = optional(number, -1)
  })
  default = null
}

variable "roles" {
  description = "Roles by name, of all that the provider's role resource can say. See modules/roles."
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
}

variable "roles_in_full" {
  description = "Roles with fields that the provider's role resource does not know, and session_token roles. See modules/roles."
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
}

variable "static_roles" {
  description = "Static roles by name: an IAM user that is there, whose key the engine keeps and replaces."
  type = map(object({
    username                = string
    rotation_period_seconds = number
  }))
  default = {}
}

variable "access" {
  description = "Who may issue what. See modules/access."
  type = map(object({
    roles             = optional(list(string), [])
    static_roles      = optional(list(string), [])
    members           = optional(map(list(string)), {})
    new_logins        = optional(map(list(string)), {})
    entities          = optional(list(string), [])
    member_entity_ids = optional(list(string), [])
  }))
  default = {}
}

variable "audit" {
  description = "Audit devices of the server by path. See modules/audit."
  type = map(object({
    type        = string
    description = optional(string, "")
    options     = map(string)
  }))
  default = {}
}
