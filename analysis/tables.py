"""Frames as tables that people and programs read: CSV, Markdown, LaTeX.

All three come from one frame of text, so that they never disagree.
"""

from __future__ import annotations

import csv
import io
import math

import pandas as pd

_LATEX = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
          "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}  # fmt: skip


def cell(value, digits: int = 2) -> str:
    """One value as text: whole numbers plain, others rounded to `digits`, missing as an en dash."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) or hasattr(value, "dtype") and value.dtype.kind == "f":
        rounded = f"{float(value):.{digits}f}"
        return rounded if float(rounded) != 0 else rounded.lstrip("-")
    return str(value)


def text(frame: pd.DataFrame, digits: int = 2) -> pd.DataFrame:
    """Every cell as text, as :func:`cell` writes it; the index is left out."""
    return pd.DataFrame(
        {str(name): [cell(value, digits) for value in frame[name]] for name in frame.columns}, dtype=object
    )


def to_csv(frame: pd.DataFrame) -> str:
    """CSV of a frame of text."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(frame.itertuples(index=False, name=None))
    return buffer.getvalue()


def _numeric(values) -> bool:
    shown = [value for value in values if value != "–"]
    return bool(shown) and all(value.replace(".", "", 1).replace("-", "", 1).isdigit() for value in shown)


def to_markdown(frame: pd.DataFrame) -> str:
    """Markdown pipe table, numbers to the right.

    The dashes under the header are in proportion to the width that a column
    needs, which is how pandoc shares out the page when lines are long.
    """
    head = [name.replace("_", " ").replace("|", "\\|") for name in frame.columns]
    body = [[value.replace("|", "\\|") for value in row] for row in frame.itertuples(index=False, name=None)]
    rules = []
    for number, name in enumerate(frame.columns):
        longest = max([len(head[number]), *(len(row[number]) for row in body)])
        words = max(len(word) for row in [head, *body] for word in (row[number].split() or [""]))
        dashes = "-" * max(3, words, min(longest, 60))
        rules.append(dashes[:-1] + ":" if _numeric(frame[name]) else dashes)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rules, *body]) + "\n"


def to_latex(frame: pd.DataFrame) -> str:
    """LaTeX tabular with booktabs rules."""

    def escape(value: str) -> str:
        return "".join(_LATEX.get(char, char) for char in value).replace("–", "--")

    align = "".join("r" if _numeric(frame[name]) else "l" for name in frame.columns)
    lines = [r"\begin{tabular}{" + align + "}", r"\toprule"]
    lines += [" & ".join(escape(name.replace("_", " ")) for name in frame.columns) + r" \\", r"\midrule"]
    lines += [" & ".join(map(escape, row)) + r" \\" for row in frame.itertuples(index=False, name=None)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"
