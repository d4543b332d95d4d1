"""Beats and seconds: the conductor, and the follower of a player's tempo."""
