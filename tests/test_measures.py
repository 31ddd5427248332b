"""Counts, shares, trends, waiting times and agreement, against values worked out by hand."""

from collections import Counter
from dataclasses import replace
from itertools import product

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import agreement, audits, durations, measures, samples, schemas, specification, vocab
from analysis.cli import main
from analysis.dataset import load
from analysis.dates import earliest, latest
from analysis.errors import ParameterError
from analysis.rules import ACTS
from analysis.selection import Selection, select

DATA = load()
#: Rows of some incidents: Krippendorff's alpha of thousands of rows with hundreds of days needs gigabytes.
SOME = {
    table: getattr(DATA, table)[getattr(DATA, table)["incident_id"].isin(DATA.incidents["incident_id"].iloc[::6])]
    for table in agreement.VARIABLES
}
PART = select(DATA, Selection())


def made(rows: list[dict]):
    """The dataset with only the given attributions, other columns filled from a real row."""
    base = DATA.attributions.iloc[0].to_dict()
    frame = pd.DataFrame(
        [{**base, "attribution_id": f"{row['incident_id']}.a{n:02d}", **row} for n, row in enumerate(rows)]
    )
    return replace(DATA, attributions=frame)


def test_an_accuser_counts_once_per_incident_however_many_texts_it_publishes():
    data = made(
        [
            {"incident_id": "2017-wannacry", "attributor": "GBR", "accused_state": "PRK", "date": day}
            for day in ("2017-10-27", "2017-12-19")
        ]
    )
    rows = measures.accusations(data)
    assert rows["date"].tolist() == ["2017-10-27"]


def test_a_vague_date_counts_by_its_last_day():
    data = made(
        [
            {"incident_id": "2017-wannacry", "attributor": "GBR", "accused_state": "PRK", "date": day}
            for day in ("2017", "2017-12-19")
        ]
    )
    assert measures.accusations(data)["date"].tolist() == ["2017-12-19"]


def test_the_grid_holds_every_accusation_even_when_it_shows_few_attributors():
    rows = measures.accusations(PART)
    assert measures.matrix(rows, 3).to_numpy().sum() == measures.matrix(rows, 99).to_numpy().sum() == len(rows)
    assert len(measures.matrix(rows, 3)) == 4


def test_years_without_accusations_are_shown_as_zero():
    rows = measures.accusations(PART)
    years = measures.by_year(rows, ["CHN", "RUS"])
    assert years.index.tolist() == list(range(years.index[0], years.index[-1] + 1))
    assert years.to_numpy().sum() == len(rows)


def test_the_interval_of_a_share_is_wilsons():
    share, low, high = measures.interval(8, 10)
    assert share == 0.8
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)


def test_the_interval_of_no_cases_is_undefined():
    assert np.isnan(measures.interval(0, 0)).all()


def test_a_coalition_counts_states_bodies_and_members_of_groups():
    names = [
        ("GBR", "2021-07-19"),
        ("USA", "2021-07-19"),
        ("EU", "2021-07-19"),
        ("GBR", "2021-07-20"),
        ("JPN", "2021-07-19"),
    ]
    data = made(
        [
            {"incident_id": "2021-microsoft-exchange", "attributor": who, "accused_state": "CHN", "date": day}
            for who, day in names
        ]
    )
    row = measures.coalitions(data).iloc[0]
    assert (row["states"], row["bodies"], row["size"], row["FVEY"], row["EU"], row["NATO"], row["G7"]) == (
        3,
        1,
        4,
        2,
        0,
        2,
        3,
    )


def test_the_trend_of_a_rising_series_is_one_and_of_a_constant_one_undefined():
    assert measures.trend(pd.Series(range(9)), pd.Series(range(9)))["tau"] == pytest.approx(1)
    assert np.isnan(measures.trend(pd.Series(range(9)), pd.Series([1] * 9))["tau"])


def test_the_trend_is_the_same_every_time():
    x, y = pd.Series(range(30)), pd.Series([n % 7 for n in range(30)])
    assert measures.trend(x, y) == measures.trend(x, y)


def test_every_response_type_stands_on_one_rung():
    assert sorted(kind for kinds in vocab.RESPONSE_RUNG.values() for kind in kinds) == sorted(vocab.RESPONSE_TYPE)


