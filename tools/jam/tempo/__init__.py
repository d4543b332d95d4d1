"""Conversion between beats and seconds, and the follower of the player's tempo."""
