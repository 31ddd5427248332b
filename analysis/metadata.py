"""What the schemas, tables and CITATION.cff say, in the standard forms that catalogues and programs read.

Two functions give the text of one file each: ``croissant.json`` (Croissant 1.0 of
MLCommons) and ``codemeta.json`` (CodeMeta 3); ``datapackage.json`` is made by
:mod:`analysis.datapackage`.  Nothing in them is written by hand.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path

import yaml

from analysis import paths, schemas, vocab
from analysis.csvtext import TextTable
from analysis.dataset import read_tables

LICENCE = {
    "name": "CC-BY-4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
    "title": "Creative Commons Attribution 4.0 International",
}
#: What a user must know before counting; every form of the metadata carries it.
LIMITS = (
    "Well-documented cases first: no census and no random sample of public attributions.",
    "English pages are over-represented.",
    "An empty cell means not stated in the sources read, never unknown or 0.",
    "An attribution records that an accusation was made; it does not say that it is true.",
)
CROISSANT = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty", "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract", "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path",
    "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated",
    "replace": "cr:replace", "samplingRate": "cr:samplingRate", "sc": "https://schema.org/",
    "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip


def citation(file: Path | None = None) -> dict:
    """What CITATION.cff states, as a dictionary; its dates are ISO text."""
    return yaml.safe_load((file or paths.CITATION).read_text("utf-8"))


def summary(thing) -> str:
    """The docstring of a model or rule as one paragraph."""
    return " ".join((thing.__doc__ or "").split())


def as_json(value) -> str:
    """JSON as it is written to files here."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def release_day(version: str, cited: dict) -> str:
    """Day of the release; empty for a working state, which has none."""
    return "" if "+" in version else str(cited["date-released"])


def coders(tables: dict[str, TextTable]) -> str:
    """A sentence on how many rows were coded by machine."""
    found = [code for table in tables.values() if "coder" in table.frame for code in table.frame["coder"].dropna()]
    machine = sum(str(code).startswith("auto-") for code in found)
    return f"{machine} of {len(found)} coded rows were coded by machine, from excerpts of archived public pages."


# --- Croissant


def croissant(dataset: Path | None, version: str) -> str:
    """Text of croissant.json: one record set per table, and one per vocabulary with its codes inline.

    Dates are text, for they may be of a month or a year.  Foreign keys are left to
    datapackage.json: mlcroissant 1.1 joins by them and loses rows whose key is empty.
    """
    folder, cited = Path(dataset or paths.DATASET), citation()
    tables, day = read_tables(folder), release_day(version, cited)
    used = {meta["vocab"] for name in tables for meta in _metas(name) if meta.get("vocab")}
    return as_json(
        {
            "@context": CROISSANT,
            "@type": "sc:Dataset",
            "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
            "name": "card",
            "alternateName": cited["title"],
            "description": cited["abstract"],
            "version": version,
            # Croissant demands a date: that of the last release, which a working state comes after.
            "datePublished": day or str(cited["date-released"]),
            "license": LICENCE["path"],
            "creator": [{"@type": "sc:Organization", "name": author["name"]} for author in cited["authors"]],
            "citeAs": bibtex(version, cited),
            "keywords": cited["keywords"],
            "inLanguage": "en",
            "isLiveDataset": False,
            "rai:dataCollection": "Rows are coded from public pages; every row cites the pages that it rests on.",
            "rai:dataAnnotationProtocol": "CODING.md, a written coding contract; agreement of a blind second coding of "
            "random samples is in reliability/.",
            "rai:machineAnnotationTools": coders(tables),
            "rai:dataLimitations": list(LIMITS),
            "rai:personalSensitiveInformation": "Names of public office holders who spoke for a state. Persons charged "
            "or listed are counted, not named.",
            "distribution": [_file_object(folder, name, table) for name, table in tables.items()],
            "recordSet": [_record_set(name) for name in tables]
            + [_code_set(name) for name in vars(vocab) if name in used],
        }
    )


def bibtex(version: str, cited: dict) -> str:
    """How to cite a version, as one BibTeX entry."""
    authors = " and ".join("{" + author["name"] + "}" for author in cited["authors"])
    year = str(cited["date-released"])[:4]
    return f"@misc{{card, author = {{{authors}}}, title = {{{{{cited['title']}}}}}, year = {{{year}}}, version = {{{version}}}}}"


def _metas(table: str) -> list[dict]:
    return [column.metadata or {} for column in schemas.columns(table).values()]


def _file_object(folder: Path, name: str, table: TextTable) -> dict:
    raw = table.path.read_bytes()
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.csv",
        "name": f"{name}.csv",
        "description": summary(schemas.TABLES[name]),
        "contentUrl": table.path.relative_to(folder).as_posix(),
        "contentSize": f"{len(raw)} B",
        "encodingFormat": "text/csv",
        "sha256": hashlib.sha256(raw).hexdigest(),
    }


def _record_set(name: str) -> dict:
    described = []
    for column, definition in schemas.columns(name).items():
        field = {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "description": definition.description,
            "dataType": "sc:Integer" if str(definition.dtype) == "Int64" else "sc:Text",
            "source": {"fileObject": {"@id": f"{name}.csv"}, "extract": {"column": column}},
        }
        described.append(field)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": summary(schemas.TABLES[name]),
        "key": [{"@id": f"{name}/{column}"} for column in schemas.KEYS[name]],
        "field": described,
    }


def _code_set(name: str) -> dict:
    codes, label = getattr(vocab, name), f"codes-{name.lower().replace('_', '-')}"
    kind = "sc:Integer" if isinstance(next(iter(codes)), int) else "sc:Text"
    return {
        "@type": "cr:RecordSet",
        "@id": label,
        "name": label,
        "description": "Codes in display order"
        + (", which is a scale, with their meanings." if name in vocab.ORDERED else ", with their meanings."),
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{label}/code"},
        "field": [
            {"@type": "cr:Field", "@id": f"{label}/code", "name": "code", "description": "code", "dataType": kind},
            {"@type": "cr:Field", "@id": f"{label}/meaning", "name": "meaning", "description": "meaning", "dataType": "sc:Text"},
        ],
        "data": [{f"{label}/code": code, f"{label}/meaning": meaning} for code, meaning in codes.items()],
    }  # fmt: skip


# --- CodeMeta


def codemeta(version: str) -> str:
    """Text of codemeta.json: the software, what it needs, and the dataset that it belongs to."""
    cited = citation()
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    authors = [{"type": "Organization", "name": author["name"]} for author in cited["authors"]]
    needs = [re.match(r"([A-Za-z0-9_-]+)(?:\[[^]]*])?(.*)", wanted) for wanted in project["dependencies"]]
    return as_json(
        {
            "@context": "https://w3id.org/codemeta/3.0",
            "type": "SoftwareSourceCode",
            "name": cited["title"],
            "description": project["description"],
            "version": version,
            **({"datePublished": day} if (day := release_day(version, cited)) else {}),
            "license": f"https://spdx.org/licenses/{project['license']}",
            "author": authors,
            "keywords": cited["keywords"],
            "programmingLanguage": "Python",
            "runtimePlatform": f"Python {project['requires-python']}",
            "softwareRequirements": [
                {"type": "SoftwareApplication", "name": found[1], "version": found[2] or "any"} for found in needs
            ],
            "supportingData": {
                "type": "Dataset",
                "name": cited["title"],
                "description": cited["abstract"],
                "version": version,
                "license": f"https://spdx.org/licenses/{LICENCE['name']}",
                "author": authors,
            },
        }
    )
