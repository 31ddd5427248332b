"""One house style: shipped fonts, fixed colours, files with the same bytes every time."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from matplotlib import font_manager
from matplotlib.figure import Figure

from analysis import paths
from analysis.csvtext import write_atomic

INK, SOFT, GRID = "#1c2530", "#5f6b76", "#d9dee3"

# Colour-blind-safe, and of falling lightness so that they stay apart in grey;
# each category keeps its colour through the whole report.
COLOURS = {
    "CHN": "#7a0c2e",
    "RUS": "#1f5fa8",
    "PRK": "#e08a1e",
    "IRN": "#3f9b74",
    "USA": "#7350a6",
    "other": "#a3adb6",
}
SEQUENCE = ("#17375e", "#2f7f93", "#c2641f", "#8fb339", "#b9a5cf", "#c3c9cf")
HATCHES = ("", "///", "...", "xx", "--", "")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")

RC = {
    "font.family": "Source Sans 3",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "card",
    "path.simplify": False,
}


def use() -> None:
    """Switch the house style on, with the fonts that the repository ships."""
    for file in sorted(paths.FONTS.glob("*.ttf")):
        font_manager.fontManager.addfont(file)
    matplotlib.rcParams.update(RC)


def colour(category: str) -> str:
    """The category's own colour; grey if it has none."""
    return COLOURS.get(category, COLOURS["other"])


def axes(width: float = 6.6, height: float = 3.4, **options):
    """A figure and its axes in house style; sizes in inches."""
    use()
    return plt.subplots(figsize=(width, height), **options)


def svg(figure: Figure) -> bytes:
    """The figure as SVG, the same bytes for the same figure."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(RC):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def save(figure: Figure, stem: Path) -> None:
    """Write ``stem.svg`` and ``stem.png`` (200 dots per inch) and close the figure."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(RC):
        figure.savefig(buffer, format="png", dpi=200, metadata={"Software": None})
    write_atomic(stem.with_suffix(".svg"), svg(figure))
    write_atomic(stem.with_suffix(".png"), buffer.getvalue())
    plt.close(figure)
