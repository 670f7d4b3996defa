"""Files over a network that does what networks do."""

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.fakes.elsewhere import Cut, Elsewhere, Endless, Held, Status, elsewhere
from tests.fakes.small_models import CHECKPOINT, LORA, RANDOM, safetensors
from tests.fakes.waiting import until
from tests.unit.fetching.conftest import Fetch

from tintype.errors import BusyError, FetchError, InvalidRequest, ModelError, SetupError

PATH = "/files/cats.safetensors"
CONTENT = safetensors(LORA, padding=3_000_000)


@pytest.fixture
def elsewhere_else() -> Iterator[Elsewhere]:
    """A third server."""
    with elsewhere() as server:
        yield server


def left_over(root: Path) -> list[str]:
    """Names of everything in a root that is a file."""
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_a_file_is_put_where_its_header_says(there: Elsewhere, fetch: Fetch, root: Path) -> None:
    """It is whole, in the folder of its kind, with a record beside it and nothing else."""
    pulled = fetch(there.puts(PATH, CONTENT))

    assert pulled.path == root / "Lora" / "cats.safetensors"
    assert (pulled.kind, pulled.state, pulled.bytes) == ("lora", "fetched", len(CONTENT))
    assert pulled.path.read_bytes() == CONTENT
    assert left_over(root) == ["cats.safetensors", "cats.safetensors.source.json"]


def test_a_second_call_asks_for_nothing(there: Elsewhere, fetch: Fetch) -> None:
    """What is there from this address is not fetched again."""
    url = there.puts(PATH, CONTENT)
    fetch(url)
    before = len(there.asked)

    assert fetch(url).state == "there"
    assert len(there.asked) == before


def test_a_cut_connection_goes_on_where_it_ended(
    there: Elsewhere, fetch: Fetch, pauses: list[float]
) -> None:
    """With a range from there on, on condition that the file is the same."""
    url = there.puts(PATH, CONTENT)
    there.mishaps[PATH] = [None, Cut(1_500_000), Cut(1_000_000)]
    pulled = fetch(url)

    assert pulled.path.read_bytes() == CONTENT
    ranges = [headers.get("Range") for headers in there.asked_for(PATH)]
    assert ranges == [None, None, "bytes=1500000-", "bytes=2500000-"]
    assert there.asked_for(PATH)[2]["If-Range"] == '"1"'
    assert pauses == [1.0, 1.0]


