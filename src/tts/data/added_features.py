"""Features added to a prepared corpus later, each in its own folder: codes, speaker embeddings."""

from collections.abc import Callable, Iterator
from pathlib import Path

from torch import Tensor

from tts.data.progress import shard_progress
from tts.data.shards import shard_path, write_shard
from tts.data.store import PreparedCorpus, Row
from tts.files import make_folder


def write_feature(
    corpus: PreparedCorpus,
    target: Path,
    feature: str,
    compute: Callable[[Row], Tensor],
    progress: bool = True,
) -> None:
    """Write ``feature`` of every kept row to shards in ``target``, by the numbers of the corpus's.

    Running again after a kill continues at the last finished shard.
    """
    make_folder(target / "shards")
    shards = corpus.rows.by_shard()
    todo = [number for number in shards if not shard_path(target, number).is_file()]

    def computed() -> Iterator[int]:
        for number in todo:
            rows = [corpus.rows[int(place)] for place in shards[number]]
            features = {row.id: {feature: compute(row)} for row in rows}
            write_shard(shard_path(target, number), features)
            yield number

    name = f"{feature} of {corpus.path.name}"
    made = computed()
    for _ in shard_progress(made, name, len(shards), len(todo)) if progress else made:
        pass
