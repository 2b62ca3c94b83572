"""The receipt as a PDF: drawn by fpdf2 with a font that comes as a package, so the machine needs nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from mentorship.kernel import local_time
from payments.receipts import Receipt

FONTS = files("fontpkg_fira_sans") / "files"
REGULAR, BOLD = str(FONTS / "FiraSans-Regular.ttf"), str(FONTS / "FiraSans-SemiBold.ttf")
INK, QUIET, LINE = (33, 35, 48), (98, 98, 108), (222, 218, 210)
LEFT, RIGHT, WIDTH = 22, 188, 166
Row = tuple[str, str]
# It tells at length which tables of the font it keeps, for every receipt.
logging.getLogger("fontTools").setLevel(logging.WARNING)


@cache
def _drawable() -> frozenset[int]:
    return frozenset(TTFont(REGULAR).getBestCmap())


def can_draw(receipt: Receipt, zone: tzinfo) -> bool:
    """Whether the font has every sign on it. It has no Arabic or Chinese, say: then the browser prints the page."""
    return {ord(sign) for text in _texts(receipt, zone) for sign in text} <= _drawable()


def _texts(receipt: Receipt, zone: tzinfo) -> Iterator[str]:
    order = receipt.order
    yield from (order.title, receipt.seller, order.student.display_name, order.student.email, receipt.paid_by)
    yield from receipt.operator
    for word, value in _sums(receipt, zone):
        yield from (word, value)


def _date(moment: datetime, zone: tzinfo) -> str:
    return local_time.words(moment, zone, style="full-date")


def _sums(receipt: Receipt, zone: tzinfo) -> list[Row]:
    rows = [(f"Paid on {_date(receipt.payment.received_at, zone)}", receipt.total_display)]
    rows += [(f"{gone.what}, {_date(gone.at, zone)}", gone.amount_display) for gone in receipt.gone_back]
    return rows


def draw(receipt: Receipt, zone: tzinfo) -> bytes:
    """One A4 page. Dates are the reader's."""
    order = receipt.order
    pdf = FPDF()
    pdf.add_font("Fira", "", REGULAR)
    pdf.add_font("Fira", "B", BOLD)
    pdf.set_title(f"Receipt {order.number}")
    pdf.set_lang("en")
    pdf.set_creation_date(receipt.payment.received_at)  # the same receipt is the same file
    pdf.set_margins(LEFT, 22, 210 - RIGHT)
    pdf.c_margin = 0  # text begins where the lines begin
    pdf.add_page()
    _line(pdf, "Receipt", size=24, bold=True)
    _line(pdf, f"Order {order.number}, {_date(receipt.payment.received_at, zone)}", colour=QUIET)
    pdf.ln(9)
    _pairs(pdf, [("Sold by", receipt.seller), ("Bought by", f"{order.student.display_name}, {order.student.email}"),
                 ("Paid by", receipt.paid_by)])  # fmt: skip
    pdf.ln(7)
    _rule(pdf)
    _pair(pdf, order.title, order.amount_display, bold=True)
    _line(pdf, f"{receipt.what} with {receipt.seller}", colour=QUIET)
    pdf.ln(2)
    _rule(pdf)
    for word, value in _sums(receipt, zone):
        _pair(pdf, word, value)
    _rule(pdf)
    _pair(pdf, "Remains paid" if receipt.gone_back else "Total", receipt.remains_display, bold=True, size=13)
    pdf.ln(16)
    for line in receipt.operator:
        _line(pdf, line, size=9, colour=QUIET)
    return bytes(pdf.output())


def _font(pdf: FPDF, size: float, bold: bool, colour: tuple[int, int, int]) -> None:
    pdf.set_font("Fira", "B" if bold else "", size)
    pdf.set_text_color(*colour)


def _line(pdf: FPDF, text: str, *, size: float = 11, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
    _font(pdf, size, bold, colour)
    pdf.multi_cell(WIDTH, size // 2, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _pairs(pdf: FPDF, rows: list[Row]) -> None:
    for word, value in rows:
        _font(pdf, 11, False, QUIET)
        pdf.cell(34, 7, word)
        _font(pdf, 11, False, INK)
        pdf.multi_cell(WIDTH - 34, 7, value, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _pair(pdf: FPDF, word: str, value: str, *, bold: bool = False, size: float = 11) -> None:
    """A word at the left, which may run over several lines, and its sum at the right of the first."""
    _font(pdf, size, bold, INK)
    top = pdf.get_y()
    pdf.set_xy(RIGHT - 46, top)
    pdf.cell(46, 8, value, align="R")
    pdf.set_xy(LEFT, top)
    pdf.multi_cell(WIDTH - 48, 8, word, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _rule(pdf: FPDF) -> None:
    pdf.set_draw_color(*LINE)
    pdf.ln(2)
    pdf.line(LEFT, pdf.get_y(), RIGHT, pdf.get_y())
    pdf.ln(2)
