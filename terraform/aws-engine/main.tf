# One mount of Vault's AWS secrets engine. No secret is read or written here: the engine's own key is
# set beside Terraform, and Terraform never reads where it is kept.

module "mount" {
  source                       = "./modules/mount"
  path                         = var.path
  description                  = var.description
  default_lease_ttl_seconds    = var.default_lease_ttl_seconds
  max_lease_ttl_seconds        = var.max_lease_ttl_seconds
  audit_non_hmac_request_keys  = var.audit_non_hmac_request_keys
  audit_non_hmac_response_keys = var.audit_non_hmac_response_keys
  lease                        = var.lease
}

module "root" {
  source = "./modules/root"
  count  = var.root == null ? 0 : 1
  mount  = module.mount.path
  root   = var.root
}

module "roles" {
  source        = "./modules/roles"
  mount         = module.mount.path
  roles         = var.roles
  roles_in_full = var.roles_in_full
  static_roles  = var.static_roles
}

module "access" {
  source = "./modules/access"
  mount  = var.path
  access = var.access
}

module "audit" {
  source = "./modules/audit"
  audit  = var.audit
}
