"""Network families: their names, output shapes and initial weights."""

import subprocess
import sys

import pytest
import torch

from cosmodag.errors import InputError
from cosmodag.models import registry
from cosmodag.models.parts.torchvision_import import torchvision
from cosmodag.models.resnet import ResNet
from cosmodag.models.unet import UNet, space_to_depth
from cosmodag.models.unet3d import UNet3D


def n_parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("depth", "side"), [(18, 224), ("original", 224), (34, 64), (50, 64)])
def test_resnet_keeps_a_quarter_of_the_resolution(depth, side):
    model = ResNet(depth=depth, pretrained=None).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 1, side, side)).shape == (1, 1, side // 4, side // 4)


def test_the_original_network_has_5_9_million_parameters():
    model = ResNet(depth="original", channels=3, pretrained=None)
    assert n_parameters(model) == 5_883_201
    assert model.output_layer.in_channels == 256


def test_resnet_stages_beyond_the_kept_resolution_are_dilated():
    trunk = ResNet(stages=4, pretrained=None).trunk
    assert [trunk.get_submodule(f"layer{i}.1.conv1").dilation[0] for i in (1, 2, 3, 4)] == [
        1,
        2,
        4,
        8,
    ]


@pytest.mark.parametrize("factor", [8, 32])
def test_resnet_predicts_scalars_and_maps_at_any_factor(factor):
    x = torch.zeros(2, 3, 64, 64)
    settings = {"channels": 3, "stages": 4, "factor": factor, "pretrained": None}
    with torch.no_grad():
        assert ResNet(head="scalars", outputs=4, **settings)(x).shape == (2, 4)
        assert ResNet(head="map", outputs=2, **settings)(x).shape == (2, 2, 16, 16)


def test_pretrained_weights_at_a_path_are_used_and_recorded(tmp_path):
    weights = torchvision.models.resnet18().state_dict()
    torch.save(weights, tmp_path / "resnet18.pth")
    model = ResNet(channels=2, pretrained=str(tmp_path / "resnet18.pth"))
    assert model.pretrained == str(tmp_path / "resnet18.pth")
    assert torch.equal(model.trunk.layer3[1].conv2.weight, weights["layer3.1.conv2.weight"])
    summed = model.trunk.conv1.weight.sum(1)
    torch.testing.assert_close(summed, weights["conv1.weight"].sum(1))


def test_missing_pretrained_weights_are_reported(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    model = ResNet(pretrained="cache")
    assert model.pretrained.startswith("none: no pretrained weights at")
    assert "starts from scratch" in caplog.text


def test_pretrained_weights_in_the_cache_are_found(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    name = torchvision.models.ResNet18_Weights.DEFAULT.url.rpartition("/")[2]
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "hub" / "checkpoints" / name)
    assert ResNet(pretrained="cache").pretrained.endswith(name)


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"other\.pth contains no weights of resnet18"):
        ResNet(pretrained=str(tmp_path / "other.pth"))
    with pytest.raises(InputError, match="no file"):
        ResNet(pretrained=str(tmp_path / "missing.pth"))


@pytest.mark.parametrize("size", [(224, 224), (96, 96), (36, 52)])
def test_unet_maps_any_size_that_divides_by_four(size):
    model = UNet(width=8, outputs=2)
    assert model(torch.zeros(1, 1, *size)).shape == (1, 2, size[0] // 4, size[1] // 4)


def test_unet_refuses_a_size_that_does_not_divide():
    with pytest.raises(InputError, match=r"50×48 cells does not divide by 4"):
        UNet(width=8)(torch.zeros(1, 1, 50, 48))


def test_unet_predicts_scalars():
    assert UNet(width=8, head="scalars", outputs=3)(torch.zeros(2, 1, 32, 32)).shape == (2, 3)


def test_unet_output_is_independent_of_other_examples():
    model = UNet(width=8, levels=2)
    x = torch.randn(3, 1, 32, 32)
    torch.testing.assert_close(model(x)[1:2], model(x[1:2]))


def test_unet_keeps_the_orientation_of_maps():
    torch.manual_seed(0)
    model = UNet(width=8, levels=1, norm="batch").eval()
    x = torch.zeros(1, 1, 64, 64)
    x[0, 0, 4:8, 40:44] = 50
    change = (model(x) - model(0 * x)).abs()[0, 0].detach()
    row, column = (
        (change * axis).sum() / change.sum()
        for axis in torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    )
    assert abs(row - 1) < 1.5
    assert abs(column - 10) < 1.5


def test_space_to_depth_folds_blocks_of_cells():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert space_to_depth(x, 2)[0, :, 0, 1].tolist() == [2, 3, 6, 7]
    torch.testing.assert_close(
        space_to_depth(x, 2), torch.nn.functional.pixel_unshuffle(x, 2), rtol=0, atol=0
    )


def test_unet3d_projects_cubes_to_maps_and_takes_layers_as_depth():
    assert UNet3D(width=8)(torch.zeros(1, 1, 16, 32, 32)).shape == (1, 1, 4, 8, 8)
    flat = UNet3D(width=8, head="map", levels=1)
    assert flat(torch.zeros(2, 1, 8, 32, 32)).shape == (2, 1, 8, 8)
    assert flat(torch.zeros(2, 8, 32, 32)).shape == (2, 1, 8, 8)
    assert UNet3D(width=8, head="scalars", outputs=2)(torch.zeros(1, 1, 8, 8, 8)).shape == (1, 2)


def test_an_unknown_model_or_setting_is_named_with_the_nearest():
    with pytest.raises(InputError, match="model 'unett' is not known; did you mean 'unet'"):
        registry.build("unett")
    with pytest.raises(InputError, match=r"setting of model unet: 'wdith' .* did you mean 'width'"):
        registry.build("unet", wdith=8)
    with pytest.raises(InputError, match=r"model\.depth: 19 is none of 18, 34, 50, original"):
        registry.build("resnet", depth=19)


def test_a_former_name_of_a_model_is_refused_with_the_new_one():
    with pytest.raises(InputError, match="model 'twins' was renamed; use 'siamese'"):
        registry.build("twins")


def test_families_are_imported_on_demand():
    code = (
        "import sys; from cosmodag.models import registry; registry.build('unet', width=8);"
        "known = ['autoencoder', 'convnet', 'dense', 'galaxynet', 'lenet', 'resnet', 'siamese',"
        " 'slicenet', 'stampnet', 'unet', 'unet3d', 'vae', 'waveencoder'];"
        "assert registry.families() == known, registry.families();"
        "assert 'torchvision' not in sys.modules and 'cosmodag.models.resnet' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
