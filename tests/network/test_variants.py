from __future__ import annotations

import pytest

from movinet.errors import UsageError
from movinet.network import FAMILY, MoViNet, NetworkConfig
from movinet.network.state import state_shapes

# Architecture page, section 8, and 1.4 for T0: counted in the official code's own models.
TRAINABLE = {
    ("a0", "base"): 3_111_799,
    ("a1", "base"): 4_690_296,
    ("a2", "base"): 5_249_562,
    ("a3", "base"): 7_397_545,
    ("a4", "base"): 11_349_463,
    ("a5", "base"): 18_650_523,
    ("t0", "base"): 1_727_414,
    ("a0", "stream"): 3_748_031,
    ("a1", "stream"): 6_447_352,
    ("a2", "stream"): 7_326_962,
    ("a3", "stream"): 10_986_618,
    ("a4", "stream"): 18_136_182,
    ("a5", "stream"): 31_495_934,
    ("t0", "stream"): 2_368_958,
    ("a0", "lite"): 2_732_383,
    ("a1", "lite"): 3_750_392,
    ("a2", "lite"): 4_079_530,
    ("a3", "lite"): 5_431_105,
    ("a4", "lite"): 7_740_871,
    ("a5", "lite"): 11_975_579,
}
STATISTICS = {
    ("a0", "base"): 14_272,
    ("a3", "base"): 45_744,
    ("a5", "base"): 112_832,
    ("a0", "stream"): 17_952,
    ("a3", "stream"): 56_528,
    ("a5", "stream"): 140_800,
}
# Bytes of the float states of one stream at the variant's own size; the counts are told apart.
STATE_BYTES = {
    "a0": 2_683_776 + 12_992,
    "a1": 4_857_664 + 24_576,
    "a2": 10_800_384 + 27_968,
    "a3": 18_275_788 - 4 * (2 * 33 + 1),
    "a4": 49_400_700 - 4 * (2 * 47 + 1),
    "a5": 75_094_044 - 4 * (2 * 59 + 1),
    "t0": 1_305_852 - 4 * (14 + 1),
}


@pytest.mark.parametrize(("variant", "form"), TRAINABLE)
def test_parameters_are_as_many_as_in_the_official_network(variant, form):
    net = MoViNet(NetworkConfig.of(variant, form), drawn=False)
    assert net.parameter_count == TRAINABLE[variant, form]
    if (variant, form) in STATISTICS:
        assert sum(b.numel() for b in net.buffers()) == STATISTICS[variant, form]


@pytest.mark.parametrize("variant", FAMILY)
def test_a_state_is_as_large_as_the_official_one(variant):
    net = MoViNet(NetworkConfig.of(variant), drawn=False)
    state = net.initial_state(batch=3)
    # The official code has a counter a layer, this one a single one.
    assert state.nbytes == 3 * (STATE_BYTES[variant] + 4)
    side = FAMILY[variant].resolution
    assert state_shapes(net.config, 1, side, side)["state_head_pool_buffer"] == (
        1,
        FAMILY[variant].features,
    )


@pytest.mark.parametrize(
    ("variant", "frames"), [("a0", 28), ("a1", 40), ("a2", 44), ("a3", 52), ("a4", 76), ("a5", 94)]
)
def test_receptive_field_and_delay(variant, frames):
    stream = MoViNet(NetworkConfig.of(variant), drawn=False)
    assert (stream.receptive_field, stream.delay) == (frames + 1, 0)
    base = MoViNet(NetworkConfig.of(variant, "base"), drawn=False)
    assert (base.receptive_field, base.delay) == (frames + 1, frames // 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "a6"}, "unknown variant 'a6'"),
        ({"form": "streaming"}, "form cannot be 'streaming': use one of base, stream, lite"),
        ({"gate": "hard"}, "gate cannot be 'hard'"),
        ({"classes": 0}, "1 class or more"),
        ({"dropout": 1.0}, "dropout must be from 0 to below 1"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"squeeze_excite": "none", "positional_encoding": True}, "positional encoding"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(UsageError, match=message):
        NetworkConfig.of(**{"variant": "a0", **options})
