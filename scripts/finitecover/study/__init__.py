"""What a study may say and what it expands to. Knows the config, not arrays, and needs Snakemake's packages alone."""
