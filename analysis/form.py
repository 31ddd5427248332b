"""A form for adding rows in JupyterLab.  It asks the same questions as ``new`` and writes through the same code."""

from __future__ import annotations

import html
from pathlib import Path

import ipywidgets as widgets

from analysis import entry
from analysis.dataset import load
from analysis.errors import CardError, DatasetError
from analysis.questions import KINDS, Question, fault, questions
from analysis.story import incident_story

WIDE = {"width": "46em"}  # a layout of its own for each field: one that is shared hides or shows them all
LABEL = {"description_width": "11em"}
LONG = {"summary", "note", "contestation"}


class Form(widgets.VBox):
    """A form for one incident, or for one row of an incident that is there.

    Each field is checked as it is filled in, and says under it what is wrong; the
    whole dataset is checked before anything is written.

    Parameters
    ----------
    dataset : path, optional
        Folder laid out like ``dataset/``; by default the repository's own.
    """

    def __init__(self, dataset: Path | None = None):
        self.dataset = Path(dataset) if dataset else None
        self.kind = widgets.Dropdown(options=list(KINDS), description="what to add", style=LABEL, layout=WIDE)
        self.incident = widgets.Text(
            description="incident", placeholder="2021-uk-electoral-commission", style=LABEL, layout=WIDE
        )
        self.coder = widgets.Text(description="your ORCID", placeholder="0000-0000-0000-0000", style=LABEL, layout=WIDE)
        self.fields, self.said = {}, widgets.HTML()
        self.body = widgets.VBox()
        check = widgets.Button(description="Check", icon="check")
        save = widgets.Button(description="Save", icon="save", button_style="primary")
        check.on_click(lambda _: self._finish(write=False))
        save.on_click(lambda _: self._finish(write=True))
        self.kind.observe(lambda _: self._lay_out(), "value")
        super().__init__([self.kind, self.incident, self.coder, self.body, widgets.HBox([check, save]), self.said])
        self._lay_out()

    def _lay_out(self) -> None:
        """Show the fields of the chosen kind."""
        self.fields, parts = {}, []
        self.incident.layout.display = "none" if self.kind.value == "incident" else ""
        for section in KINDS[self.kind.value]:
            parts.append(widgets.HTML(f"<h3>{section}</h3>"))
            parts += [self._field(question) for question in questions(section)]
        self.body.children = parts

    def _field(self, question: Question) -> widgets.VBox:
        """One input with its meaning above it and its fault below."""
        if question.codes and question.column != "strategies":
            options = [(f"{code}: {meaning}", str(code)) for code, meaning in question.codes.items()]
            options = options if question.default else [("", ""), *options]
            field = widgets.Dropdown(options=options, value=question.default, style=LABEL, layout=WIDE)
        else:
            kind = widgets.Textarea if question.column in LONG else widgets.Text
            field = kind(value=question.default, continuous_update=False, style=LABEL, layout=WIDE)
        field.description = question.column.replace("_", " ") + (" *" if question.required else "")
        field.add_class(f"card-{question.section}-{question.column}")
        wrong = widgets.HTML()
        field.observe(
            lambda change: wrong.set_trait("value", self._red(fault(question.section, question.column, change.new))),
            "value",
        )
        self.fields[question.section, question.column] = field
        about = widgets.HTML(f"<small style='color:#5f6b76'>{html.escape(question.about)}</small>")
        return widgets.VBox([about, field, wrong])

    @staticmethod
    def _red(message: str | None) -> str:
        return f"<b style='color:#a3123f'>✗ {html.escape(message)}</b>" if message else ""

    def answers(self) -> dict[str, dict]:
        """What has been filled in, by section."""
        out: dict[str, dict] = {section: {} for section in KINDS[self.kind.value]}
        for (section, column), field in self.fields.items():
            if field.value.strip():
                out[section][column] = field.value.strip()
        return out

    def _finish(self, write: bool) -> None:
        """Check everything, write it if asked to, and tell what came of it."""
        try:
            if not self.coder.value.strip():
                raise CardError("your ORCID is missing: it says who coded the row")
            rows = entry.rows(
                self.kind.value, self.answers(), self.coder.value.strip(), self.dataset, self.incident.value.strip()
            )
            if not write:
                problems = entry.trial(rows, self.dataset)
                if problems:
                    raise DatasetError(problems)
                self.said.value = "<b style='color:#1c6b3c'>✓ nothing wrong; nothing written yet</b>"
                return
            entry.add(rows, self.dataset)
            incident = self.incident.value.strip() or rows["incidents"][0]["incident_id"]
            story = incident_story(load(self.dataset), incident)
            self.said.value = (
                f"<b style='color:#1c6b3c'>✓ saved {html.escape(incident)}</b><pre>{html.escape(story)}</pre>"
            )
        except CardError as error:
            self.said.value = f"<pre style='color:#a3123f;white-space:pre-wrap'>✗ {html.escape(str(error))}</pre>"
