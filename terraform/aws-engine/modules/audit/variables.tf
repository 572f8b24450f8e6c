variable "audit" {
  description = "Audit devices of the server by path."
  type = map(object({
    type        = string
    description = optional(string, "")
    options     = map(string)
  }))
  default = {}

  validation {
    condition = alltrue([
      for device in values(var.audit) :
      contains(["", "0", "f", "false"], lower(lookup(device.options, "log_raw", "")))
    ])
    error_message = "log_raw writes secrets in clear: leave it out, or say false."
  }
}
