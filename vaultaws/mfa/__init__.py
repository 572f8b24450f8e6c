"""MFA sessions without Vault: sessions of a long-term key, of roles, and one's own device."""
