"""How well rows are sourced."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.dataset import Dataset

#: Classes of publishers as the report shows them.
PUBLISHERS = {
    "official or copy": ("official", "official_copy"),
    "news agency": ("news_agency",),
    "press": ("press", "specialist_press"),
    "state media": ("state_media",),
    "research and law": ("research", "legal", "encyclopedia"),
    "vendor, blog, other": ("vendor", "blog", "other"),
}


def shares(data: Dataset) -> pd.DataFrame:
    """How well the rows of each table are sourced.

    Returns
    -------
    pandas.DataFrame
        ``table``, ``rows``, ``citations``, ``two_publishers`` (share of rows with pages of
        at least two publishers), ``official`` (share with an official page or copy).
    """
    cited = data.citations.merge(data.sources[["source_id", "publisher", "publisher_class"]], on="source_id")
    cited["official"] = cited["publisher_class"].isin(["official", "official_copy"])
    rows = []
    for table in ("incidents", "attributions", "responses", "denials"):
        part = cited[cited["table"] == table].groupby("record_id")
        n = len(getattr(data, table))
        rows.append(
            {
                "table": table,
                "rows": n,
                "citations": int(part.size().sum()),
                "two_publishers": float((part["publisher"].nunique() >= 2).sum() / n) if n else np.nan,
                "official": float(part["official"].any().sum() / n) if n else np.nan,
            }
        )
    return pd.DataFrame(rows)


def publisher_classes(data: Dataset) -> pd.DataFrame:
    """Citations by table (rows) and class of publisher (columns, as in :data:`PUBLISHERS`)."""
    label = {code: name for name, codes in PUBLISHERS.items() for code in codes}
    cited = data.citations.merge(data.sources[["source_id", "publisher_class"]], on="source_id")
    counts = pd.crosstab(cited["table"], cited["publisher_class"].map(label)).reindex(
        columns=list(PUBLISHERS), fill_value=0
    )
    wanted = [table for table in ("attributions", "responses", "denials", "incidents") if table in counts.index]
    return counts.loc[wanted].rename_axis("table")
