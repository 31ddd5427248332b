"""One function per figure.  Each takes the frame that it draws and returns a figure."""

from __future__ import annotations

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis import style, vocab


def words(code: str) -> str:
    """A code as a reader sees it."""
    return code.replace("_", " ")


def heatmap(counts: pd.DataFrame) -> Figure:
    """Who accuses whom: a grid of counts, empty where there is none (rows accuse columns)."""
    figure, axes = style.axes(6.6, 0.9 + 0.21 * len(counts))
    values = counts.to_numpy(float)
    top = max(values.max(), 1)
    axes.imshow(
        np.sqrt(np.where(values > 0, values, np.nan)), cmap="Blues", vmin=0, vmax=np.sqrt(top) * 1.15, aspect="auto"
    )
    for row, column in np.argwhere(values > 0):
        shade = "white" if values[row, column] > 0.45 * top else style.INK
        axes.text(column, row, f"{int(values[row, column])}", ha="center", va="center", color=shade, fontsize=8.5)
    axes.set_xticks(range(len(counts.columns)), counts.columns)
    axes.set_yticks(range(len(counts)), counts.index)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("accused state")
    axes.set_ylabel("attributor")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def stacked_years(counts: pd.DataFrame, ylabel: str) -> Figure:
    """Stacked bars per year; columns are categories, drawn bottom up."""
    figure, axes = style.axes(6.6, 3.1)
    base = np.zeros(len(counts))
    for number, name in enumerate(counts.columns):
        values = counts[name].to_numpy(float)
        axes.bar(
            counts.index,
            values,
            bottom=base,
            width=0.82,
            label=name,
            color=style.colour(name),
            hatch=style.HATCHES[number % len(style.HATCHES)],
            edgecolor="white",
            linewidth=0.4,
        )
        base += values
    axes.yaxis.grid(True)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    axes.set_ylabel(ylabel)
    axes.legend(
        ncols=len(counts.columns), loc="upper left", bbox_to_anchor=(0, 1.13), handlelength=1.2, columnspacing=1.2
    )
    return figure


def coalition_sizes(frame: pd.DataFrame, mark: list[str]) -> Figure:
    """Coalition size of each accused incident over time, with yearly means; `mark` names incidents to label."""
    figure, axes = style.axes(6.6, 3.3)
    for state in ["other", *[s for s in style.COLOURS if s != "other"]]:
        known = frame["accused_state"].isin([s for s in style.COLOURS if s != "other"])
        part = frame[~known] if state == "other" else frame[frame["accused_state"] == state]
        shape = style.MARKERS[list(style.COLOURS).index(state)]
        axes.scatter(
            part["day"],
            part["size"],
            s=26,
            marker=shape,
            color=style.colour(state),
            label=state,
            edgecolor="white",
            linewidth=0.5,
            zorder=3,
        )
    means = frame.groupby("year")["size"].mean()
    axes.plot(
        pd.to_datetime(means.index.astype(str) + "-07-01"), means, color=style.INK, linewidth=1.2, label="yearly mean"
    )
    for row in frame[frame["incident_id"].isin(mark)].itertuples():
        axes.annotate(
            row.incident_id[5:],
            (row.day, row.size),
            xytext=(-6, 4),
            textcoords="offset points",
            fontsize=7.5,
            ha="right",
            zorder=4,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )
    axes.yaxis.grid(True)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0, None)
    axes.set_ylabel("states and bodies accusing")
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%Y"))
    axes.legend(ncols=7, loc="upper left", bbox_to_anchor=(0, 1.14), handletextpad=0.3, columnspacing=1.0)
    return figure


