"""What mistyped and unfinished words stand for, on every supported PostgreSQL."""

import asyncio
import contextvars
import random
from collections.abc import Sequence

import psycopg
import pytest

from shared.database.connections import open_connection
from tests.builders.claims import EVERYTHING
from tests.builders.documents import a_document
from tests.builders.library import Library, settings_of

ALPHABET = "abcé"
EDITS = [
    ("receive", "recieve", 1),
    ("receive", "eceive", 1),
    ("receive", "receivee", 1),
    ("receive", "rexeive", 1),
    ("receive", "xeceive", 1),
    ("receive", "erceive", 1),
    ("receive", "receive", 0),
    ("information", "infromatoin", 2),
    ("information", "nformatio", 2),
    ("information", "ifnormatione", 2),
    ("information", "ynformatiom", 2),
    ("ca", "abc", 3),
    ("größe", "grösse", 2),
    ("", "ab", 2),
]


def edits_between(one: str, other: str) -> int:
    """The optimal string alignment distance, by its recurrence."""
    rows = [list(range(len(other) + 1))]
    for i in range(1, len(one) + 1):
        row = [i]
        for j in range(1, len(other) + 1):
            steps = [rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (one[i - 1] != other[j - 1])]
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                steps.append(rows[-2][j - 2] + 1)
            row.append(min(steps))
        rows.append(row)
    return rows[-1][-1]


def mistyped(word: str, mistakes: int, chance: random.Random) -> str:
    """The word with so many random edits of any kind."""
    for _ in range(mistakes):
        place = chance.randrange(len(word))
        letter = chance.choice(ALPHABET)
        head, here, tail = word[:place], word[place], word[place + 1 :]
        swapped = head + tail[:1] + here + tail[1:]
        word = chance.choice([head + tail, head + letter + here + tail, head + letter + tail, swapped]) or "a"
    return word


def expected_words(typed: str, vocabulary: Sequence[str]) -> list[tuple[str, int]]:
    """What a linear search finds: the ten nearest, when all are in one document each."""
    most = 0 if len(typed) < 4 else 1 if len(typed) < 8 else 2
    near = [(word, edits_between(typed, word)) for word in vocabulary]
    near = [(word, edits) for word, edits in near if 0 < edits <= most]
    fewest = min((edits for _, edits in near), default=0)
    return sorted(found for found in near if found[1] == fewest)[:10]


class Vocabulary:
    """SQL's own answers about the words of the first collection."""

    def __init__(self, database_url: str) -> None:
        self.url = database_url

    def ask(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, options=EVERYTHING) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def words(self) -> dict[str, str]:
        """Every word with its term."""
        found = self.ask(
            "SELECT w.word, t.term FROM concord.keyword_word w"
            " JOIN concord.keyword_term t ON t.collection_id = w.collection_id AND t.id = w.term_id"
        )
        return {str(word): str(term) for word, term in found}

    def similar(self, typed: str) -> list[str]:
        return [str(word) for (word,) in self.ask("SELECT word FROM concord.similar_words(1, %s)", typed)]

    def completing(self, typed: str, most: int = 50) -> list[tuple[object, ...]]:
        return self.ask("SELECT word, documents FROM concord.completing_words(1, %s, %s)", typed, most)

    def expanded(self, typed: str, *, typos: bool = True, prefix: bool = True) -> dict[str, object]:
        """The weight of each term."""
        statement = "SELECT term, weight FROM concord.expand_word(1, 'english', %s, %s, %s)"
        return {str(row[0]): row[1] for row in self.ask(statement, typed, typos, prefix)}


@pytest.fixture
def vocabulary(database_url: str) -> Vocabulary:
    return Vocabulary(database_url)


@pytest.mark.parametrize(("one", "other", "edits"), EDITS)
def test_edits_are_counted(vocabulary: Vocabulary, one: str, other: str, edits: int) -> None:
    counted = [
        vocabulary.ask("SELECT concord.edits_between(%s, %s, %s)", *words, most)[0][0]
        for words in ((one, other), (other, one))
        for most in (0, 1, 2)
    ]
    assert counted == [min(edits, most + 1) for most in (0, 1, 2)] * 2
    assert edits_between(one, other) == edits


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("pasword", ["password"]),
        ("passwordd", ["password"]),
        ("passqord", ["password"]),
        ("passwrod", ["password"]),
        ("assword", ["password"]),
        ("qassword", ["password"]),
        ("apssword", ["password"]),
        ("qasswrod", ["password"]),
        ("passsworrd", ["password"]),
        ("psswrd", []),
        ("qasswodr", ["password"]),
        ("riger", ["river"]),
        ("rivr", ["river"]),
        ("irver", ["river"]),
        ("rover", ["river"]),
        ("rigre", []),
        ("catt", ["cat"]),
        ("ct", []),
        ("cta", []),
        ("servor1", []),
        ("utf9", []),
        ("größte", ["größe"]),
        ("безапасность", ["безопасность"]),
        ("river", []),
    ],
)
async def test_a_mistyped_word_finds_what_was_meant(
    library: Library, vocabulary: Vocabulary, typed: str, meant: list[str]
) -> None:
    text = "Password, river and cat. The server1 reads utf8. Größe, безопасность."
    await library.upsert(a_document("a", text))
    assert vocabulary.similar(typed) == meant


