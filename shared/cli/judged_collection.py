"""A judged collection in BEIR's layout: corpus.jsonl, queries.jsonl and qrels.tsv in one folder."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.cli.document_sources import Item, SourcedDocument, read_lines
from shared.config import ConfigurationError
from shared.domain.document_ids import document_id

CORPUS, QUERIES, JUDGEMENTS = "corpus.jsonl", "queries.jsonl", "qrels.tsv"


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query's text and the grades of its judged documents, by their ids in Concord."""

    text: str
    relevance: dict[str, int]


def read_corpus(folder: Path) -> Iterator[Item]:
    """The documents, under ids that Concord takes."""
    with _opened(folder / CORPUS) as file:
        for item in read_lines(file, CORPUS):
            yield _as_document(item) if isinstance(item, SourcedDocument) else item


def _as_document(item: SourcedDocument) -> SourcedDocument:
    fields = item.document
    document = {
        "id": document_id(str(fields.get("id", ""))),
        "title": fields.get("title") or None,
        "body": fields.get("body", ""),
        "metadata": fields.get("metadata") or {},
    }
    return SourcedDocument(item.source, document)


def read_judged_queries(folder: Path) -> list[JudgedQuery]:
    """The queries that have judgements, in their file's order. Raises ConfigurationError."""
    judgements = _read_judgements(folder)
    try:
        with _opened(folder / QUERIES) as file:
            queries: list[dict[str, Any]] = [json.loads(line) for line in file if line.strip()]
        judged = [
            JudgedQuery(str(query["text"]), judgements[str(query["_id"])])
            for query in queries
            if str(query["_id"]) in judgements
        ]
    except (ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(f"{folder / QUERIES} is not as BEIR has it: {error!r}") from error
    if not judged:
        raise ConfigurationError(f"No query of {folder / QUERIES} has a judgement in {JUDGEMENTS}.")
    return judged


def _read_judgements(folder: Path) -> dict[str, dict[str, int]]:
    judgements: dict[str, dict[str, int]] = defaultdict(dict)
    with _opened(folder / JUDGEMENTS) as file:
        lines = file.read().decode().splitlines()
    try:
        # The first line names the columns: query-id, corpus-id, score.
        for query, document, grade in csv.reader(lines[1:], delimiter="\t"):
            judgements[query][document_id(document)] = int(grade)
    except ValueError as error:
        raise ConfigurationError(f"{folder / JUDGEMENTS} is not as BEIR has it: {error}") from error
    return dict(judgements)


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}. See `concord eval --help`.") from None
