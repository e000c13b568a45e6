"""Tables stay readable on narrow terminals: headings are not cut, and no column is lost."""

import io

import pytest
from rich.console import Console

from tts.console_tables import Column, fold, print_table

RUNS = Column("run", [str(number) for number in range(6)], right=False)


def printed(width: int, columns: list[Column]) -> str:
    out = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    print_table(out, "6 runs", RUNS, columns)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= width
    return text


@pytest.mark.parametrize("width", [30, 40, 80, 140, 400])
def test_every_column_has_its_heading_at_any_width(width: int) -> None:
    columns = [Column(f"setting {n}", [f"{n}{row}000" for row in range(6)]) for n in range(10, 26)]
    text = printed(width, columns)
    for column in columns:
        assert column.heading in text or column.heading.replace(" ", "") in text.replace(" ", "")
        assert all(cell in text for cell in column.cells)
    assert (text.count("6 runs") == 1) == (width == 400)


def test_long_headings_and_cells_are_broken_and_cut_readably() -> None:
    name = "0_optimizer.lr=0.001,model_encoder=mamba_conv"
    assert fold(name, 18).split("\n") == ["0_optimizer.lr=", "0.001,model_", "encoder=mamba_conv"]
    assert fold("x" * 20, 8) == "xxxxxxxx\nxxxxxxxx\nxxxx"
    path = "/a/very/long/path/of/a/run/that/is/not/readable/checkpoints/best.ckpt"
    text = printed(40, [Column(name, [path] * 6), Column("mel", ["1.5"] * 6)])
    assert "0_optimizer.lr=" in text
    assert "…" in text
    assert "/best.ckpt" in text
    assert "mel" in text