def test_another_call_goes_on_where_the_last_one_ended(
    there: Elsewhere, fetch: Fetch, root: Path
) -> None:
    """The part lies beside the target, and says of what it is."""
    url = there.puts(PATH, CONTENT)
    fetch_part(there, fetch, url)

    part = root / "Lora" / "cats.safetensors.part"
    assert part.read_bytes() == CONTENT[:1_000_000]
    told = json.loads(part.with_name("cats.safetensors.part.json").read_text())
    assert (told["source"], told["version"], told["total"]) == (url, '"1"', len(CONTENT))

    assert fetch(url).path.read_bytes() == CONTENT
    assert there.asked_for(PATH)[-1]["Range"] == "bytes=1000000-"
    assert left_over(root) == ["cats.safetensors", "cats.safetensors.source.json"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(there: Elsewhere, fetch: Fetch) -> None:
    """No file is ever made of two."""
    url = there.puts(PATH, CONTENT)
    fetch_part(there, fetch, url)
    new = safetensors(LORA, padding=3_000_000, seed=7)
    there.puts(PATH, new, etag='"2"')

    assert fetch(url).path.read_bytes() == new


def test_a_file_that_shrank_meanwhile_is_fetched_anew(there: Elsewhere, fetch: Fetch) -> None:
    """A range beyond its end is no reason to give up."""
    url = there.puts(PATH, CONTENT)
    fetch_part(there, fetch, url)
    there.puts(PATH, safetensors(LORA), etag='"2"')

    assert fetch(url).path.read_bytes() == safetensors(LORA)


def test_without_etag_or_hash_a_part_is_worth_nothing(there: Elsewhere, fetch: Fetch) -> None:
    """The rest could be another file's."""
    url = there.puts(PATH, CONTENT, etag=None)
    fetch_part(there, fetch, url)

    assert fetch(url).path.read_bytes() == CONTENT
    assert "Range" not in there.asked_for(PATH)[-1]


def test_a_server_without_ranges_sends_all_of_it_again(there: Elsewhere, fetch: Fetch) -> None:
    """A 200 where a 206 was asked for begins the file anew."""
    url = there.puts(PATH, CONTENT, knows_ranges=False)
    fetch_part(there, fetch, url)

    assert fetch(url).path.read_bytes() == CONTENT


def test_busy_servers_are_waited_for(there: Elsewhere, fetch: Fetch, pauses: list[float]) -> None:
    """As long as they ask for, else longer and longer."""
    url = there.puts(PATH, CONTENT)
    busy = [Status(503), Status(429, {"Retry-After": "17"}), Status(502)]
    there.mishaps[PATH] = [*busy]

    assert fetch(url).path.read_bytes() == CONTENT
    assert pauses == [1.0, 17.0, 4.0]


def test_who_asks_for_too_long_a_wait_is_not_waited_for(
    there: Elsewhere, fetch: Fetch, pauses: list[float]
) -> None:
    """It is said instead."""
    url = there.puts(PATH, CONTENT)
    there.mishaps[PATH] = [Status(429, {"Retry-After": "86400"})]

    with pytest.raises(FetchError, match="asks to come again in 86400 s"):
        fetch(url)
    assert pauses == []


def test_a_server_that_stays_broken_is_given_up(
    there: Elsewhere, fetch: Fetch, pauses: list[float]
) -> None:
    """After some attempts without a byte."""
    url = there.puts(PATH, CONTENT)
    there.mishaps[PATH] = [Status(500)] * 50

    with pytest.raises(FetchError, match="answers 500; given up after 6 attempts"):
        fetch(url)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_nobody_there(fetch: Fetch, there: Elsewhere) -> None:
    """A closed port is said so in words."""
    with elsewhere() as gone:
        url = gone.puts(PATH, CONTENT)
    with pytest.raises(FetchError, match=r"127.0.0.1: .*given up"):
        fetch(url)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "there is nothing at"),
        (410, "there is nothing at"),
        (401, "it needs a token"),
        (403, "it needs a token"),
        (418, "answers 418"),
    ],
)
def test_refusals_are_final(
    there: Elsewhere, fetch: Fetch, status: int, words: str, pauses: list[float]
) -> None:
    """They are said in words, and not tried again."""
    there.mishaps[PATH] = [Status(status)]
    with pytest.raises(FetchError, match=words):
        fetch(there.url + PATH)
    assert pauses == []


def test_a_login_page_is_no_model(there: Elsewhere, fetch: Fetch, root: Path) -> None:
    """Whether it says that it is a page or not."""
    page = b"<!DOCTYPE html><html><title>Log in</title>" + b" " * 5000
    with pytest.raises(FetchError, match=r"web page instead of a file.*needs a token"):
        fetch(there.puts(PATH, page, media_type="text/html; charset=utf-8"))
    with pytest.raises(ModelError, match=r"web page came.*needs a token"):
        fetch(there.puts(PATH, page))
    with pytest.raises(ModelError, match=r"message came.*needs a token"):
        fetch(there.puts(PATH, b'{"error": "no"}' + b" " * 5000))
    with pytest.raises(ModelError, match=r"web page came"):
        fetch(there.puts("/cats.ckpt", page))
    assert left_over(root) == []


def test_what_is_no_model_we_know_is_refused(there: Elsewhere, fetch: Fetch, root: Path) -> None:
    """Before all of it is fetched."""
    with pytest.raises(FetchError, match=r"nothing we know; if you know better.*--kind"):
        fetch(there.puts(PATH, safetensors(RANDOM)))
    assert left_over(root) == []