def test_a_response_aimed_at_another_state_reaches_no_rung():
    reached = measures.rungs(PART)
    pairs = PART.attributions.dropna(subset=["accused_state"])[["incident_id", "accused_state"]].drop_duplicates()
    assert len(reached) == len(pairs)
    aimed = set(zip(PART.responses["incident_id"], PART.responses["against"], strict=True))
    bare = PART.responses.loc[PART.responses["against"].isna(), "incident_id"].unique()
    for (incident, state), hit in reached["any"].items():
        assert hit == ((incident, state) in aimed or incident in bare)


def test_a_reply_to_several_incidents_counts_once():
    replies = measures.distinct_replies(DATA)
    tied = DATA.denials["statement_id"].dropna()
    assert len(replies) == len(DATA.denials) - len(tied) + tied.nunique()


def test_an_incident_without_a_search_does_not_count_as_unanswered():
    pairs = measures.answered(PART)
    outcome = DATA.incidents.set_index("incident_id")["reply_searched"]
    unsearched = pairs[pairs["incident_id"].map(outcome).eq("not_searched")]
    assert not unsearched["searched"].any()
    assert (pairs["replied"] | ~pairs["denied"]).all()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-03-25", "2024-03-25", "2024-03-25"),
    ],
)
def test_a_date_stands_for_all_days_it_can_mean(text, first, last):
    series = pd.Series([text], dtype=object)
    assert (earliest(series)[0], latest(series)[0]) == (pd.Timestamp(first), pd.Timestamp(last))


def test_empty_and_impossible_dates_have_no_bounds():
    series = pd.Series([None, "2024-02-30", "x"], dtype=object)
    assert earliest(series).isna().all() and latest(series).isna().all()


@settings(max_examples=50, deadline=None)
@given(
    st.dates(min_value=pd.Timestamp("1990-01-01").date(), max_value=pd.Timestamp("2030-12-31").date()),
    st.sampled_from([4, 7, 10]),
)
def test_no_date_ends_before_it_begins(day, size):
    series = pd.Series([day.isoformat()[:size]], dtype=object)
    assert earliest(series)[0] <= pd.Timestamp(day) <= latest(series)[0]


def test_a_wait_that_has_not_ended_is_censored_at_the_cutoff():
    spells = durations.spells(PART, "2026-01-01")
    open_ended = spells[(spells["stage"] == "accusation to reply") & ~spells["observed"]]
    days = durations.first_days(PART)
    for row in open_ended.itertuples():
        accused = days.loc[(row.incident_id, row.accused_state)]
        assert row.days == (pd.Timestamp("2026-01-01") - accused["accusation"]).days
    assert len(open_ended) > 0


def test_an_earlier_cutoff_sees_no_later_act():
    spells = durations.spells(PART, "2018-01-01")
    days = durations.first_days(PART)
    late = days[days["accusation"] > pd.Timestamp("2018-01-01")].index
    assert not set(zip(spells["incident_id"], spells["accused_state"], strict=True)) & set(
        pair
        for pair in late
        if pd.isna(days.loc[pair, "start"]) or days.loc[pair, "start"] > pd.Timestamp("2018-01-01")
    )


def test_half_of_four_observed_waits_is_over_at_the_second():
    frame = pd.DataFrame({"g": "a", "days": [1.0, 2.0, 3.0, 4.0], "observed": True})
    _, summary = durations.curves(frame, "g", ["a"])
    assert summary.loc[0, "median"] == 2 and summary.loc[0, "within_7"] == 1


def test_a_median_that_was_never_reached_is_missing():
    frame = pd.DataFrame({"g": "a", "days": [1.0, 9.0, 9.0, 9.0], "observed": [True, False, False, False]})
    _, summary = durations.curves(frame, "g", ["a"])
    assert np.isnan(summary.loc[0, "median"])


def test_a_group_without_cases_is_counted_as_none():
    frame = pd.DataFrame({"g": "a", "days": [1.0], "observed": [True]})
    curve, summary = durations.curves(frame, "g", ["b", "a"])
    assert summary["n"].tolist() == [0, 1] and np.isnan(summary.loc[0, "median"]) and set(curve["g"]) == {"a"}


def test_dropping_vague_dates_keeps_only_exact_days():
    resolved = durations.resolve(pd.Series(["2024", "2024-03-25"], dtype=object), "drop")
    assert resolved.isna().tolist() == [True, False]


def test_an_unknown_treatment_of_vague_dates_is_an_error():
    with pytest.raises(ParameterError, match="middle, earliest, latest, drop"):
        durations.resolve(pd.Series(["2024"], dtype=object), "guess")


