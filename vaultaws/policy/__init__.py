"""IAM's evaluation logic as pure functions of values."""
