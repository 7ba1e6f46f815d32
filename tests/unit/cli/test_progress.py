import pytest

from shared.cli.progress import progressing


def test_each_name_has_one_bar_that_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with progressing() as show:
        show("books", 1, 10)
        show("books", 4, 10)
        show("films", 2, 3)
        show("books", 10, 10)
    captured = capsys.readouterr()
    last = captured.err[captured.err.rindex("books") :]
    assert "10/10" in last
    assert "2/3" in last[last.index("films") :]
    assert "4/10" not in last
    assert captured.out == ""