def dots(frame: pd.DataFrame, rows: list[str], groups: list[str], xlabel: str) -> Figure:
    """Shares with 95% intervals: one line per flag, one marker per group, as from ``measures.shares``."""
    step = 0.8 / max(len(groups), 1)
    figure, axes = style.axes(6.6, 0.95 + len(rows) * max(0.085 * len(groups), 0.24))
    for number, group in enumerate(groups):
        part = frame[frame["group"] == group].set_index("flag").reindex(rows)
        y = np.arange(len(rows)) + (number - (len(groups) - 1) / 2) * step
        n = int(part["n"].max()) if part["n"].notna().any() else 0
        hue = style.colour(group) if group in style.COLOURS else style.SEQUENCE[number % len(style.SEQUENCE)]
        axes.hlines(y, part["low"], part["high"], color=hue, linewidth=1.3)
        axes.plot(
            part["share"],
            y,
            style.MARKERS[number % len(style.MARKERS)],
            color=hue,
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.4,
            label=f"{group} (n = {n})",
        )
    axes.set_yticks(range(len(rows)), [words(row) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.xaxis.grid(True)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(xlabel)
    figure.legend(ncols=min(len(groups), 5), loc="outside upper left", handletextpad=0.3, columnspacing=1.0)
    return figure


def bars(counts: pd.DataFrame, xlabel: str) -> Figure:
    """Horizontal stacked bars: one bar per row, one shade per column, counts written in."""
    counts = counts.loc[:, counts.sum() > 0]
    figure, axes = style.axes(6.6, 1.0 + 0.3 * len(counts) + 0.2 * (len(counts.columns) > 4))
    base = np.zeros(len(counts))
    total = counts.to_numpy().sum(axis=1).max()
    for number, name in enumerate(counts.columns):
        values = counts[name].to_numpy(float)
        hue = style.SEQUENCE[number % len(style.SEQUENCE)]
        axes.barh(
            range(len(counts)),
            values,
            left=base,
            color=hue,
            label=words(name),
            height=0.7,
            hatch=style.HATCHES[number % len(style.HATCHES)],
            edgecolor="white",
            linewidth=0.5,
        )
        for y, value in enumerate(values):
            if value >= 0.045 * total:
                axes.text(
                    base[y] + value / 2,
                    y,
                    f"{int(value)}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=style.INK,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
                )
        base += values
    axes.set_yticks(range(len(counts)), [words(str(row)) for row in counts.index])
    axes.invert_yaxis()
    axes.xaxis.grid(True)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(xlabel)
    figure.legend(ncols=4, loc="outside upper left", handlelength=1.3, columnspacing=1.2)
    return figure


def waiting(curve: pd.DataFrame, by: str, xlabel: str, longest: float) -> Figure:
    """Kaplan–Meier curves: share still waiting against days on a square-root scale, with 95% bands."""
    figure, axes = style.axes(6.6, 3.4)
    dashes = ("-", "--", "-.", ":")
    for number, (group, part) in enumerate(curve.groupby(by, sort=False)):
        hue = style.SEQUENCE[number % len(style.SEQUENCE)]
        days = np.append(part["days"], longest)
        steps = {name: np.append(part[name], part[name].iloc[-1]) for name in ("waiting", "low", "high")}
        axes.fill_between(days, steps["low"], steps["high"], step="post", color=hue, alpha=0.16, linewidth=0)
        axes.step(
            days, steps["waiting"], where="post", color=hue, linestyle=dashes[number % 4], linewidth=1.6, label=group
        )
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.clip(x, 0, None)), np.square))
    ticks = [t for t in (0, 7, 30, 90, 182, 365, 730, 1461, 2922, 5479) if t <= longest]
    names = {
        0: "0",
        7: "1 wk",
        30: "1 mo",
        90: "3 mo",
        182: "6 mo",
        365: "1 yr",
        730: "2 yr",
        1461: "4 yr",
        2922: "8 yr",
        5479: "15 yr",
    }
    axes.set_xticks(ticks, [names[t] for t in ticks])
    axes.set_xlim(0, longest)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.grid(True)
    axes.set_xlabel(xlabel)
    axes.set_ylabel("still waiting")
    figure.legend(ncols=3, loc="outside upper left", columnspacing=1.2)
    return figure


def before_after(frame: pd.DataFrame, window: int) -> Figure:
    """Attributed incidents in the window before and after each day of sanctions or charges, one line each."""
    figure, axes = style.axes(6.6, 3.0)
    states = [s for s in style.COLOURS if s in set(frame["accused_state"])]
    rest = sorted(set(frame["accused_state"]) - set(states))
    for number, state in enumerate([*states, *rest]):
        part = frame[frame["accused_state"] == state]
        shift = (number - (len(states) + len(rest) - 1) / 2) * 0.03
        for row in part.itertuples():
            axes.plot(
                [0 + shift, 1 + shift], [row.before, row.after], color=style.colour(state), linewidth=0.7, alpha=0.45
            )
        axes.plot(
            [0 + shift, 1 + shift],
            [part["before"].mean(), part["after"].mean()],
            marker=style.MARKERS[number % 7],
            color=style.colour(state),
            linewidth=2.4,
            markersize=6,
            markeredgecolor="white",
            label=f"{state} (mean of {len(part)})",
        )
    axes.set_xticks([0, 1], [f"{window} days before", f"{window} days after"])
    axes.set_xlim(-0.3, 1.3)
    axes.set_ylim(0, None)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.grid(True)
    axes.set_ylabel("incidents newly attributed")
    figure.legend(loc="outside right upper")
    return figure


