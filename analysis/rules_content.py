"""Rules on what the rows say: incidents, accusations, responses and replies that fit each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

import pandas as pd

from analysis import vocab
from analysis.dates import earliest, latest
from analysis.rules import ACTS, Fault, View, lookup, rule, same, where


@rule
def act_before_incident(view: View) -> Iterator[Fault]:
    """No act comes before the start of its incident."""
    for table, column in ACTS.items():
        start = view.incident_of(table, "start_date")
        for row in where(latest(view[table][column]) < earliest(start)):
            yield table, row, column, f"{view[table].at[row, column]} is before the incident's start, {start[row]}"


@rule
def act_before_public(view: View) -> Iterator[Fault]:
    """No act comes before its incident was first public: acts are public themselves."""
    for table, column in ACTS.items():
        public = view.incident_of(table, "first_public_date")
        for row in where(latest(view[table][column]) < earliest(public)):
            yield (
                table,
                row,
                column,
                f"{view[table].at[row, column]} is before the incident's first_public_date, {public[row]}; "
                "correct one of the two",
            )


@rule
def executed_before_announced(view: View) -> Iterator[Fault]:
    """A response is not executed before it is announced, unless its note says “disclosed later”."""
    frame = view["responses"]
    early = latest(frame["date_executed"]) < earliest(frame["date_announced"])
    for row in where(early & ~frame["note"].str.contains("disclosed later", na=False)):
        yield (
            "responses",
            row,
            "date_executed",
            "the act took effect before it was announced; if it was kept quiet, say “disclosed later” in the note",
        )


@rule
def executed_as_announced(view: View) -> Iterator[Fault]:
    """A day of execution is coded only where it is not the day of the announcement."""
    frame = view["responses"]
    for row in where(same(frame["date_executed"], frame["date_announced"])):
        yield "responses", row, "date_executed", "this is date_announced; empty the cell and executed_precision"


@rule
def link(view: View) -> Iterator[Fault]:
    """The strongest link is not weaker than the coded one; a state is named exactly when there is a link."""
    frame = view["attributions"]
    for row in where(frame["strongest_link"] < frame["state_link"]):
        yield "attributions", row, "strongest_link", "it cannot be lower than state_link"
    for row in where(frame["accused_state"].isna() & frame["strongest_link"].gt(0)):
        yield "attributions", row, "accused_state", "a link above 0 needs the state that is accused"
    for row in where(frame["accused_state"].notna() & frame["strongest_link"].eq(0)):
        yield (
            "attributions",
            row,
            "accused_state",
            "with strongest_link 0 no state is named; empty this cell or raise the link",
        )


@rule
def accused(view: View) -> Iterator[Fault]:
    """Who replies is accused in that incident, and does not accuse itself."""
    pairs = set(zip(view["attributions"]["incident_id"], view["attributions"]["accused_state"], strict=True))
    frame = view["denials"]
    for row, pair in zip(frame.index, zip(frame["incident_id"], frame["accused_state"], strict=True), strict=True):
        if pair not in pairs:
            yield "denials", row, "accused_state", f"no attribution of {pair[0]} accuses {pair[1]}; code it first"
    frame = view["attributions"]
    for row in where(same(frame["attributor"], frame["accused_state"])):
        yield (
            "attributions",
            row,
            "accused_state",
            "a state does not accuse itself here; correct attributor or accused_state",
        )


@rule
def preemptive(view: View) -> Iterator[Fault]:
    """A reply is marked pre-emptive exactly when it precedes every accusation of its state in the incident."""
    frame, by = view["denials"], ["incident_id", "accused_state"]
    accusations = view["attributions"].assign(first=earliest(view["attributions"]["date"]))
    first = accusations.groupby(by, observed=True)["first"].min()
    start = pd.Series(first.reindex(pd.MultiIndex.from_frame(frame[by])).to_numpy("datetime64[ns]"), frame.index)
    early = latest(frame["date"]) < start
    for row in where(start.notna() & frame["preemptive"].notna() & early.ne(frame["preemptive"].eq(1))):
        should = int(early[row])
        yield (
            "denials",
            row,
            "preemptive",
            f"the first accusation is of {start[row]:%Y-%m-%d}, so this must be {should}",
        )


@rule
def strategies(view: View) -> Iterator[Fault]:
    """“No comment” uses no strategy; a denial uses at least one; rows of one reply agree."""
    frame = view["denials"]
    used = frame[list(vocab.STRATEGY)].sum(axis=1)
    others = lookup(frame["statement_id"], frame, "statement_id", list(vocab.STRATEGY))
    for name, other in others.items():
        for row in where(other.notna() & other.ne(frame[name])):
            yield (
                "denials",
                row,
                name,
                f"the rows of one reply ({frame.at[row, 'statement_id']}) have one coding; the first has {other[row]}",
            )
    for row in where(frame["posture"].eq("no_comment") & used.gt(0)):
        yield "denials", row, "posture", "a refusal to comment has all strategies 0"
    for row in where(frame["posture"].eq("denies") & used.eq(0)):
        yield "denials", row, "posture", "a denial needs at least one strategy; code what it says"


@rule
def answers(view: View) -> Iterator[Fault]:
    """A reply answers, and a supporter leans on, an accusation of the same incident; a reply none that is later; accused and addressee agree."""
    accusations = view["attributions"]
    frame = view["denials"]
    answered = lookup(
        frame["attribution_id"], accusations, "attribution_id", ["incident_id", "accused_state", "attributor", "date"]
    )
    # A day is left to time zones.
    early = latest(frame["date"]) + pd.Timedelta(days=1) < earliest(answered["date"])
    for row in where(early):
        yield (
            "denials",
            row,
            "attribution_id",
            f"that accusation is of {answered['date'][row]}, after the reply; empty this cell or correct a date",
        )
    for column, other in (
        ("incident_id", "incident_id"),
        ("accused_state", "accused_state"),
        ("addressed_to", "attributor"),
    ):
        expected = answered[other]
        for row in where(expected.notna() & frame[column].notna() & ~same(frame[column], expected)):
            yield (
                "denials",
                row,
                "attribution_id",
                f"that accusation has {other} {expected[row]}, this reply {column} {frame.at[row, column]}",
            )
    frame = accusations
    expected = lookup(frame["refers_to"], accusations, "attribution_id", "incident_id")
    for row in where(
        expected.notna() & (~same(expected, frame["incident_id"]) | same(frame["refers_to"], frame["attribution_id"]))
    ):
        yield "attributions", row, "refers_to", "it must name another accusation of the same incident"


@rule
def reply_searched(view: View) -> Iterator[Fault]:
    """An incident's reply search is “found” exactly when replies are coded; some state is accused, or targets hit."""
    frame = view["incidents"]
    replied = frame["incident_id"].isin(view["denials"]["incident_id"])
    for row in where(replied != frame["reply_searched"].eq("found")):
        yield (
            "incidents",
            row,
            "reply_searched",
            f"{'replies are' if replied[row] else 'no reply is'} coded for this incident",
        )
    for table in ("attributions", "targets"):
        for row in where(~frame["incident_id"].isin(view[table]["incident_id"])):
            yield "incidents", row, "incident_id", f"the incident has no row in {table}.csv; it needs at least one"


