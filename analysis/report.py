"""Fill the report with results and convert it: Markdown to HTML, DOCX, and by typst to PDF.

In ``report.md``

* ``<<run.name>>`` is a number's text,
* ``{{figure run.name}}`` and ``{{table run.name}}``, alone on a line, stand for the
  figure or table with its caption,
* ``[[run.name]]`` is its reference, such as “Figure 3”.

A name that does not exist, and a figure or table that is not used, are errors.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
import shutil
import zipfile
from pathlib import Path

from analysis import paths
from analysis.csvtext import write_atomic
from analysis.errors import ReportError
from analysis.results import Results

NUMBER = re.compile(r"<<([a-z0-9_.]+)>>")
PLACE = re.compile(r"^\{\{(figure|table) ([a-z0-9_.]+)\}\}$", re.M)
MENTION = re.compile(r"\[\[([a-z0-9_.]+)\]\]")
CITED = re.compile(r"@([a-z][a-z0-9_-]+)")
ENTRY = re.compile(r"^@\w+\{([^,\s]+),", re.M)
#: Day that documents carry, so that the same inputs give the same bytes: the release's.
RELEASED = re.compile(r"^date-released: *[\"']?([0-9-]{10})", re.M)


def released(citation: Path | None = None) -> dt.datetime:
    """Day of the release, from a citation file; by default the repository's CITATION.cff."""
    found = RELEASED.search((citation or paths.CITATION).read_text("utf-8"))
    return dt.datetime.fromisoformat(found[1]).replace(tzinfo=dt.UTC)


def fill(text: str, found: Results, suffix: str) -> str:
    """The report's Markdown with every number, figure, table and reference in place.

    Parameters
    ----------
    text : str
        Content of ``report.md``.
    found : Results
    suffix : str
        Kind of figure file, ``.svg`` or ``.png``.

    Raises
    ------
    ReportError
        Names everything that is unknown or unused, at once.
    """
    places = PLACE.findall(text)
    wrong = [f"<<{name}>> is not a number of any run" for name in NUMBER.findall(text) if name not in found.numbers]
    known = {"figure": found.figures, "table": found.tables}
    wrong += [f"{{{{{kind} {name}}}}} is not a {kind} of any run" for kind, name in places if name not in known[kind]]
    placed = [name for _, name in places]
    wrong += [f"{name} is placed twice" for name in sorted({name for name in placed if placed.count(name) > 1})]
    wrong += [f"[[{name}]] is referred to but not placed" for name in MENTION.findall(text) if name not in placed]
    wrong += [f"{kind} {name} is not used" for kind in known for name in known[kind] if name not in placed]
    used = set(NUMBER.findall(text))
    wrong += [f"number {name} is not used" for name in found.numbers if name not in used]
    if wrong:
        raise ReportError("report.md:\n" + "\n".join(dict.fromkeys(wrong)))
    labels, count = {}, {"figure": 0, "table": 0}
    for kind, name in places:
        count[kind] += 1
        labels[name] = f"{kind.capitalize()} {count[kind]}"

    def place(match: re.Match) -> str:
        kind, name = match.groups()
        entry = known[kind][name]
        caption = f"{labels[name]}. {entry['caption']}"
        if kind == "figure":
            alt = entry["alt"].replace('"', "”")
            return f'![{caption}]({entry["stem"].with_suffix(suffix).as_posix()}){{alt="{alt}" width=100%}}'
        return f"{entry['stem'].with_suffix('.md').read_text('utf-8')}\n: {caption}\n"

    text = PLACE.sub(place, text)
    text = NUMBER.sub(lambda match: found.numbers[match[1]]["text"], text)
    return MENTION.sub(lambda match: labels[match[1]], text)


def check_references(text: str, bibliography: str) -> None:
    """Raise ReportError unless the keys cited and the entries of the bibliography are the same set."""
    cited, held = set(CITED.findall(text)), set(ENTRY.findall(bibliography))
    wrong = [f"@{key} is cited but not in references.bib" for key in sorted(cited - held)]
    wrong += [f"@{key} is in references.bib but not cited" for key in sorted(held - cited)]
    if wrong:
        raise ReportError("report.md:\n" + "\n".join(wrong))


