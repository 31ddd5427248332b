"""Rules on keys, references, dates and sources, and how rules are registered.

Each rule is one function whose docstring *is* the rule.  It gets a
:class:`View` and yields ``(table, row, column, message)``.  A rule runs
whenever the columns it reads could be read; all rules always run, so one call
reports everything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from analysis import schemas, vocab
from analysis.dates import earliest, latest

Fault = tuple[str, int, str, str]
RULES: dict[str, Callable[[View], Iterator[Fault]]] = {}

#: Tables whose records need a citation, with the column that names the record.
CITED = {name: schemas.KEYS[name][0] for name in vocab.CITED_TABLES}
#: Tables of acts, with the column of the act's date.
ACTS = {"attributions": "date", "responses": "date_announced", "denials": "date"}


class View(dict):
    """Typed frames by name of table, and the day that counts as today.

    The view remembers which tables were looked at: what a rule finds is
    dropped if it looked at a table that could not be read, so that one missing
    file is one problem and not a hundred.
    """

    def __init__(self, frames: dict[str, pd.DataFrame], today: dt.date, unreadable: set[str]):
        super().__init__(frames)
        self.today, self.unreadable, self.seen = today, unreadable, set()
        self._cited = {}

    def __getitem__(self, table: str) -> pd.DataFrame:
        self.seen.add(table)
        return super().__getitem__(table)

    def readable(self, tables=tuple(schemas.TABLES)) -> list[str]:
        """Those of `tables` that could be read."""
        return [table for table in tables if table not in self.unreadable]

    def cited(self, table: str) -> tuple[pd.DataFrame, np.ndarray]:
        """The citations of a table's records; and for each the place of the first row with its id, -1 if none has it."""
        cited, records = self["citations"], self[table][CITED[table]]
        if table not in self._cited:
            ours = cited[cited["table"].eq(table)]
            self._cited[table] = ours, places(ours["record_id"], records)
        return self._cited[table]

    def incident_of(self, table: str, column: str) -> pd.Series:
        """`column` of the incident that each row of `table` belongs to."""
        return lookup(self[table]["incident_id"], self["incidents"], "incident_id", column)


def rule(function: Callable[[View], Iterator[Fault]]) -> Callable[[View], Iterator[Fault]]:
    """Register a rule under its function's name."""
    RULES[function.__name__.replace("_", "-")] = function
    return function


def where(mask: pd.Series) -> pd.Index:
    """Row labels where a mask is true; missing counts as false."""
    return mask.index[mask.eq(True).fillna(False).astype(bool)]


def same(left: pd.Series, right: pd.Series) -> pd.Series:
    """Row by row, whether two columns hold the same text; false where one is empty.

    Columns of large tables are categorical, and pandas compares those only if they have the same categories.
    """
    return left.astype(object).eq(right.astype(object))


def places(keys: pd.Series, among: pd.Series) -> np.ndarray:
    """For each of `keys`, the place of the first row of `among` that holds it; -1 where none does."""
    known = pd.Index(among.to_numpy(dtype=object))
    first = None
    if not known.is_unique:
        first = np.flatnonzero(~known.duplicated())
        known = known[first]
    codes, texts = pd.factorize(keys)
    at = known.get_indexer(np.asarray(texts, dtype=object))
    if first is not None:
        at = np.where(at < 0, -1, first[at])
    return np.append(at, -1)[codes]  # the code of an empty cell is -1, which takes the last


def lookup(keys: pd.Series, frame: pd.DataFrame, key: str, columns: str | list[str]) -> pd.Series | pd.DataFrame:
    """For each of `keys`, `columns` of the first row of `frame` that has it as its `key`; missing where none has."""
    return take(frame[columns], places(keys, frame[key]), keys.index)


def take(columns: pd.Series | pd.DataFrame, rows: np.ndarray, index: pd.Index) -> pd.Series | pd.DataFrame:
    """Rows by place, labelled anew; missing where the place is -1."""
    return columns.reset_index(drop=True).reindex(rows).set_axis(index)


def date_columns(table: str) -> dict[str, str]:
    """Date columns of a table, each with the column of its precision (empty if it has none)."""
    return {
        name: column.metadata["date"]
        for name, column in schemas.columns(table).items()
        if "date" in (column.metadata or {})
    }


@rule
def foreign_key(view: View) -> Iterator[Fault]:
    """A reference points to a row that exists."""
    for table, column, other, key in schemas.references():
        if {table, other} & view.unreadable:
            continue
        values = view[table][column]
        for row in where(values.notna() & ~values.isin(view[other][key])):
            yield table, row, column, f"{values[row]!r} is not in {other}.csv; add it there or correct it here"


