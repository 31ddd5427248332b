"""The dyadic table counts what the tables hold; every format holds it whole, and says the same twice."""

import csv
import dataclasses
import hashlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pandas as pd
import pytest

from analysis import dyads, exports, paths, vocab
from analysis.arguments import parser
from analysis.dataset import load
from analysis.errors import CardError, ParameterError

DATA = load()
TABLE = dyads.dyads(DATA)
EXPORTS = (paths.DATASET / "EXPORTS.md").read_text("utf-8")
NEEDS_MORE = ("pyarrow", "stix2", "frictionless", "mlcroissant")


def rows(name: str) -> list[dict]:
    """A table as the csv module reads it, apart from the code under test."""
    with paths.table(paths.DATASET, name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def dyad(data, incident, accuser, accused="CHN") -> pd.Series:
    table = dyads.dyads(data).set_index(dyads.KEY)
    return table.loc[(incident, accuser, accused)]


def changed(data, table, key, **cells):
    """The dataset with some cells of one row changed."""
    frame = getattr(data, table).copy()
    mine = frame[frame.columns[0]].eq(key)
    assert mine.sum() == 1
    for column, value in cells.items():
        frame.loc[mine, column] = value
    return dataclasses.replace(data, **{table: frame})


# --- the dyadic table


def test_there_is_one_row_per_accuser_accused_and_incident_and_no_other():
    wanted = {
        (row["incident_id"], row["attributor"], row["accused_state"])
        for row in rows("attributions")
        if row["accused_state"]
    }
    found = list(TABLE[dyads.KEY].itertuples(index=False, name=None))
    assert found == sorted(wanted)


def test_attributions_acts_and_replies_are_counted_as_by_hand():
    texts, acts, replies = rows("attributions"), rows("responses"), rows("denials")
    for row in TABLE.itertuples():
        here = [one for one in texts if one["incident_id"] == row.incident_id and one["accused_state"] == row.accused]
        ours = [one for one in here if one["attributor"] == row.accuser]
        assert row.n_attributions == len(ours)
        assert row.state_link == max(int(one["state_link"]) for one in ours)
        assert row.confidence == max((one["confidence"] for one in ours), key=list(vocab.CONFIDENCE).index)
        assert row.stance == min((one["stance"] for one in ours), key=list(vocab.STANCE).index)
        assert row.accuses == any(one["stance"] in ("own", "joint", "joined") for one in ours)
        accusing = {one["attributor"] for one in here if one["stance"] in ("own", "joint", "joined")}
        assert row.n_accusers == len(accusing)
        did = [
            one for one in acts
            if one["incident_id"] == row.incident_id and one["responder"] == row.accuser
            and one["against"] in ("", row.accused)
        ]  # fmt: skip
        assert row.n_responses == len(did)
        for kind in vocab.RESPONSE_TYPE:
            assert getattr(row, f"resp_{kind}") == sum(one["type"] == kind for one in did)
        said = [one for one in replies if (one["incident_id"], one["accused_state"]) == (row.incident_id, row.accused)]
        to_us = [one for one in said if one["addressed_to"] in ("", row.accuser)]
        assert (row.n_replies, row.n_replies_any) == (len(to_us), len(said))
        for name in vocab.STRATEGY:
            used = getattr(row, name)
            assert used is pd.NA if not to_us else used == any(one[name] == "1" for one in to_us)


def test_rungs_and_types_each_add_up_to_the_acts():
    for prefix in ("rung_", "resp_"):
        assert (TABLE.filter(regex=f"^{prefix}").sum(axis=1) == TABLE["n_responses"]).all()


def test_both_sides_carry_their_numbers_and_bodies_are_kept_without():
    states = {row["code"]: row for row in rows("states")}
    for side in ("accuser", "accused"):
        for row in TABLE[[side, f"{side}_kind", f"{side}_cow", f"{side}_gw"]].itertuples(index=False):
            cells = ["" if pd.isna(value) else str(value) for value in row[1:]]
            assert cells == [states[row[0]][name] for name in ("kind", "cow_code", "gw_code")]
    bodies = TABLE[TABLE["accuser"].isin(["EU", "NATO"])]
    assert len(bodies) and bodies["accuser_cow"].isna().all() and bodies["accuser_kind"].eq("body").all()
    germany = TABLE[TABLE["accuser"].eq("DEU")].iloc[0]
    assert (germany["accuser_cow"], germany["accuser_gw"]) == (255, 260)


def test_the_seed_story_stands_in_one_row():
    row = TABLE.set_index(dyads.KEY).loc[("2021-uk-electoral-commission", "GBR", "CHN")]
    assert (row["accuser_cow"], row["accused_cow"], row["year"]) == (200, 710, 2024)
    assert (row["accuses"], row["accuser_fvey"], row["accuser_eu"], row["replied"]) == (1, 1, 0, 1)


def test_delays_are_days_between_exact_dates_and_may_be_negative(tiny):
    data = load(tiny)
    incident = "2021-nz-parliament-apt40"
    row = dyad(data, incident, "NZL")
    assert row["days_to_response"] == 0 and row["days_to_reply"] == 0 and pd.isna(row["days_to_accusation"])
    later = changed(data, "responses", f"{incident}.r01", date_announced="2024-03-21", announced_precision="day")
    assert dyad(later, incident, "NZL")["days_to_response"] == -5
    vague = changed(later, "responses", f"{incident}.r01", announced_precision="approximate")
    row = dyad(vague, incident, "NZL")
    assert row["first_response_date"] == "2024-03-21" and pd.isna(row["days_to_response"])


def test_of_a_vague_and_an_exact_date_that_begin_alike_the_exact_one_is_first(tiny):
    incident = "2021-nz-parliament-apt40"
    data = changed(load(tiny), "attributions", f"{incident}.a01", date="2024-03", date_precision="month")
    assert dyad(data, incident, "NZL")["first_date"] == "2024-03"
    data = changed(data, "attributions", f"{incident}.a02", date="2024-03-01")
    row = dyad(data, incident, "NZL")
    assert (row["first_date"], row["first_precision"]) == ("2024-03-01", "day")


def test_a_missing_reply_is_0_after_a_search_and_empty_without_one(tiny):
    data = load(tiny)
    incident = "2022-apt40-australian-networks"
    silent = dataclasses.replace(data, denials=data.denials[data.denials["incident_id"] != incident])
    for searched, wanted in (("none_found", 0), ("not_searched", None)):
        row = dyad(changed(silent, "incidents", incident, reply_searched=searched), incident, "AUS")
        assert row["n_replies"] == 0 and pd.isna(row["flat_denial"])
        for name in ("replied", "denied"):
            assert (None if pd.isna(row[name]) else row[name]) == wanted


def test_a_reply_to_one_accuser_is_no_reply_to_another(tiny):
    data = load(tiny)
    incident = "2022-apt40-australian-networks"
    assert dyad(data, incident, "AUS")["replied"] == dyad(data, incident, "CAN")["replied"] == 1
    data = changed(data, "denials", f"{incident}.d01", addressed_to="AUS")
    row = dyad(data, incident, "CAN")
    assert (row["replied"], row["n_replies"], row["n_replies_any"]) == (0, 0, 1)
    assert dyad(data, incident, "AUS")["replied"] == 1


def test_a_dyad_of_mere_support_does_not_accuse_and_is_no_accuser(tiny):
    incident = "2022-apt40-australian-networks"
    data = changed(load(tiny), "attributions", f"{incident}.a04", stance="endorsed")
    assert dyad(data, incident, "CAN")["accuses"] == 0
    assert dyad(data, incident, "AUS")["n_accusers"] == 2
    assert dyad(load(tiny), incident, "AUS")["n_accusers"] == 3


def test_a_doubtful_row_makes_its_dyad_doubtful(tiny):
    data = load(tiny)
    incident = "2022-apt40-australian-networks"
    assert dyad(data, incident, "CAN")["uncertain"] == 1
    plain = changed(data, "attributions", f"{incident}.a04", uncertain=0)
    plain = changed(plain, "denials", f"{incident}.d01", uncertain=0)
    assert dyad(plain, incident, "CAN")["uncertain"] == 0


def test_counts_of_persons_are_empty_where_no_act_states_one(tiny):
    data = load(tiny)
    assert dyad(data, "2010-apt31-global-campaign", "USA")["n_persons"] == 16
    assert pd.isna(dyad(data, "2021-nz-parliament-apt40", "NZL")["n_persons"])


def test_what_is_left_out_is_counted_and_told(tmp_path):
    out = dyads.left_out(DATA)
    assert out["attributions"] == sum(not row["accused_state"] for row in rows("attributions"))
    assert 0 < out["responses"] < len(DATA.responses) and out["denials"] < len(DATA.denials)
    lines = []
    exports.export(["csv"], output=tmp_path, say=lines.append)
    assert len(lines) == 1 and f"{out['attributions']} attributions that accuse no state" in lines[0]


def test_columns_fit_stata_and_stand_in_the_codebook():
    names = [column.name for column in dyads.COLUMNS]
    assert list(TABLE) == names and len(set(names)) == len(names)
    codebook = (paths.DATASET / "CODEBOOK.md").read_text("utf-8")
    for column in dyads.COLUMNS:
        assert len(column.name) <= 32 and len(column.about) <= 80, column.name
        assert f"| `{column.name}` | {column.kind} |" in codebook
        if column.codes:
            known = set(getattr(vocab, column.codes))
            assert set(TABLE[column.name].dropna()) <= known, column.name


# --- formats


def test_the_csv_file_holds_the_table_and_quotes_nothing_missing():
    made = exports.as_csv(DATA)["dyads.csv"].decode("utf-8")
    found = list(csv.DictReader(io.StringIO(made)))
    wanted = [
        {key: "" if pd.isna(value) else str(value) for key, value in row.items()} for row in TABLE.to_dict("records")
    ]
    assert found == wanted and "\r" not in made and "<NA>" not in made


def stata(name, data=DATA, **options) -> pd.DataFrame:
    return pd.read_stata(io.BytesIO(exports.as_stata(data)[f"stata/{name}.dta"]), **options)


def test_stata_files_hold_every_cell_of_every_table():
    made = exports.as_stata(DATA)
    assert set(made) == {f"stata/{name}.dta" for name in ["dyads", *DATA.tables()]}
    for name, (frame, columns) in exports.frames(DATA).items():
        read = pd.read_stata(io.BytesIO(made[f"stata/{name}.dta"]), convert_categoricals=False)
        words = pd.read_stata(io.BytesIO(made[f"stata/{name}.dta"]))
        assert list(read) == list(frame)
        for column in columns:
            wanted = frame[column.name]
            if column.kind == "integer":
                values = read[column.name].astype("Int64")
            else:
                values = words[column.name].astype(object).replace("", None)
                values = values.where(values.notna(), None)
            assert values.tolist() == wanted.tolist(), f"{name}.{column.name}"


def test_stata_files_label_variables_and_values():
    content = exports.as_stata(DATA)["stata/dyads.dta"]
    with pd.io.stata.StataReader(io.BytesIO(content)) as reader:
        labels = reader.variable_labels()
        values = reader.value_labels()
    assert labels == {column.name: exports._label(column) for column in dyads.COLUMNS}
    assert labels["days_to_reply"].endswith("(days)")
    assert list(values["stance"].values()) == list(vocab.STANCE)
    assert values["state_link"] == vocab.STATE_LINK and values["denied"] == vocab.FLAG


def test_text_too_long_for_stata_is_kept_whole(monkeypatch):
    monkeypatch.setattr(exports, "STATA_TEXT", 60)
    assert stata("incidents")["summary"].tolist() == DATA.incidents["summary"].tolist()


def test_missing_numbers_stay_missing_in_stata():
    read = stata("responses", convert_categoricals=False)["n_persons"]
    assert np.isnan(read).sum() == DATA.responses["n_persons"].isna().sum() > 0


def test_the_bytes_are_the_same_in_other_surroundings(tmp_path):
    sums = []
    for seed, zone in (("1", "UTC"), ("4242", "Asia/Kathmandu")):
        folder = tmp_path / seed
        words = [sys.executable, "-m", "analysis", "export", *exports.PLAIN, "--output", str(folder)]
        surroundings = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(paths.ROOT)}
        done = subprocess.run(words, env=surroundings, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        sums.append([(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files])
    assert sums[0] and sums[0] == sums[1]


def test_a_released_version_is_exported_as_it_was_frozen(tmp_path):
    exports.export(["csv"], output=tmp_path, version="0.1.0")
    found = pd.read_csv(tmp_path / "dyads.csv")
    assert set(found["dataset_version"]) == {"0.1.0"}


def test_a_missing_pyarrow_is_named_with_the_way_to_install_it_and_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CardError, match=re.escape(f"install '{exports.PYARROW}'")):
        exports.export(["csv", "parquet"], output=tmp_path)
    assert not list(tmp_path.iterdir())
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["optional-dependencies"]["parquet"] == [exports.PYARROW]


def test_pyarrow_is_neither_locked_nor_needed_by_the_other_formats(monkeypatch, tmp_path):
    assert not re.search("^pyarrow==", paths.LOCK.read_text("utf-8"), re.M)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    names = {path.relative_to(tmp_path).as_posix() for path in exports.export([], output=tmp_path)}
    assert {"dyads.csv", "stix.json", "stata/dyads.dta"} <= names


def test_an_unknown_format_is_an_error_that_names_the_known_ones(tmp_path):
    with pytest.raises(ParameterError, match="no format 'excel'; the formats are csv, parquet, stata, stix"):
        exports.export(["csv", "excel"], output=tmp_path)
    assert not list(tmp_path.iterdir())


# --- the page


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    exports.export([], output=folder / "build" / "exports")
    return folder


PYTHON = [
    code for code in re.findall(r"```python\n(.*?)```", EXPORTS, re.S) if not any(word in code for word in NEEDS_MORE)
]
R = re.findall(r"```r\n(.*?)```", EXPORTS, re.S)


def test_every_example_has_three_lines_and_those_with_further_packages_are_few():
    every = re.findall(r"```(?:python|r)\n(.*?)```", EXPORTS, re.S)
    assert all(len(code.strip().splitlines()) == 3 for code in every)
    assert len(PYTHON) == 2 and len(R) == 1 and len(every) == len(PYTHON) + len(R) + len(NEEDS_MORE)


@pytest.mark.parametrize("code", PYTHON)
def test_the_examples_in_pandas_run_as_written(code, exported):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=exported, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip(), done.stderr


@pytest.mark.skipif(not shutil.which("Rscript"), reason="R is not installed")
@pytest.mark.parametrize("code", R)
def test_the_examples_in_r_run_as_written(code, exported):
    done = subprocess.run(["Rscript", "-e", f"options(warn = 2)\n{code}"], cwd=exported, capture_output=True, text=True)
    assert done.returncode == 0 and "710" in done.stdout, done.stderr


LINES = [
    *re.findall(r"^(python3 reproduce\.py.*?)(?:  #.*)?$", EXPORTS, re.M),
    *re.findall(r"`(python3 reproduce\.py[^`]*)`", EXPORTS),
]


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_of_the_page_is_understood(line):
    assert parser().parse_args(shlex.split(line)[2:]).command in ("export", "codebook", "deposit")


def test_the_page_links_to_what_exists():
    for target in re.findall(r"\]\(([^)#]+)", EXPORTS):
        assert (paths.DATASET / target).exists(), target
