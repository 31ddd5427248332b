"""Filters keep what they say, and an empty result names the filter that emptied it."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import vocab
from analysis.dataset import load
from analysis.errors import EmptySelection, ParameterError
from analysis.selection import Selection, members, nonempty, select

DATA = load()


def test_without_filters_every_accusation_of_a_state_in_its_own_name_is_kept():
    rows = DATA.attributions
    expected = rows[rows["stance"].isin(["own", "joint", "joined"]) & rows["state_link"].ge(1)]
    assert set(select(DATA, Selection()).attributions["attribution_id"]) == set(expected["attribution_id"])


def test_replies_of_a_selection_are_those_of_the_states_accused_in_it():
    part = select(DATA, Selection(accused=("IRN",)))
    assert set(part.denials["accused_state"]) <= {"IRN"}
    assert set(part.denials["incident_id"]) <= set(part.attributions["incident_id"])


def test_responses_against_another_state_are_left_out():
    part = select(DATA, Selection(accused=("CHN",)))
    assert set(part.responses["against"].dropna()) == {"CHN"}


def test_an_impossible_combination_names_the_filter_that_left_nothing():
    with pytest.raises(EmptySelection, match=r"filter accused=\['VNM'\].*before it"):
        select(DATA, Selection(attributors=("NZL",), accused=("VNM",), start="2007", end="2008"))


@pytest.mark.parametrize(
    "wrong",
    [Selection(accused=("XXX",)), Selection(attributors=("UK",)), Selection(bloc="EU27"), Selection(stances=("firm",)),
     Selection(incidents=("1999-none",)), Selection(min_state_link=9), Selection(start="yesterday"), Selection(end="2024-99")],
)  # fmt: skip
def test_a_value_without_meaning_is_an_error_that_says_so(wrong):
    with pytest.raises(ParameterError, match="not"):
        select(DATA, wrong)


def test_members_follow_the_day():
    states = pd.Series(["GBR", "GBR", "FIN", "FIN", "USA", "EU"])
    days = pd.Series(["2020-01-01", "2021-01-01", "2023-04-03", "2023-04-05", "2023-01-01", "2023-01-01"])
    assert members(DATA, states, days, "EU").tolist() == [True, False, True, True, False, True]
    assert members(DATA, states, days, "NATO").tolist() == [True, True, False, True, True, False]


def test_nonempty_says_what_is_missing():
    with pytest.raises(EmptySelection, match="no reply"):
        nonempty(pd.DataFrame(), "reply")


CODES = sorted(set(DATA.attributions["accused_state"].dropna()))
SELECTIONS = st.builds(
    Selection,
    start=st.sampled_from(["", "2012", "2020-06", "2024-03-25"]),
    end=st.sampled_from(["", "2019", "2024-12-31"]),
    accused=st.lists(st.sampled_from(CODES), max_size=2, unique=True).map(tuple),
    bloc=st.sampled_from(["", *vocab.GROUP]),
    min_state_link=st.integers(0, 5),
    stances=st.lists(st.sampled_from(list(vocab.STANCE)), min_size=1, unique=True).map(tuple),
    drop_uncertain=st.booleans(),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SELECTIONS)
def test_any_selection_either_holds_or_says_what_left_nothing(chosen):
    try:
        part = select(DATA, chosen)
    except EmptySelection as error:
        assert "filter" in str(error)
        return
    rows = part.attributions
    assert rows["state_link"].ge(chosen.min_state_link).all()
    assert set(rows["stance"]) <= set(chosen.stances)
    assert not chosen.accused or set(rows["accused_state"]) <= set(chosen.accused)
    assert set(part.incidents["incident_id"]) == set(rows["incident_id"])
