"""Intervals: generating clips, naming, detection in recordings, and an ear-training quiz."""
