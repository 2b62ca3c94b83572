"""Rules every template and stylesheet keeps: contrast, strict CSP, layers, icons that exist."""

import math
import re
from pathlib import Path

import pytest
from django.conf import settings
from lucide import IconDoesNotExist

from mentorship.kernel.templatetags.ui import icon

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if "mail" not in path.stem and "mail" not in path.parent.name]
STYLES = sorted((settings.BASE_DIR / "static/css").rglob("*.css"))
ON_PAPER = [
    (text, ground) for ground in ("ground", "card", "sunken") for text in ("ink", "ink-2", "ink-3", "brand", "warm-ink")
]
ON_COLOUR = [
    ("on-brand", "brand"),
    ("on-brand", "brand-strong"),
    ("on-warm", "warm-solid"),
    ("on-warm", "warm-solid-strong"),
    ("on-ink", "ink"),
    *((text, "brand-soft") for text in ("ink", "ink-2", "brand")),
    *((text, "warm-soft") for text in ("ink", "ink-2", "warm-ink")),
]
SIGNS = [(sign, ground) for ground in ("ground", "card") for sign in ("warm", "brand", "line-strong")]


def tokens():
    """Every `light-dark(oklch(...), oklch(...))` of tokens.css as {name: (light, dark)}."""
    text = (settings.BASE_DIR / "static/css/tokens.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\(oklch\(([^)]*)\), oklch\(([^)]*)\)\)", text)
    return {
        name: tuple(tuple(float(part) for part in value.split()) for value in (light, dark))
        for name, light, dark in found
    }


def luminance(colour):
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short
    return sum(weight * min(1, max(0, part)) for weight, part in ((0.2126, red), (0.7152, green), (0.0722, blue)))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground", "least"), [(*p, 4.5) for p in ON_PAPER + ON_COLOUR] + [(*p, 3) for p in SIGNS]
)
def test_contrast(text, ground, least, mode):
    colours = tokens()
    assert contrast(colours[text][mode], colours[ground][mode]) >= least


def test_black_on_white_is_21():
    assert contrast((1, 0, 0), (0, 0, 0)) == pytest.approx(21, abs=0.1)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(settings.BASE_DIR / "templates")))
def test_a_page_obeys_the_strict_csp(path: Path):
    text = re.sub(r"{% comment %}.*?{% endcomment %}", "", path.read_text(), flags=re.S)
    assert not re.search(r"""\sstyle\s*=|\son[a-z]+\s*=\s*["']|<style""", text)
    scripts = [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag and "application/json" not in tag]
    assert scripts == []
    assert "http://" not in text and "//cdn" not in text


def test_every_icon_exists():
    for path in TEMPLATES:
        for name in re.findall(r'{% icon "([\w-]+)"', path.read_text()):
            try:
                icon(name)
            except IconDoesNotExist:
                pytest.fail(f"{path}: no icon {name!r}")


@pytest.mark.parametrize("path", STYLES, ids=lambda p: p.name)
def test_styles_need_no_important_and_no_other_host(path: Path):
    text = path.read_text()
    assert "!important" not in text
    assert not re.search(r"url\(\s*[\"']?(https?:)?//", text)


def test_every_component_file_is_imported_into_a_layer():
    imported = set(
        re.findall(r'@import url\("([^"]+)"\) layer\(\w+\)', (settings.BASE_DIR / "static/css/app.css").read_text())
    )
    assert {f"components/{path.name}" for path in STYLES if path.parent.name == "components"} <= imported
