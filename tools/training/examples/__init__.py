"""Makes training examples from collections: reads, renders, cuts and labels them."""
