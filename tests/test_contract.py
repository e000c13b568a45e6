"""Contracts: plain data and back, and mismatches that name the field."""

from dataclasses import replace

import pytest

from tts.contract import CodecContract, Contract, ContractError, MelContract, require_same_codec
from tts.corpus import CorpusFacts, SpeakerStatistics, merge_facts

MEL = MelContract()
CODEC = CodecContract(22050, 256, "MelRVQ", "0123abcd", codebooks=4, codebook_size=128)
FACTS = CorpusFacts(
    contract=MEL,
    symbols=("_", "a"),
    speakers=("ann",),
    languages=("en-us",),
    statistics=(SpeakerStatistics(5.0, 0.2, 3.0, 1.0, 60.0),),
    speaker_languages=(0,),
    mel_mean=-4.0,
    mel_std=2.0,
)


@pytest.mark.parametrize("contract", [MEL, CODEC])
def test_a_contract_survives_plain_data(contract: Contract) -> None:
    values = contract.to_dict()
    assert values["kind"] == contract.kind
    assert type(contract).from_dict(values) == contract
    assert Contract.from_dict(values) == contract


@pytest.mark.parametrize(
    ("field", "value"),
    [("fmax", 7600.0), ("hop", 200), ("bands", 100), ("normalization", "none")],
)
def test_a_mel_mismatch_names_the_field_and_both_values(field: str, value: object) -> None:
    other = replace(MEL, **{field: value})  # type: ignore[arg-type]
    pattern = f"{field}: {getattr(MEL, field)} in the model, {value} in the vocoder"
    with pytest.raises(ContractError, match=pattern):
        MEL.require(other, "the model", "the vocoder")
    MEL.require(MEL, "the model", "the vocoder")


@pytest.mark.parametrize(
    ("field", "value"),
    [("weights", "ffff"), ("hop", 512), ("codebooks", 8), ("codebook_size", 64), ("name", "Other")],
)
def test_a_codec_mismatch_names_the_field_and_both_values(field: str, value: object) -> None:
    other = replace(CODEC, **{field: value})  # type: ignore[arg-type]
    pattern = f"{field}: {getattr(CODEC, field)} in the run, {value} in the corpus"
    with pytest.raises(ContractError, match=pattern):
        require_same_codec(CODEC, other, "the run", "the corpus")


def test_a_codec_on_one_side_only_is_rejected() -> None:
    require_same_codec(None, None, "the run", "the corpus")
    require_same_codec(CODEC, CODEC, "the run", "the corpus")
    with pytest.raises(
        ContractError, match=r"the run uses the codes of MelRVQ .*the corpus uses n"
    ):
        require_same_codec(CODEC, None, "the run", "the corpus")
    with pytest.raises(ContractError, match=r"the corpus uses the codes .*data\.codec"):
        require_same_codec(None, CODEC, "the run", "the corpus")


def test_contracts_of_two_kinds_never_match() -> None:
    with pytest.raises(ContractError, match=r"the model uses mel features .* codec features"):
        MEL.require(CODEC, "the model", "the corpus")
    with pytest.raises(ContractError, match=r"kind 'codec' .* choose from mel"):
        MelContract.from_dict(CODEC.to_dict())


@pytest.mark.parametrize(
    ("change", "culprit"),
    [({"hop": 0}, "hop"), ({"fmax": 20000.0}, "fmax"), ({"window": 4096}, "window"),
     ({"hop": 255}, "even"), ({"normalization": "x"}, "slaney"), ({"scale": "bark"}, "htk")],
)  # fmt: skip
def test_an_impossible_mel_is_rejected(change: dict[str, object], culprit: str) -> None:
    with pytest.raises(ContractError, match=culprit):
        MelContract(**change)  # type: ignore[arg-type]


def test_an_impossible_codec_is_rejected() -> None:
    with pytest.raises(ContractError, match="codebook_size=0 of codec MelRVQ"):
        replace(CODEC, codebook_size=0)


def test_plain_data_with_a_wrong_missing_or_unknown_field_is_named() -> None:
    with pytest.raises(ContractError, match="fmxa"):
        MelContract.from_dict({"kind": "mel", "fmxa": 1})
    with pytest.raises(ContractError, match="kind None"):
        MelContract.from_dict({"hop": 256})
    with pytest.raises(ContractError, match="codebook_size"):
        CodecContract.from_dict({**CODEC.to_dict(), "codebook_sizes": 1})
    values = CODEC.to_dict()
    del values["weights"]
    with pytest.raises(ContractError, match="weights"):
        CodecContract.from_dict(values)


def test_seconds_and_frames_agree() -> None:
    assert MEL.frames_per_second == pytest.approx(22050 / 256)
    assert MEL.seconds(100) * MEL.frames_per_second == pytest.approx(100)


def test_corpus_facts_carry_the_codec_and_merge_only_with_the_same() -> None:
    coded = replace(FACTS, codec=CODEC)
    assert CorpusFacts.from_dict(FACTS.to_dict()) == FACTS
    assert CorpusFacts.from_dict(coded.to_dict()) == coded
    assert merge_facts([coded, coded]).codec == CODEC
    with pytest.raises(ContractError, match="hop: 256 in the first corpus, 512 in the corpus of"):
        merge_facts([coded, replace(coded, codec=replace(CODEC, hop=512))])
    with pytest.raises(ContractError, match="uses no codec"):
        merge_facts([coded, FACTS])
