"""Serve voices over HTTP: OpenAI's speech API, a page to try them, and the Wyoming protocol.

python -m tts serve                                      the project's voices on port 8000
python -m tts serve voices=[lj,outputs/anna] port=8080
python -m tts serve host=0.0.0.0 token=SECRET            for other machines

Then open http://127.0.0.1:8000, or give OpenAI's client base_url="http://127.0.0.1:8000/v1".
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.config.packages import require_packages
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    require_packages("serve", "server", "fastapi", "uvicorn")
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.config.instantiate import instantiate
        from tts.server.run import serve
        from tts.server.settings import Limits, Loading, ServerSettings

    limits = Limits(
        config.queue, config.max_characters, round(config.max_megabytes * 2**20), config.timeout
    )
    loading = Loading(
        instantiate(config.vocoder),
        instantiate(config.phonemizer) if config.phonemizer else None,
        config.device,
        config.precision,
        as_list(config.trust),
    )
    serve(
        ServerSettings(
            as_list(config.voices),
            dict(config.aliases or {}),
            config.host,
            config.port,
            config.wyoming_port,
            None if config.token is None else str(config.token),
            config.workers,
            config.seed,
            limits,
            loading,
        )
    )


def as_list(value: object) -> list[str]:
    """Return one or several values of a config as a list; none of None."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(each) for each in value]  # type: ignore


def main() -> None:
    launch(run, "serve", __doc__ or "")


if __name__ == "__main__":
    main()
