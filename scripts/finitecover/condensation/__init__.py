"""Synthetic training sets: DC, DSA, DM, MTT and one's own."""
