"""Anomaly detection in video by inpainting a masked frame (Ben-Ari and Shwartz-Ziv, 2018).

detector = vpn_anomaly.load("pretrained")
detector.score("sample").scores["any"]  # higher is more anomalous

detector = vpn_anomaly.train("video", data="normal/*.mp4", workdir="runs/video")
for frame in detector.watch("new.mp4"):
    print(frame.time, frame.scores.get("any"), frame.began)

Nothing slow is imported before it is used.
"""

__version__ = "0.2.0"

_WHERE = {
    "load": "vpn_anomaly.detector.public",
    "train": "vpn_anomaly.detector.public",
    "Detector": "vpn_anomaly.detector.detector",
    "UserError": "vpn_anomaly.errors",
}
__all__ = ["Detector", "UserError", "__version__", "load", "train"]


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
