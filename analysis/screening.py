"""What became of every lead that was considered, in the manner of a systematic review."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from analysis import style, vocab
from analysis.dataset import Dataset

#: Outcomes in the order in which leads leave the flow; what is left at the end was coded.
LEAVING = ("not_reached", "duplicate", "no_page", "excluded")
SHOWN = {
    "not_reached": "not looked into yet",
    "duplicate": "coded already, or part of a coded incident",
    "no_page": "no page that would carry a row",
    "excluded": "fails an inclusion rule",
    "coded": "led to an incident",
}
REASONS = {
    "no_government_attribution": "no government accused anybody in public",
    "no_state_link": "nobody was tied to a state",
    "not_cyber_incident": "not a cyber incident",
    "not_public": "said off the record only",
    "too_vague": "too vague to bound",
}


def outcomes(data: Dataset) -> pd.DataFrame:
    """Leads by outcome and, where they were excluded, by reason.

    Returns
    -------
    pandas.DataFrame
        Columns ``outcome``, ``reason`` (empty unless excluded), ``starting_list``, ``own_finding``
        and ``leads`` (their sum); every outcome and reason once, in display order, zero if it has no lead.
    """
    frame = data.screening
    starting = frame["found_in"].str.startswith("starting list").fillna(False).astype(bool)
    rows = []
    for outcome in (*LEAVING, "coded"):
        for reason in vocab.EXCLUSION if outcome == "excluded" else ("",):
            ours = frame["outcome"].eq(outcome) & (frame["reason"].eq(reason) if reason else True)
            rows.append(
                {
                    "outcome": SHOWN[outcome],
                    "reason": REASONS.get(reason, ""),
                    "starting_list": int((ours & starting).sum()),
                    "own_finding": int((ours & ~starting).sum()),
                    "leads": int(ours.sum()),
                }
            )
    return pd.DataFrame(rows)


def flow(found: pd.DataFrame, incidents: int) -> Figure:
    """Flow of leads: those left at each step on the left, those that leave it on the right.

    Parameters
    ----------
    found : pandas.DataFrame
        As :func:`outcomes` gives it.
    incidents : int
        Incidents in the dataset.
    """
    left = int(found["leads"].sum())
    origin = f"starting list {int(found['starting_list'].sum()):,}, own findings {int(found['own_finding'].sum()):,}"
    steps = [f"{left:,} leads\n({origin})"]
    beside = []
    for outcome in LEAVING:
        ours = found[found["outcome"] == SHOWN[outcome]]
        gone = int(ours["leads"].sum())
        left -= gone
        reasons = [f"{row.leads:,} {row.reason}" for row in ours.itertuples() if row.reason and row.leads]
        beside.append("\n".join([f"{gone:,} {SHOWN[outcome]}", *reasons]))
        steps.append(f"{left:,} left")
    steps[-1] = f"{left:,} leads coded,\n{incidents:,} incidents"
    heights = [0.55 + 0.17 * text.count("\n") for text in beside]
    figure, axes = style.axes(6.6, 1.0 + 1.25 * sum(heights))
    axes.set_axis_off()
    box = {"boxstyle": "square,pad=0.5", "facecolor": "white", "edgecolor": style.SOFT, "linewidth": 0.9}
    arrow = {"arrowstyle": "-|>", "color": style.SOFT, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    y, places = 0.0, [0.0]
    for height in heights:
        y -= 1.9 * height
        places.append(y)
    for number, text in enumerate(steps):
        axes.text(0, places[number], text, ha="center", va="center", bbox=box, zorder=3, fontsize=9)
    for number, text in enumerate(beside):
        top, end = places[number], places[number + 1]
        axes.annotate("", (0, end + 0.28), (0, top - 0.2), arrowprops=arrow, zorder=2)
        middle = (top + end) / 2
        axes.annotate("", (0.62, middle), (0, middle), arrowprops=arrow, zorder=2)
        axes.text(0.68, middle, text, ha="left", va="center", bbox=box, zorder=3, fontsize=9)
    axes.set_xlim(-0.75, 2.2)
    axes.set_ylim(places[-1] - 0.5, 0.5)
    return figure
