"""Rules against invalid combinations of fields, each with a message that says why and what to do.

A rule takes the values by dotted name and returns the message, or None if they are valid.
"""

from collections.abc import Mapping

from vpn_anomaly.catalogue import (
    SystemRow,
    attention_named,
    labelled_set_named,
    system_named,
    systems_in_words,
    unread_fields,
)
from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name

DIGIT_SIZE = 28  # height and width of a glyph, pixels
MAX_PIXELS = 2**31 - 1  # per batch, because array indices are 32-bit


def check(values: Mapping[str, object]) -> None:
    """Raises UserError with the message of the first rule that the values violate."""
    for rule in RULES:
        line = rule(values)
        if line is not None:
            raise UserError(line)


def _is_video(values) -> bool:
    """Whether data.path names videos, with or without labels."""
    return values["data.source"] != "sequences"


def _is_labelled(values) -> bool:
    return labelled_set_named(values["data.source"]) is not None


def _system(values) -> SystemRow:
    return system_named(values["system"])


def _channels_are_grey_or_rgb(values):
    if values["data.channels"] not in (1, 3):
        return f"data.channels is {values['data.channels']}, but has to be 1 (grey) or 3 (RGB)"


def _a_size_is_known(values):
    height, width = values["data.height"], values["data.width"]
    if (height == 0) != (width == 0):
        return f"data.height × data.width is {height}×{width}; set both, or both to 0"
    whole_frames = _is_video(values) and _system(values).any_size
    if height == 0 and not whole_frames:
        any_size = systems_in_words(lambda row: row.any_size)
        return (
            "data.height is 0 (that of the videos), which is for data.source=video (or a labelled "
            f"set) and system={any_size}; set data.height and data.width"
        )


def _a_digit_fits_the_frame(values):
    height, width = values["data.height"], values["data.width"]
    is_mnist = not _is_video(values) and not values["data.path"]
    if is_mnist and min(height, width) < DIGIT_SIZE:
        return (
            f"data.height × data.width is {height}×{width}, but a digit needs "
            f"{DIGIT_SIZE}×{DIGIT_SIZE} pixels"
        )


def _videos_are_named(values):
    if _is_video(values) and not values["data.path"]:
        wanted = (
            "the folder of the set, such as --config.data.path=UCSDped2"
            if _is_labelled(values)
            else "normal footage, such as --config.data.path='normal/*.mp4'"
        )
        return f"data.source is {values['data.source']}, but data.path is empty; set it to {wanted}"
    return None


def _only_videos_have_addresses(values):
    for name, value in values.items():
        is_address = isinstance(value, str) and "://" in value
        if is_address and (name != "data.path" or values["data.source"] != "video"):
            more = ", or set data.source=video" if name == "data.path" else ""
            return (
                f"{name} is {display_name(value)!r}, an address; give a file or folder of this computer{more}"
            )
    return None


def _labelled_frames_are_all_scored(values):
    if not _is_labelled(values):
        return None
    source, system = values["data.source"], _system(values)
    if not system.streams:
        return (
            f"data.source is {source}, whose frames are scored as a stream, but system is {system.name}; "
            f"use {systems_in_words(lambda row: row.streams)}"
        )
    if values["data.video.rate"]:
        return (
            f"data.video.rate is {values['data.video.rate']:g}, but every frame of {source} is "
            "labelled and scored; set it to 0 (all frames)"
        )
    return None


def _a_radius_is_known(values):
    if not _is_video(values) and values["model.attention.radius"] == 0:
        return (
            "model.attention.radius is 0 (measured in videos), but data.source is "
            f"{values['data.source']}; set it to 1 or more"
        )


def _a_sign_and_a_bit_beside_it(values):
    if values["data.video.depth"] == -1:
        return "data.video.depth is -1, but numbers with a sign have 2 bits or more; set -2 or less, or 0"
    return None


def _the_pixels_of_a_batch_can_be_counted(values):
    frames, height, width = values["data.frames"], values["data.height"], values["data.width"]
    for name in ("train.batch_size", "evaluate.batch_size"):
        pixels = values[name] * frames * height * width
        if pixels > MAX_PIXELS:
            return (
                f"{name} {values[name]} × data.frames {frames} × data.height {height} × data.width"
                f" {width} are {pixels} pixels, but at most {MAX_PIXELS} can be counted; set smaller"
                " ones"
            )
    return None


def _speeds_are_in_order(values):
    low, high = values["data.speed"]
    if low > high:
        return f"data.speed is ({low}, {high}), but the lowest comes first"


def _the_lattice_fits_the_frame(values):
    (rows, columns), height, width = (values["data.lattice"], values["data.height"], values["data.width"])
    if height and (rows > height or columns > width):
        return (
            f"data.lattice ({rows}, {columns}) is larger than the frame of "
            f"{height}×{width} pixels (data.height, data.width)"
        )
    if rows * columns == 1:
        return "data.lattice (1, 1) shows every pixel and hides none; use a larger period"


def _the_stem_divides_the_frame(values):
    stem = values["model.stem"]
    if _system(values).any_size:
        return None
    for name in ("data.height", "data.width"):
        if values[name] % stem:
            return f"model.stem {stem} does not divide {name} {values[name]}"


def _what_its_system_asks_for(values):
    """The message of the first violated rule of the system or of its attention."""
    system = _system(values)
    of_attention = attention_named(values["model.attention.kind"]).rules if system.attends else ()
    lines = (rule(values) for rule in (*system.rules, *of_attention))
    return next((line for line in lines if line is not None), None)


