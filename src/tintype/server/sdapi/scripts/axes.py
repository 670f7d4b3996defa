"""What an X/Y/Z plot may vary, in the order of A1111's lists, which its clients count through."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Literal

from tintype.core.faces import FACE_RESTORERS
from tintype.core.samplers import SAMPLERS, SCHEDULES
from tintype.core.upscalers import LATENT_UPSCALERS, PIXEL_UPSCALERS
from tintype.errors import InvalidRequest, shown
from tintype.server.sdapi.asking.fields import GenerationBody
from tintype.server.sdapi.options.table import CHECKPOINT, CLIP_SKIP
from tintype.server.sdapi.scripts.catalogue import Tab
from tintype.server.sdapi.scripts.values import MOST_VALUES, numbers_in, texts_in, wholes_in

Kind = Literal["nothing", "whole", "number", "text", "order"]
Apply = Callable[[GenerationBody, Any, Sequence[Any]], GenerationBody]

_SIZE = re.compile(r"\s*(\d{1,5})\s*[xX×:]\s*(\d{1,5})\s*")
_MOST_ORDERED = 6  # words in "Prompt order"; seven have 5040 orders


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that can be varied.

    Attributes:
        label: its name in A1111's list.
        kind: of its values.
        apply: the body with one of the values; it is told all of them too.
        choices: what a list to choose from would show, or None where values are written.
        is_plain: legends show the value without the label.
        tabs: where A1111 lists it.
    """

    label: str
    kind: Kind
    apply: Apply
    choices: Callable[[Sequence[str]], Sequence[str]] | None = None
    is_plain: bool = False
    tabs: tuple[Tab, ...] = ("txt2img", "img2img")

    @property
    def is_seed(self) -> bool:
        """−1 among its values means any."""
        return self.label in ("Seed", "Var. seed")

    def values(self, text: str, chosen: Sequence[str]) -> list[Any]:
        """The values somebody wrote, or chose from a list. Raises `InvalidRequest`."""
        if self.kind == "nothing":
            return [0]
        if chosen and self.choices is not None:
            return list(chosen)
        match self.kind:
            case "whole":
                blank = ", ".join(item or "-1" for item in texts_in(text))
                found = wholes_in(blank if self.is_seed else text, self.label)
            case "number":
                found = numbers_in(text, self.label)
            case "order":
                found = _orders(texts_in(text))
            case "text":
                found = texts_in(text)
        if not found:
            raise InvalidRequest("script_args", f"{self.label} has no values")
        if len(found) > MOST_VALUES:
            raise InvalidRequest("script_args", f"{self.label} has more than {MOST_VALUES} values")
        return list(found)

    def legend(self, value: Any) -> str:
        """What stands beside a row or above a column."""
        if self.kind == "nothing":
            return ""
        if isinstance(value, float):
            value = round(value, 8)
        if self.kind == "order":
            return ", ".join(value)
        return str(value) if self.is_plain else f"{self.label}: {value}"


def axes_of(tab: Tab) -> list[Axis]:
    """The axes of a tab in its order."""
    return [axis for axis in _AXES if tab in axis.tabs]


def find_axis(asked: Any, tab: Tab) -> Axis:
    """The axis of that number or name in a tab's list.

    Raises:
        InvalidRequest: there is none such; says which there are.
    """
    axes = axes_of(tab)
    if isinstance(asked, int | float) and not isinstance(asked, bool) and 0 <= asked < len(axes):
        return axes[int(asked)]
    if isinstance(asked, str):
        for index, axis in enumerate(axes):
            if asked.strip().casefold() in (axis.label.casefold(), str(index)):
                return axis
    names = ", ".join(f"{index} {axis.label}" for index, axis in enumerate(axes))
    raise InvalidRequest("script_args", f"{shown(asked)} is no axis of {tab}; there are: {names}")


def _field(name: str) -> Apply:
    def apply(body: GenerationBody, value: Any, _: Sequence[Any]) -> GenerationBody:
        if name not in type(body).model_fields:
            raise InvalidRequest("script_args", f"{name} has no effect on this kind of request")
        return body.model_copy(update={name: value})

    return apply


