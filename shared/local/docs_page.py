"""The page that shows the API's description, and may run its own script and no other."""

import base64
import hashlib
import re

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse

_CDN = "https://cdn.jsdelivr.net"
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def docs_page(title: str) -> HTMLResponse:
    """Swagger UI, with a Content-Security-Policy that names what it loads."""
    page = get_swagger_ui_html(openapi_url="/openapi.json", title=title, swagger_favicon_url="data:,")
    page.headers["content-security-policy"] = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_CDN} {_hashes(bytes(page.body).decode())}",
            # Swagger UI sets styles of elements.
            f"style-src {_CDN} 'unsafe-inline'",
            "img-src data:",
            "connect-src 'self'",
            "frame-ancestors 'none'",
        )
    )
    return page


def _hashes(html: str) -> str:
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(html))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
