"""The text of --help: usage, flags, and every field with default, range and meaning."""

from vpn_anomaly import config as config_module
from vpn_anomaly import config_fields
from vpn_anomaly.distributed.processes import TIMEOUT, TIMEOUT_OF_CLUSTER

_USAGE = """\
Anomaly detection in video by inpainting a masked frame.

  python -m vpn_anomaly.main --config=configs/quick.py --workdir=runs/quick
      train, then evaluate; the same command again resumes, or prints the stored results

  python -m vpn_anomaly.main --config=configs/quick.py --workdir=runs/quick \\
      --mode=score --input=sequences.npz --output=scores.csv --maps=maps.npz
      score the sequences of a file with the trained model

  python -m vpn_anomaly.main --config=configs/video.py --config.data.path='normal/*.mp4' \\
      --workdir=runs/video
      train on your own normal footage; then, with the same flags and these, watch a source:
      --mode=watch --input=new.mp4 --events=events.jsonl --report=report.html
      (trains every member of detector.members in its folder, and watches with all)

  python -m vpn_anomaly.main --config=configs/video.py --config.data.source=ucsd \\
      --config.data.path=UCSDped2 --workdir=runs/ped2
      train on a labelled video set ({sets}), then evaluate
      every test frame; with --mode=evaluate once more, with another evaluate.protocol

  python -m vpn_anomaly.main --checkpoint=pretrained --mode=score --input=... --output=...
  python -m vpn_anomaly.main --checkpoint=pretrained --mode=evaluate --workdir=runs/pretrained
      the same with the weights in the package, without training

Flags:
  --config=FILE[:VARIANT]   configs/base.py, quick.py, cpu.py, tpu.py, table.py, full.py, video.py
                            or appearance.py, or your own; the variant `debug` shrinks any of them to a minute or less
  --checkpoint=pretrained   instead of --config: trained weights with their config, for
                            --mode=score, evaluate, watch and describe; =DIR: a folder written
                            by experiments.export_weights
  --workdir=DIR             folder of the run; default: a new folder under runs/
  --mode=MODE               train, evaluate, score, watch or describe; default: train, then
                            evaluate
  --input=FILE              (score) .npz or .npy of uint8 sequences (N, T, H, W[, C])
  --input=SOURCE            (watch) a video file, 'pattern', folder of images or videos, .npy of frames
                            (T, H, W[, C]), camera:0, or rtsp://, http://, udp://, tcp://; a named pipe,
                            or - for a video on standard input; given several times: all are watched at once
  --input=@FILE             (watch) the same from a text file, a source a line (# begins a comment)
  --output=FILE             (score) .csv or .jsonl, one row per sequence
  --maps=FILE               (score) .npz of the maps of every sequence; optional
  --scores=FILE             (watch) .csv or .jsonl, one row per frame
  --events=FILE             (watch) .jsonl, a line when an event begins, changes or ends
  --video=FILE              (watch) .mp4 or .mkv, the frames with map and events
  --report=FILE             (watch) .html, one page: events with pictures, scores over time; of sources that are
                            watched at once one page each: FILE-1.html, FILE-2.html, … in their order
  --max_frames=N            (watch) end after this many frames, of all sources together
  --devices=N, --device_gigabytes=G   (describe) the memory of one of N devices, and whether G GB suffice,
                            estimated without compiling; default: the devices present
  --config.FIELD=VALUE      any field below, such as --config.train.steps=500 or
                            --config.train.targets="(13, 19)"
  --coordinator=HOST:PORT   (every mode) several processes, on one machine or on many, do it together: the same
                            command for each, with --process_count=N and its own --process_index=I, 0 to
                            N - 1; HOST:PORT is of process 0. All have to see one --workdir
  --distributed             the same where JAX finds the processes by itself: TPU pods, SLURM, Open MPI
  --coordinator_timeout=S   seconds within which all have to come; default: {timeout:g},
                            of --distributed {of_cluster:g}
  --debug                   show the traceback of an error
  --help, --version         print this text; the version

Exit code: 0 done (or stopped by SIGTERM and saved), 2 an error in the request, 130 Ctrl-C.

Fields, with default, meaning, and allowed values:
"""


def help_text() -> str:
    """Usage, flags, and the list of fields."""
    lines = []
    for field in config_fields.FIELDS:
        default = repr(field.default) if isinstance(field.default, tuple) else str(field.default)
        described = ", ".join(part for part in (config_module.allowed(field), field.unit) if part)
        lines.append(
            f"  {field.name}={default} ".ljust(44) + field.meaning + (f" [{described}]" if described else "")
        )
    sets = ", ".join(config_fields.LABELLED_SOURCES)
    usage = _USAGE.format(timeout=TIMEOUT, of_cluster=TIMEOUT_OF_CLUSTER, sets=sets)
    return usage + "\n".join(lines)