@rule
def part_of(view: View) -> Iterator[Fault]:
    """An incident belongs to a campaign, not to itself or to another incident."""
    frame = view["incidents"]
    kind = lookup(frame["part_of"], frame, "incident_id", "kind")
    for row in where(same(frame["part_of"], frame["incident_id"]) | kind.eq("incident")):
        yield "incidents", row, "part_of", "it must name a row of kind campaign other than itself"


@rule
def campaign(view: View) -> Iterator[Fault]:
    """A campaign has a start if an incident that is part of it has one; it begins and is first public no later, and ends no earlier."""
    frame = view["incidents"]
    campaigns = frame[frame["kind"].eq("campaign")]
    whole = lookup(frame["part_of"], campaigns, "incident_id", ["start_date", "first_public_date", "end_date"])
    unknown = frame["part_of"].isin(campaigns["incident_id"]) & whole["start_date"].isna() & frame["start_date"].notna()
    for row in where(unknown):
        yield "incidents", row, "start_date", "its campaign has no start; it began no later than this incident"
    for column, known in whole.items():
        late, verb = latest(frame[column]) < earliest(known), "before"
        if column == "end_date":
            late, verb = earliest(frame[column]) > latest(known), "after"
        for row in where(late):
            yield (
                "incidents",
                row,
                column,
                f"{frame.at[row, column]} is {verb} that of its campaign, {known[row]}; extend the campaign or correct it",
            )


@rule
def spelling(view: View) -> Iterator[Fault]:
    """An organ of a state has one spelling: names that differ in order, in an abbreviation put behind or in British and American letters are one."""
    for columns in (
        {"attributions": ["attributor", "body"], "responses": ["responder", "body"]},
        {"attributions": ["accused_state", "organ"], "actors": ["state", "organ"]},
    ):
        for table, row, _, usual in _unusual(view, columns, lambda key: (key[0], _bare(key[1]))):
            yield table, row, columns[table][1], f"the same organ is spelled {usual!r} elsewhere; keep one spelling"


