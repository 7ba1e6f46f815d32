import pytest
import typer

from shared.cli.evaluation_fields import request_fields


def test_values_are_json_or_text() -> None:
    assignments = ["alpha=0.3", "fusion=rrf", "typos=false", 'facets=["year"]', "filter=year = 2020", "x="]
    assert request_fields(assignments, "--set") == {
        "alpha": 0.3,
        "fusion": "rrf",
        "typos": False,
        "facets": ["year"],
        "filter": "year = 2020",
        "x": "",
    }


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["alpha"], "'alpha' is not FIELD=VALUE"),
        (["=1"], "'=1' is not FIELD=VALUE"),
        (["limit=5"], "limit is what the measurement sets itself"),
        (["alpha=0.3", "alpha=0.4"], "alpha is given twice"),
    ],
)
def test_what_is_no_field_of_its_own_is_refused(assignments: list[str], said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said) as refused:
        request_fields(assignments, "--against")
    assert refused.value.param_hint == "--against"