def test_a_kind_that_is_wrong_is_refused(there: Elsewhere, fetch: Fetch, root: Path) -> None:
    """It says what the file is."""
    with pytest.raises(FetchError, match=r"is a LoRA, not a checkpoint; .*--kind lora"):
        fetch(there.puts(PATH, CONTENT), kind="checkpoint")
    assert left_over(root) == []


def test_a_known_hash_is_held_against_what_comes(
    there: Elsewhere, fetch: Fetch, root: Path
) -> None:
    """A file of another one is taken away; the right one is marked as checked."""
    url = there.puts(PATH, CONTENT)
    with pytest.raises(FetchError, match="is not what was expected: SHA-256"):
        fetch(url, sha256="0" * 64)
    assert left_over(root) == []
    assert fetch(url, sha256=sha256(CONTENT).hexdigest().upper()).checked

    with pytest.raises(InvalidRequest, match="64 digits"):
        fetch(url, sha256="abc")


def test_a_part_that_was_spoiled_is_fetched_anew(
    there: Elsewhere, fetch: Fetch, root: Path
) -> None:
    """The hash of the whole tells."""
    url = there.puts(PATH, CONTENT)
    wanted = sha256(CONTENT).hexdigest()
    fetch_part(there, fetch, url, sha256=wanted)
    part = root / "Lora" / "cats.safetensors.part"
    part.write_bytes(bytes(part.stat().st_size))

    assert fetch(url, sha256=wanted).path.read_bytes() == CONTENT


