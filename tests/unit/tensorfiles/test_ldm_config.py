"""Reading the LDM config beside a checkpoint."""

import os
from pathlib import Path

import pytest

from tintype.errors import ModelError
from tintype.tensorfiles.ldm_config import parse_ldm_config, read_ldm_yaml

BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefghijkl", "bcdefghijklm", strict=True)
)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "model.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_real_one(tmp_path: Path) -> None:
    """Sections are found where LDM has them."""
    text = """
    model:
      params:
        linear_start: 0.00085
        parameterization: v
        unet_config: {params: {num_head_channels: 64}}
    """
    config = parse_ldm_config(read_ldm_yaml(written(tmp_path, text)))
    assert (config.prediction, config.head_channels) == ("v", 64)


@pytest.mark.parametrize(
    "content",
    [
        "model: [unclosed",
        "",
        "just a word",
        "model: !!python/object/apply:os.system ['true']",
        b"\xff\xfe\x00bad",
        "[" * 5000,
        "# " + "x" * (1 << 20),
    ],
)
def test_torn_or_hostile_yaml(tmp_path: Path, content: str | bytes) -> None:
    """What is no config is refused in words and never run."""
    with pytest.raises(ModelError, match=r"model\.yaml"):
        read_ldm_yaml(written(tmp_path, content))


def test_repeated_references_stay_small(tmp_path: Path) -> None:
    """References to references cost no memory, not even in the complaint about them."""
    bomb = BOMB + "model: {params: {unet_config: {params: {num_heads: *m}}}}"
    with pytest.raises(ModelError, match="num_heads") as caught:
        parse_ldm_config(read_ldm_yaml(written(tmp_path, bomb)))
    assert len(str(caught.value)) < 500


def test_missing_config(tmp_path: Path) -> None:
    """A config that is not there is a model error too."""
    with pytest.raises(ModelError, match=r"none\.yaml"):
        read_ldm_yaml(tmp_path / "none.yaml")


def test_a_pipe_for_a_config(tmp_path: Path) -> None:
    """Nobody waits for somebody to write into it."""
    os.mkfifo(pipe := tmp_path / "pipe.yaml")
    with pytest.raises(ModelError, match=r"pipe\.yaml"):
        read_ldm_yaml(pipe)
