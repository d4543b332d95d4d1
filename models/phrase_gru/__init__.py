"""Recurrent nets that predict the triad of each beat: config, net (torch), inference (numpy)."""
