variable "mount" {
  description = "Where the engine is mounted."
  type        = string
}

variable "access" {
  description = "Who may issue what, by name."
  type = map(object({
    roles             = optional(list(string), [])
    static_roles      = optional(list(string), [])
    members           = optional(map(list(string)), {})
    new_logins        = optional(map(list(string)), {})
    entities          = optional(list(string), [])
    member_entity_ids = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.access) : can(regex("^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$", name))])
    error_message = "An access has lower-case letters, digits, _ - and ., with a letter, digit or _ at both ends."
  }
  validation {
    condition = alltrue(flatten([
      for each in values(var.access) : [
        for role in concat(each.roles, each.static_roles) : can(regex("^[A-Za-z0-9_]([A-Za-z0-9_.@-]*[A-Za-z0-9_])?$", role))
      ]
    ]))
    error_message = "A role's name has letters, digits, _ - . and @, with a letter, digit or _ at both ends."
  }
}
