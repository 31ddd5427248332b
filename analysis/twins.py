"""Incidents that may be one: same accused state, like targets, dates that overlap."""

from __future__ import annotations

import re

import pandas as pd

from analysis.dataset import Dataset
from analysis.dates import earliest, latest

#: Words that say nothing about which target it is.
COMMON = frozenset(
    "the of and in for its s a an to on company companies government governments national state ministry department "
    "other several various networks network systems system website websites organisations officials agency".split()
)


def _words(text) -> set[str]:
    return {word for word in re.findall(r"[a-z0-9]+", str(text).lower()) if word not in COMMON and len(word) > 2}


def near_duplicates(data: Dataset, days: int = 120, alike: float = 0.34) -> pd.DataFrame:
    """Pairs of incidents worth reading side by side.

    Two incidents pair when an accused state is the same, a state that was hit is the
    same, their periods (start to end, or to the first accusation) come within `days`,
    and titles and names of targets share words.  An incident is not paired with the
    campaign it is part of.

    Parameters
    ----------
    data : Dataset
    days : int
    alike : float
        Smallest share of words (of the shorter list) that must be common, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        ``first``, ``second`` (incident ids), ``accused``, ``shared`` (share of words), most alike first.
    """
    accused = data.attributions.dropna(subset=["accused_state"]).groupby("incident_id")["accused_state"].agg(set)
    hit = data.targets.dropna(subset=["state"]).groupby("incident_id")["state"].agg(set)
    first_accused = earliest(data.attributions["date"]).groupby(data.attributions["incident_id"]).min()
    words = (data.incidents.set_index("incident_id")["title"].map(_words)).to_dict()
    for row in data.targets.itertuples():
        words[row.incident_id] = words[row.incident_id] | _words(row.name)
    table = data.incidents.set_index("incident_id")
    start = earliest(table["start_date"]).fillna(table.index.map(first_accused).to_series(table.index))
    end = latest(table["end_date"]).fillna(latest(table["start_date"])).fillna(start)
    part_of = table["part_of"].dropna().to_dict()
    out, ids = [], list(table.index)
    for number, one in enumerate(ids):
        for two in ids[number + 1 :]:
            both = accused.get(one, set()) & accused.get(two, set())
            if not both or not hit.get(one, set()) & hit.get(two, set()):
                continue
            if part_of.get(one) == two or part_of.get(two) == one:
                continue
            apart = max(start[one], start[two]) - min(end[one], end[two])
            fewest = min(len(words[one]), len(words[two]))
            shared = len(words[one] & words[two]) / fewest if fewest else 0
            if apart <= pd.Timedelta(days=days) and shared >= alike:
                out.append({"first": one, "second": two, "accused": " ".join(sorted(both)), "shared": round(shared, 2)})
    frame = pd.DataFrame(out, columns=["first", "second", "accused", "shared"])
    return frame.sort_values(["shared", "first", "second"], ascending=[False, True, True], ignore_index=True)
