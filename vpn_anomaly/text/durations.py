"""Times of frames and lengths of time, as people read them. All take seconds."""


def frame_time(seconds: float) -> str:
    """Hours, minutes, seconds and milliseconds, which tell any two frames apart: 0:01:02.345."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def axis_time(seconds: float) -> str:
    """Minutes, seconds and tenths, or hours, minutes and seconds, for the ticks of an axis: 1:02.3, 1:00:02."""
    tenths = round(seconds * 10)
    if tenths >= 36_000:
        return f"{tenths // 36_000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}"
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


def countdown(seconds: float) -> str:
    """Whole minutes and seconds that are left: 44:05."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def rough_duration(seconds: float) -> str:
    """In its largest unit: `41 s`, `7 min`, `3.2 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
