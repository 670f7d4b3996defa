"""Options and files that are kept, over HTTP."""

import json
import re
from base64 import b64decode
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.fakes.front import Front, running_front
from tests.fakes.pictures import as_text, picture_file
from tests.fakes.waiting import until

RECORDED = Path(__file__).parent / "recorded"
OTHERS = re.compile(r"use_scale_latent_for_hires_fix|.*_sep(_.*)?")  # clients tell programs by them


@pytest.fixture
def changed(front: Front) -> Generator[Front]:
    """A front whose options are all at their defaults again afterwards."""
    before = front.http.get("/sdapi/v1/options").json()
    yield front
    now = front.http.get("/sdapi/v1/options").json()
    front.http.post("/sdapi/v1/options", json=dict.fromkeys(now) | before)


def outputs(front: Front) -> set[str]:
    """Files below `outputs/`, with slashes."""
    root = front.folder / "data" / "outputs"
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def kept(front: Front, prompt: str = "a cat", **options: Any) -> set[str]:
    """What one small picture leaves on disk under these options."""
    before = outputs(front)
    fields = {"override_settings": options} if options else {}
    answer = front.txt2img(prompt, save_images=True, **fields)
    assert answer.status_code == 200, answer.text
    return outputs(front) - before


def test_every_option_of_a1111_is_there(front: Front) -> None:
    """Each recorded key, with a value of the recorded type."""
    recorded = json.loads((RECORDED / "options.json").read_text(encoding="utf-8"))

    shown = front.http.get("/sdapi/v1/options").json()

    assert recorded.keys() <= shown.keys()
    kinds = {"bool": bool, "number": (int, float), "text": str, "list": list}
    for name, kind in recorded.items():
        if kind != "null":
            assert isinstance(shown[name], kinds[kind]), name
    assert not [name for name in shown if OTHERS.fullmatch(name)]


def test_the_whole_answer_may_be_sent_back(changed: Front) -> None:
    """With nulls, options of extensions, and one change among them; A1111's answer is null."""
    body = changed.http.get("/sdapi/v1/options").json()
    body |= {"jpeg_quality": 70, "control_net_unit_count": 3.0, "font": None, "ad_model": None}

    answer = changed.http.post("/sdapi/v1/options", json=body)

    shown = changed.http.get("/sdapi/v1/options").json()
    assert (answer.status_code, answer.json()) == (200, None)
    assert (shown["jpeg_quality"], shown["control_net_unit_count"]) == (70, 3.0)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"sample_format": "png"}, 404, "samples_format"),
        ({"samples_format": "bmp"}, 422, "'png', 'jpg'"),
        ({"outdir_samples": "/etc"}, 422, "outputs/"),
        ({"outdir_samples": "a/../../b"}, 422, "outputs/"),
        ({"outdir_samples": "C:\\Users"}, 422, "outputs/"),
        ({"samples_filename_pattern": "x" * 2000}, 422, "1000 characters"),
        ({"png_level": 10}, 422, "from 0 to 9"),
        ({"gradio_theme": "\ud800"}, 422, "gradio_theme"),
        ({"made_up": "\ud800"}, 422, "made_up"),
        ({"\ud800": 1}, 422, "no name of an option"),
        ({"made_up": "x" * 100_000}, 422, "made_up"),
        ({f"made_up_{n}": n for n in range(3000)}, 422, "cannot be kept"),
        ({"sd_model_checkpoint": "zeta"}, 404, "alpha"),
    ],
)
def test_options_without_sense_are_refused(
    front: Front, body: dict[str, Any], status: int, words: str
) -> None:
    """In words, and nothing is changed."""
    before = front.http.get("/sdapi/v1/options").json()

    answer = front.http.post("/sdapi/v1/options", content=json.dumps(body))

    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert front.http.get("/sdapi/v1/options").json() == before