async def test_similar_words_are_those_that_a_linear_search_finds(
    library: Library, vocabulary: Vocabulary
) -> None:
    await library.drop()
    other = Library(library.database, library.embedder, "simple")
    await other.create(language="simple")
    chance = random.Random(4)
    stems = ["".join(chance.choices(ALPHABET, k=chance.randint(3, 13))) for _ in range(80)]
    words = {mistyped(stem, chance.randint(0, 3), chance) for stem in stems for _ in range(5)}
    words = {word for word in words if len(word) > 1}
    await other.upsert(a_document("a", " ".join(sorted(words))))
    with psycopg.connect(vocabulary.url, options=EVERYTHING) as connection:
        stored = connection.execute(
            "SELECT word FROM concord.keyword_word WHERE collection_id = 2"
        ).fetchall()
        assert {word for (word,) in stored} == words
        for _ in range(600):
            typed = mistyped(chance.choice(stems), chance.randint(0, 3), chance)
            found = connection.execute(
                "SELECT word, edits FROM concord.similar_words(2, %s)", [typed]
            ).fetchall()
            assert found == expected_words(typed, sorted(words)), typed


async def test_words_are_stored_as_they_are_written(library: Library, vocabulary: Vocabulary) -> None:
    title = "Rivers"
    text = (
        "The rivers run; a River ran. See https://example.com/a, me@example.com, 42, utf8, well-known. 数据"
    )
    await library.upsert(a_document("a", text, title=title))
    assert vocabulary.words() == {
        "rivers": "river",
        "river": "river",
        "run": "run",
        "ran": "ran",
        "see": "see",
        "utf8": "utf8",
        "well": "well",
        "known": "known",
    }
    before = vocabulary.ask("SELECT ctid, word FROM concord.keyword_word ORDER BY word")
    await library.upsert(a_document("b", text))
    assert vocabulary.ask("SELECT ctid, word FROM concord.keyword_word ORDER BY word") == before


async def test_what_was_typed_is_completed(library: Library, vocabulary: Vocabulary) -> None:
    await library.upsert(
        a_document("a", "connect connecting connection cone"),
        a_document("b", "cone of light"),
        a_document("c", "the connector"),
    )
    assert vocabulary.completing("con") == [("cone", 2), ("connect", 1), ("connector", 1)]
    assert vocabulary.completing("connecti") == [("connecting", 1)]
    assert vocabulary.completing("con", 1) == [("cone", 2)]
    assert vocabulary.completing("cat") == []


async def test_a_term_is_shown_as_the_word_that_came_in_most_texts(
    library: Library, vocabulary: Vocabulary
) -> None:
    await library.upsert(
        a_document("a", "an experiment"),
        a_document("b", "experiments, an experiment"),
        a_document("c", "experient"),
    )
    assert vocabulary.completing("exp") == [("experiment", 3)]


async def test_words_that_no_document_has_stand_for_nothing(library: Library, vocabulary: Vocabulary) -> None:
    await library.upsert(a_document("a", "password"), a_document("b", "passport"))
    assert vocabulary.expanded("pass") == {"password": 0.9, "passport": 0.9}
    assert vocabulary.expanded("passvord") == {"password": 0.8}
    await library.delete("a")
    for _ in range(2):
        assert vocabulary.expanded("pass") == {"passport": 0.9}
        assert vocabulary.similar("passvord") == ["passport"]
        await library.maintain()
    assert vocabulary.words() == {"passport": "passport"}
    await library.upsert(a_document("c", "passwords"))
    assert vocabulary.words() == {"passport": "passport", "passwords": "password"}
    assert vocabulary.expanded("pass") == {"password": 0.9, "passport": 0.9}


async def test_words_are_weighed(library: Library, vocabulary: Vocabulary) -> None:
    await library.upsert(a_document("a", "migration migrations migrated carts cart"))
    assert vocabulary.expanded("migratoin") == {"migrat": 0.8}
    assert vocabulary.expanded("migratoim") == {"migrat": 0.6}
    assert vocabulary.expanded("migra") == {"migrat": 0.9}
    # A word that begins one and resembles others of the same term.
    assert vocabulary.expanded("carp") == {"cart": 0.8}
    assert vocabulary.expanded("migr", prefix=False) == {}
    assert vocabulary.expanded("migratoin", typos=False) == {}
    assert vocabulary.expanded("m") == {}


