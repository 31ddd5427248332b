"""Dates of unequal precision as intervals of days.

``2024-03`` stands for every day of that month: it can have been as early as
the 1st and as late as the 31st.  Comparisons use these bounds, so that a vague
date is never more wrong than its source.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def earliest(dates: pd.Series) -> pd.Series:
    """First day that each ISO text can mean, as datetime64; NaT where it is empty or no date."""
    return _each(dates, _earliest)


def latest(dates: pd.Series) -> pd.Series:
    """Last day that each ISO text can mean, as datetime64; NaT where it is empty or no date."""
    return _each(dates, _latest)


def _each(dates: pd.Series, bound) -> pd.Series:
    """`bound` of every date, worked out once for each different text: large tables repeat their days."""
    codes, texts = pd.factorize(dates)
    days = bound(pd.Series(texts, dtype="string")).to_numpy("datetime64[ns]")
    days = np.append(days, np.datetime64("NaT", "ns"))  # what -1, an empty cell, points to
    return pd.Series(days[codes], dates.index, name=dates.name)


def _earliest(text: pd.Series) -> pd.Series:
    tail = text.str.len().map({4: "-01-01", 7: "-01"}).fillna("").astype("string")
    return pd.to_datetime(text + tail, format="%Y-%m-%d", errors="coerce")


def _latest(text: pd.Series) -> pd.Series:
    first, size = _earliest(text), text.str.len()
    last = first.copy()
    years, months = size.eq(4).fillna(False).astype(bool), size.eq(7).fillna(False).astype(bool)
    last[years] = first[years] + pd.offsets.YearEnd(0)
    last[months] = first[months] + pd.offsets.MonthEnd(0)
    return last
