"""A sweep that looks where it found good values: Optuna as a Hydra sweeper.

Hydra imports what lies in here at every start, so that Optuna itself waits for a sweep.

``python train.py -m sweep=optuna model/size=tiny,small optimizer.lr=tag(log,interval(1e-4,1e-2))``
"""

import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
    Transformer,
)
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from omegaconf import DictConfig, OmegaConf

from tts.errors import UserError
from tts.training.optuna_trial import Trial, under_way

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

log = logging.getLogger(__name__)
HEARTBEAT = 60  # seconds; a trial without one for twice as long died with its process


class OptunaSweeper(Sweeper):
    """Asks the study for values, runs a job, tells what became of it; until there are ``trials``.

    Swept are the choices (``a,b``), intervals (``interval(1,2)``, whole numbers with
    ``int(interval(1,9))``, logarithmic with ``tag(log,...)``) and ranges of the command line. The
    study lives in ``storage``, an SQLite file: run again, a sweep goes on where it was killed, and
    processes that name the same study share it. A job that fails stays in it
    as failed.
    """

    def __init__(
        self,
        study: str,
        storage: str,
        trials: int = 20,
        direction: str = "minimize",
        seed: int = 1,
        sampler: Any = None,
        pruner: Any = None,
    ) -> None:
        if direction not in ("minimize", "maximize"):
            raise UserError(f"hydra.sweeper.direction={direction}: minimize or maximize")
        self.direction: Any = direction
        self.name, self.storage, self.trials = study, Path(storage), trials
        self.seed, self.sampler, self.pruner = seed, sampler, pruner
        self.config: DictConfig | None = None
        self.launcher: Any = None

    def setup(self, *, hydra_context: Any, task_function: Any, config: DictConfig) -> None:
        self.loader, self.config = hydra_context.config_loader, config
        launcher = str(config.hydra.launcher._target_)
        if not launcher.endswith("BasicLauncher"):
            raise UserError(
                f"hydra/launcher={launcher.rsplit('.', 1)[-1]}: a trial runs in the sweep's own "
                "process. For several at once, start the same command several times: they share "
                "the study"
            )
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        assert self.config is not None
        fixed, space = self._read(arguments)
        if not space:
            raise UserError(
                "nothing to sweep: give a setting several values, model/size=tiny,small"
            )
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        study = self._study(space)
        results: list[Any] = []
        from optuna import TrialPruned

        def objective(trial: Any) -> float:
            chosen = [f"{key}={suggested(trial, key, kind)}" for key, kind in space.items()]
            ours = Trial(trial, self.direction == "maximize")
            with under_way(ours):
                result = self.launcher.launch([[*fixed, *chosen]], initial_job_idx=trial.number)[0]
            results.append(result)
            if ours.pruned:
                raise TrialPruned
            # Optuna keeps a trial that has no number to show as failed
            return math.nan if result.return_value is None else float(result.return_value)

        while self._begun(study) < self.trials:
            study.optimize(objective, n_trials=1)
        self._report(study)
        return results

    def _read(self, arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
        """The overrides that stay, and the distributions of those that are swept."""
        parser = OverridesParser.create(config_loader=self.loader)
        fixed: list[str] = []
        space: dict[str, Any] = {}
        for override in parser.parse_overrides(list(arguments)):
            key = override.get_key_element()
            if override.is_sweep_override():
                space[key] = distribution(override)
            else:
                fixed.append(f"{key}={override.get_value_element_as_str()}")
        return fixed, space

    def _study(self, space: Mapping[str, Any]) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        self.storage.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{self.storage}", heartbeat_interval=HEARTBEAT, grace_period=2 * HEARTBEAT
        )
        study = optuna.create_study(
            study_name=self.name,
            storage=storage,
            direction=self.direction,
            pruner=self.pruner,
            load_if_exists=True,
        )
        if study.direction.name.lower() != self.direction:
            raise UserError(
                f"the study {self.name} in {self.storage} is to {study.direction.name.lower()}: "
                "give another hydra.sweeper.study"
            )
        if self.sampler is not None:
            # a sweep that goes on, or a second process, is not to draw what was drawn before
            study.sampler = self.sampler(seed=self.seed + len(study.trials))
        if study.trials:
            known = {key for trial in study.trials for key in trial.distributions}
            if known != set(space):
                raise UserError(
                    f"the study {self.name} in {self.storage} sweeps {', '.join(sorted(known))} "
                    f"and not {', '.join(sorted(space))}: give another hydra.sweeper.study"
                )
            log.info("going on with the study %s after %d trials", self.name, len(study.trials))
        return study

    def _begun(self, study: Any) -> int:
        """Trials that are over or under way anywhere; one that died with its process is over."""
        import optuna

        optuna.storages.fail_stale_trials(study)
        return len(study.get_trials(deepcopy=False))

    def _report(self, study: Any) -> None:
        import optuna

        done = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
        if not done:
            log.info("no trial of the study %s came to its end", self.name)
            return
        best = study.best_trial
        chosen = " ".join(f"{key}={value}" for key, value in best.params.items())
        log.info("best of %d: trial %d with %.4f, %s", len(done), best.number, best.value, chosen)


def distribution(override: Override) -> "BaseDistribution":
    """Optuna's distribution of a swept override."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    value: Any = override.value()
    key = override.get_key_element()
    if isinstance(value, IntervalSweep):
        low: Any = value.start
        high: Any = value.end
        logarithmic = "log" in value.tags
        if low is None or high is None or low >= high or (logarithmic and low <= 0):
            raise UserError(f"{key}: an interval goes up, from above 0 where it is logarithmic")
        whole = isinstance(low, int) and isinstance(high, int)
        return (IntDistribution if whole else FloatDistribution)(low, high, log=logarithmic)
    if isinstance(value, ChoiceSweep | RangeSweep):
        return CategoricalDistribution(
            [str(choice) for choice in override.sweep_iterator(transformer=Transformer.encode)]
        )
    raise UserError(f"{key}: sweep choices a,b, an interval(low,high) or a range(start,stop)")


def suggested(trial: Any, key: str, kind: "BaseDistribution") -> Any:
    """The study's value for ``key``."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(kind, CategoricalDistribution):
        return trial.suggest_categorical(key, kind.choices)
    assert isinstance(kind, IntDistribution | FloatDistribution)
    suggest = trial.suggest_int if isinstance(kind, IntDistribution) else trial.suggest_float
    return suggest(key, kind.low, kind.high, log=kind.log)
