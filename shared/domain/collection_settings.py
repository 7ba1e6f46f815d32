"""What the owner of a collection sets for its searches."""

import functools
import json
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from shared.domain.names import DocumentId
from shared.domain.phrase_table import PhraseTable, Words
from shared.domain.query_words import normalized_words
from shared.domain.ranking import BODY_WEIGHT, TITLE_WEIGHT
from shared.domain.texts import storable_text
from shared.errors import InvalidRequest

MAX_SYNONYMS = 2_000
MAX_SYNONYM_TEXTS = 100
# Of one phrase, all its entries together: each costs a search as much as a word that was typed.
MAX_ALTERNATIVES = 20
MAX_STOP_WORDS = 1_000
MAX_PINS = 1_000
MAX_PIN_DOCUMENTS = 50
MAX_SETTING_CHARACTERS = 100
MAX_PIN_QUERY_CHARACTERS = 200
MAX_FIELD_WEIGHT = 10
MAX_SETTINGS_BYTES = 200_000


def _with_words(text: str) -> str:
    if not normalized_words(text):
        raise ValueError("must contain a word")
    return text


def _one_word(text: str) -> str:
    if len(normalized_words(text)) != 1:
        raise ValueError("must be one word")
    return text


SettingText = Annotated[
    str,
    Field(max_length=MAX_SETTING_CHARACTERS),
    AfterValidator(storable_text),
    AfterValidator(_with_words),
]
StopWord = Annotated[SettingText, AfterValidator(_one_word)]
PinQuery = Annotated[
    str,
    Field(max_length=MAX_PIN_QUERY_CHARACTERS),
    AfterValidator(storable_text),
    AfterValidator(_with_words),
]
PinDocuments = Annotated[list[DocumentId], Field(max_length=MAX_PIN_DOCUMENTS, fail_fast=True)]


