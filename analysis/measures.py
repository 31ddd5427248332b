"""Counts and shares: pure functions from frames to frames.

Unless a docstring says otherwise, an *accusation* is one attributor accusing
one state over one incident, however many texts it published on it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis import vocab
from analysis.dataset import Dataset
from analysis.dates import latest
from analysis.selection import members

PAIR = ["incident_id", "accused_state"]


def accusations(data: Dataset) -> pd.DataFrame:
    """First accusation of each attributor, accused and incident.

    Returns
    -------
    pandas.DataFrame
        One row per accusation: the columns of ``attributions`` plus ``day``
        (by when it had been made: the last day a vague date can mean) and
        ``year`` (int), sorted by day.
    """
    rows = data.attributions.dropna(subset=["accused_state"])
    rows = rows.assign(day=latest(rows["date"])).sort_values(["day", "attribution_id"], kind="stable")
    rows = rows.drop_duplicates(["attributor", *PAIR])
    return rows.assign(year=rows["day"].dt.year).reset_index(drop=True)


def matrix(rows: pd.DataFrame, top: int) -> pd.DataFrame:
    """Accusations by attributor (rows) and accused state (columns), most active first.

    Parameters
    ----------
    rows : pandas.DataFrame
        As from :func:`accusations`.
    top : int
        Number of attributors shown; the rest are summed in ``others``.

    Returns
    -------
    pandas.DataFrame of int
    """
    counts = pd.crosstab(rows["attributor"], rows["accused_state"])
    counts = counts.loc[_by_size(counts.sum(axis=1)), _by_size(counts.sum(axis=0))]
    if len(counts) > top:
        rest = counts.iloc[top:].sum().to_frame(f"others ({len(counts) - top})").T
        counts = pd.concat([counts.iloc[:top], rest])
    return counts.rename_axis("attributor").rename_axis("accused", axis=1)


def _by_size(totals: pd.Series) -> list[str]:
    """Labels from largest to smallest total, ties in alphabetical order."""
    return totals.sort_index().sort_values(ascending=False, kind="stable").index.tolist()


def main_accused(rows: pd.DataFrame, top: int = 4) -> list[str]:
    """The states accused over most incidents, largest first."""
    return _by_size(rows.drop_duplicates(PAIR)["accused_state"].value_counts())[:top]


def by_year(rows: pd.DataFrame, accused: list[str]) -> pd.DataFrame:
    """Accusations per calendar year (rows, gaps filled with 0) by accused state; the rest as ``other``."""
    label = rows["accused_state"].where(rows["accused_state"].isin(accused), "other")
    counts = pd.crosstab(rows["year"], label).reindex(columns=[*accused, "other"], fill_value=0)
    years = range(int(rows["year"].min()), int(rows["year"].max()) + 1)
    return counts.reindex(years, fill_value=0).rename_axis("year").rename_axis("accused", axis=1)


def per_accused(data: Dataset) -> pd.DataFrame:
    """What the data hold about each accused state.

    Returns
    -------
    pandas.DataFrame
        One row per accused state: ``incidents``, ``accusations``, ``attributors``,
        ``statements`` (texts: rows of one joint text count once), ``responses``
        (over its incidents, aimed at it or at nobody), ``replies``.
    """
    rows = accusations(data)
    texts = data.attributions.assign(text=data.attributions["statement_id"].fillna(data.attributions["attribution_id"]))
    grouped = rows.groupby("accused_state")
    out = pd.DataFrame(
        {
            "incidents": grouped["incident_id"].nunique(),
            "accusations": grouped.size(),
            "attributors": grouped["attributor"].nunique(),
            "statements": texts.groupby("accused_state")["text"].nunique(),
        }
    )
    acts = rows[PAIR].drop_duplicates().merge(data.responses[["incident_id", "against"]], on="incident_id")
    acts = acts[acts["against"].isna() | acts["against"].eq(acts["accused_state"])]
    out["responses"] = acts["accused_state"].value_counts()
    out["replies"] = data.denials["accused_state"].value_counts()
    out = out.fillna(0).astype(int).loc[_by_size(out["incidents"])]
    return out.rename_axis("accused").reset_index()


def interval(count: int, n: int) -> tuple[float, float, float]:
    """Share and its 95% Wilson interval; NaN where `n` is 0."""
    if n == 0:
        return (np.nan, np.nan, np.nan)
    low, high = proportion_confint(count, n, method="wilson")
    return (count / n, float(low), float(high))


def shares(flags: pd.DataFrame, by: pd.Series, order: list[str]) -> pd.DataFrame:
    """Share of rows with each flag, by group, with 95% Wilson intervals.

    Parameters
    ----------
    flags : pandas.DataFrame of bool or 0/1
        One row per unit, one column per flag.
    by : pandas.Series
        Group of each unit, aligned with `flags`.
    order : list of str
        Groups wanted, in order.

    Returns
    -------
    pandas.DataFrame
        Columns ``group``, ``flag``, ``count``, ``n``, ``share``, ``low``, ``high``; one
        row per group and flag.
    """
    rows = []
    for group in order:
        part = flags[by == group]
        for flag in flags.columns:
            count, n = int(part[flag].sum()), len(part)
            rows.append((group, flag, count, n, *interval(count, n)))
    return pd.DataFrame(rows, columns=["group", "flag", "count", "n", "share", "low", "high"])


def coalitions(data: Dataset) -> pd.DataFrame:
    """How many states accuse together: one row per incident and accused state.

    Returns
    -------
    pandas.DataFrame
        ``incident_id``, ``accused_state``, ``day`` (of the first accusation),
        ``year``, ``states`` (attributors that are states), ``bodies`` (attributors
        that are bodies), ``size`` (their sum), and for each group of
        :data:`analysis.vocab.GROUP` the number of states that were members on
        the day they spoke.  Sorted by day.
    """
    rows = accusations(data)
    kind = rows["attributor"].map(data.states.set_index("code")["kind"])
    rows = rows.assign(states=kind.eq("state"), bodies=kind.eq("body"), size=1)
    for group in vocab.GROUP:
        rows[group] = members(data, rows["attributor"], rows["date"], group) & rows["states"]
    counted = ["states", "bodies", "size", *vocab.GROUP]
    grouped = rows.groupby(PAIR)
    out = grouped[counted].sum().astype(int).assign(day=grouped["day"].min())
    out = out.assign(year=out["day"].dt.year).reset_index()
    return out.sort_values(["day", "incident_id"], kind="stable").reset_index(drop=True)


def rank_trend(x: pd.Series, y: pd.Series) -> dict[str, float]:
    """Kendall's tau-b of two series with a 95% interval by approximation, where a bootstrap would take too long.

    Fisher's z of tau is taken as normal with the variance 0.437 / (n - 4) of Fieller,
    Hartley and Pearson (1957); ties make the interval somewhat too narrow.

    Returns
    -------
    dict
        ``tau``, ``low``, ``high``, ``n``; NaN where fewer than five pairs or no
        variation leave it undefined.
    """
    if len(x) < 5 or x.nunique() < 2 or y.nunique() < 2:
        return {"tau": np.nan, "low": np.nan, "high": np.nan, "n": len(x)}
    tau = float(stats.kendalltau(x.rank(), y).statistic)
    half = stats.norm.ppf(0.975) * np.sqrt(0.437 / (len(x) - 4))
    centre = np.arctanh(np.clip(tau, -0.999999, 0.999999))
    return {"tau": tau, "low": float(np.tanh(centre - half)), "high": float(np.tanh(centre + half)), "n": len(x)}


def trend(x: pd.Series, y: pd.Series, seed: int = 20240325, draws: int = 999) -> dict[str, float]:
    """Kendall's tau-b of two series with a 95% bootstrap interval.

    Returns
    -------
    dict
        ``tau``, ``low``, ``high``, ``n``; NaN where fewer than three pairs or no
        variation leave it undefined.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    undefined = {"tau": np.nan, "low": np.nan, "high": np.nan, "n": len(x)}
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return undefined
    chance = np.random.default_rng(seed)
    taus = []
    for _ in range(draws):
        pick = chance.integers(0, len(x), len(x))
        if np.ptp(x[pick]) and np.ptp(y[pick]):
            taus.append(stats.kendalltau(x[pick], y[pick]).statistic)
    low, high = np.quantile(taus, [0.025, 0.975]) if taus else (np.nan, np.nan)
    return {"tau": float(stats.kendalltau(x, y).statistic), "low": float(low), "high": float(high), "n": len(x)}


