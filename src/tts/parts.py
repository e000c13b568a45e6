"""Parts that a config from elsewhere may name: the classes and functions of ``conf/``, by module.

A run, a voice or a checkpoint can come from anybody, and a class that it names is imported and
called. So the names are listed here one by one; a module, a package or a prefix would admit
functions that nobody thought of. A new part in ``conf/`` needs a line here (a test says so).
"""

from collections.abc import Mapping

# what a model consists of: all that a voice or the ``model`` section of a run names
MODEL = {
    "tts.alignment.aligner": ("Aligner",),
    "tts.models.autoregressive": ("AutoregressiveParts",),
    "tts.models.autoregressive_codes": ("AutoregressiveCodes",),
    "tts.models.autoregressive_mel": ("AutoregressiveMel",),
    "tts.models.duration_predictor": ("DurationPredictor",),
    "tts.models.fastspeech": ("FastSpeechParts",),
    "tts.models.flow": ("ResidualFlow",),
    "tts.models.masked_codec": ("MaskedCodecParts",),
    "tts.models.phone_recognizer": ("PhoneRecognizer",),
    "tts.models.stopping": ("StoppingController",),
    "tts.models.variance": ("Predictor", "VarianceAdaptor"),
    "tts.modules.activation": ("GEGLU", "GELU", "ReLU", "Snake", "SwiGLU"),
    "tts.modules.attention": ("CausalAttention", "SelfAttention"),
    "tts.modules.bidirectional_mamba": ("BidirectionalMamba",),
    "tts.modules.conv": ("Conv", "ConvCore"),
    "tts.modules.cross_attention": ("CrossAttention",),
    "tts.modules.feed_forward": ("FeedForward",),
    "tts.modules.finite_scalar_quantizer": ("FiniteScalarQuantizer",),
    "tts.modules.location_sensitive_attention": ("LocationSensitiveAttention",),
    "tts.modules.mamba": ("Mamba", "MambaCore"),
    "tts.modules.mamba_attention": ("MambaAttention",),
    "tts.modules.mamba_conv": ("MambaConv",),
    "tts.modules.monotonic_attention": ("MonotonicAttention",),
    "tts.modules.positional": (
        "Alibi",
        "DefaultPosition",
        "M2M100Sines",
        "NoPosition",
        "Rope",
        "Sinusoidal",
    ),
    "tts.modules.postnet": ("Postnet",),
    "tts.modules.pretrained_encoder": ("PretrainedEncoder",),
    "tts.modules.prenet": ("Prenet",),
    "tts.modules.residual_quantizer": ("ResidualVectorQuantizer",),
    "tts.modules.stack": ("Stack",),
    "tts.modules.composed_style": ("ComposedStyle",),
    "tts.modules.reference_encoder": ("ReferenceEncoder",),
    "tts.modules.style": ("ReferenceStyle", "SpeakerStyle"),
    "tts.modules.style_parts": (
        "EmbeddingStyle",
        "LanguageStyle",
        "ProsodyStyle",
        "SummaryStyle",
    ),
    "tts.modules.style_tokens": ("StyleTokens",),
    "tts.modules.variational_style": ("VariationalStyle",),
    "tts.modules.windowed_attention": ("WindowedAttention",),
    "tts.speakers.ecapa": ("EcapaEncoder",),
    "tts.vocoders.bigvgan": ("BigVGAN", "BigVGANVariant"),
    "tts.vocoders.codec_encoder": ("MelEncoder", "WaveformEncoder"),
    "tts.vocoders.encodec": ("Encodec",),
    "tts.vocoders.griffin_lim": ("GriffinLim",),
    "tts.vocoders.harmonic_source": ("HarmonicSource",),
    "tts.vocoders.harmonic_vocos": ("HarmonicVocos",),
    "tts.vocoders.hifigan": ("HiFiGAN",),
    "tts.vocoders.mel_rvq": ("MelRVQ",),
    "tts.vocoders.neural_codec": ("LatentDecoder", "NeuralCodec"),
    "tts.vocoders.seanet": ("SEANet",),
    "tts.vocoders.univnet": ("UnivNet",),
    "tts.vocoders.vocos": ("Vocos",),
}
# what turns text into tokens
TEXT = {
    "tts.text.characters": ("Characters",),
    "tts.text.frontend": ("Frontend",),
    "tts.text.multilingual": ("MultilingualPhonemizer",),
    "tts.text.phonemes": ("EspeakPhonemizer",),
    "tts.text.subwords": ("Subwords",),
}
# a corpus and how it is prepared
DATA = {
    "tts.contract": ("MelContract",),
    "tts.data.clips": ("ClipSettings",),
    "tts.data.corpora.demo": ("Demo",),
    "tts.data.corpora.ljspeech": ("LJSpeech",),
    "tts.data.corpora.prepared": ("Prepared",),
    "tts.data.corpora.recording": ("Recording",),
    "tts.data.datamodule": ("SpeechDataModule.from_config",),
    "tts.data.prepare_settings": ("PrepareSettings",),
}
# the training of a model
TRAINING = {
    "lightning.pytorch": ("Trainer",),
    "lightning.pytorch.callbacks": (
        "DeviceStatsMonitor", "EarlyStopping", "EMAWeightAveraging", "LearningRateMonitor",
        "ModelSummary", "StochasticWeightAveraging", "Timer",
    ),
    "lightning.pytorch.loggers": ("CSVLogger", "TensorBoardLogger"),
    "torch.nn.functional": ("huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"),
    "torch.optim": (
        "ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop",
        "SGD",
    ),
    "tts.callbacks.alignment_alarm": ("AlignmentAlarm",),
    "tts.callbacks.bad_steps": ("BadStepGuard",),
    "tts.callbacks.checkpoints": ("Checkpoints",),
    "tts.callbacks.copy_synthesis": ("CopySynthesisSamples",),
    "tts.callbacks.divergence": ("Divergence",),
    "tts.callbacks.free_running": ("FreeRunning",),
    "tts.callbacks.gradient_clipping": ("GradientClipping",),
    "tts.callbacks.gradient_monitor": ("GradientMonitor",),
    "tts.callbacks.learning_rate": ("LearningRate",),
    "tts.callbacks.metric_history": ("MetricHistory",),
    "tts.callbacks.plateau": ("Plateau",),
    "tts.callbacks.progress": ("ProgressLine",),
    "tts.callbacks.samples": ("Samples",),
    "tts.callbacks.support.atomic_checkpoint_io": ("AtomicCheckpointIO",),
    "tts.callbacks.support.clipping_methods": (
        "AdaptiveClipping", "GlobalNormClipping", "PerParameterClipping", "PercentileClipping",
    ),
    "tts.callbacks.support.plateau_actions": (
        "AddDropout", "LowerLearningRate", "RebalanceLosses", "StopTraining", "WarmRestart",
    ),
    "tts.callbacks.style_samples": ("StyleSamples",),
    "tts.callbacks.throughput": ("Throughput",),
    "tts.callbacks.validation_metrics": ("ValidationMetrics",),
    "tts.discriminators.cqt": ("MultiConstantQDiscriminator",),
    "tts.discriminators.mel": ("MultiWindowDiscriminator",),
    "tts.discriminators.period": ("MultiPeriodDiscriminator",),
    "tts.discriminators.resolution": ("MultiResolutionDiscriminator",),
    "tts.discriminators.scale": ("MultiScaleDiscriminator",),
    "tts.losses.adversarial": ("FeatureMatching", "HingeGANLoss", "LSGANLoss"),
    "tts.losses.alignment": ("BinarizationLoss", "ForwardSumLoss"),
    "tts.losses.autoregressive": (
        "AttentionLoss", "CrossAttentionForwardSum", "GaussianLikelihood", "GuidedAttentionLoss",
        "StopLoss", "TokenLoss",
    ),
    "tts.losses.balance": ("GradNorm", "Uncertainty"),
    "tts.losses.codec": ("CommitmentLoss", "DecodedMelLoss"),
    "tts.losses.flow": ("FlowMatchingLoss",),
    "tts.losses.masked_codec": ("MaskedTokenLoss", "StoppingLoss"),
    "tts.losses.phones": ("ConnectionistTemporalClassification",),
    "tts.losses.spectral": ("MelDeltaLoss", "MelLoss"),
    "tts.losses.speaker": ("SpeakerSimilarityLoss",),
    "tts.losses.speaker_classes": ("AdditiveAngularMargin", "GeneralizedEndToEnd"),
    "tts.losses.style": ("StyleDivergence",),
    "tts.losses.variance": ("DurationLoss", "EnergyLoss", "PitchLoss"),
    "tts.losses.waveform": (
        "AmplitudeLoss",
        "MultiResolutionSTFT",
        "PhaseLoss",
        "SourcePitchLoss",
        "WaveMelLoss",
    ),
    "tts.losses.weighted": ("WeightedLoss",),
    "tts.metrics.duration": ("DurationError", "SpeakingRate"),
    "tts.metrics.f0": ("F0Correlation", "F0RMSE", "F0StandardDeviation", "VoicingError"),
    "tts.metrics.global_variance": ("GlobalVariance",),
    "tts.metrics.intelligibility": ("CharacterErrorRate", "WordErrorRate"),
    "tts.metrics.mcd": ("MelCepstralDistortion",),
    "tts.metrics.mos": ("DNSMOSOvrl", "DNSMOSP808", "DistillMOS", "PLCMOS"),
    "tts.metrics.pesq": ("PESQ",),
    "tts.metrics.phone_error": ("PhoneErrorRate",),
    "tts.metrics.similarity": ("SpeakerSimilarity",),
    "tts.metrics.snr": ("MelSNR",),
    "tts.metrics.speaker_encoders": ("BundledEncoder", "CamPlusPlus"),
    "tts.metrics.stoi": ("STOI",),
    "tts.metrics.whisper": ("WhisperWordErrorRate",),
    "tts.optim.schedules": (
        "constant", "cosine", "cosine_restarts", "exponential", "noam", "one_cycle",
        "warmup_stable_decay",
    ),
    "tts.strategies.fsdp": ("FSDPStrategy",),
    "tts.strategies.zero": ("ZeROStrategy",),
    "tts.systems.acoustic": ("AcousticSystem",),
    "tts.systems.acoustic_gan": ("AcousticGANSystem",),
    "tts.systems.codec": ("CodecSystem",),
    "tts.systems.recognizer": ("RecognizerSystem",),
    "tts.systems.speaker": ("SpeakerSystem",),
    "tts.systems.vocoder": ("VocoderSystem",),
    "tts.training.batch_size": ("LargestBatch",),
    "tts.vocoders.load": ("default_vocoder", "load_vocoder"),
}  # fmt: skip


def names(table: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Return the full names of a table of this module."""
    return frozenset(f"{module}.{part}" for module, parts in table.items() for part in parts)


MODEL_NAMES = names(MODEL)
PHONEMIZERS = names(
    {module: parts for module, parts in TEXT.items() if module != "tts.text.frontend"}
)
ALL_NAMES = names(MODEL | TEXT | DATA | TRAINING)
