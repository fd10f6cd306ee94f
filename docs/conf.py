"""Sphinx configuration: `make docs`, which needs no network."""

import importlib.metadata
import os
from pathlib import Path

import matplotlib.font_manager  # noqa: F401  (builds the font cache here, not on the standard error of a page)

from crmmodels.plotting.drawing.fonts import choose_fonts

# A kernel of this interpreter, which logs errors only.
os.environ["JUPYTER_PATH"] = str(Path(__file__).parent / "_kernel")

project = "crmmodels"
author = "The crmmodels developers"
release = importlib.metadata.version("crmmodels")
version = release
language = "en"
smartquotes = False

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "docs.mathtext",
]
exclude_patterns = ["_build", "_kernel", "**/jupyter_execute", "**/.ipynb_checkpoints"]

# Pages that hold code cells are executed at every build; an error or a word on the standard error fails it.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
# Without a font for Chinese, plots warn and are drawn in English; the pages are built all the same.
nb_output_stderr = "remove" if choose_fonts("客户").missing else "error"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3

# Types stand in the docstrings, in words.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
numpydoc_class_members_toctree = False
default_role = "py:obj"

html_theme = "pydata_sphinx_theme"
html_title = f"crmmodels {release}"
html_static_path = ["_static"]
html_css_files = ["crmmodels.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": []}
html_theme_options = {
    "logo": {"text": "crmmodels"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_nav_level": 2,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "back_to_top_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copyright = "The crmmodels developers; Apache License 2.0"  # noqa: A001  (the name that Sphinx asks for)
html_math_renderer = "mathtext"


def _literal(_app, _env, node, content):
    """Show a name in single backticks that is a parameter or column, not an object, as it stands."""
    if node.get("reftype") == "obj" and node.get("refdomain") == "py":
        return content
    return None


def setup(app):
    app.connect("missing-reference", _literal)