async def test_collections_have_words_of_their_own(library: Library, vocabulary: Vocabulary) -> None:
    other = Library(library.database, library.embedder, "other")
    await other.create(language="german")
    await library.upsert(a_document("a", "mountain"))
    await other.upsert(a_document("a", "mountains"), a_document("b", "Häuser"))
    assert vocabulary.similar("mountian") == ["mountain"]
    of_other = vocabulary.ask("SELECT word FROM concord.similar_words(2, 'mountian')")
    assert of_other == [("mountains",)]
    expanded = vocabulary.ask(
        "SELECT term, weight FROM concord.expand_word(2, 'german', 'häsuer', true, true)"
    )
    assert expanded == [("haus", 0.8)]
    await other.drop()
    await other.maintain()
    assert vocabulary.ask("SELECT DISTINCT collection_id FROM concord.keyword_word") == [(1,)]


@pytest.mark.parametrize(
    ("language", "text", "typed", "term"),
    [
        ("german", "Die Häuser am Fluss", "häsuer", "haus"),
        ("french", "Une bibliothèque", "biblothèque", "bibliothequ"),
        ("spanish", "Las montañas", "montanas", "montañ"),
        ("russian", "Горные реки", "рекк", "рек"),
        ("simple", "Die Häuser", "häsuer", "häuser"),
    ],
)
async def test_every_language_has_its_terms(
    library: Library, vocabulary: Vocabulary, language: str, text: str, typed: str, term: str
) -> None:
    other = Library(library.database, library.embedder, "other")
    await other.create(language=language)
    await other.upsert(a_document("a", text))
    expanded = vocabulary.ask(
        "SELECT term, weight FROM concord.expand_word(2, %s, %s, true, false)", language, typed
    )
    assert expanded == [(term, 0.8)]


async def test_writers_of_the_same_words_store_them_once(
    library: Library, vocabulary: Vocabulary, database_url: str
) -> None:
    connections = [open_connection(settings_of(database_url)) for _ in range(4)]
    writers = [Library(connection, library.embedder) for connection in connections]
    texts = [" ".join(f"word{letter}x" for letter in "abcdefgh"[number:]) for number in range(4)]

    async def write(number: int) -> None:
        for turn in range(5):
            await writers[number].upsert(a_document(f"{number}-{turn}", f"{texts[number]} turn"))

    # Each in a context of its own, as other processes would be.
    await asyncio.gather(*(contextvars.Context().run(asyncio.create_task, write(n)) for n in range(4)))
    for connection in connections:
        await connection.aclose()
    assert vocabulary.words() == {
        **{f"word{letter}x": f"word{letter}x" for letter in "abcdefgh"},
        "turn": "turn",
    }
    assert vocabulary.completing("wordh") == [("wordhx", 20)]


@pytest.mark.parametrize(
    ("q", "fields", "found"),
    [
        ("pasword", {}, ["words"]),
        ("pasword", {"typos": False}, []),
        ('"pasword"', {}, []),
        ("resett the pasword", {}, ["both", "words"]),
        ("pass", {}, ["ports", "words"]),
        ("pass", {"prefix": False, "typos": False}, []),
        ("reset pass", {}, ["both", "ports", "words"]),
        ("pass reset", {}, ["both"]),
        # A known word is itself, unless it is said to be the beginning of others.
        ("port", {}, ["port"]),
        ("port", {"prefix": True}, ["port", "portal"]),
        ("2O26", {}, []),
        ("rest", {}, ["both"]),
    ],
)
async def test_searches_find_what_was_meant(
    library: Library, q: str, fields: dict[str, object], found: list[str]
) -> None:
    await library.upsert(
        a_document("words", "Keep a password."),
        a_document("both", "A reset."),
        a_document("ports", "Passports of 2026."),
        a_document("port", "A port."),
        a_document("portal", "A portal."),
    )
    assert sorted(await library.find(q, mode="keyword", **fields)) == found


@pytest.mark.parametrize(
    ("word", "bits"),
    [("", set()), ("abza", {0, 1, 25}), ("aä", {0, 26}), ("b2", {1, 28})],
)
def test_letters_are_bits(vocabulary: Vocabulary, word: str, bits: set[int]) -> None:
    assert vocabulary.ask("SELECT concord.letters_of(%s)", word) == [(sum(1 << bit for bit in bits),)]
