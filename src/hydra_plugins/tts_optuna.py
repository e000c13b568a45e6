"""Optuna as a Hydra sweeper: samples new values near those that were good.

``python train.py -m sweep=optuna model/size=tiny,small optimizer.lr=tag(log,interval(1e-4,1e-2))``

Hydra imports this module at every start; Optuna itself is imported by a sweep alone.
"""

import logging
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
    Transformer,
)
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from tts.bounds import Count, Seed
from tts.errors import UserError
from tts.training.optuna_trial import Trial, under_way

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

log = logging.getLogger(__name__)
HEARTBEAT = 60  # seconds; a trial without one for twice as long died with its process


class Pruner(Protocol):
    """One of Optuna's pruners."""

    def prune(self, study: Any, trial: Any) -> bool: ...


class OptunaSweeper(Sweeper):
    """Runs a job for each trial of an Optuna study until the study has ``trials`` of them.

    Swept are the choices (``a,b``), intervals (``interval(1,2)``, integers with
    ``int(interval(1,9))``, logarithmic with ``tag(log,...)``) and ranges of the command line. The
    study lives in ``storage``, an SQLite file: the same command continues a sweep that was killed,
    and processes that name the same study share it. A failed job stays in the study as failed.
    """

    def __init__(
        self,
        study: str,
        storage: str,
        trials: Count = 20,
        direction: Literal["minimize", "maximize"] = "minimize",
        seed: Seed = 1,
        sampler: Callable[..., Any] | None = None,
        pruner: Pruner | None = None,
    ) -> None:
        # Hydra builds it before :meth:`setup`, which checks the other values
        if direction not in ("minimize", "maximize"):
            raise UserError(
                f"hydra.sweeper.direction={direction}: choose from minimize or maximize"
            )
        self.direction = direction
        self.name, self.storage, self.trials = str(study), Path(str(storage)), trials
        self.seed, self.sampler, self.pruner = seed, sampler, pruner
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        from tts.config.value_checks import check_section

        check_section(config, "hydra.sweeper", "conf/hydra/sweeper/tts_optuna.yaml")
        self.loader, self.config = hydra_context.config_loader, config
        launcher = str(config.hydra.launcher._target_)
        if not launcher.endswith("BasicLauncher"):
            raise UserError(
                f"hydra/launcher={launcher.rsplit('.', 1)[-1]}: sweep=optuna runs its trials in "
                "its own process. For several at once, start the same command several times: they "
                "share the study"
            )
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[JobReturn]:
        """Run the trials that the study still lacks; return their jobs' results."""
        assert self.config is not None
        assert self.launcher is not None
        launcher = self.launcher
        fixed, space = self._read(arguments)
        if not space:
            raise UserError("nothing to sweep: give a key several values, model/size=tiny,small")
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        study = self._study(space)
        results: list[JobReturn] = []
        from optuna import TrialPruned

        def objective(trial: "optuna.Trial") -> float:
            chosen = [f"{key}={suggested(trial, key, kind)}" for key, kind in space.items()]
            current = Trial(trial, self.direction == "maximize")
            with under_way(current):
                [result] = launcher.launch([[*fixed, *chosen]], initial_job_idx=trial.number)
            results.append(result)
            if current.pruned:
                raise TrialPruned
            # Optuna marks a trial that returns NaN as failed
            return math.nan if result.return_value is None else float(result.return_value)

        while self._count(study) < self.trials:
            study.optimize(objective, n_trials=1)
        self._report(study)
        return results

    def _read(self, arguments: Sequence[str]) -> "tuple[list[str], dict[str, BaseDistribution]]":
        """Return the fixed overrides, and the distributions of the swept ones."""
        parser = OverridesParser.create(config_loader=self.loader)
        fixed: list[str] = []
        space: dict[str, BaseDistribution] = {}
        for override in parser.parse_overrides(list(arguments)):
            key = override.get_key_element()
            if override.is_sweep_override():
                space[key] = distribution(override)
            else:
                fixed.append(f"{key}={override.get_value_element_as_str()}")
        return fixed, space

    def _study(self, space: "Mapping[str, BaseDistribution]") -> "optuna.Study":
        """Create or load the study. Raises UserError for one of another direction or space."""
        import optuna
        from sqlalchemy.exc import SQLAlchemyError

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        self.storage.parent.mkdir(parents=True, exist_ok=True)
        try:
            storage = optuna.storages.RDBStorage(
                f"sqlite:///{self.storage}",
                heartbeat_interval=HEARTBEAT,
                grace_period=2 * HEARTBEAT,
            )
            study = optuna.create_study(
                study_name=self.name,
                storage=storage,
                direction=self.direction,
                pruner=self.pruner,  # type: ignore[arg-type]  # optional packages have no base here
                load_if_exists=True,
            )
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise UserError(f"hydra.sweeper.storage={self.storage}: {reason}") from error
        if study.direction.name.lower() != self.direction:
            raise UserError(
                f"the study {self.name} in {self.storage} is to {study.direction.name.lower()}: "
                "give another hydra.sweeper.study"
            )
        if self.sampler is not None:
            # a continued sweep and a second process must not sample the same values again
            study.sampler = self.sampler(seed=self.seed + len(study.trials))
        if study.trials:
            known = {key for trial in study.trials for key in trial.distributions}
            if known != set(space):
                raise UserError(
                    f"the study {self.name} in {self.storage} sweeps {', '.join(sorted(known))} "
                    f"and not {', '.join(sorted(space))}: give another hydra.sweeper.study"
                )
            log.info("continuing the study %s after %d trials", self.name, len(study.trials))
        return study

    def _count(self, study: "optuna.Study") -> int:
        """Count the trials started by any process, after marking those that died as failed."""
        import optuna

        optuna.storages.fail_stale_trials(study)
        return len(study.get_trials(deepcopy=False))

    def _report(self, study: "optuna.Study") -> None:
        """Log the best trial."""
        import optuna

        done = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
        if not done:
            log.info("no trial of the study %s completed", self.name)
            return
        best = study.best_trial
        chosen = " ".join(f"{key}={value}" for key, value in best.params.items())
        log.info("best of %d: trial %d with %.4f, %s", len(done), best.number, best.value, chosen)


def distribution(override: Override) -> "BaseDistribution":
    """Return Optuna's distribution of a swept override."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    value = override.value()
    key = override.get_key_element()
    if isinstance(value, IntervalSweep):
        low, high = value.start, value.end
        logarithmic = "log" in value.tags
        if low is None or high is None or low >= high or (logarithmic and low <= 0):
            raise UserError(
                f"{key}: an interval needs low < high, and low above 0 where it is logarithmic"
            )
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log=logarithmic)
        return FloatDistribution(low, high, log=logarithmic)
    if isinstance(value, ChoiceSweep | RangeSweep):
        return CategoricalDistribution(
            [str(choice) for choice in override.sweep_iterator(transformer=Transformer.encode)]
        )
    raise UserError(f"{key}: sweep choices a,b, an interval(low,high) or a range(start,stop)")


def suggested(trial: "optuna.Trial", key: str, kind: "BaseDistribution") -> object:
    """Return the study's value for ``key``: a choice, an integer or a float."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(kind, CategoricalDistribution):
        return trial.suggest_categorical(key, kind.choices)
    if isinstance(kind, IntDistribution):
        return trial.suggest_int(key, kind.low, kind.high, log=kind.log)
    assert isinstance(kind, FloatDistribution)
    return trial.suggest_float(key, kind.low, kind.high, log=kind.log)
