"""Residual network of galaxy stamps with photometric measurements among its features.

Fluxes in apertures about the centre and moments of the light join the features that the network
learns. Convolutions see fluxes stretched to be linear in the noise and logarithmic in bright light
(as in Lupton, Gunn & Szalay 1999, AJ 118, 1406), and their features are averaged over rings about
the centre instead of over the stamp, most of which is sky. The input is therefore flux in units of
about the noise, by the transform ``none``.

A magnitude is the logarithm of a flux. Fluxes span a factor of hundreds and are needed to a
percent, which randomly initialized layers do not reach. Outputs may therefore be anchored to the
logarithm of an aperture flux or of the half-light radius, to which the network adds a correction:
light outside the aperture, noise, the blur of the point-spread function. For the same reason
measurements are not normalized by batch, see `RunningNorm`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.imaging.photometry import APERTURE_RADII, FLUX_FRACTIONS, MOMENT_WIDTHS
from cosmodag.models.parts.residual import N_STAGES, hidden_layers, stages, stem, widths
from cosmodag.models.parts.running_norm import RunningNorm

RING_RADII = (0.125, 0.3, 0.6)
"""Radii, in half sides of the stamp, of the rings over which features are averaged."""
ANCHORS = ("flux", "radius")
"""Natural logarithms that outputs may be anchored to: of the middle band's flux within the anchor
aperture, in the unit of the stamp, and of the half-light radius in pixels.
"""
ANCHOR_APERTURE = APERTURE_RADII.index(4.0)
"""Number of the anchor aperture, with most of a galaxy's light and little of the sky's noise."""

_N_APERTURES, _N_FRACTIONS = len(APERTURE_RADII), len(FLUX_FRACTIONS)


class Measurements(nn.Module):
    """Photometric measurements of stamps (b, c, side, side), in fluxes of about the noise.

    The measurements are, in this order:

    - the stretched flux of each band in each of 8 apertures;
    - the logarithms of the radii that enclose fractions of the flux of all bands together;
    - the differences of the stretched fluxes between neighbouring apertures and between
      neighbouring bands, which measure shape and colour independently of brightness;
    - size and two components of the ellipticity, and then the ellipticity, of each band and of all
      together, for each of 3 Gaussian weights.

    Parameters
    ----------
    side : int
        Pixels per side of a stamp.
    """

    apertures: torch.Tensor
    circles: torch.Tensor
    kernels: torch.Tensor

    def __init__(self, side: int):
        super().__init__()
        x, y, distance = _pixel_offsets(side)
        radii = torch.tensor(APERTURE_RADII)[:, None, None]
        self.register_buffer("apertures", (radii - distance + 0.5).clamp(0, 1), persistent=False)
        steps = torch.arange(0.5, side / 2, 0.5)[:, None, None]
        self.register_buffer("circles", (steps - distance + 0.5).clamp(0, 1), persistent=False)
        sigmas = torch.tensor(MOMENT_WIDTHS)
        weights = torch.exp(-0.5 * (distance / sigmas[:, None, None]) ** 2)
        moments = torch.stack([torch.ones_like(x), x * x + y * y, x * x - y * y, 2 * x * y])
        squares = sigmas[:, None, None, None] ** 2
        scaled = torch.cat(
            [moments[:1].expand(len(MOMENT_WIDTHS), 1, -1, -1), moments[1:] / squares], 1
        )
        self.register_buffer("kernels", weights[:, None] * scaled, persistent=False)

    @staticmethod
    def count(n_bands: int) -> int:
        """Return the number of measurements of a stamp."""
        fluxes = n_bands * _N_APERTURES
        growth, colours = n_bands * (_N_APERTURES - 1), (n_bands - 1) * _N_APERTURES
        shapes = (n_bands + 1) * len(MOMENT_WIDTHS) * 4
        return fluxes + _N_FRACTIONS + growth + colours + shapes

    @staticmethod
    def anchor_positions(n_bands: int) -> dict[str, int]:
        """Return the positions, among the measurements, of the logarithms in `ANCHORS`."""
        flux = n_bands // 2 * _N_APERTURES + ANCHOR_APERTURE
        return {"flux": flux, "radius": n_bands * _N_APERTURES + FLUX_FRACTIONS.index(0.5)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the measurements (b, count) of stamps (b, bands, side, side)."""
        x = x.float()
        flux = stretch(torch.einsum("bcyx,ryx->bcr", x, self.apertures))
        bands_and_sum = torch.cat([x, x.sum(1, keepdim=True)], 1)
        growth = torch.einsum("byx,ryx->br", bands_and_sum[:, -1], self.circles)
        growth = growth / growth.amax(1, keepdim=True).clamp(min=1)
        # The smooth count of circles that enclose less than a fraction is the fraction's radius.
        fractions = torch.tensor(FLUX_FRACTIONS, device=x.device)[:, None]
        radii = torch.sigmoid((fractions - growth[:, None]) / 0.02).sum(2)
        moments = torch.einsum("bcyx,wkyx->bcwk", bands_and_sum, self.kernels)
        # About 20 times the noise of the weighted flux: fainter light has no measurable shape.
        shape = torch.tanh(moments[..., 1:] / (moments[..., :1].abs() + 20) / 2)
        ellipticity = (shape[..., 1:].square().sum(-1, keepdim=True) + 1e-6).sqrt()
        measurements = (
            flux,
            torch.log((radii + 0.5) / 2),  # circles grow by half a pixel
            flux.diff(dim=2),
            flux.diff(dim=1),
            shape,
            ellipticity,
        )
        return torch.cat([values.flatten(1) for values in measurements], 1)


