"""The dyadic table: one row per accuser, accused state and incident, with what was done and what was answered.

It is the form in which data on relations between states are used: two sides
with their Correlates of War and Gleditsch-Ward numbers, a year, counts and
0/1 marks.  :data:`COLUMNS` defines every column once; the codebook, the value
labels of Stata and the metadata of Parquet are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis import vocab
from analysis.dataset import Dataset
from analysis.dates import earliest, latest
from analysis.selection import ACCUSING, members

KEY = ["incident_id", "accuser", "accused"]
VERBAL = vocab.RESPONSE_RUNG["verbal"]


@dataclass(frozen=True)
class Column:
    """One column of an export.

    Attributes
    ----------
    name : str
        At most 32 characters (Stata).
    kind : str
        ``text``, ``date`` (ISO text of any precision) or ``integer``.
    about : str
        What it holds; at most 80 characters (Stata).
    codes : str
        Vocabulary in :mod:`analysis.vocab`; empty if it has none.
    unit : str
        Unit of a number.
    """

    name: str
    kind: str
    about: str
    codes: str = ""
    unit: str = ""


def _text(name, about, codes=""):
    return Column(name, "text", about, codes)


def _count(name, about, unit):
    return Column(name, "integer", about, unit=unit)


def _flag(name, about):
    return Column(name, "integer", about, "FLAG")


def _side(side: str, who: str) -> list[Column]:
    return [
        _text(side, f"{who}: ISO 3166-1 alpha-3, or the code of a body"),
        _text(f"{side}_name", f"{who}: short English name"),
        _text(f"{side}_kind", f"{who}: state or body", "STATE_KIND"),
        Column(f"{side}_cow", "integer", f"{who}: Correlates of War number; empty for a body", unit="code"),
        Column(f"{side}_gw", "integer", f"{who}: Gleditsch-Ward number; empty for a body", unit="code"),
    ]


COLUMNS: tuple[Column, ...] = (
    _text("incident_id", "incident"),
    _text("incident_title", "short neutral title"),
    _text("incident_kind", "incident or campaign", "INCIDENT_KIND"),
    _text("operation_type", "main effect sought or reached", "OPERATION_TYPE"),
    *_side("accuser", "accuser"),
    *_side("accused", "accused"),
    *(_flag(f"accuser_{group.lower()}", f"accuser was in {group}, or is it, on first_date") for group in vocab.GROUP),
    _count("year", "year of first_date", "year"),
    Column("first_date", "date", "accuser's first text on the accused in this incident"),
    _text("first_precision", "how fine first_date is", "DATE_PRECISION"),
    _count("n_attributions", "rows of attributions: the accuser's texts on the accused", "texts"),
    _flag("accuses", "1 if any text accuses (own, joint, joined); 0 if all only support"),
    _flag("joint", "1 if any text is a joint one with authors of several states"),
    _count("n_accusers", "states and bodies that accuse this state in this incident", "states and bodies"),
    _text("stance", "firmest stance of the texts", "STANCE"),
    Column("state_link", "integer", "strongest tie to the state in an operative sentence", "STATE_LINK"),
    Column("strongest_link", "integer", "strongest tie to the state anywhere in the texts", "STATE_LINK"),
    _text("confidence", "highest confidence worded; none if no text words any", "CONFIDENCE"),
    _text("actors", "actors that the accuser named, separated by a vertical bar"),
    _count("n_responses", "accuser's acts over the incident against the accused or nobody", "acts"),
    *(_count(f"rung_{rung}", f"n_responses that are {rung}", "acts") for rung in vocab.RESPONSE_RUNG),
    *(_count(f"resp_{kind}", f"n_responses of the type {kind}", "acts") for kind in vocab.RESPONSE_TYPE),
    _count("n_persons", "persons hit, summed over these acts; empty if no act states it", "persons"),
    _count("n_entities", "entities listed, summed over these acts; empty if no act states it", "entities"),
    Column("first_response_date", "date", "first of these acts made public"),
    Column("first_deed_date", "date", "first of these acts that goes beyond words"),
    _text("reply_searched", "whether a reply was looked for", "REPLY_SEARCHED"),
    _flag("replied", "1 if n_replies > 0; empty if there is none and none was looked for"),
    _count("n_replies", "replies of the accused to this accuser, to several, or to nobody in particular", "replies"),
    _count("n_replies_any", "replies of the accused over the incident, to anybody", "replies"),
    Column("first_reply_date", "date", "first of n_replies"),
    _text("first_posture", "posture of the first of n_replies", "POSTURE"),
    _flag("denied", "1 if any of n_replies denies; empty where replied is empty"),
    *(_flag(name, f"1 if any of n_replies uses {name}; empty if there is no reply") for name in vocab.STRATEGY),
    _count("days_to_accusation", "from the start of the incident to first_date", "days"),
    _count("days_to_response", "from first_date to first_response_date", "days"),
    _count("days_to_deed", "from first_date to first_deed_date", "days"),
    _count("days_to_reply", "from first_date to first_reply_date", "days"),
    _flag("uncertain", "1 if the incident or any row counted here is marked uncertain"),
    _text("attribution_ids", "rows of attributions, separated by a vertical bar"),
    _text("response_ids", "rows of responses, separated by a vertical bar"),
    _text("denial_ids", "rows of denials, separated by a vertical bar"),
    _text("dataset_version", "version of the dataset"),
)


def dyads(data: Dataset) -> pd.DataFrame:
    """One row per accuser, accused state and incident.

    Parameters
    ----------
    data : Dataset

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`COLUMNS`, sorted by incident, accuser and accused; text with
        ``None`` where there is nothing, integers as ``Int64``.  Texts that accuse no state
        make no row.  An act against nobody in particular counts for every state that the
        actor accuses in the incident, and a reply to several or to nobody in particular for
        every accuser, so that sums over dyads count these more than once.  Delays are whole days, negative
        where the later act came first, and empty unless both dates are exact days.
    """
    texts = _vocabulary(data.attributions).rename(columns={"attributor": "accuser", "accused_state": "accused"})
    texts = texts.dropna(subset=["accused"])
    grouped = texts.groupby(KEY, sort=True)
    out = pd.DataFrame(
        {
            "n_attributions": grouped.size(),
            "accuses": grouped["stance"].agg(lambda values: int(values.isin(ACCUSING).any())),
            "joint": grouped["stance"].agg(lambda values: int(values.eq("joint").any())),
            "stance": grouped["stance"].min(),
            "state_link": grouped["state_link"].max(),
            "strongest_link": grouped["strongest_link"].max(),
            "confidence": grouped["confidence"].max(),
            "actors": grouped["actor_id"].agg(_listed),
            "attribution_ids": grouped["attribution_id"].agg(_listed),
            "doubts": grouped["uncertain"].max(),
        }
    )
    out = out.join(_first(texts, "date", {"date": "first_date", "date_precision": "first_precision"}))
    out = out.join(_responses(data, out.index)).join(_replies(data, out.index))
    out = out.reset_index()
    accusing = out[out["accuses"].eq(1)].groupby(["incident_id", "accused"]).size().rename("n_accusers")
    out = out.join(accusing, on=["incident_id", "accused"])
    _incidents(data, out)
    _sides(data, out)
    _delays(out)
    out["year"] = out["first_date"].str[:4].astype("Int64")
    out["dataset_version"] = data.version
    doubts = ["doubts", "incident_doubts", "response_doubts", "reply_doubts"]
    out["uncertain"] = out[doubts].fillna(0).max(axis=1)
    for column in COLUMNS:
        if column.kind == "integer":
            zero = column.name.startswith(("n_", "rung_", "resp_")) and column.name not in ("n_persons", "n_entities")
            out[column.name] = (out[column.name].fillna(0) if zero else out[column.name]).astype("Int64")
        else:
            values = out[column.name].astype(object)
            out[column.name] = values.where(values.notna(), None)
    return out[[column.name for column in COLUMNS]]


def left_out(data: Dataset) -> dict[str, int]:
    """How many rows of the tables no dyad counts, by table.

    ``attributions`` that accuse no state; ``responses`` and ``denials`` that match no
    accusation: the actor accused nobody, say, or the reply answers a state that has none.
    """
    table = dyads(data)
    counted = {
        "attributions": ("attribution_ids", data.attributions["attribution_id"]),
        "responses": ("response_ids", data.responses["response_id"]),
        "denials": ("denial_ids", data.denials["denial_id"]),
    }
    return {
        name: int((~ids.isin(table[column].dropna().str.split("|").explode())).sum())
        for name, (column, ids) in counted.items()
    }


def _vocabulary(rows: pd.DataFrame) -> pd.DataFrame:
    """Stances and confidence as ordered categories, so that the least and greatest of a group mean something."""
    scales = {"stance": vocab.STANCE, "confidence": vocab.CONFIDENCE}
    return rows.assign(
        **{name: pd.Categorical(rows[name], list(codes), ordered=True) for name, codes in scales.items()}
    )


def _listed(values: pd.Series) -> str | None:
    return "|".join(dict.fromkeys(values.dropna())) or None


def _first(rows: pd.DataFrame, date: str, columns: dict[str, str]) -> pd.DataFrame:
    """The named columns, under new names, of each dyad's earliest row; of two, the one dated more finely."""
    ordered = rows.assign(_day=earliest(rows[date]), _last=latest(rows[date]))
    ordered = ordered.sort_values(["_day", "_last"], kind="stable").drop_duplicates(KEY)
    return ordered.set_index(KEY)[list(columns)].rename(columns=columns)


