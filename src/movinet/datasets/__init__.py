"""Labelled clips as training data."""
