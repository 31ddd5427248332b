"""Dates of unequal precision as intervals of days.

``2024-03`` stands for every day of that month: it can have been as early as
the 1st and as late as the 31st.  Comparisons use these bounds, so that a vague
date is never more wrong than its source.
"""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import re

import numpy as np
import pandas as pd

# A missing nought breaks the column's pattern, but leaves the day clear.
SHAPE = re.compile(r"([0-9]{4})(?:-([0-9]{2}|[0-9](?=-))(?:-([0-9]{1,2}))?)?")
NONE = np.datetime64("NaT", "ns")


def earliest(dates: pd.Series) -> pd.Series:
    """First day that each ISO text can mean, as datetime64; NaT where it is empty or no date."""
    return _each(dates, _earliest)


def latest(dates: pd.Series) -> pd.Series:
    """Last day that each ISO text can mean, as datetime64; NaT where it is empty or no date."""
    return _each(dates, _latest)


def _each(dates: pd.Series, bound) -> pd.Series:
    """A bound of every date, worked out once for each different text: large tables repeat their days."""
    codes, texts = pd.factorize(dates)
    days = [bound(text) for text in texts]
    days = np.array([*days, NONE], dtype="datetime64[ns]")  # what -1, an empty cell, points to
    return pd.Series(days[codes], dates.index, name=dates.name)


@functools.lru_cache(maxsize=100_000)
def _earliest(text: str) -> np.datetime64:
    year, month, day = _parts(text)
    return _day(year, 1 if month is None else month, 1 if day is None else day)


@functools.lru_cache(maxsize=100_000)
def _latest(text: str) -> np.datetime64:
    year, month, day = _parts(text)
    month = 12 if month is None else month
    if day is None and year and 1 <= month <= 12:
        day = calendar.monthrange(year, month)[1]
    return _day(year, month, day)


def _parts(text: str) -> list[int | None]:
    """Year, month and day; None for what is not given."""
    found = SHAPE.fullmatch(str(text))  # papermill's command line makes a number of a year
    return [int(part) if part else None for part in found.groups()] if found else [None] * 3


def _day(year: int | None, month: int | None, day: int | None) -> np.datetime64:
    """The day, or NaT if there is none, or none in the centuries that the type can hold."""
    try:
        return pd.Timestamp(dt.date(year, month, day)).as_unit("ns").to_datetime64()
    except (TypeError, ValueError):
        return NONE
