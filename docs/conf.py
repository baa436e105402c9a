"""The site of these pages, by Sphinx: python -m sphinx docs site (needs the `docs` extra)."""

project = html_title = "vpn_anomaly"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3  # as GitHub makes them
smartquotes_action = "D"  # dashes; quotes as they are written
default_role = "code"  # of `this` in docstrings
autodoc_member_order = "bysource"
napoleon_use_ivar = True  # attributes in the text of their class, not once more as members
napoleon_attr_annotations = False  # types stand in the signature
html_theme = "furo"
html_static_path, html_css_files = ["_static"], ["page.css"]
html_copy_source = False
html_show_copyright = html_show_sphinx = False
