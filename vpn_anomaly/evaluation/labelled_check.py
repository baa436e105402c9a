"""What can be known of a labelled set before hours of training and scoring."""

from collections.abc import Iterable, Sequence

from vpn_anomaly.data.labelled.labelled_set import LabelledClip
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError

LEAST_ASPECT_ERROR = 0.05  # between the enlargements of a mask's height and of its width


def check_lengths(clips: Sequence[LabelledClip], first_frame: int, dropped_frames: int) -> None:
    """UserError for a clip in which no frame has a score, or all are dropped.

    Args:
      first_frame: the number of the first frame of a clip that has scores.
      dropped_frames: at the beginning of every clip.
    """
    for clip in clips:
        frames = len(clip.label_T)
        if frames <= first_frame:
            raise UserError(
                f"{clip.source}: {frames} frames, but the first {first_frame} of a clip have no "
                "scores; leave this clip and its labels out, or use a smaller model.context or model.horizon"
            )
        if frames <= dropped_frames:
            raise UserError(
                f"{clip.source}: {frames} frames, but evaluate.protocol.dropped_frames is "
                f"{dropped_frames}; set it to {frames - 1} or less"
            )


def sizes_on_disk(
    clips: Sequence[LabelledClip], video_settings: VideoSettings, calibrated: Iterable[tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    """(height, width) of the clips' frames on disk, by source.

    Args:
      video_settings: how the frames are looked at.
      calibrated: (height, width) at work size of the normal clips that calibrate.

    UserError for a clip whose work size none of these has.
    """
    sizes, calibrated = {}, set(calibrated)
    for clip in clips:
        size = sizes[clip.source] = size_on_disk(clip, video_settings)
        if video_settings.work_size(*size) not in calibrated:
            found = ", ".join("{}×{}".format(*size) for size in sorted(calibrated))
            raise UserError(
                "{}: frames of {}×{} pixels at work size, but those that scores are calibrated "
                "with have {}; leave this clip and its labels out".format(
                    clip.source, *video_settings.work_size(*size), found
                )
            )
    return sizes


def size_on_disk(clip: LabelledClip, video_settings: VideoSettings) -> tuple[int, int]:
    """(height, width) of a clip's frames on disk. video_settings: how the frames are looked at."""
    with open_video(clip.source, VideoSettings(max_gigabytes=video_settings.max_gigabytes)) as video:
        return video.size


def check_processes(clips: Sequence[LabelledClip], processes: int) -> None:
    """UserError for more processes than clips, which are dealt to them."""
    if processes > len(clips):
        raise UserError(f"{processes} processes for {len(clips)} test clips; start {len(clips)} at most")


def check_masks(clips: Sequence[LabelledClip], sizes: dict[str, tuple[int, int]], required: bool) -> None:
    """UserError for masks that are missing though required, empty, or of another shape than the frames.

    sizes: (height, width) of the clips' frames on disk, by source.
    """
    without = [clip for clip in clips if clip.read_masks is None]
    if required and without:
        raise UserError(
            f"{len(without)} of {len(clips)} clips have no masks, but evaluate.protocol.masks is "
            f"required: there is no {without[0].mask_place}; copy it from the published set, "
            "or set evaluate.protocol.masks to auto or off"
        )
    for clip in clips:
        if clip.read_masks is None or not clip.label_T.any():
            continue
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
