"""Functions and classes of one's own: docs/extending.md."""
