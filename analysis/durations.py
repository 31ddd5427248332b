"""How long things take, with censoring: survival curves by lifelines."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

from analysis import vocab
from analysis.dataset import Dataset
from analysis.dates import earliest, latest
from analysis.errors import EmptySelection, ParameterError
from analysis.measures import PAIR

STAGES = {
    "incident to accusation": "from the start of the incident to the first accusation",
    "accusation to response": "from the first accusation to the first response beyond words",
    "accusation to reply": "from the first accusation to the accused state's first reply",
}
VAGUE = ("middle", "earliest", "latest", "drop")
#: Responses that go beyond words.
DEEDS = [kind for rung, kinds in vocab.RESPONSE_RUNG.items() if rung != "verbal" for kind in kinds]


def last_day(data: Dataset) -> str:
    """Day of the newest act in the data, the default end of observation, as ISO text."""
    newest = max(
        latest(frame[column]).max()
        for frame, column in ((data.attributions, "date"), (data.responses, "date_announced"), (data.denials, "date"))
        if not frame.empty
    )
    return newest.strftime("%Y-%m-%d")


def resolve(dates: pd.Series, vague: str) -> pd.Series:
    """One day for each date: what a vague date stands for is the caller's choice.

    Parameters
    ----------
    dates : pandas.Series of str
        ISO text of any precision.
    vague : str
        ``middle``, ``earliest`` or ``latest`` day of the span, or ``drop`` (missing).
    """
    if vague not in VAGUE:
        raise ParameterError(f"vague_dates: {vague!r} is not one of {', '.join(VAGUE)}")
    first, last = earliest(dates), latest(dates)
    if vague == "drop":
        return first.where(first == last)
    return {"earliest": first, "latest": last, "middle": (first + (last - first) / 2).dt.floor("D")}[vague]


def first_days(data: Dataset, vague: str = "middle") -> pd.DataFrame:
    """First days of each accusation of a state over an incident.

    Returns
    -------
    pandas.DataFrame
        Index ``incident_id``, ``accused_state``; columns ``start`` (of the incident),
        ``accusation``, ``response`` (beyond words, aimed at the state or at nobody),
        ``sanction`` (sanctions or charges), ``reply``; NaT where there is none.
    """
    rows = data.attributions.dropna(subset=["accused_state"])
    out = rows.assign(day=resolve(rows["date"], vague)).groupby(PAIR)["day"].min().rename("accusation").to_frame()
    start = data.incidents.assign(day=resolve(data.incidents["start_date"], vague)).set_index("incident_id")["day"]
    out["start"] = out.index.get_level_values(0).map(start)
    acts = out.reset_index()[PAIR].merge(data.responses, on="incident_id")
    acts = acts[acts["against"].isna() | acts["against"].eq(acts["accused_state"])]
    acts = acts.assign(day=resolve(acts["date_announced"], vague))
    out["response"] = acts[acts["type"].isin(DEEDS)].groupby(PAIR)["day"].min()
    out["sanction"] = acts[acts["type"].isin(["sanctions", "indictment"])].groupby(PAIR)["day"].min()
    out["reply"] = data.denials.assign(day=resolve(data.denials["date"], vague)).groupby(PAIR)["day"].min()
    return out[["start", "accusation", "response", "sanction", "reply"]]


def spells(data: Dataset, cutoff: str, vague: str = "middle") -> pd.DataFrame:
    """Waiting times of the three stages.

    Parameters
    ----------
    data : Dataset
    cutoff : str
        Day on which observation ends; what has not happened by then is censored.
    vague : str
        As in :func:`resolve`.

    Returns
    -------
    pandas.DataFrame
        One row per stage, incident and accused state: ``stage``, ``incident_id``,
        ``accused_state``, ``days`` (float; an act that came earlier than the event it
        waits for counts as 0), ``observed`` (bool: False if censored).  Accusations
        with no search for a reply are left out of the reply stage.
    """
    end = latest(pd.Series([cutoff], dtype=object))[0]
    if pd.isna(end):
        raise ParameterError(f"cutoff: {cutoff!r} is not a date; write YYYY-MM-DD")
    days = first_days(data, vague).dropna(subset=["accusation"])
    searched = data.incidents.set_index("incident_id")["reply_searched"].ne("not_searched")
    plan = (
        ("incident to accusation", days.dropna(subset=["start"]), "start", "accusation"),
        ("accusation to response", days, "accusation", "response"),
        ("accusation to reply", days[days.index.get_level_values(0).map(searched)], "accusation", "reply"),
    )
    parts = []
    for stage, frame, since, until in plan:
        frame = frame[frame[since] <= end]
        stop = frame[until].where(frame[until] <= end)
        waited = (stop.fillna(end) - frame[since]).dt.days.clip(lower=0).astype(float)
        part = pd.DataFrame({"stage": stage, "days": waited, "observed": stop.notna()})
        parts.append(part.reset_index())
    return pd.concat(parts, ignore_index=True)[["stage", *PAIR, "days", "observed"]]


#: Groups of :func:`next_incident`.
WAVES = ("sanctions or charges", "words or other measures")


def curves(frame: pd.DataFrame, by: str, groups: Iterable[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Kaplan–Meier curves and medians with 95% intervals, one per group.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns `by`, ``days``, ``observed``.
    by : str
        Grouping column.
    groups : iterable of str
        Groups wanted, in order; one without a row is in the summary with ``n`` 0.

    Returns
    -------
    curve : pandas.DataFrame
        `by`, ``days``, ``waiting`` (share still waiting), ``low``, ``high``.
    summary : pandas.DataFrame
        `by`, ``n``, ``events``, ``median`` (days; NaN if half never happened),
        ``low``, ``high``, ``within_7``, ``within_30``, ``within_365`` (share by then).
    """
    lines, rows = [], []
    for group in groups:
        part = frame[frame[by] == group]
        if part.empty:
            rows.append({by: group, "n": 0, "events": 0})
            continue
        fitter = KaplanMeierFitter().fit(part["days"], part["observed"])
        band = fitter.confidence_interval_survival_function_
        lines.append(
            pd.DataFrame(
                {
                    by: group,
                    "days": fitter.survival_function_.index,
                    "waiting": fitter.survival_function_.iloc[:, 0].to_numpy(),
                    "low": band.iloc[:, 0].to_numpy(),
                    "high": band.iloc[:, 1].to_numpy(),
                }
            )
        )
        middle = np.asarray(median_survival_times(band), float).ravel()
        rows.append(
            {
                by: group,
                "n": len(part),
                "events": int(part["observed"].sum()),
                "median": _finite(fitter.median_survival_time_),
                "low": _finite(min(middle)),
                "high": _finite(max(middle)),
                **{f"within_{d}": 1 - float(fitter.predict(d)) for d in (7, 30, 365)},
            }
        )
    if not lines:
        raise EmptySelection(
            "no waiting time is left: the accusations chosen have no dates that the choice of vague_dates and cutoff allows"
        )
    return pd.concat(lines, ignore_index=True), pd.DataFrame(rows)


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else np.nan


