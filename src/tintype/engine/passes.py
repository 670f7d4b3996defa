"""One forward pass for orders that share a batch key."""

from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import cast

import torch
from torch import Tensor

from tintype.core.faces import Face
from tintype.core.orders import (
    Adapter,
    Answer,
    Conditioning,
    Decode,
    Denoise,
    Encode,
    EncodePixels,
    FindFaces,
    Glance,
    Network,
    Order,
    RestoreFace,
    Upscale,
    batch_key,
    rows_of,
    worn_on_text,
    worn_on_unet,
)
from tintype.engine.budgets import Budgets
from tintype.engine.encoding import encoded, framed
from tintype.engine.exact import ExactRows
from tintype.engine.guiding import Row, combined, rows_for
from tintype.engine.measuring import measured
from tintype.engine.residency import Residency
from tintype.networks import Kept, LoadedCheckpoint, Outfit, TextKeys

PROMPTS_REMEMBERED = 256
KEYS_REMEMBERED_BYTES = 128 * 2**20

_Conditionings = tuple[Conditioning, ...]
_KeysKey = tuple[Tensor, Hashable]  # a conditioning, and a U-Net as it is dressed


class Passes:
    """Runs orders on the networks they name.

    Attributes:
        prompt_hits: prompts that were found encoded.
        prompt_misses: prompts that were encoded.
    """

    def __init__(
        self,
        residency: Residency,
        budgets: Budgets | None = None,
        device: torch.device | None = None,
        *,
        exact: bool = False,
    ) -> None:
        """Passes on the networks of a residency.

        Args:
            residency: has the networks.
            budgets: how many rows a pass may have, and what passes took.
            device: where they compute, to be measured; None for the CPU.
            exact: give every row the same bits whatever company it is in.
        """
        self._residency = residency
        self._budgets = budgets or Budgets()
        self._device = device or torch.device("cpu")
        self._exact = ExactRows() if exact else None
        self._keys = Kept[_KeysKey, TextKeys](KEYS_REMEMBERED_BYTES, _bytes_of)
        self._prompts: OrderedDict[tuple[object, ...], _Conditionings] = OrderedDict()
        self.prompt_hits = self.prompt_misses = 0

    @property
    def load_seconds(self) -> float:
        """Time spent in reading weights, in all."""
        return self._residency.waited_seconds

    def is_ready(self, order: Order) -> bool:
        """Whether the order's networks are in place."""
        return self._residency.is_ready(order)

    def rows_for(self, order: Order) -> int:
        """Rows that a pass with this order may have; pictures go alone where bits count."""
        if self._exact is not None and not isinstance(order, Denoise):
            return 1
        return self._budgets.rows_for(order)

    def too_large(self, order: Order, rows: int) -> None:
        """A pass of so many rows did not fit in memory."""
        self._budgets.too_large(order, rows)
        self._residency.forget_outfits()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def run(self, orders: Sequence[Order]) -> list[Answer]:
        """Answer orders of one batch key, in their order."""
        rows = sum(rows_of(order) for order in orders)
        if self._goes_apart(orders) or not self._budgets.is_due(orders[0], rows, self._device):
            return self._run(orders)
        loading, settled = self.load_seconds, self._residency.is_settled
        looks = self._budgets.wants_memory(orders[0], rows)
        with measured(self._device, looks_at_memory=looks) as taken:
            answers = self._run(orders)
        if settled and self.load_seconds == loading:  # having waited for weights tells nothing
            self._budgets.note(orders[0], rows, taken.seconds, taken.peak_bytes)
        return answers

    def _goes_apart(self, orders: Sequence[Order]) -> bool:
        """Whether these take several passes, whose time tells nothing of one."""
        if self._exact is None or not isinstance(orders[0], Denoise):
            return False
        networks = (order.network for order in cast(Sequence[Denoise], orders))
        return len({worn_on_unet(n.adapters) for n in networks if n is not None}) > 1

    def _run(self, orders: Sequence[Order]) -> list[Answer]:
        match orders[0]:
            case Encode():
                return [self._encode(order) for order in cast(Sequence[Encode], orders)]
            case Denoise():
                return list(self._denoise(cast(Sequence[Denoise], orders)))
            case EncodePixels():
                return list(self._encode_pixels(cast(Sequence[EncodePixels], orders)))
            case Decode():
                return list(self._decode(cast(Sequence[Decode], orders)))
            case Glance():
                return [self._glance(order) for order in cast(Sequence[Glance], orders)]
            case Upscale():
                return list(self._upscale(cast(Sequence[Upscale], orders)))
            case FindFaces():
                return list(self._find_faces(cast(Sequence[FindFaces], orders)))
            case RestoreFace():
                return list(self._restore_faces(cast(Sequence[RestoreFace], orders)))

    def _encode(self, order: Encode) -> _Conditionings:
        """Encode a prompt in a pass of its own, so that its bits never depend on company."""
        key = _prompt_key(order)
        if key in self._prompts:
            self.prompt_hits += 1
        else:
            self.prompt_misses += 1
            network = self._residency.for_text(order.network)
            outfit = network.text_outfit(order.network.adapters, self._residency.adapter)
            self._prompts[key] = encoded(order, network, self._residency.embedding, outfit)
        self._prompts.move_to_end(key)
        if len(self._prompts) > PROMPTS_REMEMBERED:
            self._prompts.popitem(last=False)
        known = self._prompts[key]
        if order.frame is None or known[0].vector is None:
            return known
        return framed(known, order.frame, self._residency.for_text(order.network))

    def _denoise(self, orders: Sequence[Denoise]) -> list[Tensor]:
        self._keys.next_pass()
        by_order = [rows_for(order) for order in orders]
        rows = [row for rows in by_order for row in rows]
        answers = iter(self._answer_rows(rows))
        return [
            combined(order, [next(answers) for _ in rows])
            for order, rows in zip(orders, by_order, strict=True)
        ]

    def _answer_rows(self, rows: Sequence[Row]) -> Sequence[Tensor]:
        first = rows[0].order
        loaded = self._residency.for_unet(cast(Network, first.network))
        if self._exact is None:
            return list(self._one_pass(loaded, rows))
        least = loaded.least_rows(*first.x.shape[-2:])
        answers: dict[int, Tensor] = {}
        for worn, places in _by_outfit(rows).items():
            some = [rows[place] for place in places]
            kind = (batch_key(first), worn)
            found = self._exact.run(kind, least, some, lambda some: self._one_pass(loaded, some))
            answers |= dict(zip(places, found, strict=True))
        return [answers[place] for place in range(len(rows))]

    def _one_pass(self, loaded: LoadedCheckpoint, rows: Sequence[Row]) -> Tensor:
        sets = [cast(Network, row.order.network).adapters for row in rows]
        outfits = loaded.outfits(sets, self._residency.adapter)
        vectors = [row.side.vector for row in rows if row.side.vector is not None]
        beside = [row.concat for row in rows if row.concat is not None]
        return loaded.denoise(
            torch.stack([row.order.x for row in rows]),
            [row.order.sigma for row in rows],
            [
                self._text_keys(row, loaded, outfit)
                for row, outfit in zip(rows, outfits, strict=True)
            ],
            torch.stack(vectors) if vectors else None,
            torch.stack(beside) if beside else None,
            [row.order.timestep for row in rows],
            outfits,
        )

    def _text_keys(self, row: Row, loaded: LoadedCheckpoint, outfit: Outfit) -> TextKeys:
        side, version = row.side, cast(Network, row.order.network).checkpoint.version
        wearer = (version, outfit.key)
        return self._keys.get(
            (side.context, wearer), lambda: loaded.text_keys(side.context, outfit)
        )

    def _encode_pixels(self, orders: Sequence[EncodePixels]) -> Tensor:
        autoencoder = self._residency.for_pixels(orders[0].network)
        pixels = torch.stack([order.pixels for order in orders]).to(autoencoder.device)
        return autoencoder.encode_pixels(pixels, _noises(orders, autoencoder.device))

    def _decode(self, orders: Sequence[Decode]) -> Tensor:
        autoencoder = self._residency.for_pixels(orders[0].network)
        return autoencoder.decode(torch.stack([order.latent for order in orders]))

    def _glance(self, order: Glance) -> Tensor:
        return self._residency.for_pixels(order.network).glance(order.latent)

    def _upscale(self, orders: Sequence[Upscale]) -> Tensor:
        enlarger = self._residency.upscaler(orders[0].upscaler)
        return enlarger.enlarged(torch.stack([order.pixels for order in orders]))

    def _find_faces(self, orders: Sequence[FindFaces]) -> list[tuple[Face, ...]]:
        detector = self._residency.faces.detector(orders[0].detector)
        pixels = torch.stack([order.pixels for order in orders])
        return [tuple(faces) for faces in detector.find_in(pixels / 255)]

    def _restore_faces(self, orders: Sequence[RestoreFace]) -> Tensor:
        restorer = self._residency.faces.restorer(orders[0].restorer)
        pixels = torch.stack([order.pixels for order in orders])
        answer = restorer.restore(pixels / 127.5 - 1, orders[0].weight)
        return ((answer + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def _prompt_key(order: Encode) -> tuple[object, ...]:
    """What an encoding depends on: the text encoder as it is dressed, and the prompt."""
    worn = worn_on_text(order.network.adapters)
    return order.network.checkpoint.version, worn, order.texts, order.clip_skip, order.emphasis


def _bytes_of(several: Iterable[TextKeys]) -> int:
    return sum(keys.bytes for keys in several)


def _by_outfit(rows: Sequence[Row]) -> dict[tuple[Adapter, ...], list[int]]:
    """Places of the rows that wear the same on the U-Net, where bits must not depend on others."""
    places: defaultdict[tuple[Adapter, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[worn_on_unet(cast(Network, row.order.network).adapters)].append(place)
    return places


def _noises(orders: Sequence[EncodePixels], device: torch.device) -> Tensor | None:
    """Noise for each picture, zeros for those that want their mean; None if all of them do."""
    noises = [order.noise for order in orders if order.noise is not None]
    if not noises:
        return None
    nothing = torch.zeros_like(noises[0])
    rows = [nothing if order.noise is None else order.noise for order in orders]
    return torch.stack(rows).to(device)