def _fields_of_other_systems_are_left_alone(values):
    wrong = [(name, off) for name, off in unread_fields(values["system"]).items() if values[name] != off]
    if not wrong:
        return None
    name, off = wrong[0]
    return (
        f"{name} is {values[name]}, which is for system {systems_in_words(lambda row: name in row.only_its)},"
        f" but system is {values['system']}; set it to {off}"
    )


def _filters_and_windows_have_a_centre(values):
    size = values["model.attention.filter_size"]
    if size % 2 == 0:
        return f"model.attention.filter_size is {size}, but has to be odd"
    for name in ("model.attention.windows", "model.attention.layer_windows"):
        if any(side % 2 == 0 for side in values[name]):
            return f"{name} is {values[name]}, but each has to be odd"


def _targets_are_frames_with_context(values):
    targets, frames = values["train.targets"], values["data.frames"]
    first, reason = _system(values).first_target(values)
    if len(set(targets)) < len(targets):
        return f"train.targets is {targets}, but names a frame twice"
    for target in targets:
        if not first <= target < frames:
            return (
                f"train.targets is {targets}, but each has to be from {first} ({reason}) "
                f"to {frames - 1}, the last of data.frames {frames}"
            )


def _carried_memory_goes_on(values):
    if not values["train.carried"]:
        return None
    if not _system(values).carries:
        carrying = systems_in_words(lambda row: row.carries)
        return f"train.carried is for system {carrying}, but system is {values['system']}"
    of_file = values["data.path"] and not _is_video(values)
    if of_file or values["data.train_sequences"]:
        return (
            "train.carried needs videos (data.source=video) or Moving MNIST without end "
            "(data.train_sequences=0): sequences of a file do not continue"
        )
    if values["data.backend"] == "tensorflow":
        return "train.carried needs sequences generated by numpy; set data.backend to numpy or auto"
    last, frames = max(values["train.targets"]), values["data.frames"]
    if last != frames - 1:
        return (
            f"train.carried needs the last frame, {frames - 1}, among train.targets, but the last "
            f"of them is {last}: the next sequence begins there"
        )
    return None


def _frames_of_videos_are_skipped(values):
    if values["train.skipped"] and not _is_video(values):
        return (
            f"train.skipped is {values['train.skipped']}, which is for videos, but data.source is "
            f"{values['data.source']}; set it to 0"
        )
    return None


def _microbatches_divide_the_batch(values):
    parts, batch = values["train.microbatches"], values["train.batch_size"]
    if batch % parts:
        return f"train.microbatches is {parts}, but has to divide train.batch_size, which is {batch}; set a divisor"
    if parts > 1 and values["train.skipped"]:
        return (
            f"train.microbatches is {parts}, but with train.skipped ({values['train.skipped']}) sequences of a"
            " batch are compared with each other, all at once; set one of them to its default, 1 or 0"
        )
    return None


def _the_loss_pixels_divide_the_frame(values):
    if _system(values).draws_with_replacement or _system(values).fits:
        return None
    count, height, width = values["train.loss_pixels"], values["data.height"], values["data.width"]
    if count and height * width % count:
        return (
            f"train.loss_pixels is {count}, but has to divide the {height * width} pixels of a "
            f"frame of {height}×{width}; 0 takes all of them"
        )


def _the_published_protocol_stands_alone(values):
    section = "evaluate.protocol."
    if not values[f"{section}published"]:
        return None
    for name, off in (("normalise_clips", False), ("smoothing", 0), ("dropped_frames", 0)):
        value = values[section + name]
        if value != off:
            return (
                f"{section}published, a protocol of its own beside the raw scores, and {section}{name} "
                f"({value}) are set; leave {section}{name} at {off}, or set {section}published to False"
            )
    return None


def _members_watch_footage(values):
    members = values["detector.members"]
    if len(set(members)) < len(members):
        return f"detector.members is {members}, but names a member twice"
    if members and not _is_video(values):
        return (
            f"detector.members is {members}, which watch footage, but data.source is "
            f"{values['data.source']}; set data.source=video (or a labelled set), or detector.members=()"
        )
    return None


def _corruptions_are_named_once(values):
    names = values["evaluate.corruptions"]
    if len(set(names)) < len(names):
        return f"evaluate.corruptions is {names}, but names a corruption twice"


def _enough_shifts_for_the_masks(values):
    rows, columns = values["data.lattice"]
    if values["score.masks"] > rows * columns:
        return (
            f"score.masks is {values['score.masks']}, but data.lattice ({rows}, {columns}) "
            f"has {rows * columns} different masks"
        )


RULES = (
    _channels_are_grey_or_rgb,
    _videos_are_named,
    _only_videos_have_addresses,
    _labelled_frames_are_all_scored,
    _a_radius_is_known,
    _a_size_is_known,
    _a_digit_fits_the_frame,
    _a_sign_and_a_bit_beside_it,
    _the_pixels_of_a_batch_can_be_counted,
    _speeds_are_in_order,
    _the_lattice_fits_the_frame,
    _the_stem_divides_the_frame,
    _fields_of_other_systems_are_left_alone,
    _what_its_system_asks_for,
    _filters_and_windows_have_a_centre,
    _targets_are_frames_with_context,
    _carried_memory_goes_on,
    _frames_of_videos_are_skipped,
    _microbatches_divide_the_batch,
    _the_loss_pixels_divide_the_frame,
    _the_published_protocol_stands_alone,
    _members_watch_footage,
    _corruptions_are_named_once,
    _enough_shifts_for_the_masks,
)
