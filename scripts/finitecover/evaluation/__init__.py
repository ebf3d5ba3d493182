"""Attacks on trained models: a row per image, and the gates that every evaluation passes."""