def test_endless_files_end(there: Elsewhere, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the space that is left on the disk."""
    leave_free(1000, monkeypatch)
    there.puts("/cats.ckpt", b"")
    there.mishaps["/cats.ckpt"] = [Endless()]

    with pytest.raises(SetupError, match=r"cats.ckpt needs .* where 0 MiB are free"):
        fetch(there.url + "/cats.ckpt")


def test_a_file_of_unknown_length(there: Elsewhere, fetch: Fetch) -> None:
    """Its own header says how long it is; the server need not."""
    pulled = fetch(there.puts(PATH, CONTENT, has_length=False))
    assert (pulled.kind, pulled.path.read_bytes()) == ("lora", CONTENT)


def test_a_full_disk_is_seen_beforehand(
    there: Elsewhere, fetch: Fetch, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the file is written."""
    leave_free(2**20, monkeypatch)
    with pytest.raises(SetupError, match="needs 3 MiB more"):
        fetch(there.puts(PATH, CONTENT))
    assert left_over(root) == []


def test_tokens_stay_with_their_host(
    there: Elsewhere, elsewhere_else: Elsewhere, fetch: Fetch
) -> None:
    """What a redirect leads to is not told them."""
    storage = elsewhere_else.puts("/storage", CONTENT)
    there.puts(PATH, b"")
    there.mishaps[PATH] = [Status(302, {"Location": f"{storage}?signature=1"})] * 2
    pulled = fetch(there.url + PATH, token="secret")

    assert pulled.path.read_bytes() == CONTENT
    assert {h["Authorization"] for h in there.asked_for(PATH)} == {"Bearer secret"}
    assert all("Authorization" not in asked.headers for asked in elsewhere_else.asked)


def test_redirects_end(there: Elsewhere, fetch: Fetch) -> None:
    """A circle is seen as one."""
    there.mishaps[PATH] = [Status(302, {"Location": PATH})] * 20
    with pytest.raises(FetchError, match="more than 10 redirects"):
        fetch(there.url + PATH)


def test_redirects_stay_on_the_web(there: Elsewhere, fetch: Fetch) -> None:
    """Nobody is led to a file of this machine."""
    there.mishaps[PATH] = [Status(302, {"Location": "file:///etc/passwd"})]
    with pytest.raises(FetchError, match="which is not safe"):
        fetch(there.url + PATH)


def test_two_at_once(there: Elsewhere, fetch: Fetch) -> None:
    """The second one is told, and harms nothing."""
    url, gate = there.puts(PATH, CONTENT), Event()
    there.mishaps[PATH] = [None, Held(1_000_000, gate)]
    first = Thread(target=fetch, args=(url,))
    first.start()
    until(lambda: len(there.asked) == 2)
    with pytest.raises(BusyError, match="being fetched by another process"):
        fetch(url)
    gate.set()
    first.join()

    assert fetch(url).state == "there"


def test_a_name_of_ones_own(there: Elsewhere, fetch: Fetch, root: Path) -> None:
    """Also in a folder below that of the kind, but never out of it."""
    url = there.puts(PATH, CONTENT)
    assert fetch(url, name="people/anna").path == root / "Lora" / "people" / "anna.safetensors"
    for name in ("../x", "/x", "a/../../x", "", "x\0"):
        with pytest.raises(InvalidRequest, match="is no name"):
            fetch(url, name=name)


def test_another_file_of_this_name_stays(there: Elsewhere, fetch: Fetch, root: Path) -> None:
    """The new one needs a name of its own."""
    old = root / "Lora" / "cats.safetensors"
    old.parent.mkdir()
    old.write_bytes(b"mine")
    with pytest.raises(FetchError, match=r"another file .*--name"):
        fetch(there.puts(PATH, CONTENT))
    assert old.read_bytes() == b"mine"


def test_the_server_may_tell_the_name(there: Elsewhere, fetch: Fetch) -> None:
    """As downloads of pages do; only its last part counts."""
    told = {"Content-Disposition": 'attachment; filename="../../cats.safetensors"'}
    url = there.puts("/download", CONTENT, headers=told)
    assert fetch(url).path.name == "cats.safetensors"
    with pytest.raises(InvalidRequest, match="is no file of weights"):
        fetch(there.puts("/other", CONTENT))


def test_checkpoints_of_a_flat_folder(there: Elsewhere, fetch: Fetch, root: Path) -> None:
    """They stay where the others are, or those would no longer be found."""
    (root / "first.safetensors").write_bytes(safetensors(CHECKPOINT))
    url = there.puts("/second.safetensors", safetensors(CHECKPOINT))
    assert fetch(url).path == root / "second.safetensors"


def test_offline_means_offline(there: Elsewhere, fetch: Fetch, tmp_path: Path) -> None:
    """Nothing is asked; files of this machine are taken all the same."""
    with pytest.raises(SetupError, match="--offline or TINTYPE_OFFLINE forbids it"):
        fetch(there.puts(PATH, CONTENT), config={"is_offline": True})
    assert there.asked == []
    mine = tmp_path / "cats.safetensors"
    mine.write_bytes(CONTENT)
    assert fetch(str(mine), config={"is_offline": True}).path.read_bytes() == CONTENT


def fetch_part(there: Elsewhere, fetch: Fetch, url: str, **wish: str) -> None:
    """Come as far as 1,000,000 bytes, and then no further."""
    path = url.removeprefix(there.url)
    there.mishaps[path] = [None, Cut(1_000_000), Status(404)]  # the first is for the header
    with pytest.raises(FetchError):
        fetch(url, **wish)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "9" * 18, "Content-Type": "x"},
        {"Content-Encoding": "gzip", "Content-Length": "0"},
    ],
)
def test_what_servers_say_is_bounded(
    there: Elsewhere, fetch: Fetch, headers: dict[str, str]
) -> None:
    """Absurd lengths and packed files are refused in words."""
    there.puts(PATH, b"", headers=headers)
    with pytest.raises(FetchError, match=r"as no model has|sends the file packed"):
        fetch(there.url + PATH)


def test_a_folder_that_cannot_be_written(there: Elsewhere, fetch: Fetch, root: Path) -> None:
    """Said with its path."""
    (root / "Lora").write_bytes(b"a file in its place")
    with pytest.raises(SetupError, match=r"Lora"):
        fetch(there.puts(PATH, CONTENT))


def leave_free(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a disk with so many bytes left."""
    usage = shutil.disk_usage("/")._replace(free=free)

    def disk_usage(_: object) -> object:
        return usage

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
