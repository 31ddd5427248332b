"""How far two codings of the same incidents, replies and dates agree."""

from __future__ import annotations

import re
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd

from analysis import paths, schemas, vocab
from analysis.dates import earliest

#: Columns that must be equal, the date and days that dates may lie apart, for two rows to be the same act; and who acted.
#: Targets have no date; a word of their names must be the same.
ALIGNMENT = {
    "targets": (("incident_id", "state"), None, 0, "name"),
    "attributions": (("incident_id", "attributor", "accused_state"), "date", 7, "body"),
    "responses": (("incident_id", "responder", "type"), "date_announced", 7, "body"),
    "denials": (("incident_id", "accused_state", "office"), "date", 2, "speaker"),
}
#: Coders of the first coding; all others coded a sample a second time, blind.
FIRST = ("auto-1",)
#: Variables compared.  Not among them: free text and links between rows.  A variable that :data:`ALIGNMENT` asks to be equal
#: is compared over rows that pair without it.
VARIABLES = {
    "incidents": (
        "kind operation_type start_date start_precision end_date end_precision first_public_date first_public_precision"
    ).split(),
    "targets": ["state", "category"],
    "attributions": (
        "accused_state state_link strongest_link confidence stance body_type form actor_id date date_precision"
    ).split(),
    "responses": "type against body_type n_persons n_entities date_announced announced_precision date_executed".split(),
    "denials": [
        *"addressed_to office date date_precision preemptive posture channel language".split(),
        *vocab.STRATEGY,
    ],
}
#: What the second coder codes, by the ``unit`` that a round gives it: whole incidents (of which the codings kept no
#: dates), the wording of single replies, or the dates of single acts and incidents.  Half of those acts are drawn because no
#: plain day is coded, so that agreement on the day itself is measured over whole incidents only.
ASKED = {
    "incident": {**VARIABLES, "incidents": ["kind", "operation_type"]},
    "reply": {"denials": ["posture", "channel", *vocab.STRATEGY]},
    "date": {
        "incidents": VARIABLES["incidents"][2:],
        "attributions": ["date_precision"],
        "responses": ["announced_precision", "date_executed"],
        "denials": ["date_precision"],
    },
}
#: Variables whose codes have an order; the others, days of acts and counts too, agree or do not.  Dates of incidents are
#: estimates, so that a month's difference is less than a year's; they are compared where both coders give one.
ORDINAL = ("state_link", "strongest_link", "start_date", "end_date", "first_public_date")
#: First round that was coded under a variable's present rule, where that is not the first of all.  Replies
#: count in the rounds of single replies only, if there are any: in those of incidents there are few.
RULE_SINCE = {
    **dict.fromkeys(["state_link", "confidence", "body_type", "form"], 2),
    "strongest_link": 3,
    **dict.fromkeys(["posture", "flat_denial", "sanctions_objection", "non_interference"], 5),
    **dict.fromkeys(["identity_denial", "alternative_account"], 5),
    **dict.fromkeys(["date_precision", "announced_precision"], 7),
    "date_executed": 6,
    **dict.fromkeys(["start_precision", "end_precision", "first_public_precision"], 8),
}
#: Columns of the samples.
SAMPLE = ["incident_id", "round", "unit", *VARIABLES["incidents"], "coder", "urls"]


def codings(dataset: Path | None = None) -> dict[str, pd.DataFrame]:
    """Both codings of the samples kept in ``reliability/``, by table; empty frames where there are none.

    Returns
    -------
    dict of pandas.DataFrame
        ``incidents`` (the samples: ``incident_id``, ``round``, ``unit``, ``coder`` and the variables
        of incidents, empty where the unit of the round does not ask for them) and the tables of :data:`ALIGNMENT` with
        the columns of their models plus ``urls`` and ``round``.  Rows of the first coding, as
        it was when the two were compared, have a ``coder`` of :data:`FIRST`.  The ``unit`` of
        a round is a key of :data:`ASKED`; only what it asks for was coded a second time.
    """
    folder = Path(dataset or paths.DATASET) / "reliability"
    frames = {}
    for name in ("incidents", *ALIGNMENT):
        file = folder / f"{name}.csv"
        wanted = SAMPLE if name == "incidents" else [*schemas.columns(name), "urls", "round"]
        frame = pd.read_csv(file, dtype=object) if file.is_file() else pd.DataFrame(columns=wanted, dtype=object)
        for column in {*(schemas.integers(name) if name != "incidents" else ()), "round"} & set(frame):
            frame[column] = pd.to_numeric(frame[column]).astype("Int64")
        frames[name] = frame
    return frames


