"""What of a page is its own, and what a site has around each of them."""

import re
from collections.abc import Collection

from resiliparse.parse.html import ElementNode, Node

_INVISIBLE = {
    *("script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "button", "select"),
    *("input", "textarea", "dialog", "nav", "footer"),
}
_ROLES = {"navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "menu"}
# Names of what surrounds a text, as words within a class or an id.
_SURROUNDINGS = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|breadcrumbs?|sidebar|cookies?|consent|share|sharing|social"
    r"|newsletter|subscribe|advert|advertisement|ads|popup|pagination|skip-link|site-?header|site-?footer"
    r"|headerlink|hash-?link|permalink|anchor-link|edit-?link)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NAMED = {"div", "section", "ul", "ol", "p", "a", "span"}
_AROUND = {"header", "aside"}
_OWN = "main, article, h1"
# Of the body's text, so much at least is in what calls itself the main part.
_LEAST_SHARE = 0.25
# A list of so many links, which have most of its text, leads elsewhere.
_FEWEST_LINKS = 4
_MOST_TEXT_OF_LINKS = 0.8
_LONGEST_LINKS = 60


def elements(root: ElementNode, tags: Collection[str]) -> list[ElementNode]:
    """The elements of these names below `root`, in order.

    Read node by node: a library's list of what a selector finds takes seconds to go through.
    """
    return [node for node in root if isinstance(node, ElementNode) and node.tag in tags]


def children(node: Node) -> list[Node]:
    found = []
    child = node.first_child
    while child is not None:
        found.append(child)
        child = child.next_sibling
    return found


def remove_boilerplate(body: ElementNode) -> None:
    """Take out of `body` what is not text or not of this page."""
    stack = children(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ElementNode):
            if _is_around(node):
                node.decompose()
            else:
                stack.extend(children(node))
    # Inner lists before outer ones: what is left of an outer one is then looked at by itself.
    for node in reversed(elements(body, {"ul", "ol"})):
        if node.query_selector("ul, ol") is None and _leads_elsewhere(node):
            node.decompose()


def main_part(body: ElementNode) -> ElementNode:
    """The element that has the page's own text: what is marked so, if it has enough of it, or `body`."""
    length = len(body.inner_text)
    for tag in ("main", "article"):
        found = elements(body, {tag})
        if len(found) == 1 and len(found[0].inner_text) >= length * _LEAST_SHARE:
            return found[0]
    for node in children(body):
        if isinstance(node, ElementNode) and node.tag in _AROUND and node.query_selector("h1") is None:
            node.decompose()
    return body


def _is_around(node: ElementNode) -> bool:
    if node.tag in _INVISIBLE or node.getattr("role") in _ROLES:
        return True
    if node.getattr("hidden") is not None or node.getattr("aria-hidden") == "true":
        return True
    named = f"{node.getattr('class') or ''} {node.getattr('id') or ''}"
    is_named = node.tag in _NAMED and _SURROUNDINGS.search(named) is not None
    return is_named and node.query_selector(_OWN) is None


def _leads_elsewhere(node: ElementNode) -> bool:
    links = [link.inner_text.strip() for link in elements(node, {"a"})]
    if len(links) < _FEWEST_LINKS:
        return False
    text = len("".join(node.inner_text.split()))
    linked = len("".join("".join(links).split()))
    return linked >= text * _MOST_TEXT_OF_LINKS and linked / len(links) <= _LONGEST_LINKS