def test_options_outlive_the_server(tmp_path: Path) -> None:
    """Its next start has them, begins with their checkpoint, and says what was damaged."""
    options = {"sd_model_checkpoint": "beta", "jpeg_quality": 66, "ad_x": [1]}
    with running_front(tmp_path) as front:
        front.wait_until_ready()
        assert front.http.post("/sdapi/v1/options", json=options).status_code == 200
    with running_front(tmp_path) as front:
        shown = front.http.get("/sdapi/v1/options").json()
        assert shown["sd_model_checkpoint"].startswith("people/beta.safetensors")
        assert (shown["jpeg_quality"], shown["ad_x"]) == (66, [1])
    file = tmp_path / "data" / "options.json"
    file.write_text("{")
    with running_front(tmp_path) as front:
        assert front.http.get("/sdapi/v1/options").json()["jpeg_quality"] == 80
        assert "options.json" in front.log
    (aside,) = file.parent.glob("options-*.json")
    assert aside.read_text() == "{"


def test_overrides_that_are_not_restored_stay(changed: Front) -> None:
    """For everybody, until they are set again."""
    overrides = {"CLIP_stop_at_last_layers": 2.0}

    changed.txt2img(override_settings=overrides, override_settings_restore_afterwards=False)

    later = json.loads(changed.txt2img().json()["info"])
    assert later["clip_skip"] == 2
    assert changed.http.get("/sdapi/v1/options").json()["CLIP_stop_at_last_layers"] == 2


def test_overrides_stay_only_for_those_who_manage(tmp_path: Path) -> None:
    """Somebody who may only paint changes nobody else's options, and is told so."""
    passwords = [["ana", "secret"]]
    with running_front(tmp_path, trust={"passwords": passwords}) as front:
        front.http.auth = ("ana", "secret")
        front.wait_until_ready()
        made = front.txt2img(
            override_settings={"CLIP_stop_at_last_layers": 2},
            override_settings_restore_afterwards=False,
        )
        assert made.status_code == 200
        stays = front.http.get("/sdapi/v1/options").json()["CLIP_stop_at_last_layers"]
        assert (stays == 2) is ("warnings" not in made.json())


def test_names_follow_their_pattern(front: Front) -> None:
    """Folder and name as asked for; what a prompt says names no folders."""
    made = kept(
        front,
        "../../etc/passwd: a cat",
        samples_filename_pattern="[steps]-[prompt_words]-[batch_number]",
        directories_filename_pattern="[model_name]/[width]x[height]",
        directories_max_prompt_words=3,
        outdir_samples="outputs/mine",
    )

    assert made == {"mine/alpha/64x64/00000-2-_ _etc_passwd a.png"}


def test_files_without_numbers(front: Front) -> None:
    """The same name replaces the file, or counts."""
    name: dict[str, Any] = {"samples_filename_pattern": "one", "save_images_add_number": False}
    adding: dict[str, Any] = name | {
        "save_images_replace_action": "add number suffix",
        "save_to_dirs": False,
    }

    assert {path.rpartition("/")[2] for path in kept(front, **name)} == {"one.png"}
    assert kept(front, **name) == set()
    assert kept(front, **adding) == {"txt2img-images/one.png"}
    assert kept(front, **adding) == {"txt2img-images/one-1.png"}


def test_files_of_sheets(front: Front) -> None:
    """Sheets tell more of themselves where that is wanted, and lie where they are wanted."""
    options = {"grid_extended_filename": True, "outdir_grids": "sheets", "grid_save_to_dirs": False}

    before = outputs(front)
    front.txt2img(batch_size=2, save_images=True, override_settings=options)

    assert {name for name in outputs(front) - before if "grid" in name} == {
        "sheets/grid-0000-7-a cat.png"
    }


def test_large_files_have_a_small_copy(front: Front) -> None:
    """A JPEG whose longer side is bounded, with infotext; small files have none."""
    options = {"target_side_length": 64, "outdir_samples": "large"}
    before = outputs(front)
    front.txt2img(width=128, save_images=True, override_settings=options)
    made = sorted(outputs(front) - before)

    assert [name.rpartition(".")[2] for name in made] == ["jpg", "png"]
    with Image.open(front.folder / "data" / "outputs" / made[0]) as small:
        assert small.size == (64, 32)
    assert len(kept(front, img_downscale_threshold=0)) == 2
    assert len(kept(front, img_downscale_threshold=0, export_for_4chan=False)) == 1
    assert len(kept(front, img_downscale_threshold=0, samples_format="jpg")) == 1


