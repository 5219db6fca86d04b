"""A residual network of galaxy stamps that knows where the galaxy is and what light is.

What is known to tell is not left to be found: fluxes in apertures about the middle and moments of
the light stand beside what is learned. Convolutions see fluxes that are linear in the noise and
logarithmic in bright light (as in Lupton, Gunn & Szalay 1999, AJ 118, 1406), and their features are
averaged over rings about the middle, not over the stamp, most of which is sky. So the input is
fluxes in units of about the noise, by the transform "none".

A magnitude is the logarithm of a flux. Fluxes spread over a factor of hundreds, and a percent is
asked: too much to be found by layers that begin at random. So outputs may be anchored to the
logarithm of what an aperture holds, or of the half-light radius, and the network adds what is
missing: light outside, noise, the blur of the point-spread function. For the same reason what is
measured is not normalised by the batch at hand, see `RunningNorm`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.imaging.photometry import APERTURE_RADII, FLUX_FRACTIONS, MOMENT_WIDTHS
from cosmodag.models.parts.residual import STAGES, hidden_layers, stages, stem, widths
from cosmodag.models.parts.running_norm import RunningNorm

RINGS = (0.125, 0.3, 0.6)
"""Radii in half sides between which features are averaged."""
ANCHORS = ("flux", "radius")
"""What outputs may be anchored to: natural logarithms of the middle band's flux within `INNER`,
in the unit of the stamp, and of the half-light radius in pixels.
"""
INNER = APERTURE_RADII.index(4.0)
"""The aperture: most of a galaxy's light, little of the sky's noise."""


class Measures(nn.Module):
    """Apertures and moments of stamps (b, c, side, side), in fluxes of about the noise.

    Of each band the logarithm of the flux in each of 8 apertures; of all bands together the
    logarithms of the radii that hold parts of the light; the differences of the first from aperture
    to aperture and from band to band, which tell of shape and colour whatever the brightness; of
    each band and of all together, at each of 3 Gaussian weights, size, ellipticity and its two
    parts.
    """

    def __init__(self, side: int):
        super().__init__()
        x, y, distance = _places(side)
        radii = torch.tensor(APERTURE_RADII)[:, None, None]
        self.register_buffer("apertures", (radii - distance + 0.5).clamp(0, 1), persistent=False)
        steps = torch.arange(0.5, side / 2, 0.5)[:, None, None]
        self.register_buffer("circles", (steps - distance + 0.5).clamp(0, 1), persistent=False)
        weights = torch.exp(-0.5 * (distance / torch.tensor(MOMENT_WIDTHS)[:, None, None]) ** 2)
        parts = torch.stack([torch.ones_like(x), x * x + y * y, x * x - y * y, 2 * x * y])
        squares = torch.tensor(MOMENT_WIDTHS)[:, None, None, None] ** 2
        scaled = torch.cat(
            [parts[:1].expand(len(MOMENT_WIDTHS), 1, -1, -1), parts[1:] / squares], 1
        )
        self.register_buffer("kernels", weights[:, None] * scaled, persistent=False)

    @staticmethod
    def count(bands: int) -> int:
        """How many numbers come of so many bands."""
        fluxes, steps = bands * len(APERTURE_RADII), bands * (len(APERTURE_RADII) - 1)
        colours = (bands - 1) * len(APERTURE_RADII)
        return fluxes + len(FLUX_FRACTIONS) + steps + colours + (bands + 1) * len(MOMENT_WIDTHS) * 4

    @staticmethod
    def places(bands: int) -> dict[str, int]:
        """Return which number is the logarithm that each of `ANCHORS` names."""
        flux = bands // 2 * len(APERTURE_RADII) + INNER
        return {"flux": flux, "radius": bands * len(APERTURE_RADII) + FLUX_FRACTIONS.index(0.5)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.float()
        flux = stretched(torch.einsum("bcyx,ryx->bcr", x, self.apertures))
        every = torch.cat([x, x.sum(1, keepdim=True)], 1)
        growth = torch.einsum("byx,ryx->br", every[:, -1], self.circles)
        growth = growth / growth.amax(1, keepdim=True).clamp(min=1)
        # How many circles hold less than a part, counted smoothly, is the part's radius.
        parts = torch.tensor(FLUX_FRACTIONS, device=x.device)[:, None]
        radii = torch.sigmoid((parts - growth[:, None]) / 0.02).sum(2)
        moments = torch.einsum("bcyx,wkyx->bcwk", every, self.kernels)
        # About 20 times the noise of the weighted flux: fainter light has no shape to tell of.
        told = moments[..., 1:] / (moments[..., :1].abs() + 20)
        shape = torch.tanh(told / 2)
        elongation = (shape[..., 1:].square().sum(-1, keepdim=True) + 1e-6).sqrt()
        # Circles grow by half a pixel.
        found = [flux, torch.log((radii + 0.5) / 2), flux.diff(dim=2), flux.diff(dim=1)]
        return torch.cat([each.flatten(1) for each in (*found, shape, elongation)], 1)


class GalaxyNet(nn.Module):
    """Stamps (b, channels, side, side) to scalars (b, outputs).

    Parameters
    ----------
    channels
        Input channels: bands, then planes of one value.
    conditions
        How many planes of one value there are, such as the point-spread function and the noise.
    outputs
        Scalars.
    head
        "scalars"; there is no other.
    side
        Pixels a side of a stamp, a multiple of 8.
    width
        Channels at the finest scale; they double with each of two halvings.
    hidden
        Units of each of two layers between features and scalars.
    dropout
        Part of the hidden units left out at random in training.
    anchors
        Outputs that begin from what is measured: number of the output, one of `ANCHORS`, slope and
        offset of the output in its logarithm.

    Raises
    ------
    InputError
        If the side is no multiple of 8, or all channels are conditions.
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        conditions: int = 0,
        outputs: int = 1,
        head: str = "scalars",
        side: int = 64,
        width: int = 16,
        hidden: int = 128,
        dropout: float = 0.0,
        anchors: Sequence[tuple[int, str, float, float]] = (),
    ):
        super().__init__()
        if side % 2**STAGES:
            raise InputError(
                f"model galaxynet: stamps of {side} pixels; a multiple of {2**STAGES} is needed"
            )
        bands = channels - conditions
        if bands < 1:
            raise InputError(
                f"model.conditions: {conditions} of {channels} channels; no band is left"
            )
        self.head, self.bands = head, bands
        self.measures = Measures(side)
        self.stem = stem(bands, width)
        self.stages = stages(width)
        for stage in range(STAGES):
            self.register_buffer(f"rings{stage}", _rings(side // 2 ** (stage + 1)), False)
        pooled = (len(RINGS) + 1) * sum(widths(width)) + Measures.count(bands) + conditions
        self.hidden = hidden_layers(pooled, hidden, dropout, RunningNorm)
        self.read = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, outputs))
        slopes, offsets = torch.zeros(Measures.count(bands), outputs), torch.zeros(outputs)
        for output, measure, slope, offset in anchors:
            slopes[Measures.places(bands)[measure], output] = slope
            offsets[output] = offset
        self.register_buffer("slopes", slopes, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the scalars are read from, (b, hidden); what is anchored is added to them."""
        return self._features(x, self.measures(x[:, : self.bands]))

    def _features(self, x: torch.Tensor, measured: torch.Tensor) -> torch.Tensor:
        """Return features of stamps whose measures are known."""
        image, told = x[:, : self.bands], x[:, self.bands :, 0, 0]
        pooled = [measured, told]
        x = self.stem(stretched(image))
        for number, stage in enumerate(self.stages):
            x = stage(x)
            rings = getattr(self, f"rings{number}")
            pooled.append(torch.einsum("bcyx,ryx->bcr", x, rings).flatten(1))
        return self.hidden(torch.cat(pooled, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scalars (b, outputs)."""
        measured = self.measures(x[:, : self.bands])
        anchored = measured @ self.slopes + self.offsets
        return self.read(self._features(x, measured)) + anchored


def stretched(flux: torch.Tensor) -> torch.Tensor:
    """Return sign times log(1 + |f|): linear in the noise, logarithmic in bright light."""
    return torch.sign(flux) * torch.log1p(flux.abs())


def _places(side: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Places of pixels from the middle along x and y, and their distance, (side, side) each."""
    place = torch.arange(side) - (side - 1) / 2
    y, x = torch.meshgrid(place, place, indexing="ij")
    return x, y, torch.hypot(x, y)


def _rings(side: int) -> torch.Tensor:
    """Weights (rings, side, side) that average over each ring about the middle, and beyond."""
    _, _, distance = _places(side)
    number = torch.bucketize(distance / (side / 2), torch.tensor(RINGS))
    rings = nn.functional.one_hot(number, len(RINGS) + 1).permute(2, 0, 1).float()
    return rings / rings.sum((1, 2), keepdim=True).clamp(min=1)


NETWORK = GalaxyNet
