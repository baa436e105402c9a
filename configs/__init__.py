"""Documented experiments; `--config=quick` names configs/quick.py. Installed as `vpn_anomaly.configs`."""
