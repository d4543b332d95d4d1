"""Net that recognizes the interval of two notes: config, net (torch), inference (numpy)."""
