"""What attackers send: SQL where text belongs, and text that looks like other text."""

# None holds what the bystander's documents say, so that finding it in an answer means that it was read.
INJECTIONS = (
    "'",
    "''",
    '"',
    '""',
    "`",
    "\\",
    "\\'",
    "';",
    "')",
    "'))--",
    "' OR '1'='1",
    "' OR 1=1--",
    "' OR 1=1#",
    "' OR 1=1/*",
    '" OR ""="',
    "') OR ('1'='1",
    "x' OR true --",
    "x' AND false --",
    "1 OR 1=1",
    "1; SELECT 1",
    "1--",
    "a=1--",
    "@@version",
    "x::regclass",
    "'||current_user||'",
    "' || (SELECT body FROM concord.document LIMIT 1) || '",
    "'; DROP TABLE concord.document CASCADE; --",
    "'); DROP SCHEMA concord CASCADE; --",
    "'; TRUNCATE concord.collection CASCADE; --",
    "'; DELETE FROM concord.document; --",
    "'; UPDATE concord.document SET body = 'taken'; --",
    "'; INSERT INTO concord.alias VALUES ('taken', 1); --",
    "'; CREATE TABLE concord.taken (x int); --",
    "'; CREATE ROLE taken SUPERUSER; --",
    "'; ALTER ROLE CURRENT_USER SUPERUSER; --",
    "'; GRANT ALL ON ALL TABLES IN SCHEMA concord TO PUBLIC; --",
    "'; ALTER TABLE concord.document DISABLE ROW LEVEL SECURITY; --",
    "'; SET row_security = off; --",
    "'; SELECT set_config('concord.collections', '*', true); --",
    "'; RESET ROLE; --",
    "'; COMMIT; DROP TABLE concord.chunk; --",
    "'; COPY (SELECT body FROM concord.document) TO PROGRAM 'cat'; --",
    "'; DO $$ BEGIN EXECUTE 'DROP TABLE concord.alias'; END $$; --",
    "' UNION SELECT body FROM concord.document --",
    "' UNION ALL SELECT NULL, NULL, NULL --",
    "-1 UNION SELECT rolpassword FROM pg_authid",
    "' AND 1=CAST(version() AS int) --",
    "' AND extractvalue(1, current_database()) --",
    "'; SELECT pg_sleep(30); --",
    "' || pg_sleep(30) || '",
    "1 AND (SELECT count(*) FROM generate_series(1, 1000000000)) > 0",
    "' ORDER BY 1000 --",
    "' LIMIT 0 OFFSET 1 --",
    "x) AS y; DROP TABLE concord.chunk; --",
    "name}' = '1' OR '{x",
    "$.x ? (@ == 1)",
    '$."x" || true',
    "{a,b}",
    "$1",
    "$$ OR true $$",
    "%s",
    "%(name)s",
    "%%",
    "{0}",
    "{name!r}",
    "E'\\x27 OR true --'",
    "U&'\\0027 OR true'",
    "\u02bc OR 1=1 --",
    "\uff07 OR 1=1 --",
    "' OR '\u00e9' LIKE '%",
    "a & b | !c <-> d:*",
    "foo:* & (bar",
    'websearch" -"\' OR 1=1',
    "admin'/*\n*/OR/**/1=1--",
)

# Each beside ordinary text that it could be taken for.
LOOK_ALIKES = (
    ("acme", "\u0430cme"),  # the first letter is Cyrillic.
    ("acme", "acm\u0435"),  # the last letter is Cyrillic.
    ("acme", "ac\u200bme"),  # zero width space
    ("acme", "ac\u200dme"),  # zero width joiner
    ("acme", "ac\u2060me"),  # word joiner
    ("acme", "\ufeffacme"),  # byte order mark
    ("acme", "ac\u00adme"),  # soft hyphen
    ("acme", "\u202eemca"),  # right to left
    ("acme", "\u2066acme\u2069"),  # isolated
    ("acme", "\uff41\uff43\uff4d\uff45"),  # full width
    ("acme", "\U0001d41a\U0001d41c\U0001d426\U0001d41e"),  # mathematical
    ("acme", "\u24d0\u24d2\u24dc\u24d4"),  # in circles
    ("acme", "acme\u0301"),  # combining acute accent
    ("acme", "acme\u034f"),  # combining grapheme joiner
    ("acme", "acme\ufe0f"),  # variation selector
    ("acme", "acme\U000e0061"),  # tag
    ("acme", "acme "),
    ("acme", "acme\u00a0"),  # no-break space
    ("acme", "acme\n"),
    ("acme", "acme\t"),
    ("caf\u00e9", "cafe\u0301"),  # composed, decomposed
    ("\u212b", "\u00c5"),  # the unit Ångström, the letter
    ("\u2126", "\u03a9"),  # the unit Ohm, the letter
    ("\ufb01sh", "fish"),  # ligature
    ("x\u00b2", "x2"),  # superscript
    ("stra\u00dfe", "strasse"),
    ("\u0130stanbul", "istanbul"),  # capital i with a dot
    ("d\u0131g", "dig"),  # i without a dot
    ("\u03c3", "\u03c2"),  # sigma within, and at the end of a word
    ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\U0001f469\U0001f467"),  # one emoji, three
    ("\U0001f44d", "\U0001f44d\U0001f3fd"),  # with a skin's colour
    ("\u1100\u1161", "\uac00"),  # Hangul in parts, and composed
    ("\uac00", "\u3131\u314f"),
    ("\u0661", "1"),  # Arabic digit
    ("\u2013", "-"),  # en dash
    ("a\u2215b", "a/b"),  # division slash
    ("a\u2024b", "a.b"),  # one dot leader
)

# As JSON writes them; they are no text that a database can hold.
UNSTORABLE = ("\\u0000", "a\\u0000b", "\\ud800", "\\udfff", "a\\ud83d", "\\udc00\\ud800")
# As bytes of JSON text; they are no UTF-8.
NOT_UTF8 = (
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xed\xa0\x80",
    b"\xff",
    b"\xf4\x90\x80\x80",
    b"\xc3",
)
