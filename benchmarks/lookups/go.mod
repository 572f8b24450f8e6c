module vaultaws/benchmarks/lookups

go 1.22
