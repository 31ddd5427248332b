"""The released dataset: valid, complete in its promises, and in step with what is generated from it."""

import pytest
import yaml

from analysis import agreement, codebook, paths, schemas, story, vocab
from analysis.checks import check
from analysis.dataset import load

DATA = load()


def test_it_breaks_no_rule():
    assert check() == []


@pytest.mark.parametrize("path", codebook.generated(), ids=lambda path: path.name)
def test_generated_pages_are_not_stale(path):
    assert path.read_text("utf-8") == codebook.generated()[path], "run `python3 reproduce.py codebook`"


def test_it_covers_what_it_promises():
    rows, replies = DATA.attributions, DATA.denials
    assert len(DATA.incidents) >= 200 and len(rows) >= 500 and len(DATA.responses) >= 300 and len(replies) >= 250
    assert replies["posture"].isin(["denies", "objects_without_denying"]).sum() >= 200
    assert {"CHN", "RUS", "PRK", "IRN", "USA"} <= set(rows["accused_state"]) and rows["accused_state"].nunique() >= 10
    assert rows["attributor"].nunique() >= 35
    assert rows["accused_state"].isin(["USA", "ISR", "UKR"]).sum() >= 20
    assert rows["date"].min() < "2008" and rows["date"].max() > "2026"
    assert not DATA.screening["outcome"].eq("not_reached").any()
    sample = agreement.codings()["incidents"]
    twice = sample.loc[(sample["unit"] == "incident") & ~sample["coder"].isin(agreement.FIRST), "incident_id"]
    assert twice.is_unique and twice.isin(DATA.incidents["incident_id"]).all()
    assert len(twice) >= 0.2 * len(DATA.incidents)


#: Coded variables by which figures compare or select, beside strategies, which are chosen by their alpha.
COMPARED = {
    "incidents": ["kind", "start_date"],
    "attributions": ["accused_state", "state_link", "stance", "form", "body_type", "date"],
    "responses": ["type", "against", "date_announced"],
    "denials": ["date", "preemptive", "posture"],
}


def test_coded_variables_that_figures_compare_have_an_alpha_of_at_least_80():
    both = agreement.codings()
    for table, names in COMPARED.items():
        assert agreement.dependable(both, table, names) == names
    assert len(agreement.dependable(both, "denials", list(vocab.STRATEGY))) >= 5


@pytest.mark.parametrize("table", agreement.ALIGNMENT)
def test_cells_of_both_codings_keep_the_rules_of_their_columns(table):
    """In rounds that ask for single variables the others may be empty."""
    both = agreement.codings()
    frame = both[table].astype(object).where(both[table].notna(), None)
    whole = frame["round"].map(both["incidents"].groupby("round")["unit"].first()).eq("incident")
    checked = {name: column for name, column in schemas.rules(table).items() if not column.unique}
    assert len(checked) > 3
    for name, column in checked.items():
        for cells in (frame.loc[whole, [name]], frame.loc[~whole, [name]].dropna()):
            column.validate(cells.astype("Int64" if name in schemas.integers(table) else object))


def test_the_seed_story_is_answered_by_rows_with_pages():
    found = story.claims(DATA)
    assert found["record"].notna().all() and (found["pages"] > 0).all()
    assert found["question"].nunique() == len(story.CLAIMS)


def test_the_uk_named_no_group_over_the_electoral_commission_and_apt31_over_parliamentarians():
    rows = DATA.attributions[DATA.attributions["attributor"] == "GBR"]
    assert rows.loc[rows["incident_id"] == "2021-uk-electoral-commission", "actor_id"].isna().all()
    assert "apt31" in set(rows.loc[rows["incident_id"] == "2021-uk-parliamentarians-apt31", "actor_id"])


def test_one_version_is_stated_in_one_place_and_the_copies_agree():
    stated = yaml.safe_load(paths.CITATION.read_text("utf-8"))["version"]
    assert f'\nversion = "{stated}"\n' in (paths.ROOT / "pyproject.toml").read_text("utf-8")
    assert f"\n## {stated} (" in (paths.DATASET / "CHANGELOG.md").read_text("utf-8")
    assert DATA.version == codebook.current_version() and DATA.version.partition("+")[0] == stated


def test_the_coding_contract_speaks_of_every_code_of_the_judged_variables():
    text = (paths.DATASET / "CODING.md").read_text("utf-8")
    for name in ("STRATEGY", "STANCE"):
        for code in getattr(vocab, name):
            assert code in text


def test_every_column_is_explained():
    for table in schemas.TABLES:
        for name, column in schemas.columns(table).items():
            assert column.description, f"{table}.{name}"


def test_nobody_is_said_to_be_guilty():
    for frame in (DATA.incidents, DATA.attributions, DATA.responses, DATA.denials):
        for column in {"summary", "title", "note", "contestation"} & set(frame):
            assert not frame[column].dropna().str.contains(r"\bguilty\b|\bculprit", case=False).any()
