"""Progress bar of preparing a corpus, on standard error."""

from collections.abc import Iterator


def shard_progress(numbers: Iterator[int], name: str, total: int, todo: int) -> Iterator[int]:
    """Yield ``numbers`` and show how many of ``total`` shards are done; ``todo`` are not yet."""
    # rich is slow to import, and readers of a prepared corpus do not need it
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(
        "preparing {task.description}", BarColumn(), MofNCompleteColumn(), "shards",
        TimeRemainingColumn(), console=Console(stderr=True),
    ) as bar:  # fmt: skip
        task = bar.add_task(escape(name), total=total, completed=total - todo)
        for number in numbers:
            bar.advance(task)
            yield number
