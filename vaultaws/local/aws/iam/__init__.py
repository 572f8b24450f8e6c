"""IAM as AWS has it, on moto's state: what moto leaves out or gets wrong."""
