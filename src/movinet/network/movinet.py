"""`MoViNet`: the network, for whole clips and frame by frame."""

from __future__ import annotations

import copy
import dataclasses

import torch
from torch import Tensor, nn

from movinet.errors import UsageError
from movinet.models.weightsfile import WeightsInfo
from movinet.network.bottleneck import Bottleneck
from movinet.network.config import NetworkConfig
from movinet.network.fusing import fold
from movinet.network.head import Head
from movinet.network.initial import draw_classifier, draw_weights
from movinet.network.inputs import clip_of, frames_of
from movinet.network.layers import FrameConv
from movinet.network.state import FRAME_COUNT, HEAD_POOL, State, state_shapes


class MoViNet(nn.Module):
    """One network of the family. It has no memory: what streams remember is a `State`.

        net = MoViNet(NetworkConfig.of("a0", "stream")).eval()
        logits = net(clip)                               # [B, 3, T, H, W] -> [B, classes]

        state = net.initial_state(batch=1)
        for frame in frames:                             # [B, 3, H, W]
            logits, state = net.step(frame, state)       # after the last: the logits of the clip

    Attributes:
        config: which network it is.
        info: what goes with its weights: labels, frame rate, input size, origin, licence.
    """

    def __init__(
        self, config: NetworkConfig, info: WeightsInfo | None = None, *, drawn: bool = True
    ) -> None:
        """An untrained network, its weights drawn as the official code draws them.

        With `drawn` False its weights are whatever was in memory: to be loaded into.

        Raises:
            UsageError: when `info` has another number of labels than the network has classes.
        """
        super().__init__()
        variant = config.family
        self.config = config
        self.info = info or WeightsInfo.of_variant(variant.facts, variant.resolution)
        self.info.check_labels(config.classes)
        self.stem = FrameConv(
            3, variant.stem, (3, 3), stride=2, activation=config.activation, fused=config.fused
        )
        count = len(variant.layers)
        drops = [config.drop_path * (number + 1) / count for number in range(count)]
        layers = iter(zip(variant.layers, drops, strict=True))
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                Bottleneck(layer, config, drop)
                for layer, drop in (next(layers) for _ in range(len(block)))
            )
            for block in variant.blocks
        )
        self.head = Head(config)
        if drawn:
            draw_weights(self)

    # ---- running -------------------------------------------------------------------------------

    def forward(self, clip: Tensor, *, features: bool = False) -> Tensor:
        """The logits `[B, classes]` of whole clips: `run` from an empty state.

        With `features` the pooled features `[B, C]` instead, which are the embedding.
        """
        return self.run(clip, features=features)[0]

    def step(self, frame: Tensor, state: State, *, features: bool = False) -> tuple[Tensor, State]:
        """`run` with one frame a stream, `[B, 3, H, W]` float or `[B, H, W, 3]` uint8."""
        return self.run(clip_of(frame), state, features=features)

    def run(
        self,
        clip: Tensor,
        state: State | None = None,
        *,
        features: bool = False,
        every_frame: bool = False,
    ) -> tuple[Tensor, State]:
        """Go on with streams by some frames, all of them at once.

        Args:
            clip: `[B, 3, T, H, W]` float, RGB in 0..1, or `[B, T, H, W, 3]` uint8; any T from 1.
            state: what the last call gave; None for streams that begin. The base form has none.
            features: give the pooled features `[B, C]`, the embedding, and not the logits.
            every_frame: give what is known after every frame, `[B, T, ...]`, and not only after
                the last.

        Returns:
            The logits `[B, classes]` (softmax gives scores), float32, and the streams' new state.
            The state that went in stays valid.

        Raises:
            UsageError: for a clip or a state of another shape, type or range than that.
        """
        frames, batch = frames_of(clip, self.head.dense.weight.dtype)
        tensors = self._tensors_of(state, batch, frames)
        known = frames.shape[0] // batch
        seen = tensors[FRAME_COUNT]
        ages = seen[:, None] + torch.arange(1, known + 1, dtype=seen.dtype, device=seen.device)
        after: dict[str, Tensor | None] = {}
        x = self.stem(frames)
        for block in self.blocks:
            for layer in block:  # type: ignore[attr-defined]
                name = f"state_{layer.place.name}"
                buffer, pool = f"{name}_stream_buffer", f"{name}_pool_buffer"
                x, after[buffer], after[pool] = layer(
                    x, ages, tensors.get(buffer), tensors.get(pool)
                )
        pooled, after[HEAD_POOL] = self.head.pool(x, ages, tensors.get(HEAD_POOL))
        if not every_frame:
            pooled = pooled[:, -1]
        answer = pooled if features else self.head(pooled)
        kept = {name: tensor for name, tensor in after.items() if tensor is not None}
        return answer, State({**kept, FRAME_COUNT: ages[:, -1]})

    # ---- state ---------------------------------------------------------------------------------

    def initial_state(
        self, batch: int = 1, height: int | None = None, width: int | None = None
    ) -> State:
        """The state of streams that have seen nothing, for frames of `height` x `width` pixels.

        The default size is the one that the network was made for.

        Raises:
            UsageError: for the base form, which sees whole clips and carries nothing on.
        """
        if not self.config.causal:
            raise UsageError(
                f"a {self.config.variant} network of the base form has no state: it needs the "
                "whole clip at once; use a stream or lite network to go frame by frame"
            )
        height, width = height or self.info.size[0], width or self.info.size[1]
        return State(self._zeros(batch, height, width))

    def _zeros(self, batch: int, height: int, width: int) -> dict[str, Tensor]:
        weight = self.head.dense.weight
        wide = torch.promote_types(weight.dtype, torch.float32)
        zeros = {
            name: torch.zeros(shape, dtype=wide, device=weight.device)
            for name, shape in state_shapes(self.config, batch, height, width).items()
        }
        count = torch.zeros(batch, dtype=torch.int32, device=weight.device)
        return {**zeros, FRAME_COUNT: count}

    def _tensors_of(self, state: State | None, batch: int, frames: Tensor) -> dict[str, Tensor]:
        """The tensors of `state`, or of an empty one, for these frames `[B * T, 3, H, W]`."""
        height, width = frames.shape[-2:]
        if state is None:
            return self._zeros(batch, height, width)
        if not self.config.causal:
            raise UsageError("the base form sees whole clips and cannot go on from a state")
        expected = {**state_shapes(self.config, batch, height, width), FRAME_COUNT: (batch,)}
        for name, shape in expected.items():
            found = state.tensors.get(name)
            if found is None or tuple(found.shape) != shape:
                raise UsageError(
                    f"the state does not fit {batch} streams of {width}x{height} pixels: its "
                    f"{name} is {'missing' if found is None else list(found.shape)}, expected "
                    f"{list(shape)}"
                )
        return dict(state.tensors)

    # ---- what is known of it -------------------------------------------------------------------

    @property
    def receptive_field(self) -> int:
        """Frames that the convolutions look at for one answer; the means look at all so far."""
        return 1 + sum(layer.kernel[0] - 1 for layer in self.config.family.layers)

    @property
    def delay(self) -> int:
        """Frames after a frame that are needed to know all that the network says of it."""
        return 0 if self.config.causal else (self.receptive_field - 1) // 2

    @property
    def parameter_count(self) -> int:
        """Trained numbers, without batch norm's statistics."""
        return sum(parameter.numel() for parameter in self.parameters())

    # ---- changing it ---------------------------------------------------------------------------

    def replace_classifier(self, classes: int, labels: tuple[str, ...] | None = None) -> None:
        """Put a new, untrained last layer in place, for other classes.

        Raises:
            UsageError: when `classes` is below 1 or there is another number of labels.
        """
        config = dataclasses.replace(self.config, classes=classes)
        known = self.info.background in (labels or ())
        background = self.info.background if known else None
        info = dataclasses.replace(self.info, labels=labels, background=background)
        info.check_labels(classes)
        old = self.head.classifier
        new = nn.Linear(old.in_features, classes, device=old.weight.device, dtype=old.weight.dtype)
        draw_classifier(new)
        self.head.classifier = new
        self.config, self.info = config, info

    def fuse(self) -> MoViNet:
        """The same function with batch norm and layer scales folded into the convolutions.

        A new network in evaluation mode, for export and for stepping fast; it is not for training.
        """
        if self.config.fused:
            return copy.deepcopy(self).eval()
        fused = MoViNet(dataclasses.replace(self.config, fused=True), self.info, drawn=False)
        fused.load_state_dict(fold(self.state_dict()))
        return fused.to(self.head.dense.weight.device).eval()
