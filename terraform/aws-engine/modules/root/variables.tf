variable "mount" {
  description = "Where the engine is mounted: a mount that Terraform makes in the same apply."
  type        = string
}

variable "root" {
  description = "What of config/root is no secret."
  type = object({
    region            = optional(string, "")
    iam_endpoint      = optional(string, "")
    sts_endpoint      = optional(string, "")
    username_template = optional(string, "")
    max_retries       = optional(number, -1)
  })
}
