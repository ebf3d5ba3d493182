"""Selections of real images by class."""
