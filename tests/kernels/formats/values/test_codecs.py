"""Value codecs: levels by hand, words, and the PTX that expands them, for every code."""

import numpy as np
import pytest
import torch

from kernels.errors import UsageError
from kernels.formats import get_format
from kernels.formats.values import CODECS, get_codec
from tests.kernels.ptx_machine import Machine

NARROW = [codec for codec in CODECS.values() if codec.group is not None]


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_words_give_back_the_codes(codec):
    """Eight codes take as many bits as the codec says."""
    codes = torch.randint(1 << codec.bits, (5, 8), generator=torch.Generator().manual_seed(0))
    words = codec.pack(codes)
    assert words.shape == (5, codec.bits // 4)
    assert torch.equal(codec.unpack(words), codes)


@pytest.mark.parametrize("codec", NARROW, ids=lambda codec: codec.name)
def test_stored_values_are_stored_again_as_they_are(codec):
    """Rounding what was rounded changes nothing, if each group's largest value is of the largest level."""
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(1 << codec.bits, (3, 256), generator=generator)
    levels = codec.level(codes, torch.bfloat16)
    levels = torch.where(levels.isnan() | (levels.abs() > codec.largest), 0, levels)
    levels[:, ::128] = codec.largest
    coded = codec.encode(levels * 0.125)
    assert (coded.scales == 0.125).all()
    assert torch.equal(codec.level(coded.codes, torch.bfloat16), levels)


@pytest.mark.parametrize("codec", NARROW, ids=lambda codec: codec.name)
def test_rounding_stays_within_the_tolerance(codec):
    """Normally distributed weights; a row of zeros stays one."""
    weight = torch.randn(8, 512, generator=torch.Generator().manual_seed(2))
    weight[3] = 0
    coded = codec.encode(weight)
    levels = codec.level(coded.codes, torch.bfloat16).unflatten(1, (coded.scales.shape[1], -1))
    stored = (levels * coded.scales.float()[..., None]).flatten(1)
    assert 0 < float((stored - weight).norm() / weight.norm()) < codec.tolerance
    assert (stored[3] == 0).all()


def test_int4_by_hand():
    """A group of 0.5, −1 and 3.5 has the scale 0.5: levels 1, −2 and 7, codes 9, 6 and 15, zeros 8."""
    weight = torch.zeros(1, 128)
    weight[0, :3] = torch.tensor([0.5, -1, 3.5])
    coded = get_codec("int4").encode(weight)
    assert coded.scales.tolist() == [[0.5]]
    assert coded.codes[0, :4].tolist() == [9, 6, 15, 8]
    assert get_codec("int4").pack(torch.full((8,), 8)).view(torch.int32).item() & 0xFFFFFFFF == 0x88888888


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_the_ptx_expands_every_code(codec):
    """Each lane expands eight codes to the bfloat16 that torch makes of them."""
    codes = torch.arange(1 << codec.bits) if codec.bits < 16 else torch.arange(0, 1 << 16, 37)
    codes = codes[~codec.level(codes, torch.bfloat16).isnan()]
    codes = torch.nn.functional.pad(codes, (0, -len(codes) % 8)).view(-1, 8)
    machine = Machine(b"", 16)
    constants = " ".join(
        f"mov.b32 {name}, {value:#x};" for name, value in codec.constants(torch.bfloat16).items()
    )
    words = [f"$w{i}" for i in range(codec.words)]
    lines = " ".join(codec.expand_words(words, ["a0", "a1", "a2", "a3"], torch.bfloat16))
    arguments = codec.pack(codes).numpy().view(np.uint32).astype(np.uint64).T
    text = " ".join(f"mov.b32 {word}, ${i};" for i, word in enumerate(words))
    machine.run(f"{{ {constants} {text} {lines} }}", len(codes), list(arguments), first=0)
    pairs = np.stack([machine.registers[f"a{i}"] for i in range(4)], -1).astype(np.uint32)
    got = torch.from_numpy(pairs.view(np.int16).copy()).view(torch.bfloat16)
    assert torch.equal(got.float(), codec.level(codes, torch.bfloat16).float())


def test_unknown_value_formats_name_the_known_ones():
    """Of all codecs, and of those that a format offers."""
    with pytest.raises(UsageError, match="int8, int4"):
        get_codec("int3")
    with pytest.raises(UsageError, match="sell has no int4 values"):
        get_format("sell", "int4")
