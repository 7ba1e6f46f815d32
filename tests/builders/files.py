"""Files as applications write them."""

import datetime as dt
import random
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import docx
import fpdf
import openpyxl
import pypdf

RIVERS = ("Nile", "Danube", "Rhine")
ROWS = (("River", "Length"), ("Nile", "6,650 km"), ("Danube", "2,850 km"))
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]>"
)
NESTED_PDF = b"%PDF-1.4\n1 0 obj\n" + b"<</A " * 100_000 + b">>" * 100_000 + b"\nendobj\n%%EOF"
WRITTEN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def write_pdf(
    path: Path, pages: Sequence[str] = RIVERS, *, title: str = "Rivers of the world", outline: bool = True
) -> Path:
    """A page for each name, below a heading that the outline has; a page without a name is empty."""
    pdf = fpdf.FPDF()
    pdf.set_title(title)
    pdf.set_author("Ann")
    pdf.set_creation_date(WRITTEN)
    pdf.set_font("helvetica", size=12)
    for name in pages:
        pdf.add_page()
        if not name:
            continue
        if outline:
            pdf.start_section(name)
        pdf.cell(text=name)
        pdf.ln()
        pdf.multi_cell(0, text=f"The {name} flows to the sea. " * 12)
        with pdf.table() as table:
            for cells in ROWS:
                table.row(cells)
    pdf.output(str(path))
    return path


def write_encrypted_pdf(path: Path, password: str) -> Path:
    """A PDF that opens with a password; an empty one lets everybody read."""
    writer = pypdf.PdfWriter(clone_from=write_pdf(path))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    writer.write(path)
    return path


def write_docx(path: Path) -> Path:
    document = docx.Document()
    document.core_properties.author = "Ann"
    document.core_properties.created = WRITTEN
    document.core_properties.language = "en"
    document.add_heading("Rivers of the world", 0)
    document.add_heading("Africa", 1)
    document.add_paragraph("The Nile\tflows\nnorth.")
    document.add_heading("Its towns", 2)
    document.add_paragraph("Cairo", style="List Bullet")
    document.add_paragraph("Luxor", style="List Bullet")
    table = document.add_table(len(ROWS), len(ROWS[0]))
    for row, cells in zip(table.rows, ROWS, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("")
    document.add_paragraph("The end.")
    document.save(str(path))
    return path


def write_xlsx(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Rivers", 0)
    sheet.append(["River", "Length", "Measured", "Navigable", "Share"])
    sheet.append(["Nile", 6650.0, dt.datetime(2026, 1, 2, 3, 4), True, 0.5])  # noqa: DTZ001 - sheets have no zones
    sheet.append([None])
    sheet.append(["A|B", 1, dt.date(2026, 1, 2), False])
    book.create_sheet("Seas").append(["Sea"])
    book.save(path)
    return path


def replace_parts(path: Path, parts: Mapping[str, bytes]) -> Path:
    """The archive with other contents under these names."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**kept, **parts}.items():
            archive.writestr(name, content)
    return path


def write_zip(path: Path, parts: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def mutated(data: bytes, randomness: random.Random) -> bytes:
    """The bytes with some of them changed, left out, doubled or cut off."""
    result = bytearray(data)
    for _ in range(randomness.randint(1, 8)):
        at = randomness.randrange(len(result))
        length = min(randomness.choice((1, 1, 4, 64, 1_000)), len(result) - at)
        match randomness.randrange(4):
            case 0:
                result[at : at + length] = randomness.randbytes(length)
            case 1 if length < len(result):
                del result[at : at + length]
            case 2:
                result[at:at] = result[at : at + length]
            case 3 if at:
                del result[at:]
    return bytes(result)
