"""Intervals: generated, named, measured, and heard."""
