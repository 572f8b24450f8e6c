output "path" {
  description = "Where the engine is mounted."
  value       = module.mount.path
}

output "accessor" {
  description = "The mount's accessor."
  value       = module.mount.accessor
}

output "roles" {
  description = "Names of all roles."
  value       = module.roles.names
}

output "policies" {
  description = "The ACL policy of each access."
  value       = module.access.policies
}

output "groups" {
  description = "The id of each access's internal group."
  value       = module.access.groups
}
