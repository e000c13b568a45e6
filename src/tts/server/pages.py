"""The page and its files, all from this package; the browser loads nothing from elsewhere."""

from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from tts.server.errors import RequestError

FOLDER = Path(__file__).parent / "page"
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; media-src blob:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_routes() -> APIRouter:
    """Return the routes ``/``, ``/docs`` and ``/page/<file>``."""
    files = dict(_files())
    router = APIRouter(include_in_schema=False)

    def show(name: str) -> Response:
        if name not in files:
            raise RequestError(404, f"/page/{name}: there is no such file", "not_found")
        content, kind = files[name]
        return Response(content, media_type=kind, headers=HEADERS)

    @router.get("/")
    async def index() -> Response:
        return show("index.html")

    @router.get("/docs")
    async def reference() -> Response:
        return show("reference.html")

    @router.get("/page/{name}")
    async def file(name: str) -> Response:
        return show(name)

    return router


def _files() -> Iterator[tuple[str, tuple[bytes, str]]]:
    for path in FOLDER.iterdir():
        if path.suffix in MEDIA_TYPES:
            yield path.name, (path.read_bytes(), MEDIA_TYPES[path.suffix])
