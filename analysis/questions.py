"""What is asked of a person who adds rows, and whether an answer is one.

Answers come in *sections*, named like the tables but in the singular: ``incident``,
``target``, ``attribution``, ``response``, ``denial``, ``actor``, ``statement``, ``state``,
``source``.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import csvtext, schemas, vocab
from analysis.csvtext import TextTable
from analysis.dataset import typed

#: What ``new KIND`` adds: the sections it needs, the first being the one that gives the kind its name.
KINDS = {
    "incident": ("incident", "target", "attribution", "source"),
    "attribution": ("attribution", "source"),
    "response": ("response", "source"),
    "denial": ("denial", "source"),
    "target": ("target", "source"),
    "source": ("source",),
}
SECTIONS = {
    name: f"{name}s"
    for name in ("incident", "target", "attribution", "response", "denial", "actor", "statement", "state", "source")
}
#: Columns that are made, not asked.
MADE = {
    "incident_id",
    "target_id",
    "attribution_id",
    "response_id",
    "denial_id",
    "source_id",
    "coder",
    "preemptive",
    "accessed",
}
#: Values of (section, column) that hold unless another is given.
DEFAULTS = {
    ("incident", "kind"): "incident",
    ("incident", "reply_searched"): "not_searched",
    ("actor", "kind"): "group",
    ("denial", "language"): "en",
    ("source", "language"): "en",
    **{(section, "uncertain"): "0" for section in ("incident", "attribution", "response", "denial")},
}
#: Columns that are not asked one by one, because most rows leave them empty (a doubtful row's note is).
RARE = {"note", "key_words", "statement_id", "refers_to", "part_of"}


@dataclass(frozen=True)
class Question:
    """One column that a person fills in: section, column, meaning, codes, default, and whether it may stay empty."""

    section: str
    column: str
    about: str
    codes: dict
    default: str
    required: bool


def questions(section: str) -> list[Question]:
    """What to ask for one row of a section, in the order of its table.

    Strategies of a reply are asked as one list, ``strategies``; an incident's id
    is asked as its ``slug``; precisions follow from how a date is written.
    """
    table, out = SECTIONS[section], []
    precise = {schemas.meta(table, name).get("date") for name in schemas.columns(table)}
    if section == "incident":
        out.append(Question(section, "slug", "short name in lower case with hyphens, without the year", {}, "", True))
    for name, column in schemas.columns(table).items():
        if name in vocab.STRATEGY:
            if "strategies" not in {question.column for question in out}:
                about = "strategies that the reply uses, separated by commas; empty if none"
                out.append(Question(section, "strategies", about, vocab.STRATEGY, "", False))
        elif name not in MADE and name not in precise:
            codes = getattr(vocab, schemas.meta(table, name).get("vocab", ""), {})
            default = DEFAULTS.get((section, name), "")
            out.append(Question(section, name, column.description, codes, default, not column.nullable))
    return out


def fault(section: str, column: str, value: str) -> str | None:
    """What is wrong with one answer, and how to mend it; None if nothing is.

    References to other tables are not looked up here; :func:`analysis.entry.trial` does that.
    """
    if column == "slug":
        return None if re.fullmatch(schemas.SLUG, value) else f"{value!r} is not lower-case words joined by hyphens"
    if column == "strategies":
        wrong = [name for name in names(value) if name not in vocab.STRATEGY]
        return f"{wrong[0]!r} is not a strategy{near(wrong[0], vocab.STRATEGY)}" if wrong else None
    if value.startswith(csvtext.FORMULA):
        return f"{value[:30]!r} would run as a formula in a spreadsheet; start with another character"
    table = SECTIONS[section]
    frame = pd.DataFrame({name: [None] for name in schemas.columns(table)}, dtype=object)
    frame.loc[0, column] = csvtext.tidy(value)
    text = TextTable(table, Path(f"{table}.csv"), frame, lines=[1], header=list(frame.columns), text_lines=[""])
    found = [problem.message for problem in typed(text)[1] if problem.message.startswith(f"{column}: ")]
    return found[0].split(": ", 1)[1] if found else None


def near(word: str, known) -> str:
    """“; did you mean …?” with the nearest of the known words; empty if none is near."""
    found = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def names(value: str) -> list[str]:
    """The words of a list typed with commas or blanks."""
    return [part for part in re.split(r"[\s,]+", value) if part]


def ask(kind: str, read=input, say=print) -> dict:
    """Ask for the answers of ``new KIND``, one question at a time, each answer checked as it is given.

    Parameters
    ----------
    kind : str
        A key of :data:`KINDS`.
    read, say : callable
        Read a line after a prompt; print a line.
    """
    answers: dict[str, dict] = {}
    for section in KINDS[kind]:
        say(f"\n{section} (empty line: leave out, or take the value in brackets)")
        answers[section] = {}
        for question in questions(section):
            doubtful = question.column == "note" and answers[section].get("uncertain") == "1"
            if question.column in RARE and not doubtful:
                continue
            say(f"  {question.about}{'' if question.required else ' (may be empty)'}")
            for code, meaning in question.codes.items():
                say(f"    {code}: {meaning}")
            while True:
                value = (
                    read(f"  {question.column}{f' [{question.default}]' if question.default else ''}: ").strip()
                    or question.default
                )
                wrong = (
                    fault(section, question.column, value) if value else question.required and "this needs an answer"
                )
                if not wrong:
                    break
                say(f"  {wrong}")
            if value:
                answers[section][question.column] = value
    return answers
