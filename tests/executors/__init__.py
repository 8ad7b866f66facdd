"""The workers of executors."""
