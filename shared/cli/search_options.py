"""Options of `concord search`: fields of a search request, sent only where they are given."""

from enum import StrEnum
from typing import Annotated

import typer


class Mode(StrEnum):
    HYBRID = "hybrid"
    KEYWORD = "keyword"
    SEMANTIC = "semantic"


class Fusion(StrEnum):
    WEIGHTED = "weighted"
    MIN_MAX = "min_max"
    RRF = "rrf"


QueryArgument = Annotated[
    str,
    typer.Argument(
        metavar="QUERY", help='The words or the question to look for; "quoted phrases", -excluded words.'
    ),
]
ModeOption = Annotated[Mode, typer.Option(help="By words, by meaning, or by both.")]
AlphaOption = Annotated[
    float | None, typer.Option(min=0, max=1, help="The share of meaning in a hybrid score.")
]
FusionOption = Annotated[Fusion | None, typer.Option(help="How the two rankings become one.")]
TyposOption = Annotated[
    bool | None, typer.Option("--typos/--no-typos", help="Whether unknown words may stand for similar ones.")
]
PrefixOption = Annotated[
    bool | None,
    typer.Option("--prefix/--no-prefix", help="Whether the last word may be the beginning of others."),
]
FilterOption = Annotated[
    str | None,
    typer.Option("--filter", metavar="FILTER", help="Metadata conditions, such as 'year >= 2020'."),
]
SortOption = Annotated[
    list[str] | None,
    typer.Option(
        "--sort", metavar="FIELD:asc|desc", help="What to order by instead of the score; may be repeated."
    ),
]
FacetOption = Annotated[
    list[str] | None,
    typer.Option("--facet", metavar="FIELD", help="A field whose values to count; may be repeated."),
]
FacetLimitOption = Annotated[int | None, typer.Option(min=1, max=200, help="Values to show per facet.")]
FacetQueryOption = Annotated[
    str | None,
    typer.Option(metavar="FIELD:TEXT", help="Show those values of a facet alone that have this text."),
]
GroupByOption = Annotated[
    str | None, typer.Option(metavar="FIELD", help="Show each value of this field once.")
]
GroupSizeOption = Annotated[int | None, typer.Option(min=1, max=20, help="Hits to show per group.")]
LimitOption = Annotated[int, typer.Option(min=1, max=100, help="Hits to show.")]
OffsetOption = Annotated[int | None, typer.Option(min=0, help="Hits to pass over.")]
MinScoreOption = Annotated[float | None, typer.Option(min=0, max=1, help="Leave out hits below this score.")]
PassagesOption = Annotated[int | None, typer.Option(min=0, max=10, help="Passages per hit, in JSON.")]
HighlightOption = Annotated[
    bool | None, typer.Option("--highlight/--no-highlight", help="Whether to mark what was found.")
]
SnippetWordsOption = Annotated[
    int | None, typer.Option(min=5, max=200, help="Cut passages to this many words.")
]
CutoffOption = Annotated[
    int | None, typer.Option(min=1, max=20_000, help="Milliseconds after which to show what has been found.")
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Show what each score is made of.")]
