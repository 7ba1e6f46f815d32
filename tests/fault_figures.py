"""A pytest plugin: what tests/faults has counted stands at the end of the run, whoever counted it."""

import pytest

# The name of a property of tests: a line of the table.
FIGURES = "fault_figures"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = [
        str(line)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, line in report.user_properties
        if name == FIGURES
    ]
    if not lines:
        return
    terminalreporter.section("faults: acknowledged, lost, doubled")
    for line in lines:
        terminalreporter.write_line(line)
