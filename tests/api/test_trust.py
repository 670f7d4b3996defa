"""Who is let in, over HTTP."""

import socket
import subprocess
import sys
from collections.abc import Generator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.front import Front, running_front
from tests.fakes.waiting import until

from tintype.core.rights import Allowance, Right
from tintype.keystore import KEYS_FILE, KeyStore
from tintype.server.trust.rights import PROBES, row_of

ANN = ("ann", "one")
LOGIN: dict[str, Any] = {"passwords": [ANN, ("bob", "two")]}
SITE = "http://a.example:3000"

ROUTES = """
import sys
from pathlib import Path
from tintype.core.settings import EngineConfig, Limits, ServerConfig, StoreConfig
from tintype.jobs import EmbeddedConfig
from tintype.modelstore import ModelStore
from tintype.settings import Settings
from tintype.wiring import build_services
from tintype.server import create_app

def show(routes):
    for route in routes:
        if hasattr(route, "effective_candidates"):
            show(route.effective_candidates())
        else:
            print(*(f"{method} {route.path}" for method in route.methods), sep="\\n")

folder = Path(sys.argv[1])
store = StoreConfig((folder,), folder)
settings = Settings(ServerConfig(), EngineConfig(), store, Limits())
show(create_app(build_services(settings, ModelStore((folder,)), EmbeddedConfig(("x",)))).routes)
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front with a login; its client brings none."""
    with running_front(tmp_path_factory.mktemp("locked"), trust=LOGIN) as running:
        until(lambda: running.http.get("/readyz", auth=ANN).json()["ready"])
        yield running


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Generator[Front]:
    """A front that believes a proxy and two sites, and fetches pictures."""
    sites = {"cors_origins": [SITE], "cors_pattern": r"https://\w+\.b\.example"}
    trust = LOGIN | sites | {"forwarded_by": ["127.0.0.1"], "fetches_urls": True}
    with running_front(tmp_path_factory.mktemp("proxied"), trust=trust) as running:
        yield running


@pytest.fixture(scope="module")
def keys(locked: Front) -> Generator[KeyStore]:
    """The keys of that front, as the command line opens them."""
    store = KeyStore(locked.folder / "data" / KEYS_FILE)
    yield store
    store.close()


def bearer(key: str) -> dict[str, str]:
    """The header that shows a key."""
    return {"Authorization": f"Bearer {key}"}


def paint(front: Front, key: str, **fields: Any) -> httpx.Response:
    """A small picture, asked for with a key."""
    body = {"steps": 1, "width": 64, "height": 64} | fields
    return front.http.post("/sdapi/v1/txt2img", json=body, headers=bearer(key))