def align(table: str, first: pd.DataFrame, second: pd.DataFrame, without: str | None = None) -> pd.DataFrame:
    """Pair the rows of two codings that describe the same act.

    Rows pair when the columns of :data:`ALIGNMENT` are equal and their dates lie no further
    apart than it allows; targets, which have no date, when their names share a word.  Where
    several could pair, those go first whose body, speaker or target is named most alike, then
    those of the nearest dates; each row pairs at most once.

    Parameters
    ----------
    table : str
    first, second : pandas.DataFrame
    without : str, optional
        Column that need not be equal, because it is the one to be compared.

    Returns
    -------
    pandas.DataFrame
        Columns ``first`` and ``second``: row labels in the two frames.
    """
    columns, date, within, who = ALIGNMENT[table]
    columns = [column for column in columns if column != without]
    sides = []
    for label, frame in (("first", first), ("second", second)):
        day = earliest(frame[date]) if date else pd.Timestamp(0)
        side = frame[columns].fillna("").assign(day=day, who=_words(frame, who))
        sides.append(side.rename_axis(label).reset_index())
    pairs = sides[0].merge(sides[1], on=columns, suffixes=("", "_2"))
    pairs["apart"] = (pairs["day"] - pairs["day_2"]).dt.days.abs()
    pairs = pairs[pairs["apart"] <= within]
    named = zip(pairs["who"], pairs["who_2"], strict=True)
    pairs["unlike"] = [1 - len(one & other) / len(one | other) if one | other else 0.0 for one, other in named]
    if not date:
        pairs = pairs[pairs["unlike"] < 1]
    pairs = pairs.sort_values(["unlike", "apart", "first", "second"], kind="stable")
    used_first, used_second, kept = set(), set(), []
    for row in pairs.itertuples():
        if row.first not in used_first and row.second not in used_second:
            used_first.add(row.first)
            used_second.add(row.second)
            kept.append((row.first, row.second))
    return pd.DataFrame(kept, columns=["first", "second"])


def _words(frame: pd.DataFrame, column: str) -> list[frozenset[str]]:
    """The words of a name, without those that every ministry has."""
    names = frame[column].fillna("") if column in frame else [""] * len(frame)
    return [frozenset(re.findall(r"\w+", name.lower())) - {"of", "the", "for", "and"} for name in names]


def alpha(first: pd.Series, second: pd.Series, level: str, codes: list, draws: int = 499, seed: int = 20240325) -> dict:
    """Krippendorff's alpha of two codings of one variable, with a 95% bootstrap interval over rows.

    Returns
    -------
    dict
        ``n`` (pairs), ``agreement`` (share equal), ``alpha``, ``low``, ``high``; alpha is
        NaN where both codings hold one and the same value throughout.
    """
    place = {code: number for number, code in enumerate(codes)}
    pair = np.array([first.map(place), second.map(place)], dtype=int)
    n = pair.shape[1]
    out = {"n": n, "agreement": float((pair[0] == pair[1]).mean()) if n else np.nan}
    point = np.nan
    if len(np.unique(pair)) > 1:
        point = float(krippendorff.alpha(reliability_data=pair, level_of_measurement=level))
    chance = np.random.default_rng(seed)
    picks = chance.integers(0, n, (draws, n)) if n else np.empty((0, 0), int)
    drawn = _alphas(pair, picks, level, len(codes))
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if drawn.size else (np.nan, np.nan)
    return {**out, "alpha": point, "low": float(low), "high": float(high)}


