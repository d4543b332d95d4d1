"""Sphinx configuration: Markdown pages (MyST), the furo theme, docstrings in Google style."""

from importlib.metadata import version as installed_version

project = "muse"
author = "The muse authors"
release = version = installed_version("muse-toolbox")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"muse {release}"
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
add_module_names = False
nitpicky = False