def test_windows_around_sanctions_are_whole():
    frame = durations.around_sanctions(PART, "2026-01-01", 365)
    assert (frame["day"] <= pd.Timestamp("2025-01-01")).all() and len(frame) > 0


def test_alpha_of_equal_codings_is_one_and_of_crossed_ones_below_zero():
    one = pd.Series(["a", "b", "a", "b"])
    assert agreement.alpha(one, one, "nominal", ["a", "b"])["alpha"] == 1
    assert agreement.alpha(one, one.map({"a": "b", "b": "a"}), "nominal", ["a", "b"])["alpha"] < 0


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@given(k=st.integers(2, 6), n=st.integers(2, 25), seed=st.integers(0, 10_000))
def test_bootstrapped_alphas_are_the_librarys(level, k, n, seed):
    chance = np.random.default_rng(seed)
    pair, picks = chance.integers(0, k, (2, n)), chance.integers(0, n, (5, n))
    found = agreement._alphas(pair, picks, level, k)
    for alpha, pick in zip(found, picks, strict=True):
        drawn = pair[:, pick].astype(float)
        if len(np.unique(drawn)) < 2:
            assert np.isnan(alpha)
        else:
            assert alpha == pytest.approx(
                krippendorff.alpha(reliability_data=drawn, level_of_measurement=level), abs=1e-9
            )


def test_alpha_without_variation_is_undefined_and_agreement_full():
    one = pd.Series(["a", "a"])
    found = agreement.alpha(one, one, "nominal", ["a", "b"])
    assert np.isnan(found["alpha"]) and found["agreement"] == 1


def test_alignment_prefers_the_same_body_to_the_nearest_date():
    row = {"incident_id": "2020-x", "attributor": "GBR", "accused_state": "RUS"}
    first = pd.DataFrame(
        [{**row, "body": b, "date": "2020-01-01"} for b in ("Foreign Office", "National Cyber Centre")]
    )
    second = pd.DataFrame(
        [
            {**row, "body": "National Cyber Centre (NCSC)", "date": "2020-01-02"},
            {**row, "body": "Foreign Office", "date": "2020-01-03"},
        ]
    )
    pairs = agreement.align("attributions", first, second)
    assert set(map(tuple, pairs.to_numpy().tolist())) == {(0, 1), (1, 0)}


def test_alignment_pairs_nearest_dates_and_each_row_once():
    rows = [
        {"incident_id": "2020-x", "attributor": "GBR", "accused_state": "RUS", "date": day}
        for day in ("2020-01-01", "2020-01-05")
    ]
    first, second = pd.DataFrame(rows), pd.DataFrame(rows[1:] + [{**rows[0], "date": "2020-03-01"}])
    assert agreement.align("attributions", first, second).to_numpy().tolist() == [[1, 0]]


def test_targets_pair_by_a_word_of_their_names_and_never_without_one():
    first = pd.DataFrame([{"incident_id": "2020-x", "state": "DEU", "name": name} for name in ("Bundestag", "Siemens")])
    second = pd.DataFrame(
        [{"incident_id": "2020-x", "state": "DEU", "name": name} for name in ("The Bundestag", "SAP")]
    )
    assert agreement.align("targets", first, second).to_numpy().tolist() == [[0, 0]]


def test_what_is_compared_does_not_decide_which_rows_pair():
    """Two acts of one body that the coders call by another type pair all the same, and lower the agreement on the type."""
    both = twice()
    second = (both["responses"]["coder"] == "auto-2") & (both["responses"]["type"] == "summons")
    both["responses"].loc[second, "type"] = "demarche"
    scores, recall = agreement.reliability(both)
    scores, recall = scores.set_index(["table", "variable"]), recall.set_index("table")
    found = scores.loc[("responses", "type")]
    assert found["n"] == len(SOME["responses"]) and found["agreement"] < 1 and found["alpha"] < 1
    assert recall.loc["responses", "matched"] == len(SOME["responses"]) - second.sum()
    assert scores.loc[("responses", "body_type"), "n"] == recall.loc["responses", "matched"]


def test_a_round_that_was_released_without_codes_of_incidents_or_targets_is_compared_on_the_rest():
    both = twice()
    both["incidents"] = both["incidents"].assign(kind=None, operation_type=None)
    both["targets"] = both["targets"].iloc[:0]
    scores, recall = agreement.reliability(both)
    assert not {"incidents", "targets"} & {*scores["table"], *recall["table"]} and "attributions" in set(
        scores["table"]
    )


