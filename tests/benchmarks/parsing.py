"""Files as imports parse them, most in a process of their own, beside the same parsers in this one.

uv run python -m tests.benchmarks.parsing [--json] [--data DIR] [--files N] [--large N]
"""

import asyncio
import csv
import html
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import fpdf
import openpyxl

from shared.parsing.limits import DEFAULT_LIMITS
from shared.parsing.parse_file import parse_file
from shared.parsing.read_file import read_file
from tests.benchmarks.judged_data import generated_collection, read_collection
from tests.benchmarks.report import Report, arguments

type Section = tuple[str, str]

MEGABYTE = 1_000_000


def write_pdf(sections: Sequence[Section], path: Path) -> None:
    pdf = fpdf.FPDF()
    pdf.set_font("helvetica", size=11)
    for title, text in sections:
        pdf.add_page()
        pdf.start_section(_latin(title) or "Untitled")
        pdf.multi_cell(0, text=_latin(text))
    pdf.output(str(path))


def _latin(text: str) -> str:
    """What the fonts that every reader of PDF has can show."""
    return text.encode("latin-1", "replace").decode("latin-1")


def write_docx(sections: Sequence[Section], path: Path) -> None:
    document = docx.Document()
    for title, text in sections:
        document.add_heading(title, 1)
        document.add_paragraph(text)
    document.save(str(path))


def write_xlsx(sections: Sequence[Section], path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Texts")
    for section in sections:
        sheet.append(section)
    book.save(path)


def write_html(sections: Sequence[Section], path: Path) -> None:
    body = "".join(f"<h2>{html.escape(title)}</h2><p>{html.escape(text)}</p>" for title, text in sections)
    path.write_text(f"<!doctype html><title>Texts</title><nav><a href=/>Home</a></nav><main>{body}</main>")


def write_csv(sections: Sequence[Section], path: Path) -> None:
    rows = io.StringIO()
    csv.writer(rows).writerows([("title", "text"), *sections])
    path.write_text(rows.getvalue())


def write_markdown(sections: Sequence[Section], path: Path) -> None:
    path.write_text("".join(f"# {title}\n\n{text}\n\n" for title, text in sections))


WRITERS: dict[str, Callable[[Sequence[Section], Path], None]] = {
    "pdf": write_pdf,
    "docx": write_docx,
    "xlsx": write_xlsx,
    "html": write_html,
    "csv": write_csv,
    "md": write_markdown,
}


def sections_of(data: Path, wanted: int) -> list[Section]:
    if (data / "scifact").exists():
        documents = read_collection(data / "scifact").documents
    else:
        documents = generated_collection(wanted).documents
    return [(title, text) for _, title, text in documents[:wanted]]


async def as_imported(paths: Sequence[Path]) -> tuple[float, int]:
    """Seconds for these files, one after the other as an import parses them, and the characters in them."""
    started = time.perf_counter()
    characters = sum([len((await parse_file(path, path.name)).body) for path in paths])
    return time.perf_counter() - started, characters


def by_parsers_alone(paths: Sequence[Path]) -> tuple[float, int]:
    """The same by the parsers themselves, all imported already."""
    read_file(paths[0], paths[0].name, DEFAULT_LIMITS)
    started = time.perf_counter()
    characters = sum(len(read_file(path, path.name, DEFAULT_LIMITS).body) for path in paths)
    return time.perf_counter() - started, characters


def compare(suffix: str, size: str, paths: Sequence[Path], report: Report) -> None:
    total = sum(path.stat().st_size for path in paths)
    sides = {"parse_file": asyncio.run(as_imported(paths)), "parsers alone": by_parsers_alone(paths)}
    assert len({characters for _, characters in sides.values()}) == 1, sides
    for side, (seconds, characters) in sides.items():
        report.rows.append(
            {
                "format": suffix,
                "size": size,
                "side": side,
                "files": len(paths),
                "kB_a_file": round(total / len(paths) / 1_000, 1),
                "ms_a_file": round(seconds / len(paths) * 1_000, 1),
                "files_per_s": round(len(paths) / seconds, 1),
                "MB_per_s": round(total / seconds / MEGABYTE, 2),
                "text_MB_per_s": round(characters / seconds / MEGABYTE, 2),
            }
        )
    ours, alone = (seconds for seconds, _ in sides.values())
    report.ratios[f"{suffix}_{size}_vs_parsers_alone"] = round(alone / ours, 4)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=20, help="small files of each format")
    parser.add_argument("--large", type=int, default=1_000, help="texts in the large file of each format")
    options = parser.parse_args()
    sections = sections_of(options.data, max(options.files, options.large))
    report = Report("Parsing")
    with tempfile.TemporaryDirectory() as folder:
        for suffix, write in WRITERS.items():
            paths = [Path(folder) / f"{number}.{suffix}" for number in range(options.files)]
            for path, section in zip(paths, sections, strict=False):
                write([section], path)
            compare(suffix, "small", paths, report)
            large = Path(folder) / f"large.{suffix}"
            write(sections[: options.large], large)
            compare(suffix, "large", [large], report)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
