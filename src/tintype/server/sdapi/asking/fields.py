"""The fields of a generation request, as A1111's clients send them."""

from typing import Any, cast

from pydantic import BaseModel, model_validator

from tintype.server.sdapi.asking.lenient import (
    AnyList,
    Boolean,
    Integer,
    Mapping,
    Number,
    Text,
    TextList,
    refusal,
)

_NEEDED = ("prompt", "negative_prompt")
_KNOWN_BY_NULL = ("scheduler", "hr_scheduler")  # a client that sends null knows the field
_LAST = (  # in `parameters`, behind what belongs to one of the calls alone
    "force_task_id",
    "sampler_index",
    "include_init_images",
    "script_name",
    "script_args",
    "send_images",
    "save_images",
    "alwayson_scripts",
    "infotext",
)


class GenerationBody(BaseModel):
    """What every generation request may bring. Unknown fields are ignored, null means the default.

    Names, defaults and order are A1111's, for the answer repeats them as `parameters`.
    """

    prompt: Text = ""
    negative_prompt: Text = ""
    styles: TextList | None = None
    seed: Integer = -1
    subseed: Integer = -1
    subseed_strength: Number = 0
    seed_resize_from_h: Integer = -1
    seed_resize_from_w: Integer = -1
    sampler_name: Text | None = None
    scheduler: Text | None = None
    batch_size: Integer = 1
    n_iter: Integer = 1
    steps: Integer = 50
    cfg_scale: Number = 7.0
    width: Integer = 512
    height: Integer = 512
    restore_faces: Boolean | None = None
    tiling: Boolean | None = None
    do_not_save_samples: Boolean = False
    do_not_save_grid: Boolean = False
    eta: Number | None = None
    denoising_strength: Number | None = None
    s_min_uncond: Number | None = None
    s_churn: Number | None = None
    s_tmax: Number | None = None
    s_tmin: Number | None = None
    s_noise: Number | None = None
    override_settings: Mapping | None = None
    override_settings_restore_afterwards: Boolean = True
    refiner_checkpoint: Text | None = None
    refiner_switch_at: Number | None = None
    disable_extra_networks: Boolean = False
    firstpass_image: Text | None = None
    comments: Mapping | None = None
    force_task_id: Text | None = None
    sampler_index: Text = "Euler"
    script_name: Text | None = None
    script_args: AnyList = []
    send_images: Boolean = True
    save_images: Boolean = False
    alwayson_scripts: Mapping = {}
    infotext: Text | None = None

    @property
    def sampler(self) -> str:
        """The sampler meant: `sampler_name`, or where that is missing the older field."""
        return self.sampler_name or self.sampler_index

    @model_validator(mode="before")
    @classmethod
    def _null_is_default(cls, body: object) -> object:
        if not isinstance(body, dict):
            return body
        fields = cast("dict[str, object]", body)
        for name in _NEEDED:
            if name in fields and fields[name] is None:
                raise refusal(
                    "str", "prompt and negative_prompt are texts, not null; leave them out for none"
                )
        return {k: v for k, v in fields.items() if v is not None or k in _KNOWN_BY_NULL}

    def parameters(self) -> dict[str, Any]:
        """The fields as the answer repeats them, in A1111's order."""
        dumped = self.model_dump()
        last = {name: dumped.pop(name) for name in _LAST if name in dumped}
        return dumped | last


class Txt2ImgBody(GenerationBody):
    """Body of POST /sdapi/v1/txt2img."""

    enable_hr: Boolean = False
    firstphase_width: Integer = 0
    firstphase_height: Integer = 0
    hr_scale: Number = 2.0
    hr_upscaler: Text | None = None
    hr_second_pass_steps: Integer = 0
    hr_resize_x: Integer = 0
    hr_resize_y: Integer = 0
    hr_checkpoint_name: Text | None = None
    hr_sampler_name: Text | None = None
    hr_scheduler: Text | None = None
    hr_prompt: Text = ""
    hr_negative_prompt: Text = ""


class Img2ImgBody(GenerationBody):
    """Body of POST /sdapi/v1/img2img."""

    denoising_strength: Number | None = 0.75
    init_images: TextList | None = None
    resize_mode: Integer = 0
    image_cfg_scale: Number | None = None
    mask: Text | None = None
    mask_blur_x: Integer = 4
    mask_blur_y: Integer = 4
    mask_blur: Integer | None = None
    mask_round: Boolean = True
    inpainting_fill: Integer = 0
    inpaint_full_res: Boolean = True
    inpaint_full_res_padding: Integer = 0
    inpainting_mask_invert: Integer = 0
    initial_noise_multiplier: Number | None = None
    latent_mask: Text | None = None
    include_init_images: Boolean = False

    def parameters(self) -> dict[str, Any]:
        """The fields as the answer repeats them: without the pictures unless asked for."""
        dumped = super().parameters()
        return dumped if self.include_init_images else dumped | {"init_images": None, "mask": None}
