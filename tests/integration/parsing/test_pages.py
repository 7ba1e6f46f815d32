"""HTML: the text of a page, without what surrounds it on each page of a site."""

from tests.integration.parsing.conftest import Parse

LINKS = "".join(f"<li><a href='/{n}'>Topic {n}</a></li>" for n in range(6))
PAGE = f"""<!doctype html><html lang="en"><head><title>Nile | Rivers</title>
<meta name="author" content="Ann"><meta property="article:published_time" content="2026-01-02">
<meta name="viewport" content="x"></head><body>
<header><a href="/">Rivers</a></header><nav>Home</nav>
<div role="search">Find</div><div class="cookie-bar">Agree?</div>
<p hidden>Unseen</p><svg>drawn</svg>
CONTENT
<ul>{LINKS}</ul><aside>Elsewhere</aside><footer>Copyright</footer><script>x</script></body></html>"""
CONTENT = """<h1>The<br>Nile</h1><p>It <b>flows</b><br>north.</p><p></p>
<ul><li>one<ol><li>two</li></ol></li><li></li></ul><pre>a\n  b<br>c</pre><pre> </pre>
<table><caption>Towns</caption><tr><th>Town</th></tr><tr><td><p>Cairo</p><table><tr><td>Giza</td></tr></table></td></tr>
</table>"""
TEXT = (
    "# The Nile\n\nIt flows\nnorth.\n\n- one\n  - two\n\n```\na\n  b\nc\n```\n\nTowns\n\n"
    "| Town |\n| --- |\n| Cairo Giza |"
)


async def test_a_page_has_its_own_text_wherever_it_stands(parse: Parse) -> None:
    for content in (CONTENT, f"<main>{CONTENT}</main>", f"<article>{CONTENT}</article>"):
        parsed = await parse(PAGE.replace("CONTENT", content).encode(), "a.html")
        assert parsed.body == TEXT
        assert parsed.title == "The Nile"
        assert parsed.metadata == {"author": "Ann", "created": "2026-01-02", "language": "en"}


async def test_a_page_without_a_heading_is_called_by_its_title(parse: Parse) -> None:
    parsed = await parse(PAGE.replace("CONTENT", "<p>It flows.</p>").encode(), "a.html")
    assert (parsed.title, parsed.body) == ("Nile | Rivers", "It flows.")