def test_alignment_matches_rows_that_name_no_state():
    row = pd.DataFrame([{"incident_id": "2020-x", "attributor": "FIN", "accused_state": None, "date": "2020-01-01"}])
    assert len(agreement.align("attributions", row, row)) == 1


def twice(change=lambda frame: frame) -> dict[str, pd.DataFrame]:
    """Both codings of some incidents in one round, the second one a changed copy of the first."""
    out = {}
    for table in agreement.VARIABLES:
        first = SOME[table].assign(round=1, coder="auto-1")
        out[table] = pd.concat([first, change(first).assign(coder="auto-2")], ignore_index=True)
    out["incidents"]["unit"] = "incident"
    return out


def test_a_coding_compared_with_itself_agrees_fully_and_misses_nothing():
    scores, recall = agreement.reliability(twice())
    assert (recall["recall_of_first"] == 1).all() and (scores["agreement"] == 1).all()


def test_rounds_are_compared_one_by_one_and_rows_that_one_coder_lacks_lower_recall():
    both = twice(lambda frame: frame.iloc[::2])
    both = {table: pd.concat([frame, frame.assign(round=2)], ignore_index=True) for table, frame in both.items()}
    scores, recall = agreement.reliability(both)
    assert list(recall["round"].unique()) == [1, 2] and len(scores) % 2 == 0
    assert (recall["recall_of_first"] == 1).all() and (recall["recall_of_second"] < 0.55).all()


def test_a_round_of_single_replies_is_paired_by_their_ids_and_says_nothing_of_recall():
    both = twice()
    both["incidents"] = both["incidents"].assign(unit="reply")
    both["denials"].loc[both["denials"]["coder"] == "auto-2", ["speaker", "date"]] = ["x", "2001-01-01"]
    scores, recall = agreement.reliability(both)
    assert recall.empty and set(scores["table"]) == {"denials"} and (scores["n"] == len(SOME["denials"])).all()
    assert (scores["agreement"] == 1).all() and "posture" in agreement.dependable(both, "denials", ["posture"])


def test_agreement_as_it_stands_is_that_of_the_rounds_coded_under_the_present_rule():
    """strongest_link has its rule since round 3, stance since the first; an old release has no round 3."""
    rounds = [{table: frame.assign(round=number) for table, frame in twice().items()} for number in (2, 3)]
    rounds[0]["attributions"].loc[rounds[0]["attributions"]["coder"] == "auto-2", ["strongest_link"]] = 1
    both = {table: pd.concat([one[table] for one in rounds], ignore_index=True) for table in rounds[0]}
    found = agreement.standing(both).set_index("variable")
    assert found.loc["strongest_link", "alpha"] == 1 and found.loc["strongest_link", "n"] == len(SOME["attributions"])
    assert found.loc["stance", "n"] == 2 * len(SOME["attributions"])
    old = agreement.standing(rounds[0]).set_index("variable")
    assert old.loc["strongest_link", "alpha"] < 1 and old.loc["strongest_link", "n"] == len(SOME["attributions"])


def test_the_alpha_of_each_round_stands_beside_that_of_all_that_count():
    both = {table: pd.concat([frame, frame.assign(round=2)]) for table, frame in twice().items()}
    stand, (scores, _) = agreement.standing(both), agreement.reliability(both)
    wide = agreement.by_round(stand, scores)
    assert len(wide) == len(stand) and list(wide.columns[-2:]) == ["r1", "r2"]
    assert wide.set_index("variable").loc["stance", ["alpha", "r1", "r2"]].eq(1).all()


def test_a_reply_to_accusations_over_several_incidents_is_drawn_once_and_never_from_an_incident_coded_twice():
    drawn = samples.draw_replies(DATA, 50)
    rows = DATA.denials.set_index("denial_id").loc[drawn]
    assert drawn == samples.draw_replies(DATA, 50) and len(rows) == 50
    assert not rows["statement_id"].dropna().duplicated().any()
    coded = tuple(rows["incident_id"])
    left = DATA.denials.set_index("denial_id").loc[samples.draw_replies(DATA, 50, coded=coded)]
    assert not left["incident_id"].isin(coded).any()


