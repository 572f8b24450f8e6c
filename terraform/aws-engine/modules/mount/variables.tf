variable "path" {
  description = "Where the engine is mounted."
  type        = string
  default     = "aws"

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", var.path)) && length(setintersection(split("/", var.path), [".", ".."])) == 0
    error_message = "A mount path has letters, digits, - _ . and /, such as aws."
  }
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

  validation {
    condition     = var.lease == null ? true : var.lease.default_seconds > 0 && var.lease.max_seconds >= var.lease.default_seconds
    error_message = "Both are whole seconds above 0, and the longest is not below the default."
  }
}
