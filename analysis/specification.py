"""One finding under every combination of defensible choices."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from analysis import durations, measures
from analysis.dataset import Dataset
from analysis.dates import earliest, latest
from analysis.errors import ParameterError

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


class _Accusations:
    """What every specification starts from, worked out once: rows as arrays, and what is known of each accused incident.

    Six hundred selections of whole tables would take a minute; masks over these arrays
    take a second and choose the same rows as :func:`analysis.selection.select`, which a test holds.
    """

    def __init__(self, data: Dataset):
        rows = data.attributions.dropna(subset=["accused_state"])
        cited = data.citations[data.citations["table"] == "attributions"].merge(
            data.sources[["source_id", "publisher"]]
        )
        publishers = rows["attribution_id"].map(cited.groupby("record_id")["publisher"].nunique())
        self.rows = rows.assign(
            last=latest(rows["date"]),
            day=durations.resolve(rows["date"], "middle"),
            kind=rows["incident_id"].map(data.incidents.set_index("incident_id")["kind"]),
            publishers=publishers.fillna(0),
            pair=rows.groupby(measures.PAIR).ngroup(),
        )
        pairs = self.rows.drop_duplicates("pair").sort_values("pair").set_index("pair")[measures.PAIR]
        answered = measures.answered(data).set_index(measures.PAIR).loc[pd.MultiIndex.from_frame(pairs)]
        self.searched, self.denied = answered["searched"].to_numpy(bool), answered["denied"].to_numpy(bool)
        replies = data.denials.assign(day=durations.resolve(data.denials["date"], "middle")).groupby(measures.PAIR)[
            "day"
        ]
        self.reply = replies.min().reindex(pd.MultiIndex.from_frame(pairs)).to_numpy()
        self.masks = {
            "stances": {name: rows["stance"].isin(v).to_numpy() for name, v in CHOICES["stances"].items()},
            "state_link": {name: rows["state_link"].ge(v).to_numpy(bool) for name, v in CHOICES["state_link"].items()},
            "from_year": {name: self._since(year) for name, year in CHOICES["from_year"].items()},
            "kinds": {name: self.rows["kind"].isin(v).to_numpy() for name, v in CHOICES["kinds"].items()},
            "doubtful_rows": {
                name: (rows["uncertain"].eq(0) | (not drop)).to_numpy(bool)
                for name, drop in CHOICES["doubtful_rows"].items()
            },
            "accused": {
                name: (v(rows["accused_state"]) if v else rows["accused_state"].notna()).to_numpy()
                for name, v in CHOICES["accused"].items()
            },
            "sources": {name: self.rows["publishers"].ge(v).to_numpy() for name, v in CHOICES["sources"].items()},
        }
        # What the outcomes use; hundreds of selections are taken from this frame.
        self.kept = self.rows[["attribution_id", "attributor", "pair", "day", "last"]]

    def _since(self, year: str) -> np.ndarray:
        if not year:
            return np.ones(len(self.rows), dtype=bool)
        return (self.rows["last"] >= earliest(pd.Series([year], dtype=object))[0]).to_numpy()

    def chosen(self, names: dict[str, str]) -> pd.DataFrame:
        """The accusations that a combination of choices keeps."""
        mask = np.ones(len(self.rows), dtype=bool)
        for choice, name in names.items():
            mask &= self.masks[choice][name]
        return self.kept[mask]


def _coalition_trend(base: _Accusations, rows: pd.DataFrame) -> tuple[float, float, float, int]:
    members = rows.drop_duplicates(["attributor", "pair"]).groupby("pair")["last"]
    found = measures.rank_trend(rows.groupby("pair")["last"].min(), members.size())
    return found["tau"], found["low"], found["high"], found["n"]


def _denial_share(base: _Accusations, rows: pd.DataFrame) -> tuple[float, float, float, int]:
    pairs = rows["pair"].unique()
    pairs = pairs[base.searched[pairs]]
    return (*measures.interval(int(base.denied[pairs].sum()), len(pairs)), len(pairs))


def _prompt_reply(base: _Accusations, rows: pd.DataFrame) -> tuple[float, float, float, int]:
    first = rows.groupby("pair")["day"].min()
    waits = pd.Series(base.reply[first.index] - first.to_numpy()).dt.days.dropna()
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
    function, base, rows = OUTCOMES[outcome][0], _Accusations(data), []
    for combination in product(*CHOICES.values()):
        names = dict(zip(CHOICES, combination, strict=True))
        chosen = base.chosen(names)
        found = function(base, chosen) if len(chosen) else (np.nan, np.nan, np.nan, 0)
        main = all(name == next(iter(CHOICES[choice])) for choice, name in names.items())
        rows.append({**names, **dict(zip(("estimate", "low", "high", "n"), found, strict=True)), "main": main})
    return pd.DataFrame(rows)