class _Setting(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class OneWaySynonym(_Setting):
    """Who looks for `from` finds `to` as well, and not the other way round."""

    from_: SettingText = Field(alias="from", examples=["phone"])
    to: Annotated[list[SettingText], Field(min_length=1, max_length=MAX_SYNONYM_TEXTS, fail_fast=True)] = (
        Field(examples=[["iphone", "galaxy s"]])
    )


class Pin(_Setting):
    """Documents to show first, in this order, and documents not to show, for a query."""

    query: PinQuery = Field(examples=["return policy"])
    match: Literal["exact", "contains"] = Field(
        default="exact", description="Whether the query has to be this, or to have these words in a row."
    )
    documents: PinDocuments = Field(default=[], examples=[["guide:returns"]])
    hidden: PinDocuments = []

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.documents and not self.hidden:
            raise ValueError("name at least one document in documents or hidden")
        return self


class FieldWeights(_Setting):
    """How much a word counts in the title and in the body."""

    title: float = Field(default=TITLE_WEIGHT, ge=0, le=MAX_FIELD_WEIGHT)
    body: float = Field(default=BODY_WEIGHT, ge=0, le=MAX_FIELD_WEIGHT)

    @model_validator(mode="after")
    def _one_counts(self) -> Self:
        if not self.title and not self.body:
            raise ValueError("title and body cannot both be 0")
        return self


def _kind_of_synonym(value: object) -> str:
    return "one_way" if isinstance(value, dict | OneWaySynonym) else "two_way"


TwoWaySynonym = Annotated[
    list[SettingText], Field(min_length=2, max_length=MAX_SYNONYM_TEXTS, fail_fast=True)
]
Synonym = Annotated[
    Annotated[TwoWaySynonym, Tag("two_way")] | Annotated[OneWaySynonym, Tag("one_way")],
    Discriminator(_kind_of_synonym),
]
Synonyms = Annotated[
    list[Synonym],
    Field(
        max_length=MAX_SYNONYMS,
        description="Texts that stand for one another, or from which `from` finds which `to`.",
        examples=[[["tv", "television"], {"from": "phone", "to": ["iphone", "galaxy s"]}]],
        fail_fast=True,
    ),
]
StopWords = Annotated[
    list[StopWord],
    Field(
        max_length=MAX_STOP_WORDS,
        description="Words that queries do without.",
        examples=[["please"]],
        fail_fast=True,
    ),
]
Pins = Annotated[list[Pin], Field(max_length=MAX_PINS, fail_fast=True)]


class CollectionSettings(BaseModel):
    """All settings of a collection."""

    # What a later release has stored beside them is passed over.
    model_config = ConfigDict(frozen=True)

    synonyms: Synonyms = []
    stop_words: StopWords = []
    pins: Pins = []
    field_weights: FieldWeights = FieldWeights()

    @functools.cached_property
    def stop_word_set(self) -> frozenset[Words]:
        return frozenset(normalized_words(word) for word in self.stop_words)

    @functools.cached_property
    def synonym_table(self) -> PhraseTable[Words]:
        """By every phrase that has synonyms, the words of each, as they were written."""
        found: dict[Words, dict[Words, Words]] = {}
        for synonym in self.synonyms:
            sources, texts = (
                ([synonym.from_], synonym.to) if isinstance(synonym, OneWaySynonym) else (synonym, synonym)
            )
            targets = {normalized_words(text): text for text in texts}
            for phrase in dict.fromkeys(normalized_words(source) for source in sources):
                alternatives = found.setdefault(phrase, {})
                for words, text in targets.items():
                    if words != phrase and len(alternatives) < MAX_ALTERNATIVES:
                        alternatives.setdefault(words, self._spoken(text))
        return PhraseTable(
            (phrase, words) for phrase, alternatives in found.items() for words in alternatives.values()
        )

    @functools.cached_property
    def pin_table(self) -> PhraseTable[tuple[int, Pin]]:
        """By their queries, the pins and their places."""
        return PhraseTable((normalized_words(pin.query), (place, pin)) for place, pin in enumerate(self.pins))

    def _spoken(self, text: str) -> Words:
        """The words of a text without stop words, unless it has no others."""
        words = {word: normalized_words(word) for word in text.split()}
        said = [word for word in text.split() if words[word]]
        return tuple(word for word in said if words[word] not in self.stop_word_set) or tuple(said)

    def stored(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON. Raises InvalidRequest when it is too much."""
        settings = self.model_dump(mode="json", exclude_defaults=True)
        if len(json.dumps(settings, ensure_ascii=False).encode()) > MAX_SETTINGS_BYTES:
            message = f"may have {MAX_SETTINGS_BYTES} bytes at most, all together"
            raise InvalidRequest(details=[{"field": "settings", "message": message}])
        return settings


class CollectionSettingsChange(BaseModel):
    """Settings to replace, each as a whole; null brings a setting's default back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    synonyms: Synonyms | None = None
    stop_words: StopWords | None = None
    pins: Pins | None = None
    field_weights: FieldWeights | None = None

    def applied_to(self, settings: CollectionSettings) -> CollectionSettings:
        named = {name: getattr(self, name) for name in self.model_fields_set}
        kept = {name: getattr(settings, name) for name in settings.model_fields_set - named.keys()}
        changed = {name: value for name, value in named.items() if value is not None}
        return CollectionSettings(**kept, **changed)


def matching_pins(settings: CollectionSettings, text: str) -> tuple[list[str], list[str]]:
    """The ids to show first, in order, and those to hide, for a query without its exclusions.

    The pins of a collection apply in their order; what one of them hides, none shows first.
    """
    words = normalized_words(text)
    table = settings.pin_table
    found = dict(pin for pin in table.within(words) if pin[1].match == "contains")
    found |= dict(table.exactly(words))
    pins = [found[place] for place in sorted(found)]
    hidden = list(dict.fromkeys(id_ for pin in pins for id_ in pin.hidden))
    pinned = dict.fromkeys(id_ for pin in pins for id_ in pin.documents)
    refused = set(hidden)
    return [id_ for id_ in pinned if id_ not in refused][:MAX_PIN_DOCUMENTS], hidden
