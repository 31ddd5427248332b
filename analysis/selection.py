"""Which accusations an analysis counts.

Every notebook narrows the data through :func:`select`, so that one parameter
means one thing everywhere, and so that an empty result always says which
filter emptied it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pandas as pd

from analysis import vocab
from analysis.dataset import Dataset
from analysis.dates import earliest, latest
from analysis.errors import EmptySelection, ParameterError

#: Stances that make an accusation one's own, as against support from outside.
ACCUSING = ("own", "joint", "joined")


@dataclass(frozen=True)
class Selection:
    """Filters on accusations; an empty one lets everything through.

    Attributes
    ----------
    start, end : str
        First and last day of the accusation, ISO text of any precision.
    accused, attributors : tuple of str
        Codes of states or bodies.
    bloc : str
        Group (``FVEY``, ``EU``, ``NATO``, ``G7``): keeps accusations by states that
        were members on the day, and by the group itself.
    min_state_link : int
        Lowest tie to the state, 0 to 5.
    stances : tuple of str
        Stances counted.
    incidents : tuple of str
        Incident ids.
    drop_uncertain : bool
        Leave out accusations whose coding is marked uncertain.
    """

    start: str = ""
    end: str = ""
    accused: tuple[str, ...] = ()
    attributors: tuple[str, ...] = ()
    bloc: str = ""
    min_state_link: int = 1
    stances: tuple[str, ...] = ACCUSING
    incidents: tuple[str, ...] = field(default=())
    drop_uncertain: bool = False


def select(data: Dataset, selection: Selection) -> Dataset:
    """The part of the dataset that a selection leaves.

    Parameters
    ----------
    data : Dataset
    selection : Selection

    Returns
    -------
    Dataset
        Attributions that pass every filter, and the incidents, targets,
        responses and replies that belong to them: responses of the same incident
        aimed at the accused or at nobody, replies by the accused.

    Raises
    ------
    ParameterError
        If a code is not in the dataset or the vocabulary.
    EmptySelection
        If nothing is left; the message names the filter that left nothing.
    """
    _known("accused", selection.accused, data.states["code"])
    _known("attributors", selection.attributors, data.states["code"])
    _known("bloc", [selection.bloc] if selection.bloc else [], vocab.GROUP)
    _known("stances", selection.stances, vocab.STANCE)
    _known("incidents", selection.incidents, data.incidents["incident_id"])
    if selection.min_state_link not in vocab.STATE_LINK:
        raise ParameterError(
            f"min_state_link: {selection.min_state_link!r} is not one of {', '.join(map(str, vocab.STATE_LINK))}"
        )
    rows = data.attributions
    for label, mask in _filters(data, selection):
        kept = rows[mask.reindex(rows.index)]
        if kept.empty:
            raise EmptySelection(f"no accusation is left after the filter {label} ({len(rows)} before it); widen it")
        rows = kept
    pairs = rows[["incident_id", "accused_state"]].drop_duplicates()
    ours = data.incidents["incident_id"].isin(rows["incident_id"])
    incidents = data.incidents[ours]
    aimed = data.responses["against"]
    responses = data.responses[
        data.responses["incident_id"].isin(rows["incident_id"])
        & (aimed.isna() | _pair(data.responses, "against", pairs))
    ]
    denials = data.denials[_pair(data.denials, "accused_state", pairs)]
    targets = data.targets[data.targets["incident_id"].isin(rows["incident_id"])]
    return replace(data, attributions=rows, incidents=incidents, responses=responses, denials=denials, targets=targets)


def nonempty(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """`frame` itself; EmptySelection, naming `what` is missing, if it has no rows."""
    if frame.empty:
        raise EmptySelection(f"the accusations chosen have no {what}; widen the filters")
    return frame


def _pair(frame: pd.DataFrame, column: str, pairs: pd.DataFrame) -> pd.Series:
    wanted = pd.MultiIndex.from_frame(pairs)
    return pd.Series(pd.MultiIndex.from_frame(frame[["incident_id", column]]).isin(wanted), frame.index, dtype=bool)


def _known(name: str, values: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for value in values:
        if value not in known:
            shown = ", ".join(map(str, known[:40])) + (" …" if len(known) > 40 else "")
            raise ParameterError(f"{name}: {value!r} is not in the dataset; known are {shown}")


def _bound(name: str, value: str, side) -> pd.Timestamp:
    found = side(pd.Series([value], dtype=object))[0]
    if pd.isna(found):
        raise ParameterError(f"{name}: {value!r} is not a date; write YYYY-MM-DD, YYYY-MM or YYYY")
    return found


def _filters(data: Dataset, chosen: Selection):
    """Pairs of a label and a mask over all attributions, for the filters in use."""
    rows = data.attributions
    if chosen.start:
        yield f"start={chosen.start}", latest(rows["date"]) >= _bound("start", chosen.start, earliest)
    if chosen.end:
        yield f"end={chosen.end}", earliest(rows["date"]) <= _bound("end", chosen.end, latest)
    if chosen.incidents:
        yield f"incidents={list(chosen.incidents)}", rows["incident_id"].isin(chosen.incidents)
    if chosen.accused:
        yield f"accused={list(chosen.accused)}", rows["accused_state"].isin(chosen.accused)
    if chosen.attributors:
        yield f"attributors={list(chosen.attributors)}", rows["attributor"].isin(chosen.attributors)
    if chosen.bloc:
        yield f"bloc={chosen.bloc}", members(data, rows["attributor"], rows["date"], chosen.bloc)
    if chosen.drop_uncertain:
        yield "drop_uncertain=True", rows["uncertain"].eq(0)
    yield f"stances={list(chosen.stances)}", rows["stance"].isin(chosen.stances)
    link = rows["state_link"].ge(chosen.min_state_link)
    if chosen.min_state_link == 0:
        link &= rows["accused_state"].notna()
    yield f"min_state_link={chosen.min_state_link}", link


def members(data: Dataset, states: pd.Series, dates: pd.Series, group: str) -> pd.Series:
    """Whether each state was a member of a group on each date; the group itself counts as one.

    Parameters
    ----------
    data : Dataset
    states, dates : pandas.Series
        Codes and ISO dates, aligned.
    group : str
        A key of :data:`analysis.vocab.GROUP`.

    Returns
    -------
    pandas.Series of bool
    """
    table = data.memberships[data.memberships["group"] == group]
    spans = pd.DataFrame(
        {
            "state": table["state"],
            "first": earliest(table["from_date"]),
            "last": latest(table["to_date"]).fillna(pd.Timestamp.max),
        }
    )
    asked = pd.DataFrame({"state": states, "day": earliest(dates)}).rename_axis("row").reset_index()
    joined = asked.merge(spans, on="state")
    inside = joined.loc[(joined["first"] <= joined["day"]) & (joined["day"] <= joined["last"]), "row"]
    return pd.Series(states.index.isin(inside), states.index) | states.eq(group)