def test_half_of_the_acts_drawn_for_their_dates_have_no_plain_day_and_none_is_from_an_incident_coded_twice():
    coded = tuple(DATA.denials["incident_id"].head(30))
    drawn = samples.draw_dates(DATA, 10, coded=coded)
    assert drawn == samples.draw_dates(DATA, 10, coded=coded) and len(set(drawn)) == len(drawn) == 40
    assert Counter(table for table, _ in drawn) == dict.fromkeys(["incidents", *ACTS], 10)
    for table in ACTS:
        rows = getattr(DATA, table).set_index(schemas.KEYS[table][0])
        rows = rows.loc[[key for name, key in drawn if name == table]]
        vague = rows["announced_precision" if table == "responses" else "date_precision"] != "day"
        if table == "responses":
            vague |= rows["date_executed"].notna()
        assert vague.sum() == 5 and not rows["incident_id"].isin(coded).any()
        assert not rows["statement_id"].dropna().duplicated().any()
    again = samples.draw_dates(DATA, 10, coded=coded, drawn_before=tuple(key for _, key in drawn))
    assert len(again) == 40 and not set(again) & set(drawn)
    for table in ACTS:
        texts = getattr(DATA, table).set_index(schemas.KEYS[table][0])["statement_id"].dropna()
        twice_told = [{texts.get(key) for name, key in some if name == table} - {None} for some in (drawn, again)]
        assert not twice_told[0] & twice_told[1]


def test_a_round_of_dates_is_compared_on_dates_alone_and_counts_for_rules_on_dates():
    both = twice()
    later = {table: frame.assign(round=6) for table, frame in both.items()}
    later["incidents"]["unit"] = "date"
    moved = later["incidents"]["coder"].eq("auto-2") & (
        later["incidents"]["incident_id"] == SOME["incidents"].iloc[0, 0]
    )
    later["incidents"].loc[moved, "first_public_date"] = "2001"
    later["attributions"].loc[later["attributions"]["coder"] == "auto-2", ["date_precision", "form"]] = "year"
    both = {table: pd.concat([both[table], later[table]], ignore_index=True) for table in both}
    scores, _ = agreement.reliability(both)
    assert set(scores.loc[scores["round"] == 6, "variable"]) == {
        name for names in agreement.ASKED["date"].values() for name in names
    }
    stand = agreement.standing(both).set_index(["table", "variable"])
    assert stand.loc[("attributions", "date_precision"), "alpha"] < 0.1
    assert stand.loc[("attributions", "form"), "alpha"] == 1
    assert 0 < 1 - stand.loc[("incidents", "first_public_date"), "agreement"] < 0.02
    starts = stand.loc[("incidents", "start_date")]
    assert set(agreement.dated(both)) == {
        key for table in agreement.ASKED["date"] for key in SOME[table][schemas.KEYS[table][0]]
    }
    assert starts["n"] == SOME["incidents"]["start_date"].notna().sum() and starts["alpha"] == 1


def test_rows_for_an_audit_are_as_many_of_each_table_and_the_same_for_the_same_seed():
    drawn = samples.draw_rows(DATA, 20, seed=7)
    assert drawn == samples.draw_rows(DATA, 20, seed=7) != samples.draw_rows(DATA, 20, seed=8)
    assert Counter(table for table, _ in drawn) == dict.fromkeys(vocab.CITED_TABLES, 20)
    assert len(set(drawn)) == len(drawn)
    assert all(key in set(getattr(DATA, table).iloc[:, 0]) for table, key in drawn)
    assert len(samples.draw_rows(DATA, 10**6)) == sum(len(getattr(DATA, table)) for table in vocab.CITED_TABLES)


