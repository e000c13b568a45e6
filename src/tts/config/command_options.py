"""Types of every command's top-level keys: its options, and the sections of its config groups."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_type_hints

from tts.bounds import (
    Bound,
    Channels,
    Count,
    Iterations,
    Length,
    Positive,
    Processes,
    Seed,
    Share,
    Steps,
)
from tts.config.declared_types import Beside, Factory, Part, fields

Device = str  # cpu, cuda, cuda:1, mps
Paths = str | Annotated[list[str], Length()]
Name = Annotated[str, Length()]
TimingFormat = Literal["json", "srt", "vtt", "textgrid"]
Port = Annotated[int, Bound(least=0, most=65535)]
OneOrMore = Count | Annotated[list[Count], Length()]


class ModelSections(TypedDict, total=False):
    """Sections of ``model`` that its parts and its training read, not its class."""

    activation: Factory
    positional: Factory | None
    balance: Factory | None
    loss: Part
    monitor: str | None


class TrainerKeys(TypedDict):
    """Keys of ``trainer`` that are no arguments of Lightning's Trainer."""

    checkpoint_activations: bool
    compile: str | None


# arguments of Lightning's Trainer that a training reads before it is made
READ_OF_TRAINER = (
    "accelerator", "accumulate_grad_batches", "check_val_every_n_epoch", "gradient_clip_val",
    "max_steps", "precision", "strategy", "val_check_interval",
)  # fmt: skip


class DiscriminatorSection(TypedDict):
    """The section ``discriminator``; as ``size``, its sizes are checked where they are read."""

    size: NotRequired[Any]
    parts: dict[str, Factory | None] | None


class Train(TypedDict):
    """Options of ``train``."""

    name: Name
    seed: Seed
    monitor: str | None
    resume: str | None
    ckpt_path: str | None
    init_from: str | None
    encoder_from: str | None
    train_only: Paths | None
    distill_from: str | None
    distill_steps: Count
    run_dir: Name
    data: Part
    frontend: Part
    audio: Part
    system: Factory
    optimizer: Factory
    scheduler: Factory
    trainer: Annotated[Part, Beside(TrainerKeys, READ_OF_TRAINER)]
    callbacks: NotRequired[dict[str, Part | None] | None]
    logger: NotRequired[dict[str, Part | None] | None]
    discriminator: NotRequired[DiscriminatorSection]
    model: Annotated[Part | Factory, Beside(ModelSections)]
    trust: NotRequired[Paths | None]
    tune: NotRequired[Part | None]


class Adapt(TypedDict):
    """Options of ``adapt``."""

    run: Name
    out: Name
    resume: str | None
    seed: Seed
    freeze: list[str]
    lr: Positive
    warmup_steps: Steps
    patience: Count
    name: Name
    run_dir: Name
    trust: NotRequired[Paths | None]
    data: Part
    frontend: Part
    audio: Part
    trainer: Annotated[Part, Beside(TrainerKeys, READ_OF_TRAINER)]
    logger: NotRequired[dict[str, Part | None] | None]


class Synthesize(TypedDict):
    """Options of ``synthesize``, without its controls."""

    run: str | None
    text: str | None
    ssml: bool
    lexicon: str | None
    file: str | None
    out: Name
    format: Literal["wav", "flac", "ogg", "opus", "mp3", "raw"] | None
    speaker: str | None
    language: str | None
    reference: str | None
    seed: Seed
    trust: NotRequired[Paths | None]
    pictures: bool
    timings: TimingFormat | Annotated[list[TimingFormat], Length()] | None
    device: Device
    precision: Literal["auto", "32-true", "bf16-mixed"]
    phonemizer: Part | None
    vocoder: Factory


# options of ``edit``, without its controls; ``with`` is a word of Python's own
Edit = TypedDict(
    "Edit",
    {
        "run": str,
        "recording": str,
        "text": str,
        "replace": str | None,
        "with": str | None,
        "new_text": str | None,
        "out": Name,
        "speaker": str | None,
        "language": str | None,
        "seed": Seed,
        "device": Device,
        "phonemizer": Part | None,
        "trust": NotRequired[Paths | None],
    },
)


class Evaluate(TypedDict):
    """Options of ``evaluate``, without its controls."""

    run: Paths | None
    wavs: Paths | None
    text: str | None
    ref: str | None
    trust: NotRequired[Paths | None]
    aligned: bool
    language: str
    utterances: Count
    split: Literal["validation", "train", "all"]
    speakers: str | Annotated[list[str], Length()]
    reference_seconds: Positive
    speaker_encoders: dict[str, Part | None]
    seed: Seed
    phonemizer: Part | None
    reference_iterations: Iterations
    workers: Processes
    worst: Iterations
    worst_by: str | None
    keep_wavs: bool
    out: str | None
    vocoder: Factory
    data: NotRequired[Part | None]
    frontend: Part
    audio: Part
    metrics: Annotated[dict[str, Part | None], Length()]


