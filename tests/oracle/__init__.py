"""Brute force against the search: tiny abstract programs, all of whose interleavings are walked."""