@pytest.mark.parametrize(
    "words, said",
    [
        (["sample", "--rows", "0"], "--rows: '0' is not a whole number of 1 or more"),
        (["sample", "--replies", "-3"], "--replies: '-3' is not a whole number of 1 or more"),
        (["sample", "--share", "7"], "--share: '7' is not a number between 0 and 1"),
        (["sample", "--share", "nan"], "--share: 'nan' is not a number between 0 and 1"),
        (["sample", "--rows", "2", "--replies", "2"], "not allowed with argument"),
        (["sample", "--dates", "0"], "--dates: '0' is not a whole number of 1 or more"),
        (["reproduce", "--jobs", "two"], "--jobs: 'two' is not a whole number of 1 or more"),
    ],
)
def test_a_number_that_makes_no_sense_on_the_command_line_is_refused_before_any_work(words, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2 and said in capsys.readouterr().err


def test_audits_are_counted_by_verdict_with_the_share_of_wrong_rows():
    verdicts = ["right"] * 17 + ["nuance", "wrong", "not_found"]
    found = pd.DataFrame(
        {"audit": 1, "release": "0.2.0", "table": "denials", "record_id": range(20), "verdict": verdicts}
    )
    (row,) = audits.rates(found, ["audit", "release"]).to_dict("records")
    counts = {"audit": 1, "release": "0.2.0", "rows": 20, "right": 17, "nuance": 1, "wrong": 1, "not_found": 1}
    assert {name: row[name] for name in counts} == counts
    assert row["wrong_share"] == 0.05 and row["low"] < 0.05 < row["high"]


def test_a_version_without_audits_has_no_rates(tmp_path):
    assert audits.rates(audits.read(tmp_path), ["table"]).empty


def test_kept_audits_read_each_row_once_use_known_verdicts_and_name_a_column_where_a_row_is_at_fault():
    kept = audits.read()
    assert not kept.duplicated(["audit", "table", "record_id"]).any()
    assert set(kept["verdict"]) <= set(vocab.VERDICT) and set(kept["table"]) <= set(vocab.CITED_TABLES)
    assert (kept["verdict"].isin(["nuance", "wrong"]) == kept["column"].notna()).all()
    for row in kept.dropna(subset=["column"]).itertuples():
        assert row.column in schemas.columns(row.table)


def test_the_sample_for_second_coding_is_the_same_for_the_same_seed_and_spread_over_accused_states():
    once, again = samples.draw(DATA, 0.2), samples.draw(DATA, 0.2)
    assert once == again and len(once) == len(set(once)) == -(-len(DATA.incidents) // 5)
    first = DATA.attributions.dropna(subset=["accused_state"]).drop_duplicates("incident_id").set_index("incident_id")
    assert {"CHN", "RUS"} <= set(first.loc[first.index.intersection(once), "accused_state"])


def test_incidents_coded_twice_already_count_and_are_not_drawn_again():
    coded = tuple(samples.draw(DATA, 0.1))
    more = samples.draw(DATA, 0.2, coded=coded)
    assert not set(more) & set(coded) and len(more) + len(coded) == -(-len(DATA.incidents) // 5)
    assert samples.draw(DATA, 0.05, coded=coded) == []


def test_a_draw_can_be_kept_to_some_incidents():
    some = tuple(DATA.incidents["incident_id"][:30])
    assert set(samples.draw(DATA, 0.2, only=some)) <= set(some)


@pytest.mark.parametrize("outcome", ["denial_share", "prompt_reply"])
def test_a_specification_curve_marks_one_main_specification_and_tries_all(outcome):
    frame = specification.curve(DATA, outcome)
    assert frame["main"].sum() == 1 and len(frame) == 648
    assert frame[["estimate", "low", "high"]].dropna().map(lambda value: 0 <= value <= 1).all().all()


@pytest.mark.parametrize("number", [0, 100, 333, 500, 647])
def test_a_specification_keeps_the_accusations_that_the_selection_keeps(number):
    names = dict(zip(specification.CHOICES, list(product(*specification.CHOICES.values()))[number], strict=True))
    value = {choice: specification.CHOICES[choice][name] for choice, name in names.items()}
    chosen = Selection(
        start=value["from_year"],
        min_state_link=value["state_link"],
        stances=value["stances"],
        drop_uncertain=value["doubtful_rows"],
    )
    rows = select(DATA, chosen).attributions.dropna(subset=["accused_state"])
    kinds = rows["incident_id"].map(DATA.incidents.set_index("incident_id")["kind"])
    rows = rows[kinds.isin(value["kinds"])]
    if value["accused"]:
        rows = rows[value["accused"](rows["accused_state"])]
    cited = DATA.citations[DATA.citations["table"] == "attributions"].merge(DATA.sources)
    publishers = cited.groupby("record_id")["publisher"].nunique()
    rows = rows[rows["attribution_id"].map(publishers) >= value["sources"]]
    found = specification._Accusations(DATA).chosen(names)
    assert set(found["attribution_id"]) == set(rows["attribution_id"])


def test_the_main_specification_is_the_number_that_the_report_gives():
    frame = specification.curve(DATA, "denial_share")
    pairs = measures.answered(select(DATA, Selection())).query("searched")
    assert frame.loc[frame["main"], "estimate"].item() == pytest.approx(pairs["denied"].mean())


def test_an_unknown_outcome_names_the_known_ones():
    with pytest.raises(ParameterError, match="coalition_trend, denial_share, prompt_reply"):
        specification.curve(DATA, "truth")