def build(found: Results, out: Path, citation: Path | None = None) -> list[Path]:
    """Make ``report.html``, ``report.docx`` and ``report.pdf`` in the folder `out`.

    Parameters
    ----------
    found : Results
    out : pathlib.Path
    citation : pathlib.Path, optional
        Citation file of the version reported on, for the day; by default the repository's.

    Returns
    -------
    list of pathlib.Path
        The three files.  Same results, same bytes: the documents carry the day of
        the release, not of the build.
    """
    import pypandoc
    import typst

    source = (paths.REPORT / "report.md").read_text("utf-8")
    bibliography = paths.REPORT / "references.bib"
    check_references(source, bibliography.read_text("utf-8"))
    day = released(citation)
    work = out.resolve() / ".report"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    # pandoc works in this folder with bare file names, because it writes names it was given into the documents.
    for file in ("references.bib", "report.css", "template.typ"):
        shutil.copyfile(paths.REPORT / file, work / file)
    common = [
        "--citeproc",
        "--bibliography=references.bib",
        "--wrap=none",
        f"--metadata=date:{day.day} {day:%B %Y}",
        f"--metadata=version:{found.numbers['reliability.version']['text']}",
    ]
    made = {}
    try:
        filled = {suffix: fill(_beside(source), _near(found, work), suffix) for suffix in (".svg", ".png")}
        html = pypandoc.convert_text(
            filled[".svg"], "html5", "markdown", sandbox=False, cworkdir=str(work),
            extra_args=[*common, "--standalone", "--toc", "--toc-depth=2", "--css=report.css",
                        "--embed-resources", "--number-sections"],
        )  # fmt: skip
        made["report.html"] = _embed_fonts(html).encode()
        docx = work / "report.docx"
        pypandoc.convert_text(
            filled[".png"], "docx", "markdown", outputfile="report.docx", sandbox=False, cworkdir=str(work),
            extra_args=[*common, "--standalone", "--toc", "--number-sections"],
        )  # fmt: skip
        made["report.docx"] = _steady_zip(docx.read_bytes(), day)
        body = pypandoc.convert_text(
            filled[".svg"], "typst", "markdown", sandbox=False, cworkdir=str(work),
            extra_args=[*common, "--standalone", "--template=template.typ", "--number-sections"],
        )  # fmt: skip
        (work / "report.typ").write_text(_with_alt(body, found), "utf-8")
        made["report.pdf"] = typst.compile(
            str(work / "report.typ"), root=str(work), font_paths=[str(paths.FONTS)], ignore_system_fonts=True,
            pdf_standards="ua-1", timestamp=int(day.timestamp()),
        )  # fmt: skip
    finally:
        if len(made) == 3:
            shutil.rmtree(work, ignore_errors=True)
    for name, content in made.items():
        write_atomic(out / name, content)
    return [out / name for name in made]


def names_a_folder(document: Path) -> bool:
    """Whether a document holds the path of the repository on this machine."""
    content = [document.read_bytes()]
    if document.suffix == ".docx":
        archive = zipfile.ZipFile(document)
        content = [archive.read(name) for name in archive.namelist()]
    return any(str(paths.ROOT).encode() in part for part in content)


def _with_alt(body: str, found: Results) -> str:
    """The typst source with each figure's alternative text, which pandoc leaves out."""

    def add(match: re.Match) -> str:
        alt = found.figures[match[1]]["alt"].replace("\\", "\\\\").replace('"', "”")
        return f'image("{match[1]}.svg", alt: "{alt}"'

    return re.sub(r'image\("([a-z0-9_.]+)\.svg"', add, body)


def _beside(source: str) -> str:
    """The source with HTML comments taken out, which must not reach the documents."""
    return re.sub(r"<!--.*?-->\n?", "", source, flags=re.S)


def _near(found: Results, work: Path) -> Results:
    """The results with figures and tables copied beside the report, so that no path of this machine gets in."""
    moved = {"figures": {}, "tables": {}}
    for kind, suffixes in (("figures", (".svg", ".png")), ("tables", (".md",))):
        for name, entry in getattr(found, kind).items():
            for suffix in suffixes:
                shutil.copyfile(entry["stem"].with_suffix(suffix), work / f"{name}{suffix}")
            stem = Path(f"{name}.x") if kind == "figures" else work / f"{name}.x"
            moved[kind][name] = {**entry, "stem": stem}
    return Results(found.numbers, moved["tables"], moved["figures"])


def _embed_fonts(html: str) -> str:
    """Put the shipped fonts into the page, so that it looks the same everywhere and needs no network."""
    rules = []
    for file, weight, slant in (("Regular", 400, "normal"), ("Bold", 700, "normal"), ("It", 400, "italic")):
        data = base64.b64encode((paths.FONTS / f"SourceSans3-{file}.ttf").read_bytes()).decode()
        rules.append(
            f'@font-face{{font-family:"Source Sans 3";font-weight:{weight};font-style:{slant};'
            f"src:url(data:font/ttf;base64,{data})}}"
        )
    return html.replace("</head>", f"<style>{''.join(rules)}</style>\n</head>", 1)


def _steady_zip(data: bytes, day: dt.datetime) -> bytes:
    """A DOCX rewritten with fixed times, order and compression."""
    import io

    old, buffer = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                stamp = day.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = re.sub(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", stamp, content)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            new.writestr(info, content)
    return buffer.getvalue()
