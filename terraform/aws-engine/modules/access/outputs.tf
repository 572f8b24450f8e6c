output "policies" {
  description = "The ACL policy of each access."
  value       = { for name, policy in vault_policy.access : name => policy.name }
}

output "groups" {
  description = "The id of each access's internal group."
  value       = { for name, group in vault_identity_group.access : name => group.id }
}
