"""Imports point one way, modules stay small, and the files that pin the environment agree."""

import ast
import json
import re
import tomllib

import jsonschema
import pytest
import yaml

from analysis import paths

ORDER = [
    "paths", "errors", "arguments", "fingerprint", "cache", "progress", "vocab", "fields", "schemas", "csvtext", "plain", "migrations",
    "releases", "dates", "dataset", "rules", "rules_content", "checks", "synthetic", "questions", "entry", "changes", "pages",
    "selection", "dyads", "metadata", "datapackage", "codebook", "stix", "exports",
    "measures", "durations", "agreement", "sourcing", "samples", "audits", "specification", "story", "teaching", "form", "style", "figures", "screening", "twins", "tables",
    "results", "preload", "plans", "runner", "sweep", "curves", "report", "reproduction", "deposit", "freeze", "cli",
]  # fmt: skip
#: Packages inside: they may import nothing of `analysis` outside themselves, and the modules above may import them.
PARTS = ["warm"]
MODULES = sorted(path for path in (paths.ROOT / "analysis").glob("*.py") if not path.name.startswith("__"))
INNER = sorted(path for part in PARTS for path in (paths.ROOT / "analysis" / part).glob("*.py"))


def test_every_module_has_its_place_in_the_order():
    assert sorted(ORDER) == [path.stem for path in MODULES]
    assert {path.parent.name for path in (paths.ROOT / "analysis").glob("*/*.py")} == set(PARTS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_point_one_way(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analysis"):
            names = [alias.name for alias in node.names] if node.module == "analysis" else [node.module.split(".")[1]]
            for name in names:
                if name in PARTS:
                    continue
                assert ORDER.index(name) < ORDER.index(path.stem), f"{path.stem} imports {name}"


@pytest.mark.parametrize("path", INNER, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_package_inside_imports_nothing_of_the_package_around_it(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level < 2 and (node.module or "").split(".")[0] != "analysis"
        elif isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "analysis" for alias in node.names)


@pytest.mark.parametrize("path", MODULES + INNER, ids=lambda path: path.stem)
def test_modules_are_small_and_public_names_are_documented(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 350
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


VALIDATORS = paths.ROOT / "tests" / "validators" / "requirements.txt"


def locked(file=paths.LOCK) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ \\;]+)", file.read_text("utf-8"), re.M))


@pytest.mark.parametrize("file", [paths.LOCK, VALIDATORS], ids=["lock", "validators"])
def test_the_lock_is_hashed_and_names_no_host(file):
    text = file.read_text("utf-8")
    assert "://" not in text and "--index" not in text
    for block in re.split(r"\n(?=[a-z])", text):
        if "==" in block:
            assert "--hash=sha256:" in block


def test_the_lock_holds_every_dependency_that_the_project_names():
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for dependency in project["dependencies"]:
        assert re.match(r"[a-z0-9-]+", dependency)[0] in locked()


def test_the_environment_of_the_validators_holds_what_it_names_and_reads_tables_with_the_pandas_of_the_lock():
    named = re.findall(r"^([a-z0-9-]+)", VALIDATORS.with_suffix(".in").read_text("utf-8"), re.M)
    assert {"frictionless", "mlcroissant", "roc-validator", "stix2", "pyarrow"} <= set(named) <= set(locked(VALIDATORS))
    for name in ("pandas", "pandera", "pyyaml"):
        assert locked(VALIDATORS)[name] == locked()[name]
    assert not {"frictionless", "mlcroissant", "stix2", "pyarrow"} & set(locked())


def test_the_conda_environment_installs_the_lock():
    environment = yaml.safe_load((paths.ROOT / "environment.yml").read_text("utf-8"))
    assert {"pip": ["-r requirements.lock"]} in environment["dependencies"]
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert any(str(item).startswith(f"python {project['requires-python']}") for item in environment["dependencies"])


def test_the_packages_that_the_project_is_built_on_are_locked():
    assert {"jupyterlab", "pandas", "matplotlib", "pandera", "papermill", "pytest"} <= set(locked())


CITATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cff-version", "message", "title", "authors"],
    "properties": {
        "cff-version": {"const": "1.2.0"},
        "message": {"type": "string", "minLength": 1},
        "type": {"enum": ["dataset", "software"]},
        "title": {"type": "string", "minLength": 1},
        "abstract": {"type": "string", "minLength": 1},
        "authors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        "version": {"type": ["string", "number"]},
        "date-released": {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"},
        "license": {"type": "array", "items": {"enum": ["CC-BY-4.0", "MIT"]}, "uniqueItems": True},
        "keywords": {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
    },
}


def test_the_citation_file_has_the_fields_of_its_format():
    citation = yaml.safe_load((paths.ROOT / "CITATION.cff").read_text("utf-8"))
    jsonschema.validate(citation, CITATION)
    assert citation["authors"] == [{"name": "CARD contributors"}]


def test_no_notebook_and_no_kept_result_holds_an_absolute_path():
    files = [
        *paths.NOTEBOOKS.rglob("*.ipynb"),
        paths.RUNS,
        *(path for path in paths.EXPECTED.rglob("*") if path.is_file()),
    ]
    for file in files:
        assert str(paths.ROOT) not in file.read_text("utf-8")


def test_kept_numbers_are_plain_json():
    json.loads((paths.EXPECTED / "numbers.json").read_text("utf-8"), parse_constant=lambda name: pytest.fail(name))
