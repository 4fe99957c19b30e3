# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx makes the site. scripts/build_site.py calls it, on a copy with the guides and the pages of the modules beside this file."""

project = "nodeflow.orchestrator"
author = "nodeflow.orchestrator contributors"
project_copyright = "2026, nodeflow.orchestrator contributors"

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinxcontrib.mermaid"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "index"

html_theme = "sphinx_ansible_theme"
html_title = "nodeflow.orchestrator"
html_show_sphinx = False
html_use_smartypants = False
html_theme_options = {"display_version": False, "topbar_links": {}}
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
