# Roles alone, at a mount that somebody else keeps.

module "roles" {
  source = "../../aws-engine/modules/roles"
  mount  = var.path

  roles = {
    ec2readonly = {
      credential_type = "iam_user"
      policy_arns     = ["arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"]
    }
  }
}

variable "path" {
  description = "Where the engine is mounted."
  type        = string
  default     = "aws"
}
