"""Build the documentation: hand-written pages whose examples run, and pages made from the code itself."""

from __future__ import annotations

import os
from importlib.metadata import version as installed_version
from pathlib import Path

import click
from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from citytwin.scenarios.reference_page import (
    inject_reference_markdown,
    observation_reference_markdown,
    scenario_reference_markdown,
)
from citytwin.sim.cli import main

project = "citytwin"
author = "the citytwin maintainers"
copyright = "the citytwin maintainers; map data © OpenStreetMap contributors"
release = installed_version("citytwin")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns = ["_build", "_made", "jupyter_execute"]
html_theme = "furo"
html_title = "citytwin"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_math_renderer = "mathml"  # formulas are in the page itself: it reads without a network
templates_path = []

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 900  # the first run compiles
nb_execution_in_temp = True  # what the examples write is not kept
nb_merge_streams = True
nb_output_stderr = "remove"

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# The page for modellers fits counts that are not part of the project, where they are beside it.
CORRIDOR = Path(__file__).parents[2] / "shared" / "data" / "calibration" / "bo4mob" / "2corridor"
os.environ.setdefault("CITYTWIN_2CORRIDOR", str(CORRIDOR))

MADE = Path(__file__).parent / "_made"


def command_line_markdown() -> str:
    """Help of every command as the command line prints it."""
    context = click.Context(main, info_name="citytwin", max_content_width=100)
    parts = ["```text", main.get_help(context), "```", ""]
    for name in main.list_commands(context):
        command = main.commands[name]
        inner = click.Context(command, info_name=name, parent=context, max_content_width=100)
        parts += [f"## `citytwin {name}`", "", "```text", command.get_help(inner), "```", ""]
    return "\n".join(parts)


def write_math(translator: HTML5Translator, node: nodes.Element) -> None:
    """Put a formula into the page as MathML."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    translator.body.append(convert(node.astext(), display=display))
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Write the generated parts before the pages that include them are read."""
    app.add_html_math_renderer("mathml", (write_math, None), (write_math, None))
    MADE.mkdir(exist_ok=True)
    for name, text in (
        ("command_line.md", command_line_markdown()),
        ("scenario_reference.md", scenario_reference_markdown()),
        ("injects.md", inject_reference_markdown()),
        ("observations.md", observation_reference_markdown()),
    ):
        path = MADE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
