"""What surrounds every job: log and checks, files, records and tables, checkpoints, digests, device."""