def _option(name: str) -> Apply:
    def apply(body: GenerationBody, value: Any, _: Sequence[Any]) -> GenerationBody:
        overrides = {**(body.override_settings or {}), name: value}
        return body.model_copy(update={"override_settings": overrides})

    return apply


def _unchanged(body: GenerationBody, _: Any, __: Sequence[Any]) -> GenerationBody:
    return body


def _replaced(body: GenerationBody, value: Any, values: Sequence[Any]) -> GenerationBody:
    """Prompt S/R: the first value stands in a prompt, the others take its place."""
    wanted = values[0]
    if wanted not in body.prompt and wanted not in body.negative_prompt:
        raise InvalidRequest(
            "script_args",
            f"Prompt S/R did not find {shown(wanted)} in the prompt or negative prompt",
        )
    prompts = {
        "prompt": body.prompt.replace(wanted, value),
        "negative_prompt": body.negative_prompt.replace(wanted, value),
    }
    return body.model_copy(update=prompts)


def _ordered(body: GenerationBody, value: Any, _: Sequence[Any]) -> GenerationBody:
    """Prompt order: the words stay where words stood, in another order."""
    missing = [word for word in value if word not in body.prompt]
    if missing:
        raise InvalidRequest(
            "script_args", f"Prompt order did not find {shown(missing[0])} in the prompt"
        )
    pieces: list[str] = []
    rest = body.prompt
    found = sorted(value, key=body.prompt.find)
    for place, word in enumerate(found):
        before, _found, rest = rest.partition(word)
        pieces += [before, value[place]]
    return body.model_copy(update={"prompt": "".join([*pieces, rest])})


def _styled(body: GenerationBody, value: Any, _: Sequence[Any]) -> GenerationBody:
    more = [name.strip() for name in value.split(",")]
    return body.model_copy(update={"styles": [*(body.styles or []), *more]})


def _sized(body: GenerationBody, value: Any, _: Sequence[Any]) -> GenerationBody:
    match = _SIZE.fullmatch(value)
    if match is None:
        raise InvalidRequest("script_args", f"Size: {shown(value)} is no size such as 512x768")
    return body.model_copy(update={"width": int(match[1]), "height": int(match[2])})


def _face_restored(body: GenerationBody, value: Any, _: Sequence[Any]) -> GenerationBody:
    """A restorer's name chooses it; of other words those that mean yes take the option's."""
    known = next((name for name in FACE_RESTORERS if name.casefold() == value.casefold()), None)
    if known is None:
        wanted = value.casefold() in ("true", "yes", "y", "1")
        return body.model_copy(update={"restore_faces": wanted})
    overrides = {**(body.override_settings or {}), "face_restoration_model": known}
    return body.model_copy(update={"restore_faces": True, "override_settings": overrides})


def _refined(body: GenerationBody, value: Any, _: Sequence[Any]) -> GenerationBody:
    name = None if value.casefold() in ("none", "") else value
    return body.model_copy(update={"refiner_checkpoint": name})


def _orders(words: Sequence[str]) -> list[tuple[str, ...]]:
    if len(words) > _MOST_ORDERED:
        raise InvalidRequest("script_args", f"Prompt order takes up to {_MOST_ORDERED} words")
    return list(permutations(words))


def _checkpoints(titles: Sequence[str]) -> Sequence[str]:
    return sorted(titles, key=str.casefold)


def _these(*names: str) -> Callable[[Sequence[str]], Sequence[str]]:
    return lambda _: names


_SAMPLER_NAMES = tuple(sampler.name for sampler in SAMPLERS)
_YES_NO = _these("Yes", "No")


def _yes(name: str) -> Apply:
    """An option that is on or off, asked for in words."""

    def apply(body: GenerationBody, value: Any, values: Sequence[Any]) -> GenerationBody:
        words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
        if str(value).casefold() not in words:
            raise InvalidRequest("script_args", f"{shown(value)} is neither Yes nor No")
        return _option(name)(body, words[str(value).casefold()], values)

    return apply


