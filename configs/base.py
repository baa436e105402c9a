"""The default of every field (vpn_anomaly/config_fields.py); the other configs override some of them."""

from vpn_anomaly.config import defaults
from vpn_anomaly.variants import apply_variant


def get_config(variant: str = ""):
    return apply_variant(defaults(), variant)