def _sharing(view: View) -> np.ndarray:
    """Which citations may not be alone with their record: it has several, or is not known."""
    several = pd.Series(True, index=view["citations"].index)
    for table in view.readable(CITED):
        ours, place = view.cited(table)
        known = place >= 0
        counts = np.bincount(place[known], minlength=1)
        several[ours.index] = ~known | (counts[place] > 1)
    return several.to_numpy()


@rule
def key(view: View) -> Iterator[Fault]:
    """No two rows have the same key."""
    for table in view.readable(("citations", "memberships")):
        columns = list(schemas.KEYS[table])
        frame = view[table]
        if table == "citations":  # few rows of a large table share a record: only they are compared
            frame = frame[_sharing(view)]
        for row in where(frame.duplicated(columns)):
            yield table, row, columns[0], "the row repeats the key of a row above; remove one of them"
    columns = ["incident_id", "state", "name"]
    for table in view.readable(("targets",)):
        for row in where(view[table].duplicated(columns)):
            yield table, row, "name", "the incident has this target already; remove one of them"


@rule
def record_id(view: View) -> Iterator[Fault]:
    """The id of a record begins with the id of its incident, an incident's with a year, a statement's with a month.

    Ids that were released stay as they are: an incident may turn out to have begun before the year
    in its id, never after it, and the day of a statement may move within its month.
    """
    for table in ("targets", "attributions", "responses", "denials"):
        name = schemas.KEYS[table][0]
        stem = view[table][name].str[
            :-4
        ]  # without a dot, a letter and two digits: all else breaks the column's pattern
        for row in where(~same(stem, view[table]["incident_id"]) & stem.notna()):
            yield table, row, name, f"the id must begin with {view[table].at[row, 'incident_id']!r} and a dot"
    incidents = view["incidents"]
    year, start = (incidents[name].str[:4].fillna("") for name in ("incident_id", "start_date"))
    for row in where(year < start):
        yield (
            "incidents",
            row,
            "incident_id",
            f"the id must begin with the year of start_date, {start[row]}",
        )
    statements = view["statements"]
    exact = statements["date_precision"].eq("day")
    for row in where(exact & ~same(statements["date"].str[:7], statements["statement_id"].str[:7])):
        yield "statements", row, "statement_id", f"the id must begin with the date {statements.at[row, 'date']}"


@rule
def calendar(view: View) -> Iterator[Fault]:
    """A date exists in the calendar."""
    for table in view.readable():
        for column in date_columns(table):
            values = view[table][column]
            shaped = values.str.fullmatch(schemas.DATE.strip("^$")).eq(True)
            for row in where(shaped & earliest(values).isna()):
                yield table, row, column, f"{values[row]!r} is not in the calendar"


@rule
def precision(view: View) -> Iterator[Fault]:
    """A date and its precision are both there or both empty, and fit each other; an act is not approximate."""
    sizes = {"day": 10, "month": 7, "year": 4}
    for table in view.readable():
        for column, by in date_columns(table).items():
            if not by:
                continue
            values, fine = view[table][column], view[table][by]
            for row in where(values.isna() != fine.isna()):
                yield table, row, by, f"{column} and {by} must both be given or both be empty"
            for row in where(fine.eq("approximate") & (table != "incidents")):
                yield (
                    table,
                    row,
                    by,
                    "write the month or the year; or the day, if true to a day or two, with uncertain 1",
                )
            size = fine.map(sizes).astype(float)
            shaped = values.str.fullmatch(schemas.DATE.strip("^$")).eq(True)
            for row in where(shaped & size.notna() & values.str.len().ne(size)):
                yield (
                    table,
                    row,
                    by,
                    f"{column} {values[row]!r} is not written to the {fine[row]}; shorten it or change {by}",
                )


@rule
def future(view: View) -> Iterator[Fault]:
    """No act, page or period lies in the future."""
    today = pd.Timestamp(view.today)
    for table in view.readable():
        for column in date_columns(table):
            for row in where(earliest(view[table][column]) > today):
                yield table, row, column, f"{view[table].at[row, column]} is after today, {view.today}"


@rule
def order_of_dates(view: View) -> Iterator[Fault]:
    """An incident ends after it starts; an indictment is returned before it is announced; a page is read after its date."""
    for table, first, second in (
        ("incidents", "start_date", "end_date"),
        ("incidents", "start_date", "first_public_date"),
        ("attributions", "date_returned", "date"),
        ("sources", "page_date", "accessed"),
        ("memberships", "from_date", "to_date"),
    ):
        frame = view[table]
        for row in where(latest(frame[second]) < earliest(frame[first])):
            yield table, row, second, f"{frame.at[row, second]} is before {first}, {frame.at[row, first]}"


