"""Progress bars on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from shared.cli.console import talk


@contextmanager
def counted(what: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar; call what it yields with how many are done. Without `total` it only counts."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=talk(), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def shrinking(what: str) -> Iterator[Callable[[int], None]]:
    """A bar; call what it yields with how many are left. The most that ever were left is the whole."""
    most = 0
    with counted(what) as show:

        def left(count: int) -> None:
            nonlocal most
            most = max(most, count)
            show(most - count)

        yield left


@contextmanager
def progressing() -> Iterator[Callable[[str, int, int], None]]:
    """Bars as they are needed; call what it yields with whose it is, how many are done and of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=talk(), transient=True) as progress:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done)

        yield show