def rungs(data: Dataset) -> pd.DataFrame:
    """Which rungs of the response ladder each accusation of a state reached.

    Returns
    -------
    pandas.DataFrame
        One row per incident and accused state (index), one bool column per rung
        of :data:`analysis.vocab.RESPONSE_RUNG`, and ``any``.  A response aimed at
        nobody counts for every state accused over its incident.
    """
    pairs = data.attributions.dropna(subset=["accused_state"])[PAIR].drop_duplicates()
    rung = {kind: name for name, kinds in vocab.RESPONSE_RUNG.items() for kind in kinds}
    acts = pairs.merge(data.responses[["incident_id", "against", "type"]], on="incident_id", how="left")
    acts = acts[acts["against"].isna() | acts["against"].eq(acts["accused_state"])]
    reached = pd.crosstab([acts["incident_id"], acts["accused_state"]], acts["type"].map(rung)).gt(0)
    reached = reached.reindex(
        index=pd.MultiIndex.from_frame(pairs), columns=list(vocab.RESPONSE_RUNG), fill_value=False
    )
    return reached.assign(any=reached.any(axis=1)).sort_index()


def response_types(data: Dataset) -> pd.DataFrame:
    """Responses by type (rows, display order) and responder (columns: the five most active and ``others``)."""
    top = _by_size(data.responses["responder"].value_counts())[:5]
    label = data.responses["responder"].where(data.responses["responder"].isin(top), "others")
    counts = pd.crosstab(data.responses["type"], label)
    counts = counts.reindex(index=list(vocab.RESPONSE_TYPE), columns=[*top, "others"], fill_value=0)
    counts = counts.assign(total=counts.sum(axis=1))
    return counts[counts["total"] > 0].rename_axis("type").reset_index()