def _responses(data: Dataset, pairs: pd.MultiIndex) -> pd.DataFrame:
    """What the accuser did over the incident against the accused, or against nobody in particular."""
    acts = pairs.to_frame(index=False).merge(
        data.responses.rename(columns={"responder": "accuser"}), on=["incident_id", "accuser"]
    )
    acts = acts[acts["against"].isna() | acts["against"].eq(acts["accused"])]
    grouped = acts.groupby(KEY)
    out = pd.DataFrame(
        {
            "n_responses": grouped.size(),
            "n_persons": grouped["n_persons"].sum(min_count=1),
            "n_entities": grouped["n_entities"].sum(min_count=1),
            "response_ids": grouped["response_id"].agg(_listed),
            "response_doubts": grouped["uncertain"].max(),
        }
    ).reindex(pairs)
    for rung, kinds in vocab.RESPONSE_RUNG.items():
        out[f"rung_{rung}"] = acts[acts["type"].isin(kinds)].groupby(KEY).size()
    for kind in vocab.RESPONSE_TYPE:
        out[f"resp_{kind}"] = acts[acts["type"].eq(kind)].groupby(KEY).size()
    names = {"date_announced": "first_response_date", "announced_precision": "response_precision"}
    deeds = {"date_announced": "first_deed_date", "announced_precision": "deed_precision"}
    out = out.join(_first(acts, "date_announced", names))
    return out.join(_first(acts[~acts["type"].isin(VERBAL)], "date_announced", deeds))


