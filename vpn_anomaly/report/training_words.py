"""What a model was trained on, in words."""

from vpn_anomaly.catalogue import system_named


def training_words(system: str, steps: int, sequences_seen: int) -> str:
    """Such as "600 training steps", or "fitted to 34 clips" for a system that is fitted.

    sequences_seen: the sequences that it was trained on, or the clips.
    """
    if system_named(system).fits:
        return f"fitted to {sequences_seen:,} clips"
    return f"{steps:,} training steps"
