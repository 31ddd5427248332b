"""Valid synthetic datasets of any size, for measuring: the real one, many times over under new ids.

Nothing in them is a fact.  Dates and codes keep their real frequencies, so that
checks and measures do the work that they would do on real data of that size.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis import csvtext, paths, schemas, vocab
from analysis.dataset import read_tables

#: Tables that belong to incidents; the others are code lists and sources, which all copies share.
COPIED = ("incidents", "targets", "attributions", "responses", "denials", "statements", "citations", "screening")
#: Columns that hold an id which every copy needs anew, and how the id goes on after the part that names the incident.
IDS = {
    "incidents": ("incident_id", "part_of"),
    "targets": ("target_id", "incident_id"),
    "attributions": ("attribution_id", "incident_id", "refers_to", "statement_id"),
    "responses": ("response_id", "incident_id", "statement_id"),
    "denials": ("denial_id", "incident_id", "attribution_id", "statement_id"),
    "statements": ("statement_id",),
    "citations": ("record_id",),
    "screening": ("incident_id",),
}


def scale(
    times: int, out: Path, dataset: Path | None = None, citations: int | None = None, densest: int | None = None
) -> Path:
    """Write a dataset of `times` copies of the incidents.

    Parameters
    ----------
    times : int
        Copies; 1 gives the dataset itself under new ids.
    out : pathlib.Path
        Folder that will be laid out like ``dataset/``.
    dataset : pathlib.Path, optional
        The dataset to copy; by default the repository's.
    citations : int, optional
        At most so many citations of each record; by default all.
    densest : int, optional
        Copy only the so many incidents that have most attributions; by default all.

    Returns
    -------
    pathlib.Path
        `out`.
    """
    frames = {name: table.frame for name, table in read_tables(dataset).items()}
    paths.tables(out).mkdir(parents=True, exist_ok=True)
    if densest:
        frames = _only(frames, frames["attributions"]["incident_id"].value_counts().index[:densest])
    if citations:
        cited = frames["citations"]
        needed = cited["supports"].eq("contestation")
        order = cited.assign(last=cited["supports"].isin(["background", "beforehand"]))
        order = order[~needed].sort_values(["table", "record_id", "last"], kind="stable")
        kept = order.groupby(["table", "record_id"], sort=False).head(citations).drop(columns="last")
        frames["citations"] = pd.concat([kept, cited[needed]]).sort_index()
    used = {*frames["citations"]["source_id"], *frames["states"]["source_id"], *frames["memberships"]["source_id"]}
    frames["sources"] = frames["sources"][frames["sources"]["source_id"].isin(used)]
    for name, frame in frames.items():
        if name in COPIED:
            frame = _copies(name, frame, times)
        csvtext.write_atomic(paths.table(out, name), csvtext.render(name, frame))
    return out


def _only(frames: dict[str, pd.DataFrame], incidents) -> dict[str, pd.DataFrame]:
    """The tables of some incidents, and of the code lists what they use."""
    out = dict(frames)
    keep = {
        "incidents": "incident_id",
        **dict.fromkeys(("targets", "attributions", "responses", "denials"), "incident_id"),
    }
    for name, column in keep.items():
        out[name] = frames[name][frames[name][column].isin(incidents)]
    out["incidents"] = out["incidents"].assign(part_of=None)
    tied = pd.concat([out[name]["statement_id"] for name in ("attributions", "responses", "denials")])
    # A statement ties at least two rows; one whose other rows are gone ties nothing.
    tied = tied.value_counts().loc[lambda count: count >= 2].index
    for name in ("attributions", "responses", "denials"):
        out[name] = out[name].assign(statement_id=out[name]["statement_id"].where(out[name]["statement_id"].isin(tied)))
    out["statements"] = frames["statements"][frames["statements"]["statement_id"].isin(tied)]
    out["actors"] = frames["actors"][frames["actors"]["actor_id"].isin(out["attributions"]["actor_id"])]
    out["screening"] = frames["screening"][
        frames["screening"]["incident_id"].isin(incidents) & frames["screening"]["outcome"].eq("coded")
    ]
    records = set().union(*(out[name][schemas.KEYS[name][0]] for name in vocab.CITED_TABLES))
    out["citations"] = frames["citations"][frames["citations"]["record_id"].isin(records)]
    used = set().union(*(out[t][c].dropna() for t, c, other, _ in schemas.references() if other == "states"))
    used |= set(frames["memberships"]["state"])
    out["states"] = frames["states"][frames["states"]["code"].isin(used)]
    return out


def _copies(name: str, frame: pd.DataFrame, times: int) -> pd.DataFrame:
    shared = frame[frame["table"].eq("actors")] if name == "citations" else frame.iloc[:0]
    own = frame.drop(shared.index)
    number = np.repeat(np.arange(times), len(own))
    big = pd.concat([own] * times, ignore_index=True)
    mark = pd.Series(number).map(lambda n: f"-copy{n:06d}")
    for column in IDS[name]:
        held = big[column].notna()
        if held.any():
            parts = big.loc[held, column].str.partition(".")
            big.loc[held, column] = parts[0] + mark[held] + parts[1] + parts[2]
    if name == "screening":
        big["lead_id"] = [f"lead-{n:07d}" for n in range(1, len(big) + 1)]
    return pd.concat([big, shared], ignore_index=True)[list(schemas.columns(name))]