def next_incident(data: Dataset, cutoff: str, within: int = 30) -> pd.DataFrame:
    """Days from one accusation of a state to the next accusation of it over another incident.

    Parameters
    ----------
    data : Dataset
    cutoff : str
        Day on which observation ends.
    within : int
        Days within which sanctions or charges count as belonging to the accusation.

    Returns
    -------
    pandas.DataFrame
        One row per incident and accused state: ``group`` (``sanctions or charges``,
        ``words or other measures``), ``days``, ``observed``.  Accusations of the
        same day count as one wave; the clock starts with the wave.
    """
    end = latest(pd.Series([cutoff], dtype=object))[0]
    days = first_days(data).dropna(subset=["accusation"]).reset_index()
    days = days[days["accusation"] <= end]
    days["struck"] = (days["sanction"] - days["accusation"]).dt.days.le(within)
    waves = days.groupby(["accused_state", "accusation"])["struck"].any().reset_index()
    later = waves.groupby("accused_state")["accusation"].shift(-1)
    out = pd.DataFrame(
        {
            "group": waves["struck"].map({True: WAVES[0], False: WAVES[1]}),
            "accused_state": waves["accused_state"],
            "days": (later.fillna(end) - waves["accusation"]).dt.days.astype(float),
            "observed": later.notna(),
        }
    )
    return out.sort_values("group", kind="stable").reset_index(drop=True)


def around_sanctions(data: Dataset, cutoff: str, window: int = 365) -> pd.DataFrame:
    """Newly attributed incidents before and after each day of sanctions or charges.

    Returns
    -------
    pandas.DataFrame
        One row per accused state and day: ``accused_state``, ``day``, ``before`` and
        ``after`` (incidents first attributed to the state in the `window` days before
        and after, that day itself left out).  Days whose window is not over by
        `cutoff`, or begins before the first accusation of that state, are left out.
    """
    end = latest(pd.Series([cutoff], dtype=object))[0]
    days = first_days(data).reset_index()
    acts = data.responses[data.responses["type"].isin(["sanctions", "indictment"])].dropna(subset=["against"])
    acts = acts.assign(day=resolve(acts["date_announced"], "middle"))
    acts = acts.drop_duplicates(["against", "day"]).sort_values(["against", "day"])
    span, rows = pd.Timedelta(days=window), []
    for state, day in zip(acts["against"], acts["day"], strict=True):
        known = days.loc[days["accused_state"] == state, "accusation"].dropna()
        if known.empty or day + span > end or day - span < known.min():
            continue
        before = int(((known >= day - span) & (known < day)).sum())
        after = int(((known > day) & (known <= day + span)).sum())
        rows.append((state, day, before, after))
    return pd.DataFrame(rows, columns=["accused_state", "day", "before", "after"])
