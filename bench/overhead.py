"""What a picture costs besides being painted: HTTP, queue, pipe, disk, PNG and base64.

A worker that paints at once stands in for the engine, so all of a call's time is ours. The picture
looks like a photograph to an encoder: soft shapes and a little noise.
"""

import json
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from tests.fakes.front import running_front

_SIDE = 512
_WARM_UP = 10
_CALLS_A_ROUND = 40
_PICTURE: dict[str, object] = {
    "prompt": "photo",
    "steps": 1,
    "width": _SIDE,
    "height": _SIDE,
    "seed": 7,
}
_CASES: dict[str, tuple[str, str, dict[str, object] | None]] = {
    "txt2img, PNG": ("POST", "/sdapi/v1/txt2img", _PICTURE),
    "txt2img, PNG, kept on disk": ("POST", "/sdapi/v1/txt2img", _PICTURE | {"save_images": True}),
    "txt2img, not sent": ("POST", "/sdapi/v1/txt2img", _PICTURE | {"send_images": False}),
    "GET options": ("GET", "/sdapi/v1/options", None),
    "GET progress": ("GET", "/sdapi/v1/progress", None),
}


def overhead(rounds: int) -> dict[str, object]:
    """Milliseconds of each kind of call over one connection, `rounds` × 40 calls."""
    with TemporaryDirectory() as folder, running_front(Path(folder)) as front:
        front.wait_until_ready()
        host, port = front.address
        connection = HTTPConnection(host, port, timeout=60)
        runs = {
            name: [_milliseconds(connection, *call) for _ in range(rounds * _CALLS_A_ROUND)]
            for name, call in _CASES.items()
            if _warm(connection, *call)
        }
    summary = {
        f"{name}: p50 / p95": f"{median(times):.1f} / {quantiles(times, n=20)[-1]:.1f} ms"
        for name, times in runs.items()
    }
    return {"summary": summary, "runs": runs}


def _warm(connection: HTTPConnection, *call: str | dict[str, object] | None) -> bool:
    for _ in range(_WARM_UP):
        _milliseconds(connection, *call)
    return True


def _milliseconds(connection: HTTPConnection, *call: str | dict[str, object] | None) -> float:
    method, path, body = call
    text = None if body is None else json.dumps(body)
    began = time.perf_counter()
    connection.request(str(method), str(path), text, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - began
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return 1000 * seconds
