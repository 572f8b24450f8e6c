"""Real servers for the local stack: OpenBao, Vault, and Vault in docker."""
