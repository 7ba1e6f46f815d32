"""What of a page is its own, and what a site has around each of them."""

import re

from resiliparse.parse.html import ElementNode

_INVISIBLE = ", ".join(
    (
        *("script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "button", "select"),
        *("input", "textarea", "dialog", "nav", "footer", "[hidden]", "[aria-hidden=true]"),
        *(
            f"[role={role}]"
            for role in ("navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "menu")
        ),
    )
)
# Names of what surrounds a text, as words within a class or an id.
_SURROUNDINGS = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|breadcrumbs?|sidebar|cookies?|consent|share|sharing|social"
    r"|newsletter|subscribe|advert|advertisement|ads|popup|pagination|skip-link|site-?header|site-?footer"
    r"|headerlink|hash-?link|permalink|anchor-link|edit-?link)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NAMED = (
    "div[class], div[id], section[class], section[id], ul[class], ol[class], p[class], a[class], span[class]"
)
_OWN = "main, article, h1"
# Of the body's text, so much at least is in what calls itself the main part.
_LEAST_SHARE = 0.25
# A list or table of so many links, which have most of its text, leads elsewhere.
_FEWEST_LINKS = 4
_MOST_TEXT_OF_LINKS = 0.8
_LONGEST_LINKS = 60


def remove_boilerplate(body: ElementNode) -> None:
    """Take out of `body` what is not text or not of this page."""
    for node in body.query_selector_all(_INVISIBLE):
        node.decompose()
    for node in body.query_selector_all(_NAMED):
        named = f"{node.getattr('class') or ''} {node.getattr('id') or ''}"
        if _SURROUNDINGS.search(named) and node.query_selector(_OWN) is None:
            node.decompose()
    for node in body.query_selector_all("ul, ol"):
        if _leads_elsewhere(node):
            node.decompose()


def main_part(body: ElementNode) -> ElementNode:
    """The element that has the page's own text: what is marked so, if it has enough of it, or `body`."""
    length = len(body.inner_text)
    for selector in ("main, [role=main]", "article"):
        found = body.query_selector_all(selector)
        if len(found) == 1 and len(found[0].inner_text) >= length * _LEAST_SHARE:
            return found[0]
    for node in body.query_selector_all(
        "body > header, body > aside, body > div > header, body > div > aside"
    ):
        if node.query_selector("h1") is None:
            node.decompose()
    return body


def _leads_elsewhere(node: ElementNode) -> bool:
    links = [link.inner_text.strip() for link in node.get_elements_by_tag_name("a")]
    if len(links) < _FEWEST_LINKS:
        return False
    text = len("".join(node.inner_text.split()))
    linked = len("".join("".join(links).split()))
    return linked >= text * _MOST_TEXT_OF_LINKS and linked / len(links) <= _LONGEST_LINKS