def talk(front: Front, *parts: bytes) -> bytes:
    """Everything the server says to these bytes, until it hangs up."""
    with socket.create_connection(front.address, timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        with connection.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/openapi.json", "/sdapi/v1/options", "/internal/ping", "/nothing", "//docs"],
)
def test_login_covers_everything(locked: Front, path: str) -> None:
    """Pages, descriptions and what is not there too: 401 that browsers ask for a password on."""
    answer = locked.http.get(path)

    assert (answer.status_code, answer.json()["error"]) == (401, "NotAuthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Tintype"'


def test_passwords_and_keys_open_the_door(locked: Front, keys: KeyStore) -> None:
    """Basic auth as A1111's clients send it, and a key in each of its three ways."""
    key = keys.add("opener")

    assert locked.http.get("/docs", auth=ANN).status_code == 200
    assert locked.http.get("/docs", headers=bearer(key)).status_code == 200
    assert locked.http.get("/docs", headers={"X-API-Key": key}).status_code == 200
    assert locked.http.get("/docs", auth=("any", key)).status_code == 200


def test_probes_say_yes_or_no_to_strangers(locked: Front) -> None:
    """And everything to those who have logged in."""
    for path in sorted(PROBES):
        if locked.http.get(path, auth=ANN).status_code == 404:
            continue
        answer = locked.http.get(path)
        assert (answer.status_code, answer.json()) == (200, {"ok": True}), path
    assert "worker" in locked.http.get("/readyz", auth=ANN).json()
    assert locked.http.post("/readyz").status_code == 401


def test_every_route_is_in_the_table(tmp_path: Path) -> None:
    """No call is left to the rule for what is not known."""
    command = [sys.executable, "-c", ROUTES, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    routes = [line.split(" ", 1) for line in done.stdout.splitlines()]
    assert ["POST", "/v1/jobs"] in routes
    assert ["GET", "/docs"] in routes
    assert [(method, path) for method, path in routes if row_of(method, path) is None] == []


@pytest.mark.parametrize(
    ("rights", "method", "path", "status"),
    [
        (["see"], "GET", "/sdapi/v1/options", 200),
        (["see"], "POST", "/sdapi/v1/txt2img", 403),
        (["see"], "POST", "/sdapi/v1/interrupt", 403),
        (["see", "paint"], "POST", "/sdapi/v1/interrupt", 200),
        (["see", "paint"], "POST", "/sdapi/v1/options", 403),
        (["see", "paint"], "POST", "/sdapi/v1/refresh-loras", 403),
        (["manage"], "POST", "/sdapi/v1/options", 200),
        (["manage"], "GET", "/sdapi/v1/options", 403),
        (["paint"], "GET", "/docs", 403),
    ],
)
def test_keys_open_what_they_were_made_for(
    locked: Front, keys: KeyStore, rights: list[Right], method: str, path: str, status: int
) -> None:
    """403 names the right that is missing."""
    name = "-".join(rights)
    if name in {key.name for key in keys.all()}:
        keys.remove(name)
    key = keys.add(name, rights)
    body: dict[str, Any] = {"json": {}} if method == "POST" else {}

    answer = locked.http.request(method, path, headers=bearer(key), **body)

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"] == "Forbidden"
        assert f"{name} lacks the right" in answer.json()["detail"]


def test_a_removed_key_is_worthless_at_once(locked: Front, keys: KeyStore) -> None:
    """Without a restart."""
    key = keys.add("leaver")
    assert locked.http.get("/docs", headers=bearer(key)).status_code == 200

    keys.remove("leaver")
    assert locked.http.get("/docs", headers=bearer(key)).status_code == 401


def test_too_many_requests_wait(locked: Front, keys: KeyStore) -> None:
    """429 that says when; looking costs nothing."""
    key = keys.add("hasty", ["paint", "see"], Allowance(per_minute=1))
    assert paint(locked, key).status_code == 200

    answer = paint(locked, key)

    assert (answer.status_code, answer.json()["error"]) == (429, "QuotaReached")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert locked.http.get("/sdapi/v1/progress", headers=bearer(key)).status_code == 200


def test_pictures_of_a_day_end(locked: Front, keys: KeyStore) -> None:
    """A request that would be beyond is refused whole; one that fits still goes."""
    key = keys.add("daily", ["paint"], Allowance(images_per_day=3))
    assert paint(locked, key, batch_size=2).status_code == 200

    answer = paint(locked, key, batch_size=2)

    assert (answer.status_code, answer.json()["error"]) == (429, "QuotaReached")
    assert "3 pictures a day" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) <= 86_400
    assert paint(locked, key).status_code == 200


def test_refused_requests_cost_no_pictures(locked: Front, keys: KeyStore) -> None:
    """Only what is let in counts."""
    key = keys.add("clumsy", ["paint"], Allowance(images_per_day=1))
    assert paint(locked, key, sampler_name="none").status_code == 404

    assert paint(locked, key).status_code == 200
    assert paint(locked, key).status_code == 429


def test_a_repeated_call_costs_nothing(locked: Front, keys: KeyStore) -> None:
    """Under its idempotency key it is the first job again, even where nothing is left."""
    key = keys.add("twice", ["paint"], Allowance(images_per_day=1))
    headers = bearer(key) | {"Idempotency-Key": "again"}
    body = {"steps": 1, "width": 64, "height": 64, "seed": 1}

    first, second = (
        locked.http.post("/sdapi/v1/txt2img", json=body, headers=headers) for _ in range(2)
    )

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["X-Tintype-Job"] == second.headers["X-Tintype-Job"]
    assert paint(locked, key).status_code == 429


def test_others_jobs_are_not_there(locked: Front, keys: KeyStore) -> None:
    """Neither seen nor ended by a key of another name, unless it may manage."""
    mine, other = keys.add("mine", ["paint", "see"]), keys.add("other", ["paint", "see"])
    job = paint(locked, mine).headers["X-Tintype-Job"]

    for path in ("", "/events", "/answer", "/images/0"):
        answer = locked.http.get(f"/v1/jobs/{job}{path}", headers=bearer(other))
        assert answer.status_code == 404, path
    assert locked.http.delete(f"/v1/jobs/{job}", headers=bearer(other)).status_code == 404
    assert locked.http.get("/v1/jobs", headers=bearer(other)).json()["jobs"] == []
    assert locked.http.get(f"/v1/jobs/{job}", headers=bearer(mine)).status_code == 200
    assert locked.http.get(f"/v1/jobs/{job}", auth=ANN).status_code == 200


def test_jobs_in_the_queue_have_a_bound(tmp_path: Path) -> None:
    """One more than may wait is refused; other people's jobs are not counted."""
    (tmp_path / "data").mkdir()
    keys = KeyStore(tmp_path / "data" / KEYS_FILE)
    one = keys.add("one", allowance=Allowance(queued=1))
    two = keys.add("two", allowance=Allowance(queued=1))
    keys.close()
    with running_front(tmp_path, worker={"in_flight": 1}) as front:
        front.http.headers["X-API-Key"] = one
        front.wait_until_ready()
        hold = {"prompt": "hold", "steps": 2, "width": 64, "height": 64}

        def job(key: str) -> httpx.Response:
            return front.http.post("/v1/jobs", json=hold, headers={"X-API-Key": key})

        assert job(one).status_code == 202
        until(lambda: front.ready()["jobs"]["running"] == 1)
        assert job(one).status_code == 202
        refused = job(one)
        assert (refused.status_code, refused.json()["error"]) == (429, "QuotaReached")
        assert "1 jobs of one may wait" in refused.json()["detail"]
        assert job(two).status_code == 202
        front.gate.touch()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.nip.io:7860", "x@localhost"])
def test_foreign_names_are_refused(front: Front, host: str) -> None:
    """421 in words; probes answer yes or no, for they are asked under any name."""
    answer = front.http.get("/sdapi/v1/options", headers={"Host": host})

    assert (answer.status_code, answer.json()["error"]) == (421, "UnknownHost")
    assert "--allow-host" in answer.json()["detail"]
    assert front.http.get("/readyz", headers={"Host": host}).json() == {"ok": True}


def test_old_programs_need_no_host(front: Front) -> None:
    """HTTP/1.0 knows no Host, and no browser speaks it."""
    assert talk(front, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": SITE},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_other_sites_change_nothing(front: Front, headers: dict[str, str]) -> None:
    """403 to a page of another site; reading has no CORS header, so its browser keeps it."""
    answer = front.http.post("/sdapi/v1/interrupt", headers=headers)
    read = front.http.get("/sdapi/v1/options", headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (403, "ForeignOrigin")
    assert "--cors-allow-origins" in answer.json()["detail"]
    assert not [name for name in read.headers if name.startswith("access-control")]


def test_our_own_pages_may(front: Front) -> None:
    """A page served from here says so in Origin."""
    headers = {"Origin": front.url, "Sec-Fetch-Site": "same-origin"}
    assert front.http.post("/sdapi/v1/interrupt", headers=headers).status_code == 200


def test_sites_that_were_allowed_may_ask_everything(proxied: Front) -> None:
    """Preflight answered without a login, then the call with one, errors readable too."""
    asks = {
        "Origin": SITE,
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization,content-type,x-other",
    }
    preflight = proxied.http.options("/sdapi/v1/interrupt", headers=asks)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == SITE
    assert preflight.headers["access-control-allow-credentials"] == "true"
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    assert "x-other" in preflight.headers["access-control-allow-headers"]

    other = {"Origin": "https://x.b.example", "Sec-Fetch-Site": "cross-site"}
    called = proxied.http.post("/sdapi/v1/interrupt", headers=other, auth=ANN)
    assert called.status_code == 200
    assert called.headers["access-control-allow-origin"] == "https://x.b.example"
    assert "X-Tintype-Job" in called.headers["access-control-expose-headers"]

    stranger = proxied.http.post("/sdapi/v1/interrupt", headers={"Origin": SITE})
    assert stranger.status_code == 401
    assert stranger.headers["access-control-allow-origin"] == SITE


def test_sites_that_were_not_allowed_may_not(proxied: Front) -> None:
    """Where some were: neither preflight nor call."""
    evil = {"Origin": "http://e.example", "Access-Control-Request-Method": "POST"}
    preflight = proxied.http.options("/sdapi/v1/interrupt", headers=evil)

    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers
    assert proxied.http.post("/sdapi/v1/interrupt", headers=evil, auth=ANN).status_code == 403


def test_proxies_that_are_believed_name_their_clients(proxied: Front) -> None:
    """Failed logins count for the client behind the proxy."""

    def guess(client: str) -> int:
        headers = {"X-Forwarded-For": client}
        return proxied.http.get("/docs", headers=headers, auth=("ann", "x")).status_code

    assert [guess(f"203.0.113.{number}") for number in range(12)] == [401] * 12
    until(lambda: guess("198.51.100.1") == 429)
    assert guess("198.51.100.2") == 401


def test_forged_forwarded_headers_hide_nobody(tmp_path: Path) -> None:
    """Without --forwarded-allow-ips a client cannot say who it is; guessing slows it down."""
    with running_front(tmp_path, trust=LOGIN) as front:
        numbers = count()

        def guess() -> int:
            away = {"X-Forwarded-For": f"203.0.113.{next(numbers)}"}
            return front.http.get("/docs", headers=away, auth=("ann", "x")).status_code

        assert guess() == 401
        until(lambda: guess() == 429)
        answer = front.http.get("/docs", auth=ANN)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 6
        assert front.http.get("/docs").status_code == 401
        assert front.http.get("/healthz", auth=("ann", "x")).status_code == 200


def test_connections_of_one_address_have_a_bound(tmp_path: Path) -> None:
    """One more is told so and closed; when one of them ends there is room again."""
    with running_front(tmp_path, trust={"connections_per_address": 3}) as front:
        held = [socket.create_connection(front.address, timeout=30) for _ in range(3)]
        try:
            refused = talk(front)
            assert refused.startswith(b"HTTP/1.1 429")
            assert b"TooManyConnections" in refused
            held.pop().close()
            until(lambda: talk(front, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200"))
        finally:
            for connection in held:
                connection.close()


def test_urls_are_not_fetched_by_default(front: Front) -> None:
    """The refusal says how to have it."""
    answer = front.http.post(
        "/sdapi/v1/img2img", json={"init_images": [f"{front.url}/x.png"], "steps": 1}
    )
    assert answer.status_code == 422
    assert "--allow-url-inits" in answer.json()["detail"]


def test_urls_never_lead_inside(proxied: Front) -> None:
    """Where fetching is on, our own address is still refused, in init_images and mask."""
    for fields in ({"init_images": [proxied.url]}, {"mask": proxied.url, "init_images": ["aGk="]}):
        answer = proxied.http.post("/sdapi/v1/img2img", json=fields, auth=ANN)
        assert answer.status_code == 422
        assert "private network" in answer.json()["detail"]


def test_answers_tell_browsers_to_be_careful(front: Front) -> None:
    """No guessing of types, no frames on other sites."""
    headers = front.http.get("/sdapi/v1/options").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
