"""Names of run folders: a job of a multirun is named by what differs between the jobs."""

import pytest

from tts.config.resolvers import job_overrides, new_start


@pytest.mark.parametrize(
    ("arguments", "job", "name"),
    [
        (["-m", "data=demo", "optimizer.lr=1e-3,1e-2"], ["data=demo", "optimizer.lr=1e-2"],
         "_lr=1e-2"),
        (["--multirun", "+a.b=range(3)", "model/size=choice(tiny,small)", "trainer.max_steps=5"],
         ["+a.b=1", "model/size=tiny", "trainer.max_steps=5"], "_b=1,size=tiny"),
        # a sweeper adds keys of its own
        (["-m", "seed=1"], ["seed=1", "optimizer.lr=0.02"], "_lr=0.02"),
        (["-m", "data.corpora=[a,b]", "seed=1,2"], ["data.corpora=[a,b]", "seed=2"], "_seed=2"),
        (["-m", "seed=1"], ["seed=1"], ""),
        (["seed=1"], ["seed=1"], "_seed=1"),
    ],
)  # fmt: skip
def test_a_job_is_named_by_what_is_swept(arguments: list[str], job: list[str], name: str) -> None:
    new_start(arguments)
    assert job_overrides(job) == name
    new_start()
