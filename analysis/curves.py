"""The specification curve of one number over the points of a sweep."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis import figures, style
from analysis.errors import CardError


def draw(table: Path, keys: list[str], number: str) -> Path:
    """Draw a number over all points of a sweep, with the grid of choices below.

    Parameters
    ----------
    table : pathlib.Path
        The CSV file of a sweep.
    keys : list of str
        Its parameters.
    number : str
        Name of a number that the notebook hands over.

    Returns
    -------
    pathlib.Path
        The SVG file, beside the table; a PNG file is there, too.

    Raises
    ------
    CardError
        If the notebook hands over no such number, or it is no number at any point.
    """
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    ours = frame[frame["number"] == number]
    if ours.empty:
        known = ", ".join(sorted(set(frame["number"]) - {""}))
        raise CardError(f"the points have no number {number!r}; they have {known or 'none'}")
    ours = ours.assign(estimate=pd.to_numeric(ours["value"], errors="coerce"), main=False)
    if ours["estimate"].isna().all():
        raise CardError(f"{number} is text at every point; a curve needs a number")
    ours.loc[:, keys] = ours[keys].replace("", "(default)")
    stem = table.with_name(f"curve-{number}")
    style.save(figures.specification_curve(ours, "estimate", keys, ours["about"].iloc[0]), stem)
    return stem.with_suffix(".svg")
