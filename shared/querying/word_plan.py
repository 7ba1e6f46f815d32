"""What to look up for a query: its words, and what a collection says stands for them."""

from collections.abc import Iterator
from typing import NamedTuple

from shared.domain.collection_settings import CollectionSettings
from shared.domain.phrase_table import Words
from shared.domain.query_words import ParsedQuery, QueryPart, WordPlan, normalized_words

# A document that has only a synonym is a little less what was asked for than one with the word itself, and
# comes after it when all else is equal; much less would make the synonym pointless.
SYNONYM_WEIGHT = 0.9
MAX_CLAUSES = 1_024
# Looking for similar words takes time for every one; in longer queries the words that are known say enough.
MAX_EXPANDABLE = 64


class _Group(NamedTuple):
    words: list[str]
    synonyms: list[Words]
    is_expandable: bool
    is_stop_word: bool
    is_last: bool


def plan_words(parsed: ParsedQuery, settings: CollectionSettings) -> WordPlan:
    """What `parsed` asks of a collection with these settings.

    Of phrases that have synonyms the longest is taken, and synonyms have none of their own. Synonyms that
    would make it more than 1,024 clauses are left out; what was typed never is, but for stop words beside
    other words. Beyond the 64th group only the last word is expandable.
    """
    plan = WordPlan(
        groups=[],
        alternatives=[],
        weights=[],
        texts=[],
        expandable=[],
        prefix_group=None,
    )
    groups = list(_groups(parsed, settings))
    groups = [group for group in groups if not group.is_stop_word] or groups
    room = MAX_CLAUSES - sum(len(group.words) for group in groups)
    for number, group in enumerate(groups):
        expandable = group.is_expandable and (number < MAX_EXPANDABLE or group.is_last)
        _add(plan, number, group.words, expandable=expandable)
        alternative = 0
        for words in group.synonyms:
            if len(words) <= room:
                room -= len(words)
                alternative += 1
                _add(plan, number, words, alternative=alternative, weight=SYNONYM_WEIGHT)
    return plan._replace(prefix_group=len(groups) - 1 if groups and groups[-1].is_last else None)


def _groups(parsed: ParsedQuery, settings: CollectionSettings) -> Iterator[_Group]:
    """What was typed, in order: a word, or a phrase that has synonyms, to a group."""
    keys = [_key(part) for part in parsed.parts]
    place = 0
    while place < len(keys):
        part = parsed.parts[place]
        length = 1
        if part.quoted and not part.excluded:
            words = [word for word in part.text.split() if normalized_words(word)]
            yield from (_Group([word], [], False, False, False) for word in words)
        elif not part.excluded:
            length, synonyms = next(settings.synonym_table.at(keys, place), (1, []))
            yield _Group(
                words=[typed.text for typed in parsed.parts[place : place + length]],
                synonyms=synonyms,
                # Whoever typed what the settings have a synonym for has not mistyped it.
                is_expandable=not synonyms,
                is_stop_word=not synonyms and (keys[place],) in settings.stop_word_set,
                is_last=parsed.ends_in_word and place + length == len(keys),
            )
        place += length


def _key(part: QueryPart) -> str:
    """The word as synonyms have it; nothing for what has no synonyms."""
    return "" if part.quoted or part.excluded else " ".join(normalized_words(part.text))


def _add(
    plan: WordPlan,
    group: int,
    words: list[str] | Words,
    *,
    alternative: int = 0,
    weight: float = 1.0,
    expandable: bool = False,
) -> None:
    for word in words:
        plan.groups.append(group)
        plan.alternatives.append(alternative)
        plan.weights.append(weight)
        plan.texts.append(word)
        plan.expandable.append(expandable)
