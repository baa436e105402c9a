"""What every place of the frame shows in normal footage, from the frames that were trained on."""

import math

from vpn_anomaly.progress import Progress
from vpn_anomaly.scoring.normal_footage import NormalFootage, SizedClip, looked_at
from vpn_anomaly.scoring.normal_stream import scored_frames
from vpn_anomaly.scoring.places import PlaceStatistics
from vpn_anomaly.scoring.stream_scorer import StreamScorer
from vpn_anomaly.systems.system import Places

FRAMES = 1000  # of all clips together; more take longer, and say hardly more of a place
WARM_UP = 10


def place_statistics(footage: NormalFootage, scorer: StreamScorer, every: int = 1) -> dict[str, Places]:
    """By name of the statistic. Held-out clips take no part, so that they are compared as new footage is.

    every: the scorer looks at every n-th frame.
    """
    clips = footage.of_size(scorer.height, scorer.width, trained=True)
    clips = [_middle(of, math.ceil(FRAMES / len(clips)) * every) for of in clips]
    total = sum(len(looked_at(of.clip, every)) for of in clips)
    progress = Progress.counting("what places show", total, "frames")
    statistics = PlaceStatistics()
    for of in clips:
        for _, scored in scored_frames(of, scorer, every, warm_up=WARM_UP):
            progress(1)
            if scored.maps is not None:
                statistics.add(scored.maps)
    return statistics.places()


def _middle(of: SizedClip, length: int) -> SizedClip:
    """The middle part of a clip, with at most this many frames."""
    cut = max(0, len(of.clip.range) - length)
    return of._replace(clip=of.clip._replace(range=of.clip.range[cut // 2 :][:length]))
