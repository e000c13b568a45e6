"""Rows of the checklist: trainings in order of worth, and what each must agree with."""

from typing import NamedTuple

BENCHMARK = "benchmark"
STEADY = ("model.encoder.dropout=0", "model.decoder.dropout=0", "model.adaptor.predictor.dropout=0")
FP32, BF16 = "trainer.precision=32-true", "trainer.precision=bf16-mixed"
FULL_CARD = "data.frames_per_batch=60000"  # mel frames that keep a data-center GPU busy


class ChecklistRow(NamedTuple):
    """One training, in a process of its own."""

    name: str
    overrides: tuple[str, ...]
    steps: int = 60  # optimizer steps
    seconds: float = 60.0  # limit, start of the process included
    gpu: bool = True  # whether it needs one
    compare: str = ""  # row whose validation loss it is compared with
    tolerance: float | None = None  # largest relative difference that passes; None: none is asked
    resumed: bool = False  # whether it is stopped half-way and resumed
    command: str = "train"


def rows() -> list[ChecklistRow]:
    """Return the rows of all questions; the answers that others rest on come first."""
    return [*_correctness(), *_throughput(), *_vocoders(), *_sharded(), *_other()]


def _correctness() -> list[ChecklistRow]:
    same = ("model/size=small", *STEADY, "scheduler=constant", "scheduler.warmup_steps=0")

    def like(name: str, *overrides: str, compare: str, tolerance: float) -> ChecklistRow:
        return ChecklistRow(name, (*same, *overrides), 20, 60, False, compare, tolerance)

    plain = ("trainer=default", FP32)
    return [
        ChecklistRow("cpu", (*same, "trainer=cpu", FP32), 20, 60, gpu=False),
        like("plain", *plain, compare="cpu", tolerance=0.01),
        like("resumed", *plain, compare="plain", tolerance=0.001)._replace(resumed=True),
        ChecklistRow("bf16-mixed", ("model/size=small", BF16), 300, 60),
        ChecklistRow(
            "16-mixed", ("model/size=small", "trainer.precision=16-mixed"), 300, 60,
            compare="bf16-mixed", tolerance=0.1,
        ),
        like(
            "checkpointed", *plain, "trainer.checkpoint_activations=true",
            compare="plain", tolerance=0.01,
        ),
        like("compiled", *plain, "trainer.compile=inductor", compare="plain", tolerance=0.01)
        ._replace(gpu=True, seconds=120),
    ]  # fmt: skip


def _throughput() -> list[ChecklistRow]:
    sizes = ("base", "small", "large", "tiny")
    benchmark = (f"sizes=[{','.join(sizes)}]", "sections=[machine,training_step]", "device=cuda",
                 "precision=bf16-mixed", "batch=64", "seconds=5")  # fmt: skip
    return [
        *(
            ChecklistRow(f"{size} bf16-mixed", (f"model/size={size}", BF16, FULL_CARD), 100)
            for size in sizes
        ),
        ChecklistRow("share of the card's rate", benchmark, 0, 90, command=BENCHMARK),
        ChecklistRow(
            "autoregressive bf16-mixed", ("model=autoregressive", "model/size=base", BF16)
        ),
    ]


def _vocoders() -> list[ChecklistRow]:
    families = {"vocos": "base", "hifigan": "v1"}
    paper = ("discriminator/size=paper", "optimizer.lr=2.0e-4", BF16)
    return [
        ChecklistRow(f"{family} {size}", (f"model={family}", f"model/size={size}", *paper))
        for family, size in families.items()
    ]


def _sharded() -> list[ChecklistRow]:
    first, *others = "ddp", "deepspeed_zero1", "deepspeed_zero2", "deepspeed_zero3", "fsdp"
    common = ("model/size=small", *STEADY, BF16)
    return [
        ChecklistRow(first, (*common, f"trainer={first}")),
        *(
            ChecklistRow(name, (*common, f"trainer={name}"), compare=first, tolerance=0.02)
            for name in others
        ),
    ]


def _other() -> list[ChecklistRow]:
    small = ("model/size=small", FP32)
    return [
        ChecklistRow("large 16-mixed", ("model/size=large", "trainer.precision=16-mixed")),
        ChecklistRow("bf16-true", ("model/size=small", "trainer.precision=bf16-true"), 300),
        ChecklistRow("ddp_cpu", (*small, "trainer=ddp_cpu"), 20, 90, gpu=False),
    ]
