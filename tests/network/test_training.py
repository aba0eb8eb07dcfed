from __future__ import annotations

import pytest
import torch

from movinet.network import MoViNet, NetworkConfig
from movinet.network.bottleneck import dropped
from movinet.network.layers import EPSILON, Convolution, Norm


@pytest.mark.parametrize("form", ["base", "stream", "lite"])
def test_every_weight_learns(make, form):
    net = make("t0", form, dropout=0.0, drop_path=0.0).train()
    net(torch.rand(2, 3, 3, 40, 40)).square().sum().backward()
    still = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


def test_a_few_steps_learn_two_clips_by_heart():
    torch.manual_seed(0)
    net = MoViNet(NetworkConfig.of("t0", classes=2, dropout=0.0, drop_path=0.0)).train()
    clips, labels = torch.rand(2, 3, 3, 40, 40), torch.tensor([0, 1])
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    losses = []
    for _ in range(8):
        loss = torch.nn.functional.cross_entropy(net(clips), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize("form", ["stream", "lite", "base"])
def test_norms_that_keep_their_statistics_learn_alike(make, form, monkeypatch):
    """Inside the convolution, or after it as PyTorch's own does it: the same numbers."""
    net = make("t0", form, dropout=0.0, drop_path=0.0).double().train()
    norms = [module for module in net.modules() if isinstance(module, Norm)]
    assert norms
    for norm in norms:
        norm.eval()
        torch.nn.init.uniform_(norm.running_mean, -0.1, 0.1)
        torch.nn.init.uniform_(norm.running_var, 0.5, 2.0)
    clips = torch.rand(2, 3, 3, 40, 40)

    def learnt():
        net.zero_grad()
        loss = net(clips).square().sum()
        loss.backward()
        return loss, {name: p.grad.clone() for name, p in net.named_parameters()}

    inside, gradients = learnt()
    monkeypatch.setattr(Convolution, "kernel_and_bias", lambda c: (c.conv.weight, c.conv.bias))
    monkeypatch.setattr(
        Norm,
        "forward",
        lambda n, x: torch.nn.functional.batch_norm(
            x, n.running_mean, n.running_var, n.weight, n.bias, False, 0.0, EPSILON
        ),
    )
    after, expected = learnt()
    torch.testing.assert_close(inside, after)
    torch.testing.assert_close(gradients, expected)


def test_stochastic_depth_drops_whole_clips_and_keeps_the_mean():
    torch.manual_seed(0)
    y = torch.ones(4000 * 2, 1, 1, 1)
    out = dropped(y, 4000, 0.25).view(4000, 2)
    assert torch.equal(out[:, 0], out[:, 1])
    assert out.unique().tolist() == [0, pytest.approx(4 / 3)]
    assert out.mean() == pytest.approx(1, abs=0.05)


def test_rates_rise_with_depth_as_published():
    net = MoViNet(NetworkConfig.of("a0"), drawn=False)
    rates = [layer.drop for block in net.blocks for layer in block]
    assert rates == [pytest.approx(0.2 * (i + 1) / 15) for i in range(15)]
    assert (net.head.dropout, NetworkConfig.of("a5").dropout) == (0.2, 0.5)


def test_a_new_classifier_keeps_the_rest(make):
    net = make("a0", classes=11)
    video = torch.rand(1, 3, 2, 32, 32)
    with torch.inference_mode():
        before = net(video, features=True)
        net.replace_classifier(3, ("a", "b", "c"))
        assert torch.equal(net(video, features=True), before)
        assert net(video).shape == (1, 3)
    assert (net.config.classes, net.info.labels) == (3, ("a", "b", "c"))


def test_weights_are_drawn_as_the_official_code_draws_them():
    torch.manual_seed(0)
    flat = MoViNet(NetworkConfig.of("a0"))
    full = MoViNet(NetworkConfig.of("a0", conv_type="3d_2plus1d"))
    name = "blocks.1.0.depthwise.conv.weight"  # [80, 1, 3, 3]
    deviations = [net.state_dict()[name].std().item() for net in (flat, full)]
    assert deviations == [
        pytest.approx((2 / (9 * 80)) ** 0.5, rel=0.1),
        pytest.approx((2 / 9) ** 0.5, rel=0.1),
    ]
    assert flat.state_dict()["blocks.0.0.scale"] == 0
    assert flat.head.classifier.weight.std().item() == pytest.approx(0.01, rel=0.1)
