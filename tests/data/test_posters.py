"""Every kind of picture file comes out as the colours a viewer shows."""

import io
import struct

import numpy as np
import pytest
import torch
from PIL import Image, UnidentifiedImageError

from postergenre.data import posters
from postergenre.data.augment import PosterImage
from postergenre.data.posters import find_poster, open_poster, poster_files, to_rgb

RED, GREEN = (200, 30, 30), (30, 160, 60)


@pytest.fixture
def upright():
    "Red above, green below; 20 wide, 30 high."
    image = Image.new("RGB", (20, 30), RED)
    image.paste(GREEN, (0, 15, 20, 30))
    return image


def near(pixel, colour, by=12):
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(upright, tmp_path, orientation):
    turned = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the inverse of what a viewer does
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(turned[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "p.png", exif=exif)
    image = open_poster(tmp_path / "p.png")
    assert image.size == (20, 30) and image.getpixel((10, 5)) == RED and image.getpixel((10, 25)) == GREEN


@pytest.mark.parametrize("nonsense", [b"Exif\0\0", b"Exif\0\0nonsense", b"Exif\0\0MM\0*\xff\xff\xff\xff"])
def test_exif_that_is_nonsense_costs_no_pixels(upright, tmp_path, nonsense):
    for name in ("p.png", "p.webp", "p.jpg"):
        upright.save(tmp_path / name, exif=nonsense)
        assert near(open_poster(tmp_path / name).getpixel((10, 5)), RED, 30)


def test_orientation_is_taken_where_the_rest_of_exif_is_nonsense(upright, tmp_path):
    entries = b"".join(struct.pack("<HHII", *entry) for entry in ((0x0112, 3, 1, 6), (0x8769, 99, 2**31, 2**31)))
    upright.save(tmp_path / "p.png", exif=b"Exif\0\0II*\0\x08\0\0\0\2\0" + entries + bytes(4))
    image = open_poster(tmp_path / "p.png")
    assert image.size == (30, 20) and to_rgb(image).size == (30, 20)  # not turned twice


def in_mode(image, mode):
    if mode == "LA":
        return image.convert("L").convert("LA")
    if mode in ("P", "PA"):
        return image.convert("P", palette=Image.Palette.ADAPTIVE).convert(mode)
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["P", "PA", "CMYK", "L", "LA", "1", "RGBA", "YCbCr", "HSV"])
def test_modes(upright, mode):
    rgb = to_rgb(in_mode(upright, mode))
    assert rgb.mode == "RGB" and rgb.size == upright.size
    if mode not in ("L", "LA", "1"):
        assert near(rgb.getpixel((10, 5)), RED) and near(rgb.getpixel((10, 25)), GREEN)


def test_sixteen_bit_grey_is_scaled_and_not_cut_off(tmp_path):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, 0)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    values = np.asarray(open_poster(tmp_path / "deep.png"))[0, :, 0]
    assert abs(values.astype(int) - np.arange(256)).max() <= 1


def test_float_image():
    assert to_rgb(Image.fromarray(np.full((2, 2), 0.5, dtype=np.float32))).getpixel((0, 0)) == (128, 128, 128)


def test_floats_that_are_no_numbers_are_black_without_a_warning(recwarn):
    values = np.array([[np.nan, 0.5], [-np.inf, np.inf]], dtype=np.float32)
    assert np.asarray(to_rgb(Image.fromarray(values)))[..., 0].tolist() == [[0, 0], [0, 255]] and not recwarn


def test_a_large_picture_is_made_rgb_in_strips_that_leave_no_seam(monkeypatch):
    ramp = np.linspace(0, 65535, 60 * 40).reshape(60, 40)
    grey, half = Image.fromarray(ramp.astype(np.uint16)), Image.fromarray((ramp // 257).astype(np.uint8)).convert("LA")
    half.putalpha(90)
    whole = [to_rgb(image).tobytes() for image in (grey, half)]
    monkeypatch.setattr(posters, "STRIP", 40 * 7)
    assert [to_rgb(image).tobytes() for image in (grey, half)] == whole


def test_a_strip_is_no_poster_and_other_formats_are_not_opened(tmp_path):
    with pytest.raises(ValueError, match="3 x 400 pixels; a strip 100 times"):
        to_rgb(Image.new("RGB", (3, 400)))
    (tmp_path / "p.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(UnidentifiedImageError, match=r"p\.jpg is no whole picture, of JPEG, PNG"):
        open_poster(tmp_path / "p.jpg")


def test_alpha_lies_on_white_and_hides_no_colours(tmp_path):
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert to_rgb(clear).getpixel((0, 0)) == (255, 255, 255)
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert near(to_rgb(half).getpixel((0, 0)), (127, 127, 127), 2)
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([255, 0, 0])
    palette.save(tmp_path / "p.gif", transparency=0)
    assert open_poster(tmp_path / "p.gif").getpixel((0, 0)) == (255, 255, 255)


def test_pixel_cap_is_said_before_decoding(tmp_path):
    Image.new("L", (300, 200)).save(tmp_path / "big.png")
    with pytest.raises(ValueError, match=r"big\.png has 300 x 200 .*over the cap"):
        open_poster(tmp_path / "big.png", max_pixels=50_000)
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "png")
    with pytest.raises(ValueError, match="too large"):
        open_poster(bomb.getvalue())


def test_a_passed_image_stays_as_it_was(upright, tmp_path):
    palette = upright.convert("P")
    before = palette.tobytes()
    assert PosterImage.create(palette).mode == "RGB"
    assert palette.mode == "P" and palette.tobytes() == before
    upright.save(tmp_path / "lazy.png")
    with Image.open(tmp_path / "lazy.png") as lazy:  # not loaded: fastai's own create fails on it
        assert near(PosterImage.create(lazy).getpixel((10, 5)), RED)
        assert lazy.size == (20, 30)


def test_create_from_every_source(upright, tmp_path):
    upright.save(tmp_path / "p.png")
    array = np.asarray(upright)
    sources = [
        tmp_path / "p.png",
        str(tmp_path / "p.png"),
        (tmp_path / "p.png").read_bytes(),
        upright,
        array,
        torch.tensor(array),
    ]
    for source in sources:
        image = PosterImage.create(source)
        assert isinstance(image, PosterImage) and image.getpixel((10, 5)) == RED, type(source)


def test_a_folder_is_searched_for_pictures_of_all_kinds_but_not_for_hidden_ones(upright, tmp_path):
    (tmp_path / ".cache").mkdir()
    (tmp_path / "sub").mkdir()
    for name in ("b.jpg", "sub/a.avif", "sub/c.PNG", "._b.jpg", ".cache/d.jpg"):
        upright.save(tmp_path / name)
    assert [str(p.relative_to(tmp_path)) for p in poster_files(tmp_path)] == ["b.jpg", "sub/a.avif", "sub/c.PNG"]
    assert len(poster_files(tmp_path / ".cache")) == 1  # asked for by name
    assert open_poster(tmp_path / "sub" / "a.avif").size == (20, 30)


def test_a_name_without_suffix_finds_its_picture(upright, tmp_path):
    for name in ("Mr. Nobody.jpg", "b.AVIF", "plain"):
        upright.save(tmp_path / name, format="png")
        assert find_poster(tmp_path, name.removesuffix(".jpg").removesuffix(".AVIF")) == str(tmp_path / name)
    assert find_poster(tmp_path, "none") == str(tmp_path / "none") and find_poster(tmp_path, " ") is None
