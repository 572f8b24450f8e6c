output "paths" {
  description = "Paths of the devices."
  value       = sort([for device in vault_audit.device : device.path])
}
