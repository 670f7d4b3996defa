"""What comes with an import."""

import subprocess
import sys

import pytest

SERVERS = ("torch", "fastapi", "uvicorn", "tintype.server", "tintype.core")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import tintype", ("httpx", "pydantic", "PIL", "tintype.client", *SERVERS)),
        ("import tintype; tintype.Client('http://127.0.0.1:1').close()", ("PIL", *SERVERS)),
        ("from tintype import AsyncClient", ("PIL", *SERVERS)),
    ],
)
def test_nothing_more_is_imported_than_is_needed(code: str, absent: tuple[str, ...]) -> None:
    """The package itself is cheap, and a client brings nothing of a server with it."""
    look = f"import sys; {code}; print(sorted(set({absent!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_name_that_is_not_there() -> None:
    """Is an error as of any module."""
    import tintype

    with pytest.raises(AttributeError, match="no attribute 'Klient'"):
        _ = tintype.Klient  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType]
