"""Libraries from PyPI, unmodified, under models written from their documentation."""