@rule
def citation(view: View) -> Iterator[Fault]:
    """Every record cites a source, every citation names a record, every source is cited."""
    cited = view["citations"]
    for table, name in CITED.items():
        (ours, place), frame = view.cited(table), view[table]
        shown = np.zeros(len(frame), dtype=bool)
        shown[place[place >= 0]] = True
        for row in frame.index[frame[name].notna() & ~frame[name].duplicated() & ~shown]:
            yield table, row, name, f"{frame.at[row, name]!r} cites no source; add a row to citations.csv"
        for row in ours.index[place < 0]:
            yield "citations", row, "record_id", f"{ours.at[row, 'record_id']!r} is not in {table}.csv"
    used = {source for table in (cited, view["states"], view["memberships"]) for source in table["source_id"].unique()}
    frame = view["sources"]
    for row in where(~frame["source_id"].isin(used)):
        yield "sources", row, "source_id", "no record cites this source; cite it or remove it"


@rule
def page_date(view: View) -> Iterator[Fault]:
    """A page older than an act cannot show it: it is cited as `background` or `beforehand` only; a day is left to time zones."""
    for table, name in {**ACTS, "statements": "date"}.items():
        if table in view.unreadable:
            continue
        ours, place = view.cited(table)
        now = ~ours["supports"].isin(["background", "beforehand"]).to_numpy()
        ours, place = ours[now], place[now]
        act = take(view[table][name], place, ours.index)
        page = lookup(ours["source_id"], view["sources"], "source_id", "page_date")
        for row in where(latest(page) + pd.Timedelta(days=1) < earliest(act)):
            yield (
                "citations",
                row,
                "supports",
                f"the page is of {page[row]}, the act of {act[row]}: cite a later page, or say `background` or `beforehand`",
            )


@rule
def screening(view: View) -> Iterator[Fault]:
    """A lead coded or found twice names its incident, an excluded one its reason, others neither; every incident has a lead."""
    frame = view["screening"]
    known = frame["outcome"].isin(list(vocab.SCREENING_OUTCOME))
    tied = frame["outcome"].isin(["coded", "duplicate"])
    for row in where(known & (tied != frame["incident_id"].notna())):
        said = "name the incident" if tied[row] else "empty incident_id"
        yield (
            "screening",
            row,
            "incident_id",
            f"does not fit the outcome {frame.at[row, 'outcome']!r}: {said}, or change the outcome",
        )
    excluded = frame["outcome"].eq("excluded")
    for row in where(known & (excluded != frame["reason"].notna())):
        said = "give the reason" if excluded[row] else "empty reason"
        yield (
            "screening",
            row,
            "reason",
            f"does not fit the outcome {frame.at[row, 'outcome']!r}: {said}, or change the outcome",
        )
    incidents = view["incidents"]["incident_id"]
    for row in where(incidents.notna() & ~incidents.isin(frame.loc[frame["outcome"].eq("coded"), "incident_id"])):
        yield (
            "incidents",
            row,
            "incident_id",
            f"no lead in screening.csv led to {incidents[row]!r}; add a row with outcome coded",
        )


@rule
def unused(view: View) -> Iterator[Fault]:
    """Every actor is named in an accusation, every state occurs in the data."""
    frame = view["actors"]
    for row in where(~frame["actor_id"].isin(view["attributions"]["actor_id"])):
        yield "actors", row, "actor_id", "no accusation names this actor; remove it"
    used = set().union(*(view[t][c] for t, c, other, _ in schemas.references() if other == "states"))
    frame = view["states"]
    for row in where(~frame["code"].isin(used)):
        yield "states", row, "code", "no row uses this code; remove it"


@rule
def membership(view: View) -> Iterator[Fault]:
    """Memberships of one state in one group do not overlap, belong to states, and a group has members on the day of every act."""
    frame = view["memberships"]
    frame = frame.assign(first=earliest(frame["from_date"]), last=latest(frame["to_date"]).fillna(pd.Timestamp.max))
    frame = frame.sort_values(["group", "state", "first"], kind="stable")
    before = frame.groupby(["group", "state"], observed=True)["last"].shift()
    for row in where(frame["first"] <= before):
        yield "memberships", row, "from_date", "the period overlaps another of the same state and group"
    for row in where(lookup(frame["state"], view["states"], "code", "kind").eq("body")):
        yield "memberships", row, "state", "a body is not a member here; name a state"
    days = earliest(view["attributions"]["date"])
    for group, part in frame.groupby("group", observed=True):
        covered = (part["first"].min() <= days) & (days <= part["last"].max())
        for row in where(days.notna() & ~covered):
            yield "attributions", row, "date", f"no membership of {group} covers this day; complete memberships.csv"
