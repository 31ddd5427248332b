"""Valid synthetic datasets of any size, for measuring: the real one, many times over under new ids.

Nothing in them is a fact.  Dates and codes keep their real frequencies, so that
checks and measures do the work that they would do on real data of that size.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis import csvtext, paths, schemas
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


def scale(times: int, out: Path, dataset: Path | None = None, citations: int | None = None) -> Path:
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

    Returns
    -------
    pathlib.Path
        `out`.
    """
    frames = {name: table.frame for name, table in read_tables(dataset).items()}
    paths.tables(out).mkdir(parents=True, exist_ok=True)
    if citations:
        cited = frames["citations"]
        real = ~cited["supports"].isin(["background", "beforehand"])
        order = cited.assign(real=~real).sort_values(["table", "record_id", "real"], kind="stable")
        kept = order.groupby(["table", "record_id"], sort=False).head(citations).drop(columns="real").sort_index()
        # A source that lost its last citation keeps one.
        lost = cited[~cited["source_id"].isin(kept["source_id"])].drop_duplicates("source_id")
        frames["citations"] = pd.concat([kept, lost])
    for name, frame in frames.items():
        if name in COPIED:
            frame = _copies(name, frame, times)
        csvtext.write_atomic(paths.table(out, name), csvtext.render(name, frame))
    return out


def _copies(name: str, frame: pd.DataFrame, times: int) -> pd.DataFrame:
    shared = frame[frame["table"].eq("actors")] if name == "citations" else frame.iloc[:0]
    own = frame.drop(shared.index)
    number = np.repeat(np.arange(times), len(own))
    big = pd.concat([own] * times, ignore_index=True)
    mark = pd.Series(number).map(lambda n: f"-copy{n:06d}")
    for column in IDS[name]:
        stem, dot, rest = (big[column].str.partition(".")[part] for part in range(3))
        big[column] = (stem + mark + dot + rest).where(big[column].notna(), None)
    if name == "screening":
        big["lead_id"] = [f"lead-{n:07d}" for n in range(1, len(big) + 1)]
    return pd.concat([big, shared], ignore_index=True)[list(schemas.columns(name))]
