"""The command line.  It parses words and calls one function; the logic is elsewhere.

Heavy modules are imported by the command that needs them, so that ``--help``
and refusals are immediate.
"""

from __future__ import annotations

import sys
import tomllib

from analysis import paths
from analysis.arguments import parser, suggestion
from analysis.errors import CardError, DatasetError, MismatchError


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 a problem that was reported, 2 words not understood."""
    words = list(sys.argv[1:] if words is None else words)
    if words and not words[0].startswith("-") and (hint := suggestion(words[0])):
        print(f"there is no command {words[0]!r}; {hint}", file=sys.stderr)
        return 2
    options = parser().parse_args(words)
    try:
        return globals()["_" + options.command.replace("-", "_")](options)
    except DatasetError as error:
        print(error, file=sys.stderr)
        print(counted(len(error.problems), "problem"), file=sys.stderr)
        return 1
    except MismatchError as error:
        print(f"\n{error}\n\n{counted(len(error.differences), 'difference')} from report/expected", file=sys.stderr)
        return 1
    except CardError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except (FileNotFoundError, tomllib.TOMLDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("interrupted; what was finished is kept", file=sys.stderr)
        return 130


def _check(options) -> int:
    from analysis import schemas
    from analysis.checks import check

    problems = check(options.dataset)
    for problem in problems:
        print(problem)
    if problems:
        print(counted(len(problems), "problem"), file=sys.stderr)
        return 1
    # Where nothing is wrong, every line after the first is a row.
    rows = {}
    for name in schemas.TABLES:
        with paths.table(options.dataset or paths.DATASET, name).open("rb") as file:
            rows[name] = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1
    print("no problems: " + ", ".join(f"{count} {name}" for name, count in rows.items()))
    return 0


def _format(options) -> int:
    from analysis.csvtext import write_atomic
    from analysis.dataset import canonical

    changed = 0
    for path, text in canonical(options.dataset).items():
        if path.read_bytes() != text.encode():
            write_atomic(path, text)
            print(f"formatted {paths.shown(path)}")
            changed += 1
    print(f"{changed} files changed" if changed else "all tables are in canonical form")
    return 0


def _codebook(options) -> int:
    from analysis.codebook import generated
    from analysis.csvtext import write_atomic

    for path, text in generated().items():
        write_atomic(path, text)
        print(f"wrote {paths.shown(path)}")
    return 0


def _show(options) -> int:
    from analysis.dataset import load
    from analysis.story import incident_story

    print(incident_story(load(options.dataset), options.incident))
    return 0


def _diff(options) -> int:
    from analysis import changes, pages
    from analysis.csvtext import write_atomic

    rows, results = changes.between(options.old, options.new)
    title = f"Changes from {options.old} to {options.new or 'the working tree'}"
    text = {
        "text": lambda: pages.as_text(rows, results),
        "csv": lambda: pages.as_csv(rows, results),
        "html": lambda: pages.as_html(rows, results, title),
        "markdown": lambda: pages.as_markdown(rows, results, []),
    }[options.format]()
    if options.output:
        write_atomic(options.output, text)
        print(f"{paths.shown(options.output)}: {counted(len(rows), 'change')} of the dataset")
    else:
        print(text, end="")
    return 0


def _summary(options) -> int:
    from analysis import changes, pages
    from analysis.checks import check

    rows, results = changes.between(options.base or changes.default_base())
    problems = check()
    print(pages.as_markdown(rows, results, problems), end="")
    return 1 if problems else 0


def _new(options) -> int:
    from analysis import entry, questions

    if options.answers or options.set:
        answers = tomllib.loads(options.answers.read_text("utf-8")) if options.answers else {}
        for key, value in _overrides(options.set, "--set").items():
            section, dot, column = key.partition(".")
            section, column = (section, column) if dot else (options.kind, key)
            answers.setdefault(section, {})[column] = value
    elif sys.stdin.isatty():
        answers = questions.ask(options.kind)
    else:
        raise CardError("no answers: give --set KEY=VALUE or --answers FILE, or start this in a terminal to be asked")
    coder = options.coder or (input("your ORCID (0000-0000-0000-0000): ").strip() if sys.stdin.isatty() else "")
    if not coder:
        raise CardError("who codes? give --coder ORCID, or set CARD_CODER")
    rows = entry.rows(options.kind, answers, coder, options.dataset, options.incident)
    try:
        written = entry.add(rows, options.dataset)
    except DatasetError:
        print("nothing was written; with the new rows the tables would break these rules:", file=sys.stderr)
        raise
    for path in written:
        print(f"wrote {paths.shown(path)}")
    incident = options.incident or rows["incidents"][0]["incident_id"]
    print(f"read it again with `show {incident}`; then `codebook` renews what is generated from the tables")
    return 0


def _overrides(words: list[str], flag: str = "-p") -> dict[str, str]:
    out = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise CardError(f"{flag} {word}: write KEY=VALUE")
        out[key] = value
    return out


def _run(options) -> int:
    from analysis import cache, runner

    runs = runner.plan(options.names, _overrides(options.parameter), version=options.dataset_version)
    build = paths.build(options.dataset_version)
    if options.list:
        for run in runs:
            print(f"{run.name}  ({run.notebook.name})")
            for item in runner.parameters(run.notebook).values():
                value = run.parameters.get(item.name, item.default)
                print(f"    {item.name}: {item.type} = {value!r}  # {item.about}")
        return 0
    if options.explain:
        print("\n".join(cache.explain(runs, build)))
        return 0
    runner.run_all(runs, options.jobs, build, force=options.force, cold=options.cold)
    for run in runs:
        print(f"{run.name}: {paths.shown(build / 'runs' / run.name)}")
    return 0


def _sweep(options) -> int:
    from analysis import runner, sweep
    from analysis.csvtext import write_atomic

    (base,) = runner.plan([options.name], version=options.dataset_version)
    work = sweep.Sweep(base, sweep.grid(options.g, options.grid), options.output)
    where = (
        sweep.on_a_cluster(options.scheduler)
        if options.scheduler
        else sweep.on_this_machine(options.jobs, options.cold)
    )
    failed = work.go(where)
    table = work.folder / "numbers.csv"
    write_atomic(table, work.table())
    print(f"{paths.shown(table)}: {counted(len(work.points), 'point')}")
    if options.curve:
        from analysis import curves

        print(paths.shown(curves.draw(table, work.keys, options.curve)))
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


def _report(options) -> int:
    from analysis import releases, report, results, runner

    version = options.dataset_version
    build = paths.build(version)
    citation = releases.unpacked(version) / "CITATION.cff" if version else None
    found = results.gather([run.name for run in runner.plan(version=version)], build)
    for path in report.build(found, build, citation):
        print(f"{paths.shown(path)}  {path.stat().st_size:,} bytes")
    return 0


def _accept(options) -> int:
    from analysis import freeze, results, runner

    if options.dataset_version:
        moved = freeze.renew(options.dataset_version, options.why)
        print("\n".join([*moved, f"{counted(len(moved), 'result')} renewed"]) if moved else "nothing has changed")
        return 0
    changed = results.accept(results.gather([run.name for run in runner.plan()]), paths.EXPECTED)
    print("\n".join(f"renewed {name}" for name in changed) or "nothing has changed")
    return 0


def _reproduce(options) -> int:
    from analysis import reproduction

    reproduction.reproduce(
        options.jobs, options.verify, version=options.dataset_version, force=options.force, cold=options.cold
    )
    return 0


def _near_duplicates(options) -> int:
    from analysis import twins
    from analysis.dataset import load

    pairs = twins.near_duplicates(load(options.dataset), options.days)
    for pair in pairs.itertuples():
        print(f"{pair.first}  {pair.second}  (accused {pair.accused}; {pair.shared:.0%} of words shared)")
    print(f"{counted(len(pairs), 'pair')} to read side by side", file=sys.stderr)
    return 0


def _sample(options) -> int:
    from analysis import agreement, samples
    from analysis.dataset import load

    data = load(options.dataset)
    both = agreement.codings(options.dataset)
    sample = both["incidents"]
    whole = tuple(sample.loc[sample["unit"] == "incident", "incident_id"].unique())
    if options.rows is not None:
        drawn, what = samples.draw_rows(data, options.rows, options.seed), "rows"
    elif options.dates is not None:
        before = agreement.dated(both)
        drawn, what = samples.draw_dates(data, options.dates, options.seed, whole, before), "rows"
    elif options.replies is not None:
        worded = tuple(sample.loc[sample["unit"] != "date", "incident_id"])
        drawn, what = samples.draw_replies(data, options.replies, options.seed, worded), "replies"
    else:
        drawn, what = samples.draw(data, options.share, options.seed, whole), "incidents"
    print("\n".join(one if isinstance(one, str) else "  ".join(one) for one in drawn))
    print(f"{len(drawn)} {what} drawn; incidents coded twice already: {len(whole)}", file=sys.stderr)
    return 0


def _export(options) -> int:
    from analysis import exports

    for path in exports.export(options.formats, options.dataset, options.output, options.dataset_version, print):
        print(f"{paths.shown(path)}  {path.stat().st_size:,} bytes")
    return 0


def _deposit(options) -> int:
    from analysis import deposit

    version, written = deposit.deposit()
    for path in written:
        print(f"{paths.shown(path)}  {path.stat().st_size:,} bytes")
    if "+" in version:
        print(f"{version} is a working state: a trial, not for upload; release a version first", file=sys.stderr)
    return 0


def _release(options) -> int:
    from analysis import freeze

    archive = freeze.release(options.version, options.meaning)
    print(
        f"froze {options.version}: {paths.shown(archive)}; read the diff, then commit it and tag the commit v{options.version}"
    )
    return 0


def counted(number: int, what: str) -> str:
    """“1 problem”, “2 problems”."""
    return f"{number} {what}{'' if number == 1 else 's'}"
