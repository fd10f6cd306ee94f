"""Formulas as inline SVG, set by matplotlib: pages need no script and no font from the network."""

import io
import re
import zlib

import matplotlib as mpl
from matplotlib import mathtext

FONT_SIZE = 110.0  # sizes are rounded up to whole points, which a large size makes small
POINTS_PER_EM = 100.0  # the letters of formulas are smaller than those of the text at the same size


def svg_of(formula):
    """Return the formula as inline SVG whose size and baseline follow the text around it."""
    buffer = io.StringIO()
    fonts = {"mathtext.fontset": "stix", "svg.fonttype": "path", "svg.hashsalt": formula, "font.size": FONT_SIZE}
    with mpl.rc_context(fonts):
        depth = mathtext.math_to_image(f"${formula}$", buffer, dpi=72, format="svg", color="#123456")
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace("#123456", "currentColor")
    drawing = drawing.replace("fill: #ffffff", "fill: none")
    drawing = re.sub(r"<(metadata|style).*?</\1>|<!--.*?-->", "", drawing, flags=re.DOTALL)
    # Many formulas share a page, and an id must be unique on it.
    mark = f"m{zlib.crc32(formula.encode()):x}"
    drawing = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{mark}-", drawing)
    width, height = (float(re.search(rf'{side}="([\d.]+)pt"', drawing)[1]) for side in ("width", "height"))
    size = f'style="width:{width / POINTS_PER_EM:.3f}em;height:{height / POINTS_PER_EM:.3f}em;'
    drawing = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"|height="[\d.]+pt"|width="[\d.]+pt"', "", drawing)
    return drawing.replace("<svg ", f'<svg role="img" {size}vertical-align:-{depth / POINTS_PER_EM:.3f}em" ', 1)


def visit_math(self, node):
    from docutils import nodes

    self.body.append(f'<span class="formula-inline" title="{self.attval(node.astext())}">{svg_of(node.astext())}</span>')
    raise nodes.SkipNode


def visit_displaymath(self, node):
    from docutils import nodes

    lines = [line for line in node.astext().replace("\n", " ").split(r"\\") if line.strip()]
    pictures = "<br>".join(svg_of(line.strip()) for line in lines)
    self.body.append(f'<div class="formula" title="{self.attval(node.astext())}">{pictures}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathtext", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