def _alphas(pair: np.ndarray, picks: np.ndarray, level: str, k: int) -> np.ndarray:
    """Alpha of each drawn sample of pairs (rows of `picks`), for all at once: thousands of samples are drawn.

    The same as `krippendorff.alpha` for two complete codings; NaN where a sample holds one value only.
    """
    drawn = pair[:, picks]
    cells = drawn + k * np.arange(len(picks))[:, None]
    totals = np.bincount(cells.ravel(), minlength=len(picks) * k).reshape(-1, k)
    values = 2 * pair.shape[1]
    if level == "ordinal":
        # Values lie as far apart as cases lie between them, half of those at either end.
        place = totals.cumsum(axis=1) - totals / 2
        sides = [np.take_along_axis(place, side, axis=1) for side in drawn]
        observed = ((sides[0] - sides[1]) ** 2).sum(axis=1)
        expected = (values * (totals * place**2).sum(axis=1) - (totals * place).sum(axis=1) ** 2) / (values - 1)
    else:
        observed = (drawn[0] != drawn[1]).sum(axis=1)
        expected = (values**2 - (totals**2).sum(axis=1)) / 2 / (values - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def reliability(both: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Agreement per variable and recall per table, for each round of incidents coded twice.

    Parameters
    ----------
    both : dict of pandas.DataFrame
        As :func:`codings` gives them.

    Returns
    -------
    agreement : pandas.DataFrame
        ``round``, ``table``, ``variable``, ``level``, ``n``, ``agreement``, ``alpha``, ``low``, ``high``.
    recall : pandas.DataFrame
        Of the rounds whose unit is the incident: ``round``, ``table``, ``first`` and ``second``
        (rows in each coding), ``matched``, ``recall_of_first`` (share of the second coding's
        rows that the first has) and ``recall_of_second``.
    """
    scores, found = [], []
    for number, unit in _units(both).items():
        for table, variables in ASKED[unit].items():
            left, right, first, second = _paired(both[table], table, number, unit)
            if not first + second:
                continue  # older rounds have no targets
            if unit == "incident" and table != "incidents":
                found.append(
                    {
                        "round": number,
                        "table": table,
                        "first": first,
                        "second": second,
                        "matched": len(left),
                        "recall_of_first": len(left) / second if second else np.nan,
                        "recall_of_second": len(left) / first if first else np.nan,
                    }
                )
            for variable in variables:
                score = _score(table, variable, [_paired(both[table], table, number, unit, variable)])
                scores.append({"round": number, "table": table, **score})
    return pd.DataFrame(scores), pd.DataFrame(found)


def coded_twice(both: dict[str, pd.DataFrame], scores: pd.DataFrame) -> pd.DataFrame:
    """How many rows two coders coded, by what a round asked of them.

    Parameters
    ----------
    both : dict of pandas.DataFrame
        As :func:`codings` gives them.
    scores : pandas.DataFrame
        Agreement as :func:`reliability` gives it for them.

    Returns
    -------
    pandas.DataFrame
        Rows compared; index the units of :data:`ASKED`, columns its tables.
    """
    rows = scores.groupby(["round", "table"])["n"].max().unstack(fill_value=0).groupby(_units(both)).sum()
    return rows.reindex(index=list(ASKED), columns=list(VARIABLES), fill_value=0)


def dated(both: dict[str, pd.DataFrame]) -> tuple[str, ...]:
    """Keys of the incidents and acts whose dates were coded twice on their own."""
    units, keys = _units(both), set()
    for table in ASKED["date"]:
        rows = both[table][both[table]["round"].map(units) == "date"]
        if table == "incidents":  # the others were drawn for an act
            rows = rows[rows["first_public_date"].notna()]
        keys |= set(rows[schemas.KEYS[table][0]])
    return tuple(sorted(keys))


def _units(both: dict[str, pd.DataFrame]) -> pd.Series:
    """What each round asked for, a key of :data:`ASKED`; index the rounds."""
    return both["incidents"].groupby("round")["unit"].first()


def _paired(
    rows: pd.DataFrame, table: str, number: int, unit: str, variable: str | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, int, int]:
    """The rows of one round that describe the same act, as each coding has them; and how many rows each has.

    Rows pair without regard to the `variable` that is to be compared.
    """
    rows = rows[rows["round"] == number]
    if table == "incidents":  # some were drawn for a reply or an act only; old releases have no codes of incidents
        rows = rows.dropna(subset="first_public_date" if unit == "date" else ["kind", "operation_type"])
    first, second = rows[rows["coder"].isin(FIRST)], rows[~rows["coder"].isin(FIRST)]
    if unit != "incident" or table == "incidents":  # the second coder was told which row it codes
        key = schemas.KEYS[table][0]
        same = first.reset_index().merge(second.reset_index(), on=key)[["index_x", "index_y"]]
        pairs = same.set_axis(["first", "second"], axis=1)
    else:
        pairs = align(table, first, second, variable)
    sides = (side.loc[pairs[name]].reset_index(drop=True) for name, side in (("first", first), ("second", second)))
    return *sides, len(first), len(second)


def _score(table: str, variable: str, pairs: list[tuple]) -> dict:
    """The variable, its level, and its alpha over the paired rows of one or more rounds."""
    left, right = (pd.concat([pair[side][variable] for pair in pairs]).astype(object) for side in (0, 1))
    if variable in ORDINAL:
        both = left.notna() & right.notna()
        left, right = left[both], right[both]
    # Else an empty cell is a code like others: it says that the sources state nothing.
    left, right = (side.where(side.notna(), "") for side in (left, right))
    known = schemas.meta(table, variable).get("vocab")
    codes = [*getattr(vocab, known), ""] if known else sorted({*left, *right}, key=str)
    level = "ordinal" if variable in ORDINAL else "nominal"
    return {"variable": variable, "level": level, **alpha(left, right, level, codes)}


def standing(both: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Agreement per variable as it stands: over the rounds coded under its present rule (:data:`RULE_SINCE`).

    Parameters
    ----------
    both : dict of pandas.DataFrame
        As :func:`codings` gives them.

    Returns
    -------
    pandas.DataFrame
        ``table``, ``variable``, ``level``, ``n``, ``agreement``, ``alpha``, ``low``, ``high``.
        Where no round is as new as a variable's rule (an old release), its last one counts.
    """
    units, scores = _units(both), []
    for table, variables in VARIABLES.items():
        for variable in variables:
            asking = {number: unit for number, unit in units.items() if variable in ASKED[unit].get(table, ())}
            if "reply" in asking.values():
                asking = {number: unit for number, unit in asking.items() if unit == "reply"}
            pairs = {number: _paired(both[table], table, number, unit, variable) for number, unit in asking.items()}
            pairs = {number: pair for number, pair in pairs.items() if pair[2] + pair[3]}
            if pairs:
                chosen = [number for number in pairs if number >= RULE_SINCE.get(variable, 1)] or [max(pairs)]
                scores.append({"table": table, **_score(table, variable, [pairs[number] for number in chosen])})
    return pd.DataFrame(scores, columns=["table", "variable", "level", "n", "agreement", "alpha", "low", "high"])


def by_round(stand: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """What :func:`standing` gives, with the alpha of each round of :func:`reliability` beside it.

    Returns
    -------
    pandas.DataFrame
        ``table``, ``variable``, ``n``, ``equal`` (share of pairs), ``alpha``, ``low``, ``high`` and ``r1`` …
    """
    rounds = scores.pivot(index=["table", "variable"], columns="round", values="alpha").add_prefix("r")
    stand = stand.drop(columns="level").rename(columns={"agreement": "equal"})
    return stand.merge(rounds, on=["table", "variable"], how="left")


def dependable(both: dict[str, pd.DataFrame], table: str, names: list[str], threshold: float = 0.8) -> list[str]:
    """Those of the variables whose alpha, as it stands, reaches the threshold.

    A variable without variation, or never coded twice, has no alpha and is not among them.
    """
    found = standing(both).query("table == @table and alpha >= @threshold")["variable"]
    return [name for name in names if name in set(found)]
