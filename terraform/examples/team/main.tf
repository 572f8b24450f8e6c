# A team's mount: three roles, one of each kind, and who may issue them. VAULT_ADDR and VAULT_TOKEN say
# where, as for the Vault CLI. The engine's own key is set afterwards, beside Terraform.

module "aws" {
  source      = "../../aws-engine"
  path        = var.path
  description = "AWS keys for the team"

  roles = {
    ec2readonly = {
      credential_type = "iam_user"
      policy_document = file("${path.module}/policies/ec2readonly.json")
    }
    ec2readonly-sts = {
      credential_type     = "federation_token"
      policy_document     = file("${path.module}/policies/ec2readonly.json")
      default_ttl_seconds = 900
      max_ttl_seconds     = 3600
    }
    deploy = {
      credential_type     = "assumed_role"
      role_arns           = ["arn:aws:iam::123456789012:role/deploy"]
      default_ttl_seconds = 900
    }
  }

  roles_in_full = {
    bounded = {
      credential_type          = "iam_user"
      policy_document          = jsonencode(jsondecode(file("${path.module}/policies/ec2readonly.json")))
      permissions_boundary_arn = "arn:aws:iam::123456789012:policy/issued-users"
      iam_tags                 = { team = "platform" }
    }
    with-mfa = {
      credential_type     = "session_token"
      mfa_serial_number   = "arn:aws:iam::123456789012:mfa/vault-root"
      default_ttl_seconds = 900
    }
  }

  access = {
    analysts = {
      roles      = ["ec2readonly", "ec2readonly-sts"]
      new_logins = var.people
    }
    deployers = {
      roles   = ["deploy"]
      members = var.deployers
    }
  }
}

variable "path" {
  description = "Where the engine is mounted."
  type        = string
  default     = "aws"
}

variable "people" {
  description = "Who may read EC2: paths of auth methods, with names there that have never logged in."
  type        = map(list(string))
  default     = {}
}

variable "deployers" {
  description = "Who may deploy: paths of auth methods, with names of logins (oidc, jwt: values of the groups claim)."
  type        = map(list(string))
  default     = {}
}

output "policies" {
  description = "The ACL policy of each access."
  value       = module.aws.policies
}
