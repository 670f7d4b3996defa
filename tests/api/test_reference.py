"""The reference page against the server."""

from pathlib import Path

from tests.fakes.front import Front

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http.md"


def test_every_call_is_described(front: Front) -> None:
    """Each route of the OpenAPI description is named on the page, by heading or in its list."""
    page = PAGE.read_text(encoding="utf-8")
    paths = front.http.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        name = path.removeprefix("/sdapi/v1/")
        for method in methods:
            heading = f"### {method.upper()} {path}\n"
            assert heading in page or (method == "get" and f"`{name}`" in page), (method, path)
