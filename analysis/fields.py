"""The kinds of columns that the models of :mod:`analysis.schemas` are made of."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from analysis import vocab

Int = pd.Int64Dtype

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
INCIDENT = rf"[0-9]{{4}}-{SLUG}"
DATE = r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"
CODER = r"^(auto-[0-9]+|[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X])$"


def text(description, *, empty=False, match=None, unique=False, ref=None, longest=None):
    """Text: a pattern, a longest length, a reference to another table."""
    meta = {"ref": ref} if ref else None
    size = {"str_length": {"max_value": longest}} if longest else {}
    return pa.Field(description=description, nullable=empty, str_matches=match, unique=unique, metadata=meta, **size)


def code(description, name, *, empty=False):
    """A code of one of the vocabularies."""
    return pa.Field(description=description, nullable=empty, isin=list(getattr(vocab, name)), metadata={"vocab": name})


def flag(description):
    """0 or 1."""
    return pa.Field(description=description, isin=[0, 1], metadata={"vocab": "FLAG"})


def count(description, unit):
    """A count with its unit."""
    return pa.Field(description=description, nullable=True, ge=0, le=1_000_000, metadata={"unit": unit})


def date(description, precision=None, *, empty=False):
    """An ISO date of any precision; `precision` names the column that says how fine it is."""
    meta = {"date": precision} if precision else {"date": ""}
    return pa.Field(description=description, nullable=empty, str_matches=DATE, metadata=meta)


def precision(of, *, empty=False):
    """The column that says how fine a date is."""
    return code(f"how fine `{of}` is", "DATE_PRECISION", empty=empty)


def uncertain():
    """The mark of a doubtful row."""
    return flag("1 when sources disagree or the coding is doubtful; `note` says why")


def note():
    """Free remarks."""
    return text("anything a reader of the row must know, own words", empty=True, longest=600)


def coder():
    """Who coded the row."""
    return text("who coded the row: `auto-N` for machine coding, an ORCID for a person", match=CODER)


def key_words():
    """Ten quoted words at most."""
    return text("at most ten quoted words that carry the coding", empty=True, match=r"^\S+( \S+){0,9}$", longest=160)


class Table(pa.DataFrameModel):
    """Base of all tables: exact columns in exact order."""

    class Config:
        strict = True
        ordered = True
