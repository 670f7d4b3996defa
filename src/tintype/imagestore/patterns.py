"""A1111's patterns for names of files and folders, such as `[date]` or `[seed]-[prompt_words]`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tintype.imagestore.names import safe_part

_TOKEN = re.compile(r"\[([A-Za-z_]+)((?:<[^<>]*>)*)\]")
_ARGUMENT = re.compile(r"<([^<>]*)>")
_BETWEEN_WORDS = re.compile(r"[\s,.:;!?()\[\]{}<>|\"]+")
_DATETIME = "%Y%m%d%H%M%S"
_HASH_DIGITS = 8
_MOST_HASH_DIGITS = 64

Arguments = list[str]


@dataclass(frozen=True, slots=True)
class Naming:
    """What a name can tell of a picture.

    Attributes:
        prompt: with its styles.
        plain_prompt: without them.
        denoising_strength: None where there is none.
        vae_name: None for the checkpoint's own.
        first_seed: of the whole job, as `last_seed`.
        place: which picture of the job it is, from 0; None for a sheet of several.
        batch_size: pictures A1111 would make at once.
        images: of the whole job.
        user: who asked, or "".
        began: when the job was admitted, local time.
        now: local time.
        prompt_words: how many words `[prompt_words]` takes.
        image_hash: SHA-256 of the pixels, as hexadecimal digits.
    """

    prompt: str
    plain_prompt: str
    negative_prompt: str
    styles: tuple[str, ...]
    seed: int
    first_seed: int
    last_seed: int
    steps: int
    cfg_scale: float
    width: int
    height: int
    sampler: str
    schedule: str
    clip_skip: int
    denoising_strength: float | None
    model_name: str
    model_hash: str
    vae_name: str | None
    place: int | None
    batch_size: int
    images: int
    user: str
    began: datetime
    now: datetime
    prompt_words: int
    image_hash: Callable[[], str]


def filled(pattern: str, naming: Naming) -> str:
    """The pattern with values in place of its names in square brackets.

    What has no value here, as `[batch_number]` of a single picture, goes with the text before it.
    Unknown names stay as they are. What stands for a name holds no slash and nothing else that a
    file system forbids; the text between may.
    """
    done, end = "", 0
    for token in _TOKEN.finditer(pattern):
        tell = _TELLERS.get(token[1].lower())
        arguments = _ARGUMENT.findall(token[2])
        between = pattern[end : token.start()]
        value = token[0] if tell is None else tell(naming, arguments)
        if value is not None:
            done += between + (value if tell is None else safe_part(value))
        end = token.end()
    return done + pattern[end:]


def _sampler_and_schedule(naming: Naming, _: Arguments) -> str:
    is_named = naming.schedule != "Automatic"
    return f"{naming.sampler} {naming.schedule}" if is_named else naming.sampler


def _words(naming: Naming, _: Arguments) -> str:
    words = [word for word in _BETWEEN_WORDS.split(naming.prompt) if word]
    return " ".join(words[: naming.prompt_words])


def _datetime(naming: Naming, arguments: Arguments) -> str:
    """In a form and time zone of one's own; the usual ones where those are of no use."""
    form = arguments[0] if arguments and arguments[0] else _DATETIME
    now = naming.now
    if len(arguments) > 1:
        try:
            now = now.astimezone(ZoneInfo(arguments[1]))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            now = naming.now
    try:
        return now.strftime(form)
    except ValueError:
        return now.strftime(_DATETIME)


def _digits(text: str, arguments: Arguments) -> str:
    return _cut(sha256(text.encode("utf-8", "replace")).hexdigest(), arguments, _HASH_DIGITS)


def _cut(digits: str, arguments: Arguments, usual: int) -> str:
    asked = arguments[0] if arguments else ""
    count = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else usual
    return digits[: min(max(count, 1), _MOST_HASH_DIGITS)]


def _has_prompt(naming: Naming, arguments: Arguments) -> str:
    """Of each argument `words|otherwise` the words if the prompt has them, or what follows."""
    prompt = naming.prompt.casefold()
    parts = [argument.partition("|") for argument in arguments]
    return "".join(
        words if words.casefold() in prompt else otherwise for words, _, otherwise in parts
    )


def _if_several(count: int, value: object) -> str | None:
    return str(value) if count > 1 else None


def _last_seed(naming: Naming, _: Arguments) -> str | None:
    return _if_several(naming.images, naming.last_seed)


def _batch_number(naming: Naming, _: Arguments) -> str | None:
    if naming.place is None:
        return None
    return _if_several(naming.batch_size, naming.place % naming.batch_size + 1)


def _generation_number(naming: Naming, _: Arguments) -> str | None:
    return None if naming.place is None else _if_several(naming.images, naming.place + 1)


def _denoising(naming: Naming, _: Arguments) -> str | None:
    strength = naming.denoising_strength
    return None if strength is None else f"{strength:g}"


_TELLERS: Mapping[str, Callable[[Naming, Arguments], str | None]] = {
    "seed": lambda naming, _: str(naming.seed),
    "seed_first": lambda naming, _: str(naming.first_seed),
    "seed_last": _last_seed,
    "steps": lambda naming, _: str(naming.steps),
    "cfg": lambda naming, _: f"{naming.cfg_scale:g}",
    "width": lambda naming, _: str(naming.width),
    "height": lambda naming, _: str(naming.height),
    "sampler": lambda naming, _: naming.sampler,
    "sampler_name": lambda naming, _: naming.sampler,
    "scheduler": lambda naming, _: naming.schedule,
    "sampler_scheduler": _sampler_and_schedule,
    "clip_skip": lambda naming, _: str(naming.clip_skip),
    "denoising": _denoising,
    "model_name": lambda naming, _: naming.model_name,
    "model_hash": lambda naming, _: naming.model_hash,
    "vae_filename": lambda naming, _: naming.vae_name or "None",
    "styles": lambda naming, _: ", ".join(naming.styles) or "None",
    "prompt": lambda naming, _: naming.prompt.replace(" ", "_"),
    "prompt_spaces": lambda naming, _: naming.prompt,
    "prompt_no_styles": lambda naming, _: naming.plain_prompt,
    "prompt_words": _words,
    "prompt_hash": lambda naming, n: _digits(naming.prompt, n),
    "negative_prompt_hash": lambda naming, n: _digits(naming.negative_prompt, n),
    "full_prompt_hash": lambda naming, n: _digits(f"{naming.prompt} {naming.negative_prompt}", n),
    "image_hash": lambda naming, n: _cut(naming.image_hash(), n, _MOST_HASH_DIGITS),
    "hasprompt": _has_prompt,
    "date": lambda naming, _: naming.now.strftime("%Y-%m-%d"),
    "datetime": _datetime,
    "job_timestamp": lambda naming, _: naming.began.strftime(_DATETIME),
    "batch_number": _batch_number,
    "batch_size": lambda naming, _: _if_several(naming.batch_size, naming.batch_size),
    "generation_number": _generation_number,
    "user": lambda naming, _: naming.user,
    "basename": lambda _, __: None,
    "none": lambda _, __: "",
}
