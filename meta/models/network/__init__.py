"""Network meta-analysis: `pool_network` and its result."""