class GalaxyNet(nn.Module):
    """Network from stamps (b, channels, side, side) to scalars (b, outputs).

    Parameters
    ----------
    channels : int
        Channels of the input: bands, then condition planes.
    conditions : int
        Number of condition planes of constant value, such as the width of the point-spread function
        and the noise.
    outputs : int
        Number of scalars.
    head : {"scalars"}
        Form of the output.
    side : int
        Pixels per side of a stamp, a multiple of 8.
    width : int
        Channels at the finest scale; they double with each of two halvings of the side.
    hidden : int
        Units of each of two hidden layers between features and scalars.
    dropout : float
        Probability with which a hidden unit is dropped in training.
    anchors : sequence of tuple
        Outputs that start from a measurement: number of the output, one of `ANCHORS`, and slope and
        offset of the output in that logarithm.

    Raises
    ------
    InputError
        If the side is not a multiple of 8, or all channels are conditions.
    """

    slopes: torch.Tensor
    offsets: torch.Tensor

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
        if side % 2**N_STAGES:
            raise InputError(
                f"model galaxynet: stamps of {side} pixels; a multiple of {2**N_STAGES} is needed"
            )
        n_bands = channels - conditions
        if n_bands < 1:
            raise InputError(
                f"model.conditions: {conditions} of {channels} channels; no band is left"
            )
        self.head, self.n_bands = head, n_bands
        self.measurements = Measurements(side)
        self.stem = stem(n_bands, width)
        self.stages = stages(width)
        for stage in range(N_STAGES):
            self.register_buffer(f"rings{stage}", _ring_weights(side // 2 ** (stage + 1)), False)
        n_measurements = Measurements.count(n_bands)
        n_features = (len(RING_RADII) + 1) * sum(widths(width)) + n_measurements + conditions
        self.hidden = hidden_layers(n_features, hidden, dropout, RunningNorm)
        self.output_layer = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, outputs))
        slopes, offsets = torch.zeros(n_measurements, outputs), torch.zeros(outputs)
        for output, measurement, slope, offset in anchors:
            slopes[Measurements.anchor_positions(n_bands)[measurement], output] = slope
            offsets[output] = offset
        self.register_buffer("slopes", slopes, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last hidden features, (b, hidden); they do not include the anchors."""
        return self._features(x, self.measurements(x[:, : self.n_bands]))

    def _features(self, x: torch.Tensor, measured: torch.Tensor) -> torch.Tensor:
        """Return the last hidden features of stamps with their measurements."""
        image, conditions = x[:, : self.n_bands], x[:, self.n_bands :, 0, 0]
        features = [measured, conditions]
        x = self.stem(stretch(image))
        for number, stage in enumerate(self.stages):
            x = stage(x)
            rings = getattr(self, f"rings{number}")
            features.append(torch.einsum("bcyx,ryx->bcr", x, rings).flatten(1))
        return self.hidden(torch.cat(features, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scalars (b, outputs)."""
        measured = self.measurements(x[:, : self.n_bands])
        anchored = measured @ self.slopes + self.offsets
        return self.output_layer(self._features(x, measured)) + anchored


def stretch(flux: torch.Tensor) -> torch.Tensor:
    """Return sign(f) log(1 + |f|): linear in the noise, logarithmic in bright light."""
    return torch.sign(flux) * torch.log1p(flux.abs())


def _pixel_offsets(side: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the offsets of pixels from the centre in x and y, and their norm, (side, side)."""
    offset = torch.arange(side) - (side - 1) / 2
    y, x = torch.meshgrid(offset, offset, indexing="ij")
    return x, y, torch.hypot(x, y)


def _ring_weights(side: int) -> torch.Tensor:
    """Return weights (rings, side, side) that average over each ring and the area outside."""
    _, _, distance = _pixel_offsets(side)
    number = torch.bucketize(distance / (side / 2), torch.tensor(RING_RADII))
    rings = nn.functional.one_hot(number, len(RING_RADII) + 1).permute(2, 0, 1).float()
    return rings / rings.sum((1, 2), keepdim=True).clamp(min=1)


NETWORK = GalaxyNet
