"""Behaviour of the sandbox with real forks."""
