"""One finding under every combination of defensible choices."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from analysis import durations, measures
from analysis.dataset import Dataset
from analysis.errors import EmptySelection, ParameterError
from analysis.selection import Selection, select

#: Choices that another careful analyst could have made; the first of each is the report's own.
CHOICES = {
    "stances": {
        "accusing": ("own", "joint", "joined"),
        "own only": ("own",),
        "with support": ("own", "joint", "joined", "endorsed", "acknowledged"),
    },
    "state_link": {"1 or more": 1, "2 or more": 2, "3 or more": 3},
    "from_year": {"all": "", "2014": "2014", "2018": "2018"},
    "kinds": {"all": ("incident", "campaign"), "incidents only": ("incident",)},
    "doubtful_rows": {"kept": False, "dropped": True},
    "accused": {
        "all": None,
        "without PRK": lambda codes: codes.ne("PRK"),
        "CHN and RUS": lambda codes: codes.isin(["CHN", "RUS"]),
    },
    "sources": {"any": 1, "two publishers": 2},
}


def _coalition_trend(data: Dataset) -> tuple[float, float, float, int]:
    sizes = measures.coalition_sizes(data)
    found = measures.rank_trend(sizes["day"], sizes["size"])
    return found["tau"], found["low"], found["high"], found["n"]


def _denial_share(data: Dataset) -> tuple[float, float, float, int]:
    pairs = measures.answered(data).query("searched")
    return (*measures.interval(int(pairs["denied"].sum()), len(pairs)), len(pairs))


def _prompt_reply(data: Dataset) -> tuple[float, float, float, int]:
    days = durations.first_days(data)
    waits = (days["reply"] - days["accusation"]).dt.days.dropna()
    return (*measures.interval(int((waits <= 2).sum()), len(waits)), len(waits))


OUTCOMES = {
    "coalition_trend": (_coalition_trend, "Kendall's tau of coalition size and date"),
    "denial_share": (_denial_share, "share of accusations that were denied"),
    "prompt_reply": (_prompt_reply, "share of replies given within two days"),
}


def curve(data: Dataset, outcome: str) -> pd.DataFrame:
    """An outcome under every combination of :data:`CHOICES`.

    Parameters
    ----------
    data : Dataset
        The whole dataset.
    outcome : str
        A key of :data:`OUTCOMES`.

    Returns
    -------
    pandas.DataFrame
        One row per combination: a column per choice, ``estimate``, ``low``, ``high``
        (95% interval), ``n``, and ``main`` (bool: the report's own choices).  The
        estimate is missing where the choices leave too little.
    """
    if outcome not in OUTCOMES:
        raise ParameterError(f"outcome: {outcome!r} is not one of {', '.join(OUTCOMES)}")
    function = OUTCOMES[outcome][0]
    cited = data.citations[data.citations["table"] == "attributions"].merge(data.sources[["source_id", "publisher"]])
    publishers = data.attributions["attribution_id"].map(cited.groupby("record_id")["publisher"].nunique())
    kind = data.attributions["incident_id"].map(data.incidents.set_index("incident_id")["kind"])
    rows = []
    for names in product(*CHOICES.values()):
        chosen = dict(zip(CHOICES, names, strict=True))
        value = {choice: CHOICES[choice][name] for choice, name in chosen.items()}
        kept = kind.isin(value["kinds"]) & publishers.ge(value["sources"])
        if value["accused"]:
            kept &= value["accused"](data.attributions["accused_state"])
        part = replace(data, attributions=data.attributions[kept])
        wanted = Selection(
            start=value["from_year"],
            min_state_link=value["state_link"],
            stances=value["stances"],
            drop_uncertain=value["doubtful_rows"],
        )
        try:
            found = function(select(part, wanted))
        except EmptySelection:
            found = (np.nan, np.nan, np.nan, 0)
        main = all(name == next(iter(CHOICES[choice])) for choice, name in chosen.items())
        rows.append({**chosen, **dict(zip(("estimate", "low", "high", "n"), found, strict=True)), "main": main})
    return pd.DataFrame(rows)
