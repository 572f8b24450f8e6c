"""What stands around the engine: Terraform for Vault's side, CloudFormation for the AWS side."""
