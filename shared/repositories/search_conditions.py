"""What every hit has to pass, as a condition on `d`, a row of concord.document."""

from dataclasses import dataclass, field
from typing import Any

from shared.database.statements import SqlFile
from shared.domain.deletions import NOTHING_GONE
from shared.repositories.filters import filter_sql, having_path, shown_sql
from shared.repositories.search_plan import SearchPlan

SQL = SqlFile("shared.repositories.sql", "search")


@dataclass(slots=True)
class Conditions:
    """`text` is empty when everything passes; `said` is what it needs to know of phrases and exclusions."""

    text: str = ""
    said: str = ""
    # Whether they may leave few documents: what is excluded or hidden seldom does.
    is_selective: bool = False
    # A path that finds something in the metadata of every hit, for an index.
    having: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def conditions_of(plan: SearchPlan) -> Conditions:
    """The filter, the phrases, what was excluded, what is gone and what is hidden for this query."""
    parts: list[str] = []
    conditions = Conditions()
    if plan.tree is not None:
        condition = filter_sql(plan.tree)
        parts.append(condition.text)
        conditions.parameters.update(condition.parameters)
        conditions.having = having_path(plan.tree)
        conditions.parameters["having"] = conditions.having
    said = _said(plan)
    if said:
        conditions.said = SQL["piece_said"].text
        conditions.parameters["said"] = [text for text, _ in said]
        parts.extend(_says(place, is_wanted) for place, (_, is_wanted) in enumerate(said, start=1))
    conditions.is_selective = plan.tree is not None or any(is_wanted for _, is_wanted in said)
    if plan.gone != NOTHING_GONE:
        # It may be nearly everything.
        conditions.is_selective = True
        shown = shown_sql(plan.gone)
        parts.append(shown.text)
        conditions.parameters.update(shown.parameters)
    if plan.readers is not None:
        conditions.is_selective = True
        parts.append("d.readers IS NULL OR d.readers && %(readers)s::text[]")
        conditions.parameters["readers"] = list(plan.readers)
    if plan.hidden:
        conditions.parameters["hidden"] = list(plan.hidden)
        parts.append("d.id <> ALL(%(hidden)s::text[])")
    conditions.text = " AND ".join(f"({part})" for part in parts)
    return conditions


def _said(plan: SearchPlan) -> list[tuple[str, bool]]:
    return [(phrase, True) for phrase in plan.phrases] + [(text, False) for text in plan.excluded]


def _says(place: int, is_wanted: bool) -> str:
    says = SQL["piece_says"].with_slot("place", str(place))
    return says.text if is_wanted else f"NOT {says.with_slot('nothing', 'false').text}"
