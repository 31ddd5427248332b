"""Synthetic datasets of any size break no rule and keep the frequencies of the real one."""

import pytest

from analysis import synthetic
from analysis.checks import check
from analysis.dataset import load

DATA = load()


@pytest.mark.parametrize(
    "how", [{}, {"citations": 1}, {"densest": 12, "citations": 1}], ids=["whole", "few citations", "densest"]
)
def test_copies_of_the_dataset_break_no_rule(tmp_path, how):
    assert check(synthetic.scale(3, tmp_path / "big", **how)) == []


def test_copies_have_the_rows_and_codes_of_the_dataset_so_many_times(tmp_path):
    big = load(synthetic.scale(3, tmp_path / "big"))
    for table in ("incidents", "attributions", "responses", "denials", "targets"):
        assert len(getattr(big, table)) == 3 * len(getattr(DATA, table))
    assert (big.attributions["stance"].value_counts() == 3 * DATA.attributions["stance"].value_counts()).all()
    assert len(big.sources) == len(DATA.sources)


def test_the_densest_incidents_are_those_with_most_attributions(tmp_path):
    big = load(synthetic.scale(1, tmp_path / "big", densest=2))
    most = DATA.attributions["incident_id"].value_counts().iloc[:2]
    assert len(big.incidents) == 2 and len(big.attributions) == most.sum()
