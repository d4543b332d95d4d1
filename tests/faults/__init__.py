"""Hostile arguments and environments: every failure is one line that says what to do."""
