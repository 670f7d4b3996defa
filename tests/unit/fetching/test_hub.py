"""Hugging Face, and servers that speak as it does."""

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi
from tests.fakes.elsewhere import Cut, Elsewhere, Status
from tests.fakes.small_models import LORA, diffusers_folder, safetensors
from tests.unit.fetching.conftest import Fetch

from tintype.errors import FetchError, InvalidRequest, ModelError, UnknownName
from tintype.fetching import Pulled
from tintype.modelstore import ModelStore

REPO = "anna/cats"
LORA_FILE = safetensors(LORA, padding=100_000)


@pytest.fixture
def hub(there: Elsewhere, fetch: Fetch) -> Fetch:
    """`fetch` with the other server as Hugging Face; `token` is HF_TOKEN."""

    def from_hub(address: str, token: str | None = None, **wish: Any) -> Pulled:
        return fetch(address, config={"hub": there.url, "hub_token": token}, **wish)

    return from_hub


def test_the_stand_in_is_one(there: Elsewhere, tmp_path: Path) -> None:
    """huggingface_hub, which knows the real one, gets the same from it."""
    there.has_repository(REPO, {"cats.safetensors": LORA_FILE, "README.md": b"cats"})
    api = HfApi(endpoint=there.url, token=False)
    info = api.model_info(REPO, revision="main", files_metadata=True)
    assert info.siblings is not None
    lfs = info.siblings[0].lfs
    assert lfs is not None
    assert (lfs.size, info.sha) == (len(LORA_FILE), "c" * 40)


def test_the_one_model_of_a_repository(there: Elsewhere, hub: Fetch, root: Path) -> None:
    """Its hash is known beforehand, its token sent, its name kept."""
    there.has_repository(REPO, {"big-cats.safetensors": LORA_FILE, "README.md": b"cats"})
    pulled = hub(REPO, token="hf_secret")

    assert pulled.path == root / "Lora" / "big-cats.safetensors"
    assert pulled.checked
    assert {asked.headers["Authorization"] for asked in there.asked} == {"Bearer hf_secret"}


def test_names_that_say_nothing(there: Elsewhere, hub: Fetch) -> None:
    """The repository's name is taken."""
    there.has_repository(REPO, {"pytorch_lora_weights.safetensors": LORA_FILE})
    assert hub(f"{REPO}/pytorch_lora_weights.safetensors").path.name == "cats.safetensors"


def test_a_choice_is_asked_for(there: Elsewhere, hub: Fetch) -> None:
    """With the files there are; what is named and missing is said too."""
    there.has_repository(REPO, {"a.safetensors": LORA_FILE, "b.safetensors": LORA_FILE})
    with pytest.raises(InvalidRequest, match=r"holds several.*a.safetensors, b.safetensors"):
        hub(REPO)
    with pytest.raises(UnknownName, match=r"'c.safetensors' is not known; .*b.safetensors"):
        hub(f"{REPO}/c.safetensors")
    assert hub(f"{REPO}/b.safetensors").path.stem == "b"


def test_the_safe_one_at_the_top_is_obvious(there: Elsewhere, hub: Fetch) -> None:
    """Pickles and what lies in folders are seldom meant."""
    files = {"a.ckpt": b"", "a.safetensors": LORA_FILE, "old/a.safetensors": LORA_FILE}
    there.has_repository(REPO, files)
    assert hub(REPO).path.name == "a.safetensors"