def postures(data: Dataset, accused: list[str]) -> pd.DataFrame:
    """Replies by accused state (rows) and posture (columns, display order); other states as ``other``."""
    replies = distinct_replies(data)
    label = replies["accused_state"].where(replies["accused_state"].isin(accused), "other")
    counts = pd.crosstab(label, replies["posture"])
    rows = [code for code in [*accused, "other"] if code in counts.index]
    return counts.reindex(index=rows, columns=list(vocab.POSTURE), fill_value=0).rename_axis("accused")


def distinct_replies(data: Dataset) -> pd.DataFrame:
    """Replies as texts: of the rows that tie one reply to several incidents, only the first."""
    text = data.denials["statement_id"].fillna(data.denials["denial_id"])
    return data.denials[~text.duplicated()]


def answered(data: Dataset) -> pd.DataFrame:
    """Whether each accused state answered, by incident.

    Returns
    -------
    pandas.DataFrame
        One row per incident and accused state: ``searched`` (a search for a reply
        was made), ``replied``, ``denied`` (some reply denies).
    """
    pairs = data.attributions.dropna(subset=["accused_state"])[PAIR].drop_duplicates()
    outcome = data.incidents.set_index("incident_id")["reply_searched"]
    pairs = pairs.assign(searched=pairs["incident_id"].map(outcome).ne("not_searched"))
    replies = (
        data.denials.assign(denies=data.denials["posture"].eq("denies")).groupby(PAIR)["denies"].agg(["size", "any"])
    )
    joined = pairs.join(replies, on=PAIR)
    pairs["replied"] = joined["size"].notna()
    pairs["denied"] = joined["any"].eq(True)
    return pairs.sort_values(PAIR).reset_index(drop=True)


PERIODS = ((2007, 2013), (2014, 2017), (2018, 2020), (2021, 2023), (2024, 2026))


def by_period(frame: pd.DataFrame) -> pd.DataFrame:
    """Coalitions by period.

    Parameters
    ----------
    frame : pandas.DataFrame
        As from :func:`coalitions`.

    Returns
    -------
    pandas.DataFrame
        One row per period that has any: ``period``, ``incidents``, ``mean_size``,
        ``largest``, ``two_or_more`` and ``five_or_more`` (shares), and per group the mean
        number of its members.
    """
    rows = []
    for first, last in PERIODS:
        part = frame[frame["year"].between(first, last)]
        if part.empty:
            continue
        rows.append(
            {
                "period": f"{first}–{last}",
                "incidents": len(part),
                "mean_size": part["size"].mean(),
                "largest": int(part["size"].max()),
                "two_or_more": part["size"].ge(2).mean(),
                "five_or_more": part["size"].ge(5).mean(),
                **{f"mean_{group}": part[group].mean() for group in vocab.GROUP},
            }
        )
    return pd.DataFrame(rows)
