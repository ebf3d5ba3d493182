"""Proofs of robustness at the centres of a cover, and what follows for every image."""