def test_large_files_come_from_elsewhere(there: Elsewhere, hub: Fetch) -> None:
    """The hash named on the way is held against them where the list knows none."""
    there.has_repository(REPO, {"a.safetensors": LORA_FILE})
    there.says(f"/api/models/{REPO}/revision/main", {"siblings": [{"rfilename": "a.safetensors"}]})
    there.puts("/storage", LORA_FILE)
    path = f"/{REPO}/resolve/main/a.safetensors"
    there.puts(path, b"")
    leads = Status(302, {"Location": "/storage", "X-Linked-Etag": f'"{"0" * 64}"'})
    there.mishaps[path] = [leads, leads]
    with pytest.raises(FetchError, match="is not what was expected"):
        hub(REPO)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status(403, {"X-Error-Code": "GatedRepo"}), "accepted its terms"),
        (Status(404, {"X-Error-Code": "RevisionNotFound"}), "no such revision"),
        (Status(401, {"X-Error-Code": "RepoNotFound"}), "if it is private, give a token"),
    ],
)
def test_refusals_say_what_to_do(there: Elsewhere, hub: Fetch, status: Status, words: str) -> None:
    """In the words of the site."""
    there.mishaps[f"/api/models/{REPO}/revision/main"] = [status]
    with pytest.raises(FetchError, match=words):
        hub(REPO)


def test_revisions(there: Elsewhere, hub: Fetch) -> None:
    """They lead to the commit they name; slashes in them are no folders."""
    there.has_repository(REPO, {"a.safetensors": LORA_FILE})
    listing = there.things[f"/api/models/{REPO}/revision/main"]
    there.things[f"/api/models/{REPO}/revision/refs%2Fpr%2F1"] = listing
    record = hub(REPO, revision="refs/pr/1").path.with_name("a.safetensors.source.json")
    assert f"hf:{REPO}@{'c' * 40}/a.safetensors" in record.read_text()


def test_files_that_lead_out_are_refused(there: Elsewhere, hub: Fetch) -> None:
    """Whatever a server calls its files."""
    there.has_repository(REPO, {"../../a.safetensors": LORA_FILE})
    with pytest.raises(FetchError, match="leads out of its folder"):
        hub(REPO)


def test_a_diffusers_folder_is_fetched_as_one(there: Elsewhere, hub: Fetch, root: Path) -> None:
    """Only what is needed of it; it has its name once all of it is there."""
    files = diffusers_folder(padding=100_000)
    there.has_repository(REPO, {**files, "safety_checker/model.safetensors": b"large"})
    pulled = hub(REPO)

    assert pulled.path == root / "Stable-diffusion" / "cats"
    got = {p.relative_to(pulled.path).as_posix() for p in pulled.path.rglob("*") if p.is_file()}
    assert got == set(files)
    assert (pulled.kind, pulled.state, pulled.checked) == ("checkpoint", "fetched", True)
    assert ModelStore([root]).checkpoints()[0].name == "cats"
    assert hub(REPO).state == "there"


def test_a_folder_goes_on_where_it_ended(there: Elsewhere, hub: Fetch, root: Path) -> None:
    """No file is fetched twice, and nobody lists a folder that is not whole."""
    there.has_repository(REPO, diffusers_folder(padding=100_000))
    vae = f"/{REPO}/resolve/{'c' * 40}/vae/diffusion_pytorch_model.safetensors"
    there.mishaps[vae] = [Cut(50_000), Status(404)]
    with pytest.raises(FetchError):
        hub(REPO)

    assert (root / "Stable-diffusion" / "cats.part" / "unet").is_dir()
    assert ModelStore([root]).checkpoints() == ()
    assert hub(REPO).path.name == "cats"
    unet = vae.replace("/vae/", "/unet/")
    assert len(there.asked_for(unet)) == 1
    assert there.asked_for(vae)[-1]["Range"] == "bytes=50000-"
    assert [path.name for path in (root / "Stable-diffusion").iterdir() if path.is_dir()] == [
        "cats"
    ]


def test_a_folder_of_something_else(there: Elsewhere, hub: Fetch, root: Path) -> None:
    """It is refused in words, and taken away."""
    files = diffusers_folder() | {"model_index.json": b'{"_class_name": "OtherPipeline"}'}
    there.has_repository(REPO, files)
    with pytest.raises(ModelError, match="cats: The folder holds a 'OtherPipeline'"):
        hub(REPO)
    assert list((root / "Stable-diffusion").iterdir()) == []
