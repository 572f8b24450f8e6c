output "path" {
  description = "Where the engine is mounted."
  value       = vault_mount.aws.path
}

output "accessor" {
  description = "The mount's accessor."
  value       = vault_mount.aws.accessor
}