_AXES: tuple[Axis, ...] = (
    Axis("Nothing", "nothing", _unchanged),
    Axis("Seed", "whole", _field("seed")),
    Axis("Var. seed", "whole", _field("subseed")),
    Axis("Var. strength", "number", _field("subseed_strength")),
    Axis("Steps", "whole", _field("steps")),
    Axis("Hires steps", "whole", _field("hr_second_pass_steps"), tabs=("txt2img",)),
    Axis("CFG Scale", "number", _field("cfg_scale")),
    Axis("Image CFG Scale", "number", _field("image_cfg_scale"), tabs=("img2img",)),
    Axis("Prompt S/R", "text", _replaced, is_plain=True),
    Axis("Prompt order", "order", _ordered, is_plain=True),
    Axis("Sampler", "text", _field("sampler_name"), _these(*_SAMPLER_NAMES), is_plain=True),
    Axis(
        "Hires sampler",
        "text",
        _field("hr_sampler_name"),
        _these(*_SAMPLER_NAMES),
        is_plain=True,
        tabs=("txt2img",),
    ),
    Axis("Checkpoint name", "text", _option(CHECKPOINT), _checkpoints, is_plain=True),
    Axis("Negative Guidance minimum sigma", "number", _field("s_min_uncond")),
    Axis("Sigma Churn", "number", _field("s_churn")),
    Axis("Sigma min", "number", _field("s_tmin")),
    Axis("Sigma max", "number", _field("s_tmax")),
    Axis("Sigma noise", "number", _field("s_noise")),
    Axis("Schedule type", "text", _field("scheduler"), _these(*(s.label for s in SCHEDULES))),
    Axis("Schedule min sigma", "number", _option("sigma_min")),
    Axis("Schedule max sigma", "number", _option("sigma_max")),
    Axis("Schedule rho", "number", _option("rho")),
    Axis("Beta schedule alpha", "number", _option("beta_dist_alpha")),
    Axis("Beta schedule beta", "number", _option("beta_dist_beta")),
    Axis("Eta", "number", _field("eta")),
    Axis("Clip skip", "whole", _option(CLIP_SKIP)),
    Axis("Denoising", "number", _field("denoising_strength")),
    Axis("Initial noise multiplier", "number", _field("initial_noise_multiplier")),
    Axis("Extra noise", "number", _option("img2img_extra_noise")),
    Axis(
        "Hires upscaler",
        "text",
        _field("hr_upscaler"),
        _these(*LATENT_UPSCALERS, *PIXEL_UPSCALERS),
        tabs=("txt2img",),
    ),
    Axis("Cond. Image Mask Weight", "number", _option("inpainting_mask_weight"), tabs=("img2img",)),
    Axis("VAE", "text", _option("sd_vae"), _these("Automatic", "None")),
    Axis("Styles", "text", _styled),
    Axis("UniPC Order", "whole", _option("uni_pc_order")),
    Axis("Face restore", "text", _face_restored, _these("None", *FACE_RESTORERS), is_plain=True),
    Axis("Token merging ratio", "number", _option("token_merging_ratio")),
    Axis("Token merging ratio high-res", "number", _option("token_merging_ratio_hr")),
    Axis(
        "Always discard next-to-last sigma",
        "text",
        _yes("always_discard_next_to_last_sigma"),
        _YES_NO,
    ),
    Axis("SGM noise multiplier", "text", _yes("sgm_noise_multiplier"), _YES_NO),
    Axis("Refiner checkpoint", "text", _refined, lambda titles: ("None", *_checkpoints(titles))),
    Axis("Refiner switch at", "number", _field("refiner_switch_at")),
    Axis("RNG source", "text", _option("randn_source"), _these("GPU", "CPU", "NV")),
    Axis("FP8 mode", "text", _option("fp8_storage"), _these("Disable")),
    Axis("Size", "text", _sized),
)
