"""Sphinx: ``make pages``. Needs no network."""

from __future__ import annotations

from scopedenv import __version__

project = "scopedenv"
author = copyright = "The scopedenv developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
# Docstrings put code between single backticks.
default_role = "code"
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True
nitpicky = False

html_theme = "furo"
html_title = f"scopedenv {version}"
