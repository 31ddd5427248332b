"""Add rows to the tables: ids, keys, defaults and citations are made, everything is checked before anything is written.

A section of answers (see :mod:`analysis.questions`) holds one row, a mapping of columns
to text, or several, a list of them.  The command line and the form in JupyterLab
both end here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from analysis import checks, csvtext, paths, schemas, vocab
from analysis.csvtext import TextTable
from analysis.dataset import read_tables
from analysis.dates import earliest, latest
from analysis.errors import CardError, DatasetError, ParameterError, Problem
from analysis.questions import DEFAULTS, KINDS, SECTIONS, fault, names, near, questions

LETTERS = {"targets": "t", "attributions": "a", "responses": "r", "denials": "d"}


def rows(
    kind: str, answers: dict, coder: str, folder: Path | None = None, incident: str = "", today: dt.date | None = None
) -> dict[str, list[dict]]:
    """Complete the answers to rows with ids and citations.

    Parameters
    ----------
    kind : str
        A key of :data:`KINDS`.
    answers : dict
        Sections as the module describes them.  ``source`` may also hold ``supports`` and,
        for ``new source``, ``record`` (default: the incident); other rows ``cites``, the
        numbers of the sources that they rest on, counted from 1 (default: all).
    coder : str
        ORCID of the person who codes.
    folder : path, optional
        The dataset that the rows will join.
    incident : str
        The incident they belong to; not for ``new incident``.
    today : datetime.date, optional
        Day on which the pages were read.

    Returns
    -------
    dict
        Table to rows (column to text); of ``incidents`` also rows that change.

    Raises
    ------
    ParameterError
        If an answer is missing or unknown; all of them are named at once.
    """
    frames = {name: table.frame for name, table in read_tables(folder).items()}
    given = {section: value if isinstance(value, list) else [value] for section, value in answers.items()}
    _complete(kind, given, set(frames["sources"]["url"]))
    out: dict[str, list[dict]] = {name: [] for name in schemas.TABLES}
    cited: list[tuple[str, str, set[int]]] = []
    pages = given.get("source", [])
    if kind == "incident":
        first = given["incident"][0]
        year = (first.get("start_date") or given["attribution"][0].get("date", ""))[:4]
        incident = f"{year}-{first['slug']}"
        if incident in set(frames["incidents"]["incident_id"]):
            raise ParameterError(
                f"incident {incident!r} exists already; add to it with `new attribution {incident}`, or choose another slug"
            )
    elif incident not in set(frames["incidents"]["incident_id"]):
        raise ParameterError(f"no incident is called {incident!r}{near(incident, frames['incidents']['incident_id'])}")
    for section, listed in given.items():
        table = SECTIONS[section]
        for number, answer in enumerate(listed):
            if section == "source":
                continue
            row = _row(section, answer, coder)
            key = schemas.KEYS[table][0]
            if section == "incident":
                row[key] = incident
            elif table in LETTERS:
                row[key] = _next_id(frames[table][key], incident, LETTERS[table], number)
                row["incident_id"] = incident
            out[table].append(row)
            if table in vocab.CITED_TABLES:
                cited.append((table, row[key], _cites(section, answer.get("cites"), len(pages))))
    if kind == "incident":
        out["screening"].append(_lead(out["incidents"][0], frames["screening"]["lead_id"], coder))
    _preemptive(out, frames, incident)
    if given.get("denial"):
        known = frames["incidents"].set_index("incident_id", drop=False).loc[incident].to_dict()
        out["incidents"].append({**known, "reply_searched": "found"})
    for number, answer in enumerate(pages, start=1):
        source = _source(answer, frames["sources"], today or dt.date.today())
        if source["source_id"] not in set(frames["sources"]["source_id"]):
            out["sources"].append(source)
        record = answer.get("record") or incident
        for table, key, chosen in cited or [(_table_of(record), record, {number})]:
            if number in chosen:
                entry = {
                    "table": table,
                    "record_id": key,
                    "source_id": source["source_id"],
                    "supports": answer.get("supports") or "act",
                }
                out["citations"].append(entry)
    return {table: listed for table, listed in out.items() if listed}


def _lead(incident: dict, taken: pd.Series, coder: str) -> dict:
    """The row of the screening log for a new incident: every incident has the lead that it came from."""
    last = max((int(lead[5:]) for lead in taken.dropna() if lead[5:].isdigit()), default=0)
    return {
        "lead_id": f"lead-{last + 1:04d}",
        "label": incident["title"],
        "found_in": "own finding",
        "outcome": "coded",
        "incident_id": incident["incident_id"],
        "coder": coder,
    }


def _cites(section: str, answer, pages: int) -> set[int]:
    """Numbers of the sources that a row cites: those it names, or all."""
    if not answer:
        return set(range(1, pages + 1))
    listed = answer if isinstance(answer, list) else names(str(answer))
    chosen = {int(number) if str(number).isdigit() else 0 for number in listed}
    if not chosen <= set(range(1, pages + 1)):
        raise ParameterError(f"{section}.cites: {answer!r} must be numbers of the sources given, 1 to {pages}")
    return chosen


def _complete(kind: str, given: dict[str, list[dict]], read: set[str]) -> None:
    """Raise ParameterError naming every unknown section or column, missing answer and wrong value.

    Of a page that is among the sources already (`read`), only the address is needed.
    """
    wrong = [f"unknown section {name!r}{near(name, SECTIONS)}" for name in given if name not in SECTIONS]
    wrong += [f"section {name!r} is missing" for name in KINDS[kind] if not given.get(name)]
    for section, listed in given.items():
        if section not in SECTIONS:
            continue
        asked = {question.column: question for question in questions(section)}
        extra = {"supports", "record"} if section == "source" else {"cites"}
        known = {*asked, *schemas.columns(SECTIONS[section]), *extra}
        for answer in listed:
            wrong += [f"{section}.{name} is not a column{near(name, known)}" for name in answer if name not in known]
            for name, question in asked.items():
                value = str(answer.get(name, question.default))
                if value:
                    wrong += [f"{section}.{name}: {why}" for why in [fault(section, name, value)] if why]
                elif question.required and answer.get("url") not in read:
                    wrong.append(f"{section}.{name} is missing: {question.about}")
    if wrong:
        raise ParameterError("nothing was written; the answers are not right yet:\n  " + "\n  ".join(wrong))


def _row(section: str, answer: dict, coder: str) -> dict:
    """One row with every column of its table; what was not answered has its default or is empty."""
    table, row = SECTIONS[section], {}
    strategies = names(str(answer.get("strategies", "")))
    for name in schemas.columns(table):
        value = answer.get(name, DEFAULTS.get((section, name)))
        row[name] = csvtext.tidy(str(value)) if value is not None else None
        if name in vocab.STRATEGY:
            row[name] = str(int(name in strategies)) if answer.get(name) is None else str(answer[name])
        elif name == "coder":
            row[name] = coder
    for name in schemas.columns(table):
        precision = schemas.meta(table, name).get("date")
        if precision and row[name] and not row[precision]:
            row[precision] = {4: "year", 7: "month"}.get(len(row[name]), "day")
    return row


def _next_id(ids: pd.Series, incident: str, letter: str, ahead: int) -> str:
    taken = [int(name.rsplit(letter, 1)[1]) for name in ids if name.startswith(f"{incident}.{letter}")]
    return f"{incident}.{letter}{max(taken, default=0) + 1 + ahead:02d}"


def _preemptive(out: dict[str, list[dict]], frames: dict[str, pd.DataFrame], incident: str) -> None:
    """Fill in whether each new reply precedes every accusation of its state."""
    accusations = pd.concat([frames["attributions"], pd.DataFrame(out["attributions"], dtype=object)])
    for row in out["denials"]:
        ours = (accusations["incident_id"] == incident) & (accusations["accused_state"] == row["accused_state"])
        first = earliest(accusations.loc[ours, "date"]).min()
        last = latest(pd.Series([row["date"]], dtype=object))[0]
        row["preemptive"] = str(int(pd.notna(first) and pd.notna(last) and last < first))


def _source(answer: dict, known: pd.DataFrame, today: dt.date) -> dict:
    """The row of a source: the one that has this address already, or a new one."""
    url = answer["url"].strip()
    found = known[known["url"] == url]
    if len(found):
        return found.iloc[0].to_dict()
    host = re.sub(r"[^a-z0-9]+", "-", (urlsplit(url).hostname or "page").removeprefix("www.")).strip("-")
    row = _row("source", {name: value for name, value in answer.items() if name not in ("supports", "record")}, "")
    mark = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()[:6]
    return {**row, "source_id": f"{host}-{mark}", "accessed": row["accessed"] or today.isoformat()}


def _table_of(record: str) -> str:
    """Table of a record, by the letter in its id."""
    found = re.search(r"\.([tard])[0-9]{2}$", record)
    return {letter: table for table, letter in LETTERS.items()}[found[1]] if found else "incidents"


def _joined(table: TextTable, added: list[dict]) -> str:
    """Canonical text of a table with rows added, or put in place of those with the same key."""
    keys = list(schemas.KEYS[table.name])
    frame = pd.concat(
        [table.frame, pd.DataFrame(added, columns=list(schemas.columns(table.name)), dtype=object)], ignore_index=True
    )
    return csvtext.render(table.name, frame.drop_duplicates(keys, keep="last"))


def trial(added: dict[str, list[dict]], folder: Path | None = None, today: dt.date | None = None) -> list[Problem]:
    """Problems that the dataset would have with the rows added; nothing is written to it."""
    folder = Path(folder or paths.DATASET)
    tables = read_tables(folder)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "dataset"
        shutil.copytree(paths.tables(folder), paths.tables(copy))
        shutil.copy(paths.table(folder, "screening"), copy)
        for name, listed in added.items():
            paths.table(copy, name).write_text(_joined(tables[name], listed), "utf-8", newline="\n")
        found = checks.check(copy, today)
    return [replace(problem, file=paths.shown(paths.table(folder, Path(problem.file).stem))) for problem in found]


def add(added: dict[str, list[dict]], folder: Path | None = None, today: dt.date | None = None) -> list[Path]:
    """Write the rows, each table in canonical form, if the dataset breaks no rule with them.

    Raises
    ------
    DatasetError
        If it would; then nothing has been written.
    CardError
        If the dataset breaks a rule without them, too.
    """
    folder = Path(folder or paths.DATASET)
    if before := checks.check(folder, today):
        raise CardError(
            f"the dataset has {len(before)} problems already; mend them first (`check`), the first is\n{before[0]}"
        )
    if problems := trial(added, folder, today):
        raise DatasetError(problems)
    tables = read_tables(folder)
    texts = {tables[name].path: _joined(tables[name], listed) for name, listed in added.items()}
    for path, text in texts.items():
        csvtext.write_atomic(path, text)
    return list(texts)
