"""Random samples: for a second, blind coding, and for an audit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import schemas, vocab
from analysis.dataset import Dataset
from analysis.rules import ACTS


def draw(
    data: Dataset, share: float, seed: int = 20240325, coded: tuple[str, ...] = (), only: tuple[str, ...] = ()
) -> list[str]:
    """A random sample of incidents for a second coding, stratified by accused state.

    Parameters
    ----------
    data : Dataset
    share : float
        Part of all incidents that shall be coded twice.
    seed : int
    coded : tuple of str
        Incidents coded twice already: they count towards the share and are not drawn again.
    only : tuple of str
        Draw from these incidents only (those of one landing, say); empty: from all.

    Returns
    -------
    list of str
        Incident ids.  Each accused state is drawn from in proportion to its
        incidents (largest remainders); an incident belongs to the state that its
        first accusation names, or to none.
    """
    chance = np.random.default_rng(seed)
    first = data.attributions.sort_values(["date", "attribution_id"], kind="stable")
    named = first.dropna(subset=["accused_state"]).drop_duplicates("incident_id").set_index("incident_id")
    stratum = data.incidents["incident_id"].sort_values()
    stratum = stratum.map(named["accused_state"]).fillna("none").set_axis(stratum)
    if only:
        stratum = stratum[stratum.index.isin(only)]
    done = stratum.index.isin(coded)
    n = max(int(np.ceil(share * len(stratum))) - int(done.sum()), 0)
    exact = (stratum.value_counts().sort_index() * share).sub(stratum[done].value_counts(), fill_value=0).clip(lower=0)
    exact = exact * n / exact.sum() if exact.sum() else exact
    size = np.floor(exact).astype(int)
    rest = (exact - size).sort_values(ascending=False, kind="stable").index[: n - int(size.sum())]
    size[rest] += 1
    left = stratum[~done]
    picked = [
        chance.choice(left.index[left == state], min(count, int((left == state).sum())), replace=False)
        for state, count in size.items()
        if count
    ]
    return sorted(str(incident) for part in picked for incident in part)


def draw_replies(data: Dataset, n: int, seed: int = 20240325, coded: tuple[str, ...] = ()) -> list[str]:
    """A random sample of replies whose wording is to be coded a second time.

    A reply that answers accusations over several incidents is drawn once, under its first row.

    Parameters
    ----------
    data : Dataset
    n : int
    seed : int
    coded : tuple of str
        Incidents coded twice already: their replies are not drawn.

    Returns
    -------
    list of str
        Values of ``denial_id``.
    """
    replies = data.denials.sort_values("denial_id")
    once = replies["statement_id"].isna() | ~replies["statement_id"].duplicated()
    left = replies.loc[once & ~replies["incident_id"].isin(coded), "denial_id"].to_numpy()
    return sorted(np.random.default_rng(seed).choice(left, min(n, len(left)), replace=False).tolist())


def draw_rows(data: Dataset, n: int, seed: int = 20240325) -> list[tuple[str, str]]:
    """A random sample of rows that are to be read again against their pages.

    Parameters
    ----------
    data : Dataset
    n : int
        Rows of each table; all where it has no more.
    seed : int

    Returns
    -------
    list of tuple of str
        Table (of :data:`vocab.CITED_TABLES`) and key of each row.
    """
    chance = np.random.default_rng(seed)
    drawn = []
    for table in vocab.CITED_TABLES:
        keys = getattr(data, table)[schemas.KEYS[table][0]].sort_values().to_numpy()
        drawn += [(table, str(key)) for key in sorted(chance.choice(keys, min(n, len(keys)), replace=False))]
    return drawn


def draw_dates(
    data: Dataset, n: int, seed: int = 20240325, coded: tuple[str, ...] = (), drawn_before: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """A random sample of incidents and acts whose dates are to be coded a second time.

    Nearly all acts are coded with a day and without a day of execution; so half of those drawn
    are, as far as there are any, of the rest.  Of rows tied by a statement one is drawn.

    Parameters
    ----------
    data : Dataset
    n : int
        Incidents, and acts of each table.
    seed : int
    coded : tuple of str
        Incidents coded twice already: no act of theirs is drawn.
    drawn_before : tuple of str
        Keys whose dates were coded twice already: they are not drawn again.

    Returns
    -------
    list of tuple of str
        Table and key of each row.
    """
    chance = np.random.default_rng(seed)
    drawn = []
    for table in ("incidents", *ACTS):
        key = schemas.KEYS[table][0]
        rows = getattr(data, table).sort_values(key)
        left, rare = ~rows[key].isin(drawn_before), pd.Series(False, rows.index)
        if table in ACTS:
            left &= rows["statement_id"].isna() | ~rows["statement_id"].duplicated()
            left &= ~rows["incident_id"].isin(coded)
            rare |= rows[schemas.meta(table, ACTS[table])["date"]].ne("day")
        if table == "responses":
            rare |= rows["date_executed"].notna()
        rest, some = (rows.loc[left & part, key].to_numpy() for part in (~rare, rare))
        picked = chance.choice(some, min(n // 2, len(some)), replace=False)
        picked = [*picked, *chance.choice(rest, min(n - len(picked), len(rest)), replace=False)]
        drawn += [(table, str(one)) for one in sorted(picked)]
    return drawn