@rule
def issuer(view: View) -> Iterator[Fault]:
    """An organ is of one type, whatever it says or does."""
    columns = {"attributions": ["attributor", "body", "body_type"], "responses": ["responder", "body", "body_type"]}
    for table, row, key, usual in _unusual(view, columns, lambda key: key[:2]):
        yield table, row, "body_type", f"{key[1]!r} is of type {usual} elsewhere; keep one type"


def _unusual(view: View, columns: dict[str, list[str]], same: Callable[[tuple], tuple]) -> Iterator[tuple]:
    """Rows that are the same as others by what `same` makes of their columns, but differ from most in the last; with that of most."""
    counts = Counter()
    for table, names in columns.items():
        counts.update(view[table].groupby(names, observed=True).size().to_dict())
    usual = {}
    for key, _ in counts.most_common():
        usual.setdefault(same(key), key[-1])
    odd = {key: usual[same(key)] for key in counts if key[-1] != usual[same(key)]}
    for table, names in columns.items() if odd else ():
        for row, *key in view[table][names].itertuples():
            if tuple(key) in odd:
                yield table, row, key, odd[tuple(key)]


#: Words that tell no organ from another.
SMALL = frozenset(["of", "the", "for", "and", "with"])


def _bare(name: str) -> str:
    """The words of a name that tell organs apart, in one order."""
    plain = re.sub(r"\([^\s()]*\)", "", name.lower()).replace("centre", "center").replace("defence", "defense")
    return " ".join(sorted(word for word in re.findall(r"\w+", plain) if word not in SMALL))


@rule
def statement(view: View) -> Iterator[Fault]:
    """Rows tied by a joint text or package have its date (a day apart at most, for time zones); joint rows are tied by a joint text; a statement ties two rows or more."""
    statements = view["statements"]
    same_day = statements.assign(date=statements["date"].where(statements["kind"].ne("coordinated_day")))
    for table, column in ACTS.items():
        frame = view[table]
        expected = lookup(frame["statement_id"], same_day, "statement_id", "date")
        apart = (earliest(frame[column]) - latest(expected)).dt.days
        behind = (earliest(expected) - latest(frame[column])).dt.days
        for row in where((apart > 1) | (behind > 1)):
            yield table, row, column, f"its statement is of {expected[row]}; rows of one text have one date"
    frame = view["attributions"]
    kind = lookup(frame["statement_id"], statements, "statement_id", "kind")
    for row in where(frame["stance"].eq("joint") & kind.ne("joint_text")):
        yield "attributions", row, "statement_id", "a joint accusation names a statement of kind joint_text"
    tied = pd.concat([view[table]["statement_id"] for table in ACTS]).value_counts()
    frame = view["statements"]
    for row in where(~frame["statement_id"].isin(tied.index[tied >= 2])):
        yield "statements", row, "statement_id", "it ties fewer than two rows; remove it or name it in the rows it ties"


@rule
def double_row(view: View) -> Iterator[Fault]:
    """One organ accuses one state once a day, incident, form and actor."""
    columns = ["incident_id", "attributor", "body", "date", "accused_state", "form", "actor_id"]
    for row in where(view["attributions"].duplicated(columns)):
        yield (
            "attributions",
            row,
            "attribution_id",
            "the same organ accuses the same state in a row above; merge the two",
        )
    columns = ["incident_id", "accused_state", "office", "speaker", "date", "channel", "addressed_to"]
    for row in where(view["denials"].duplicated(columns)):
        yield "denials", row, "denial_id", "the same office replies on the same day in a row above; merge the two"


@rule
def contestation(view: View) -> Iterator[Fault]:
    """A contestation has a source that supports it."""
    cited = view["citations"]
    held = cited.loc[cited["supports"].eq("contestation"), "record_id"]
    frame = view["responses"]
    for row in where(frame["contestation"].notna() & ~frame["response_id"].isin(held)):
        yield "responses", row, "contestation", "no citation with supports=contestation; cite the page that says so"


@rule
def doubt(view: View) -> Iterator[Fault]:
    """A doubtful coding says why."""
    for table in ("incidents", "attributions", "responses", "denials"):
        frame = view[table]
        for row in where(frame["uncertain"].eq(1) & frame["note"].isna()):
            yield table, row, "note", "uncertain is 1; say here why"
