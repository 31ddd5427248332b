"""How many rows an audit finds wrong: random rows read again, against their pages, by somebody who did not code them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis import paths, vocab
from analysis.measures import interval

COLUMNS = ["audit", "release", "table", "record_id", "verdict", "column"]


def read(dataset: Path | None = None) -> pd.DataFrame:
    """The audits kept in ``reliability/audits.csv``; no rows where a version holds none.

    Returns
    -------
    pandas.DataFrame
        ``audit`` (its number), ``release`` (the version that what it found was mended for),
        ``table`` and ``record_id`` (the row, as it was called then), ``verdict`` (of
        :data:`vocab.VERDICT`) and ``column`` (the gravest fault; empty where the row is right).
    """
    file = Path(dataset or paths.DATASET) / "reliability" / "audits.csv"
    if not file.is_file():
        return pd.DataFrame(columns=COLUMNS)
    return pd.read_csv(file, dtype={"audit": "int64"})


def rates(found: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """What audits found, with the share of wrong rows and its 95% Wilson interval.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`read` gives it.
    by : list of str
        Columns to group by, such as ``audit`` and ``release``, or ``table``.

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, ``rows``, a count for each of :data:`vocab.VERDICT`, ``wrong_share``, ``low``, ``high``.
    """
    out = []
    for group, rows in found.groupby(by, sort=True):
        counts = {verdict: int((rows["verdict"] == verdict).sum()) for verdict in vocab.VERDICT}
        share = dict(zip(("wrong_share", "low", "high"), interval(counts["wrong"], len(rows)), strict=True))
        out.append(dict(zip(by, group, strict=True)) | {"rows": len(rows)} | counts | share)
    return pd.DataFrame(out, columns=[*by, "rows", *vocab.VERDICT, "wrong_share", "low", "high"])
