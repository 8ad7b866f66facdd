"""The command ``scopedenv``."""
