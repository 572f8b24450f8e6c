"""The demo: the whole story of a credential on a local stack, told and checked step by step."""