class Export(TypedDict):
    """Options of ``export``, without its controls."""

    run: str
    out: Name
    format: Literal["voice", "onnx", "sherpa_onnx", "torch_export"]
    quantize: Literal["int8"] | None
    vocoder: Factory
    speaker: str | None
    trust: NotRequired[Paths | None]
    half: bool
    refinements: Iterations | None
    magnitude_weight: Share | None
    about: str | None
    license: str | None


class Phonemize(TypedDict):
    """Options of ``phonemize``."""

    frontend: Part
    text: str | None
    ssml: bool
    lexicon: str | None
    file: str | None
    language: str | None
    run: str | None
    trust: NotRequired[Paths | None]
    format: Literal["json", "text"]
    phonemizer: Part | None


class Serve(TypedDict):
    """Options of ``serve``."""

    voices: Paths
    aliases: dict[str, str] | None
    host: Name
    port: Port
    wyoming_port: Port | None
    token: Name | int | None
    workers: Annotated[int, Bound(least=1, most=1024)]
    queue: Count
    max_characters: Count
    max_megabytes: Positive
    timeout: Positive
    seed: Seed
    device: Device
    precision: Literal["auto", "32-true", "bf16-mixed"]
    phonemizer: Part | None
    trust: NotRequired[Paths | None]
    vocoder: Factory


class Convert(TypedDict):
    """Options of ``convert``."""

    file: str | None
    hub: str | None
    settings: str | None
    bandwidth: Positive | None
    out: Name


class Prepare(TypedDict):
    """Options of ``prepare``."""

    seed: Seed
    data: Part
    frontend: Part
    audio: Part


class Benchmark(TypedDict):
    """Options of ``benchmark``."""

    sections: str | list[str]
    sizes: str | list[str]
    vocoders: str | list[str]
    precision: Literal["auto", "32-true", "bf16-mixed"]
    device: Device
    threads: Annotated[int, Bound(least=1, most=1024)] | None
    rounds: Count
    seconds: Positive
    batch: Count
    tokens: Count
    frames: Count
    rows: Count
    width: Channels
    lengths: OneOrMore | list[Count]
    chunks: OneOrMore | list[Count]
    steps: OneOrMore | list[Count]
    trust: NotRequired[Paths | None]
    voices: str | list[str]
    clients: OneOrMore | list[Count]
    texts: str | None
    wavs: str | None
    sentence: Name
    out: str | None
    frontend: Part
    audio: Part
    model: Annotated[Part | Factory, Beside(ModelSections)]
    optimizer: Factory
    vocoder: Factory


COMMANDS: dict[str, type] = {
    "train": Train, "adapt": Adapt, "synthesize": Synthesize, "evaluate": Evaluate,
    "export": Export, "convert": Convert, "prepare": Prepare, "benchmark": Benchmark,
    "phonemize": Phonemize, "serve": Serve, "edit": Edit,
}  # fmt: skip
# controls of edit: those of the choice of codes; the recording sets tempo and durations
EDIT_CONTROLS = (
    "iterations", "mask_schedule", "temperature", "fine_temperature", "top_k", "top_p",
    "confidence_temperature", "remask", "stop_confidence", "stop_probability", "guidance",
)  # fmt: skip
COMPARED = ("steps", "iterations", "stop_probability")  # controls of which evaluate takes several
SPEAKING = ("synthesize", "evaluate", "export")  # commands with synthesis controls


def option_types(command: str) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the type of every top-level key, and the keys that must be there."""
    declaration = COMMANDS[command]
    hints, required = fields(declaration), declaration.__required_keys__  # type: ignore[attr-defined]
    if command in (*SPEAKING, "edit"):
        from tts.controls import SynthesisControls

        controls = get_type_hints(SynthesisControls, include_extras=True)
        taken = EDIT_CONTROLS if command == "edit" else SynthesisControls._fields
        controls = {name: controls[name] | None for name in taken}
        if command == "evaluate":  # several are compared
            for name in COMPARED:
                one = controls[name]
                controls[name] = one | Annotated[list[one], Length()]  # type: ignore[valid-type]
        hints = {**hints, **controls}
        required |= frozenset(controls)
    return hints, required
