output "names" {
  description = "Names of all roles."
  value = sort(concat(
    [for role in vault_aws_secret_backend_role.role : role.name],
    [for name, role in vault_generic_endpoint.role : name],
  ))
}