def timeline(events: pd.DataFrame) -> Figure:
    """A case day by day: one row per event, columns ``day``, ``lane``, ``label``; lanes keep their order."""
    lanes = list(dict.fromkeys(events["lane"]))
    figure, axes = style.axes(6.6, 0.8 + 0.185 * len(events))
    days = events["day"].drop_duplicates().tolist()
    for row in events.itertuples():
        number = lanes.index(row.lane)
        axes.plot(
            0, row.Index, style.MARKERS[number % 7], color=style.SEQUENCE[number % len(style.SEQUENCE)], markersize=5.5
        )
        axes.text(0.12, row.Index, row.label, va="center", fontsize=8)
    for day in days:
        rows = events.index[events["day"] == day]
        axes.text(-0.12, rows[0], f"{day.day} {day:%b %Y}", ha="right", va="center", fontsize=8, fontweight="bold")
        axes.axhline(rows[0] - 0.5, color=style.GRID, linewidth=0.7)
    axes.set_xlim(-1.2, 7)
    axes.set_ylim(len(events) - 0.4, -0.6)
    axes.axis("off")
    for number, lane in enumerate(lanes):
        axes.plot([], [], style.MARKERS[number % 7], color=style.SEQUENCE[number % len(style.SEQUENCE)], label=lane)
    figure.legend(ncols=len(lanes), loc="outside upper left", handletextpad=0.2)
    return figure


def specification_curve(frame: pd.DataFrame, estimate: str, choices: list[str], ylabel: str) -> Figure:
    """Estimates of all specifications in rising order, above a grid of the choices each one makes."""
    frame = frame.dropna(subset=[estimate]).sort_values([estimate, *choices], kind="stable").reset_index(drop=True)
    options = [(choice, value) for choice in choices for value in dict.fromkeys(sorted(frame[choice].astype(str)))]
    style.use()
    figure, (upper, lower) = style.plt.subplots(
        2, 1, figsize=(6.6, 2.3 + 0.15 * len(options)), sharex=True, height_ratios=[2.0, 0.15 * len(options)]
    )
    if {"low", "high"} <= set(frame):
        upper.vlines(frame.index, frame["low"], frame["high"], color=style.GRID, linewidth=0.9)
    main = frame["main"].to_numpy(bool)
    upper.plot(frame.index[~main], frame.loc[~main, estimate], "o", color=style.SEQUENCE[0], markersize=2.4)
    upper.plot(
        frame.index[main],
        frame.loc[main, estimate],
        "D",
        color=style.SEQUENCE[2],
        markersize=6,
        label="main specification",
    )
    upper.set_title(ylabel, fontsize=9.5, fontweight="normal")
    upper.yaxis.grid(True)
    upper.legend(loc="upper left")
    for y, (choice, value) in enumerate(options):
        hit = frame.index[frame[choice].astype(str) == value]
        lower.plot(hit, np.full(len(hit), y), "|", color=style.INK, markersize=4.2, markeredgewidth=0.7)
    lower.set_yticks(range(len(options)), [f"{words(choice)}: {value}" for choice, value in options], fontsize=7.5)
    lower.set_ylim(len(options) - 0.4, -0.6)
    lower.tick_params(length=0)
    lower.set_xlabel(f"{len(frame)} specifications, in order of the estimate")
    for number in range(1, len(options)):
        if options[number][0] != options[number - 1][0]:
            lower.axhline(number - 0.5, color=style.GRID, linewidth=0.7)
    return figure


def alphas(frame: pd.DataFrame, threshold: float, wanted: float) -> Figure:
    """Krippendorff's alpha per variable with its 95% interval; dashed line at `threshold`, dotted at `wanted`."""
    frame = frame.dropna(subset=["alpha"]).sort_values(["table", "alpha"], ascending=[True, False], kind="stable")
    frame = frame.reset_index(drop=True)
    figure, axes = style.axes(6.6, 0.8 + 0.19 * len(frame))
    tables = list(dict.fromkeys(frame["table"]))
    for number, table in enumerate(tables):
        part = frame[frame["table"] == table]
        hue = style.SEQUENCE[number]
        axes.hlines(part.index, part["low"].clip(lower=-0.25), part["high"], color=hue, linewidth=1.3)
        axes.plot(
            part["alpha"].clip(lower=-0.25),
            part.index,
            style.MARKERS[number],
            color=hue,
            markersize=5,
            markeredgecolor="white",
            label=table,
        )
    for value, line in ((threshold, "--"), (wanted, ":")):
        axes.axvline(value, color=style.INK, linestyle=line, linewidth=0.8)
    axes.set_yticks(frame.index, [f"{words(v)} (n = {n})" for v, n in zip(frame["variable"], frame["n"], strict=True)])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.set_xlim(-0.28, 1.02)
    axes.xaxis.grid(True)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Krippendorff's alpha (values below −0.25 drawn at −0.25)")
    figure.legend(ncols=3, loc="outside upper left")
    return figure


STRATEGIES = list(vocab.STRATEGY)