def test_masks_and_first_pictures(front: Front) -> None:
    """They are kept where that is wanted, and are not in the answer for that."""
    file, mask = picture_file(), picture_file()
    options = {"save_mask": True, "save_mask_composite": True, "save_init_img": True}
    before = outputs(front)

    answer = front.img2img(
        file, mask=as_text(mask), save_images=True, override_settings=options, inpainting_fill=1
    )

    assert len(answer.json()["images"]) == 1
    made = outputs(front) - before
    assert f"init-images/{sha256(file).hexdigest()[:32]}.png" in made
    suffixes = {name.partition("-7")[2] for name in made if name.startswith("img2img")}
    assert suffixes == {".png", "-mask.png", "-mask-composite.png"}


def test_interrupted_pictures_are_kept_on_request(changed: Front) -> None:
    """Half a picture is in the answer, but on disk only with its option."""
    for keeps in (False, True):
        changed.gate.unlink(missing_ok=True)
        before = outputs(changed)
        with ThreadPoolExecutor(1) as pool:
            options = {"save_incomplete_images": keeps}
            running = pool.submit(
                changed.txt2img, "hold", save_images=True, override_settings=options
            )
            changed.wait_until_held()
            changed.http.post("/sdapi/v1/interrupt")
            assert len(running.result().json()["images"]) == 1
        assert len(outputs(changed) - before) == keeps


def test_scripts_keep_their_sheets(front: Front) -> None:
    """As in A1111 they ask for nothing but the server's option."""
    script = {"script_name": "prompt matrix", "script_args": [False, False, "positive", "comma", 0]}
    before = outputs(front)
    front.txt2img("a|b", **script)
    made = outputs(front) - before
    front.txt2img("a|b", **script, override_settings={"grid_save": False})

    assert [name.rpartition("/")[2][:5] for name in made] == ["grid-"]
    assert outputs(front) == before | made


def test_the_last_infotext_is_at_hand(front: Front) -> None:
    """`params.txt` of the data folder has it, whether the picture is kept or not."""
    front.txt2img("a lighthouse")

    assert (front.folder / "data" / "params.txt").read_text().startswith("a lighthouse\n")


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "avif"])
def test_kept_pictures_are_in_the_gallery(front: Front, kind: str) -> None:
    """As soon as they are on disk, with their job and infotext."""
    (name,) = kept(front, f"a gallery of {kind}", samples_format=kind, export_for_4chan=False)
    listed = front.http.get("/v1/images", params={"limit": 20}).json()["images"]

    (found,) = [one for one in listed if one["path"] == name]
    assert found["prompt"] == f"a gallery of {kind}"
    assert found["links"]["job"] is not None


def test_png_level(changed: Front) -> None:
    """Another effort, the same pixels."""
    changed.http.post("/sdapi/v1/options", json={"png_level": 0})
    large = changed.txt2img("photo").json()["images"][0]
    changed.http.post("/sdapi/v1/options", json={"png_level": 9})
    small = changed.txt2img("photo").json()["images"][0]

    assert len(small) < len(large)
    assert pixels_of(small) == pixels_of(large)


def test_a_jobs_picture_in_any_quality(front: Front) -> None:
    """Fetched as another kind of file, as small or as good as somebody likes."""
    made = front.http.post("/v1/jobs", json={"prompt": "photo", "steps": 1}).json()
    path = f"/v1/jobs/{made['id']}/images/0"
    until(lambda: front.http.get(path).status_code == 200)

    for kind in ("jpeg", "webp", "avif"):
        files = [front.http.get(path, params={"format": kind, "quality": q}) for q in (10, 95)]
        assert len(files[0].content) < len(files[1].content)
        with Image.open(BytesIO(files[0].content)) as picture:
            assert picture.format == kind.upper()
    for wrong in ("0", "101", "best"):
        refused = front.http.get(path, params={"format": "jpeg", "quality": wrong})
        assert refused.status_code == 422


def pixels_of(text: str) -> bytes:
    """Of a picture in an answer."""
    with Image.open(BytesIO(b64decode(text))) as picture:
        return picture.tobytes()
