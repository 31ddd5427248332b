"""Cases told from the rows: one incident with its sources, and the March 2024 case claim by claim."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis import schemas, vocab
from analysis.dataset import Dataset
from analysis.dates import earliest
from analysis.errors import ParameterError
from analysis.measures import coalitions

#: The incidents of the case that the project began with.
CASE = (
    "2021-uk-electoral-commission",
    "2021-uk-parliamentarians-apt31",
    "2010-apt31-global-campaign",
    "2021-nz-parliament-apt40",
)


def sources_of(data: Dataset, table: str, record: str) -> pd.DataFrame:
    """The sources that a record cites: rows of ``sources`` with the column ``supports``."""
    cited = data.citations[(data.citations["table"] == table) & (data.citations["record_id"] == record)]
    return cited[["source_id", "supports"]].merge(data.sources, on="source_id")


def sentence(table: str, row) -> str:
    """One record as a sentence."""
    if table == "incidents":
        return row.summary
    if table == "targets":
        return f"{row.name} ({row.category.replace('_', ' ')})"
    if table == "attributions":
        named = f", naming {row.actor_id}" if row.actor_id else ""
        hedge = "" if row.confidence == "none" else f", {row.confidence.replace('_', ' ')}"
        whom = f"{row.accused_state} (link {row.state_link}{hedge})" if row.accused_state else "no state"
        verb = {"endorsed": "endorses an accusation of", "acknowledged": "takes note of an accusation of"}.get(
            row.stance
        )
        verb = verb or ("declares solidarity over" if row.stance == "solidarity" else f"accuses ({row.stance})")
        return f"{row.date} {row.attributor}, {row.body}: {verb} {whom}{named}"
    if table == "responses":
        counts = [
            f"{n} {what}" for n, what in ((row.n_persons, "persons"), (row.n_entities, "entities")) if pd.notna(n)
        ]
        size = f" ({', '.join(counts)})" if counts else ""
        aimed = f" against {row.against}" if row.against else ""
        return f"{row.date_announced} {row.responder}, {row.body}: {row.type.replace('_', ' ')}{size}{aimed}"
    used = [name.replace("_", " ") for name in vocab.STRATEGY if getattr(row, name) == 1]
    who = f" ({row.speaker})" if row.speaker else ""
    to = f" to {row.addressed_to}" if row.addressed_to else ""
    how = f": {', '.join(used)}" if used else ""
    return (
        f"{row.date} {row.accused_state}, {row.office.replace('_', ' ')}{who}{to}: {row.posture.replace('_', ' ')}{how}"
    )


def incident_story(data: Dataset, incident_id: str) -> str:
    """The whole case of one incident as text, every row with its sources.

    Raises
    ------
    ParameterError
        If there is no such incident; the message names the nearest ones.
    """
    found = data.incidents[data.incidents["incident_id"] == incident_id]
    if found.empty:
        ids = data.incidents["incident_id"].tolist()
        words = [word for word in incident_id.split("-")[1:] if len(word) > 2]
        near = difflib.get_close_matches(incident_id, ids, 3) or [
            name for name in ids if any(word in name for word in words)
        ]
        hint = f"near it: {', '.join(near[:6])}" if near else "their ids are in incidents.csv"
        raise ParameterError(f"no incident {incident_id!r}; {hint}")
    case = found.iloc[0]
    span = " to ".join(part for part in (case["start_date"], case["end_date"]) if part) or "start not stated"
    lines = [
        f"{case['title']} [{incident_id}]",
        f"{case['kind']}, {case['operation_type']}, {span}",
        case["summary"],
        "",
    ]
    notes = {}

    def cite(table: str, record: str) -> str:
        marks = [notes.setdefault(url, len(notes) + 1) for url in sources_of(data, table, record)["url"]]
        return "".join(f"[{mark}]" for mark in dict.fromkeys(marks))

    lines[2] += " " + cite("incidents", incident_id)
    for row in data.targets[data.targets["incident_id"] == incident_id].itertuples():
        lines.append(f"target: {row.name} ({row.state or 'no state'}, {row.category}) {cite('targets', row.target_id)}")
    acts = []
    for table, date in (("attributions", "date"), ("responses", "date_announced"), ("denials", "date")):
        key = schemas.KEYS[table][0]
        frame = getattr(data, table)
        for row in frame[frame["incident_id"] == incident_id].itertuples():
            text = f"{sentence(table, row)} {cite(table, getattr(row, key))}"
            if table == "responses" and row.contestation:
                text += f"\n    contested: {row.contestation}"
            acts.append((getattr(row, date), text + (f"\n    note: {row.note}" if row.note else "")))
    lines += ["", *(text for _, text in sorted(acts, key=lambda act: act[0])), ""]
    lines += [f"[{number}] {url}" for url, number in notes.items()]
    return "\n".join(lines)


@dataclass(frozen=True)
class Claim:
    """A claim of the March 2024 story, and the rows that answer it."""

    question: str
    table: str
    pick: Callable[[pd.DataFrame], pd.Series]


def _of(number: int):
    return lambda frame: frame["incident_id"].eq(CASE[number])


def _both(*tests):
    def test(frame: pd.DataFrame) -> pd.Series:
        mask = tests[0](frame)
        for other in tests[1:]:
            mask &= other(frame)
        return mask

    return test


def _has(column: str, *values):
    return lambda frame: frame[column].isin(values)


def _case(frame: pd.DataFrame) -> pd.Series:
    return frame["incident_id"].isin(CASE)


def _spring(frame: pd.DataFrame) -> pd.Series:
    date = frame["date"] if "date" in frame else frame["date_announced"]
    return date.str.startswith(("2024-03", "2024-04"))


CLAIMS = (
    Claim("Whom did the UK accuse over the Electoral Commission, and did it name a group?", "attributions", _both(_of(0), _has("attributor", "GBR"))),
    Claim("Whom did the UK accuse over parliamentarians' mail, and did it name a group?", "attributions", _both(_of(1), _has("attributor", "GBR"))),
    Claim("Whom did the United States charge or list, and over what?", "attributions", _both(_of(2), _has("attributor", "USA"))),
    Claim("What did the United States describe?", "incidents", _of(2)),
    Claim("Who was targeted?", "targets", _case),
    Claim("Which charges, sanctions and summonses followed?", "responses", _both(_case, _has("type", "sanctions", "indictment", "summons", "demarche", "arrest_or_warrant"))),
    Claim("Who else stood with the UK and the United States, and how firmly?", "attributions",
          _both(_case, _spring, lambda f: ~f["attributor"].isin(["GBR", "USA", "NZL"]))),
    Claim("What did New Zealand accuse, and whom?", "attributions", _both(_of(3), _has("attributor", "NZL"))),
    Claim("What did Beijing and its embassies answer?", "denials", _case),
    Claim("Who contested the response at home?", "responses", _both(_case, lambda f: f["contestation"].notna())),
)  # fmt: skip


def claims(data: Dataset) -> pd.DataFrame:
    """The claims of the March 2024 story with the rows and pages that answer them.

    Returns
    -------
    pandas.DataFrame
        One row per answering row: ``question``, ``answer``, ``record``, ``pages`` (number
        of sources), ``sources`` (their addresses).  A question that no row
        answers has one row with an empty ``record``.
    """
    rows = []
    for claim in CLAIMS:
        frame = getattr(data, claim.table)
        key = schemas.KEYS[claim.table][0]
        dates = [column for column in ("date", "date_announced") if column in frame]
        found = frame[claim.pick(frame)].sort_values([*dates, key])
        for row in found.itertuples():
            record = getattr(row, key)
            pages = sources_of(data, claim.table, record)
            answer = row.contestation if "contested" in claim.question else sentence(claim.table, row)
            rows.append((claim.question, answer, record, len(pages), " ".join(pages["url"])))
        if found.empty:
            rows.append((claim.question, "no row answers this", None, 0, None))
    return pd.DataFrame(rows, columns=["question", "answer", "record", "pages", "sources"])


def timeline(data: Dataset, incidents: list[str], start: str, end: str) -> pd.DataFrame:
    """The acts of a case day by day.

    Parameters
    ----------
    data : Dataset
    incidents : list of str
    start, end : str
        First and last day shown, ISO.

    Returns
    -------
    pandas.DataFrame
        ``day``, ``lane`` (``accusation``, ``response``, ``reply``), ``label``; acts dated to
        the day only, one row for acts that read the same.
    """
    rows = []
    for table, date, lane in (
        ("attributions", "date", "accusation"),
        ("responses", "date_announced", "response"),
        ("denials", "date", "reply"),
    ):
        frame = getattr(data, table)
        frame = frame[frame["incident_id"].isin(incidents) & frame[date].str.len().eq(10)]
        for row in frame.itertuples():
            if table == "attributions":
                named = f", naming {row.actor_id.upper()}" if row.actor_id and row.actor_id.startswith("apt") else ""
                label = f"{row.attributor} {row.stance}{named}: {row.incident_id[5:].replace('-', ' ')}"
            elif table == "responses":
                label = f"{row.responder} {row.type.replace('_', ' ')}"
            else:
                label = f"{row.accused_state} {row.office.replace('_', ' ')} to {row.addressed_to or 'several'}: {row.posture.replace('_', ' ')}"
            rows.append((getattr(row, date), lane, label))
    frame = pd.DataFrame(rows, columns=["day", "lane", "label"]).drop_duplicates()
    frame = frame.assign(day=earliest(frame["day"]))
    span = (frame["day"] >= pd.Timestamp(start)) & (frame["day"] <= pd.Timestamp(end))
    order = {"accusation": 0, "response": 1, "reply": 2}
    return (
        frame[span]
        .sort_values(["day", "lane", "label"], key=lambda c: c.map(order) if c.name == "lane" else c)
        .reset_index(drop=True)
    )


def rank_of_coalition(data: Dataset, incidents: tuple[str, ...] = CASE) -> dict[str, int]:
    """How large the case's coalition is among all, up to and after its day.

    Returns
    -------
    dict
        ``size`` (distinct attributors over the case's incidents, the largest of them),
        ``earlier`` (accused incidents before it), ``earlier_as_large`` (of those, with a
        coalition at least as large), ``later_as_large``.
    """
    frame = coalitions(data)
    ours = frame[frame["incident_id"].isin(incidents)]
    if ours.empty:
        return {"size": 0, "earlier": 0, "earlier_as_large": 0, "later_as_large": 0}
    size, day = int(ours["size"].max()), pd.Timestamp("2024-03-25")
    others = frame[~frame["incident_id"].isin(incidents)]
    before, after = others[others["day"] < day], others[others["day"] >= day]
    return {
        "size": size,
        "earlier": len(before),
        "earlier_as_large": int((before["size"] >= size).sum()),
        "later_as_large": int((after["size"] >= size).sum()),
    }
