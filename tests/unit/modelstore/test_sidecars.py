"""What lies beside a model, from people and programs that promise nothing."""

import json
from pathlib import Path

import pytest

from tintype.modelstore.pictures import preview_of
from tintype.modelstore.sidecars import Notes, notes_beside, plain

CIVITAI = {
    "id": 12,
    "modelId": 3,
    "trainedWords": ["ink wash, ", "sumi-e", "ink wash"],
    "baseModel": "SDXL 1.0",
    "description": "<p>Made of <b>ink</b>.</p><script>alert(1)</script><p>And &amp; water.</p>",
    "creator": {"username": "someone"},
}


def test_notes_of_a1111(tmp_path: Path) -> None:
    """Every key of A1111's own notes is heard; a weight of 0 is none."""
    own = {
        "description": "ink",
        "sd version": "SDXL",
        "activation text": "ink wash, ",
        "preferred weight": 0,
        "negative text": "colour",
        "notes": "mine",
        "vae": "v.safetensors",
    }
    (tmp_path / "a.json").write_text(json.dumps(own))
    assert notes_beside(tmp_path / "a.safetensors") == Notes(
        description="ink",
        notes="mine",
        trigger_words=("ink wash",),
        negative_text="colour",
        base_model="SDXL",
        vae="v.safetensors",
    )


@pytest.mark.parametrize("name", ["a.civitai.info", "a.json"])
def test_notes_of_civitai(tmp_path: Path, name: str) -> None:
    """Civitai's answer is read under either name, its markup taken out."""
    (tmp_path / name).write_text(json.dumps(CIVITAI))
    assert notes_beside(tmp_path / "a.safetensors") == Notes(
        description="Made of ink.\nAnd & water.",
        trigger_words=("ink wash", "sumi-e"),
        base_model="SDXL 1.0",
        author="someone",
        source="https://civitai.com/models/3?modelVersionId=12",
    )


def test_a_description_in_a_text_file(tmp_path: Path) -> None:
    """`<stem>.txt` describes a model, also one whose name has dots."""
    (tmp_path / "a.v1.5.txt").write_text("\ufefffirst\n\n  second  ", encoding="utf-8")
    assert notes_beside(tmp_path / "a.v1.5.safetensors").description == "first\nsecond"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"5",
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"activation text": "' + b"x" * (2 << 20) + b'"}',
        b'{"activation text": 5, "description": [], "notes": {}, "preferred weight": "x"}',
        b'{"preferred weight": 1e999, "negative text": null, "sd version": true}',
        b'{"preferred weight": NaN}',
        b'{"trainedWords": "x", "creator": [], "model": 5, "modelId": "javascript:1", "id": []}',
        b'{"trainedWords": [5, null, {}, [], ""], "modelId": true, "id": 1.5}',
    ],
    ids=range(13),
)
def test_hostile_notes(tmp_path: Path, content: bytes) -> None:
    """Whatever lies beside a model, nothing is made of it and nothing breaks."""
    for name in ("a.json", "a.civitai.info"):
        (tmp_path / name).write_bytes(content)
    assert notes_beside(tmp_path / "a.safetensors") == Notes()


def test_long_notes_are_cut(tmp_path: Path) -> None:
    """Texts and lists of words have an end, and half characters become whole ones."""
    words = [f"word {number}" for number in range(5000)] + ["\ud800"]
    (tmp_path / "a.json").write_text(json.dumps({"description": "x" * 200_000}))
    (tmp_path / "a.civitai.info").write_text(json.dumps({"trainedWords": ["\ud800", *words]}))
    notes = notes_beside(tmp_path / "a.safetensors")
    assert len(notes.description or "") == 20_000
    assert len(notes.trigger_words) == 100
    assert notes.trigger_words[0] == "?"


def test_folders_and_pipes_beside_a_model(tmp_path: Path) -> None:
    """What is no plain file is not opened."""
    (tmp_path / "a.json").mkdir()
    (tmp_path / "a.txt").symlink_to("/dev/zero")
    assert notes_beside(tmp_path / "a.safetensors") == Notes()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a < b", "a < b"),
        ("a &lt; b", "a < b"),
        ("<p></p>", None),
        ("<style>p{}</style>a<br>b", "a\nb"),
    ],
)
def test_markup(text: str, left: str | None) -> None:
    """Markup goes, words stay."""
    assert plain(text) == left


def test_which_picture(tmp_path: Path) -> None:
    """Of several pictures the first that is one is taken, then the header's thumbnail."""
    model = tmp_path / "a.safetensors"
    thumbnail = {"modelspec.thumbnail": "data:image/gif;base64,R0lGODlh"}
    found = preview_of(model, thumbnail)
    assert found is not None
    assert (found.data, found.media_type) == (b"GIF89a", "image/gif")
    (tmp_path / "a.preview.webp").write_bytes(b"RIFF\0\0\0\0WEBPVP8 ")
    (tmp_path / "a.png").write_bytes(b"<svg onload=alert(1)>")
    found = preview_of(model, thumbnail)
    assert found is not None
    assert found.media_type == "image/webp"


@pytest.mark.parametrize(
    "value", [5, "", "data:image/png;base64,%%%", "data:text/html;base64,PGI+"]
)
def test_thumbnails_that_are_none(tmp_path: Path, value: object) -> None:
    """A header may say anything."""
    assert preview_of(tmp_path / "a.safetensors", {"modelspec.thumbnail": value}) is None
