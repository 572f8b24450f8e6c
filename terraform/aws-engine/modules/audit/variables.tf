variable "audit" {
  description = "Audit devices of the server by path."
  type = map(object({
    type        = string
    description = optional(string, "")
    options     = map(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for device in values(var.audit) : lookup(device.options, "log_raw", "false") != "true"])
    error_message = "log_raw writes secrets in clear."
  }
}