def _replies(data: Dataset, pairs: pd.MultiIndex) -> pd.DataFrame:
    """What the accused answered to the accuser, or to several or nobody in particular (`addressed_to` is empty then)."""
    said = data.denials.rename(columns={"accused_state": "accused"})
    over = pairs.to_frame(index=False).merge(said, on=["incident_id", "accused"])
    ours = over[over["addressed_to"].isna() | over["addressed_to"].eq(over["accuser"])]
    grouped = ours.groupby(KEY)
    out = pd.DataFrame(
        {
            "n_replies": grouped.size(),
            "denied": grouped["posture"].agg(lambda values: int(values.eq("denies").any())),
            "denial_ids": grouped["denial_id"].agg(_listed),
            "reply_doubts": grouped["uncertain"].max(),
            **{name: grouped[name].max() for name in vocab.STRATEGY},
        }
    ).reindex(pairs)
    out["n_replies_any"] = over.groupby(KEY).size()
    names = {"date": "first_reply_date", "date_precision": "reply_precision", "posture": "first_posture"}
    return out.join(_first(ours, "date", names))


def _incidents(data: Dataset, out: pd.DataFrame) -> None:
    """Add what is said of the incident, and whether a missing reply means that there was none."""
    rows = data.incidents.set_index("incident_id")
    names = {"incident_title": "title", "incident_kind": "kind", "operation_type": "operation_type"}
    names |= {"start_date": "start_date", "start_precision": "start_precision"}
    names |= {"reply_searched": "reply_searched", "incident_doubts": "uncertain"}
    for name, column in names.items():
        out[name] = out["incident_id"].map(rows[column])
    found = out["n_replies"].notna()
    known = found | out["reply_searched"].ne("not_searched")
    out["replied"] = found.astype("Int64").where(known)
    out["denied"] = out["denied"].astype("Int64").fillna(0).where(known)


def _sides(data: Dataset, out: pd.DataFrame) -> None:
    """Add names and numbers of both sides, and the accuser's groups."""
    states = data.states.set_index("code")
    for side in ("accuser", "accused"):
        for suffix, column in {"name": "name", "kind": "kind", "cow": "cow_code", "gw": "gw_code"}.items():
            out[f"{side}_{suffix}"] = out[side].map(states[column])
    for group in vocab.GROUP:
        out[f"accuser_{group.lower()}"] = members(data, out["accuser"], out["first_date"], group).astype("Int64")


def _delays(out: pd.DataFrame) -> None:
    """Add delays in days between dates that are exact."""

    def day(date: str, precision: str) -> pd.Series:
        return earliest(out[date].where(out[precision].eq("day")).astype(object))

    first = day("first_date", "first_precision")
    spans = {
        "days_to_accusation": (day("start_date", "start_precision"), first),
        "days_to_response": (first, day("first_response_date", "response_precision")),
        "days_to_deed": (first, day("first_deed_date", "deed_precision")),
        "days_to_reply": (first, day("first_reply_date", "reply_precision")),
    }
    for name, (since, until) in spans.items():
        out[name] = (until - since).dt.days.astype("Int64")
