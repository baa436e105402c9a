"""What can be known of a labelled set before hours of training and scoring."""

from vpn_anomaly.data.build import (
    build_video_settings,
    check_layout,
    labelled_clips,
    read_videos,
    video_split,
)
from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.systems.build import build_system

LEAST_ASPECT_ERROR = 0.05  # between the enlargements of a mask's height and of its width


def check(config) -> list[LabelledClip]:
    """The test clips of the set that the config names.

    UserError where labels, masks and frames do not fit each other, or a clip is too short.
    """
    check_layout(config.data)
    clips = labelled_clips(config.data)
    _check_lengths(clips, build_system(config).first_frame, config.evaluate.protocol.dropped_frames)
    sizes = _check_sizes(config, clips)
    if config.evaluate.protocol.masks != "off":
        _check_masks(clips, sizes, config.evaluate.protocol.masks == "required")
    return clips


def _check_lengths(clips: list[LabelledClip], first_frame: int, dropped: int) -> None:
    for clip in clips:
        frames = len(clip.label_T)
        if frames <= first_frame:
            raise UserError(
                f"{clip.source}: {frames} frames, but the first {first_frame} of a clip have no "
                "scores; leave this clip and its labels out, or use a smaller model.context"
            )
        if frames <= dropped:
            raise UserError(
                f"{clip.source}: {frames} frames, but evaluate.protocol.dropped_frames is "
                f"{dropped}; set it to {frames - 1} or less"
            )


def _check_sizes(config, clips: list[LabelledClip]) -> dict[str, tuple[int, int]]:
    """(height, width) of the clips' frames on disk, by source.

    UserError where no normal clip that calibrates has the work size of one.
    """
    video_settings, videos = build_video_settings(config.data), list(read_videos(config.data).values())
    parts = video_split(config.data)([len(video) for video in videos], "validation")
    calibrated = {video.shape[1:3] for video, part in zip(videos, parts, strict=True) if part}
    sizes = {}
    for clip in clips:
        with open_video(clip.source, VideoSettings(max_gigabytes=video_settings.max_gigabytes)) as video:
            sizes[clip.source] = video.size
        if video_settings.work_size(*video.size) not in calibrated:
            found = ", ".join("{}×{}".format(*size) for size in sorted(calibrated))
            raise UserError(
                "{}: frames of {}×{} pixels at work size, but those that scores are calibrated "
                "with have {}; leave this clip and its labels out".format(
                    clip.source, *video_settings.work_size(*video.size), found
                )
            )
    return sizes


def _check_masks(clips: list[LabelledClip], sizes: dict[str, tuple[int, int]], required: bool) -> None:
    without = [clip for clip in clips if clip.read_masks is None]
    if required and without:
        raise UserError(
            f"{len(without)} of {len(clips)} clips have no masks, but evaluate.protocol.masks is "
            f"required: there is no {without[0].mask_place}; copy it from the published set, "
            "or set evaluate.protocol.masks to auto or off"
        )
    for clip in (clip for clip in clips if clip.read_masks is not None and clip.label_T.any()):
        mask_TxHxW, (height, width) = clip.read_masks(), sizes[clip.source]
        if not mask_TxHxW.any():
            raise UserError(
                f"{clip.mask_place}: no anomalous pixel in any mask, but {clip.label_T.sum()} "
                f"frames of {clip.name} are labelled anomalous; copy the masks from the "
                "published set, or set evaluate.protocol.masks to off"
            )
        if abs(mask_TxHxW.shape[1] / height - mask_TxHxW.shape[2] / width) > LEAST_ASPECT_ERROR:
            size = "{}×{}".format(*mask_TxHxW.shape[1:])
            raise UserError(
                f"{clip.mask_place}: masks of {size} pixels for frames of {height}×{width}; copy "
                "both from the published set, or set evaluate.protocol.masks to off"
            )
        return  # those of one clip: to read all of a large set takes minutes
