"""The functions of the library: `vpn_anomaly.load` and `vpn_anomaly.train`."""

import datetime
import logging
import os
import pathlib
import signal
from collections.abc import Mapping

from ml_collections import ConfigDict

from vpn_anomaly import config_files
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.config_overrides import applied, of_values
from vpn_anomaly.detector import given_data, resolving, training
from vpn_anomaly.detector.detector import Detector
from vpn_anomaly.storage import workdir as run_folders
from vpn_anomaly.storage.trained_folders import trained_in
from vpn_anomaly.text.telling import telling

logging.getLogger("vpn_anomaly").addHandler(logging.NullHandler())  # warnings go where the program wants them


def load(where: str | os.PathLike, overrides: Mapping[str, object] | None = None) -> Detector:
    """What was trained.

    Args:
        where: the folder of a run, of exported weights (`experiments.export_weights`), or of an export; `pretrained`:
            the weights in the package.
        overrides: fields of the config, by dotted name, with other values: those of `evaluate`, `score` and `watch`,
            and `detector.members`, to watch with some of them. An export only does what it was exported for.

    UserError where nothing was trained, for what is damaged, and for fields that training has fixed.
    """
    found = trained_in(where, of_values(overrides or {}))
    name = os.path.basename(os.fspath(where))
    asked = Arguments(found.config, name, found.checkpoint, overrides=found.overrides, workdir=found.run)
    with telling(False):
        return Detector(asked)


def train(
    config: str | os.PathLike | ConfigDict,
    data: given_data.Data | None = None,
    workdir: str | os.PathLike | None = None,
    overrides: Mapping[str, object] | None = None,
    evaluate: bool = False,
    progress: bool = False,
) -> Detector:
    """Trains a detector, or goes on with its training; one that is trained is loaded.

    Args:
        config: the name of a config that comes with the package ("quick", "video", "quick:debug"), a file, or a
            ConfigDict.
        data: to train on, all of it normal: a file, a folder or a pattern; a list of files; uint8 sequences
            (N, T, H, W[, C]), or frames (T, H, W[, C]) for a config that trains on videos; (name, folder) of a
            labelled set; None: as the config says, Moving MNIST by default. Of sequences, a tenth calibrates and a
            tenth tests; size and colours are taken from them.
        workdir: the folder of the run, new or empty, or that of the same run; None: a new one under runs/.
        overrides: fields of the config, by dotted name, with other values.
        evaluate: whether to evaluate it afterwards, to results.json and report.html in the folder.
        progress: whether to print how far it is.

    Raises:
        UserError: for what cannot be trained or read, and for a folder that holds something else.
        KeyboardInterrupt: after Ctrl-C, when the state is saved; the same call goes on.
        SystemExit: after SIGTERM, likewise.
    """
    if isinstance(config, ConfigDict):
        name, asked = "config", config
    else:
        name, asked = config_files.config_name(os.fspath(config)), config_files.load_config(os.fspath(config))
    given = overrides or {}
    directory = (
        pathlib.Path(workdir) if workdir else run_folders.new_run(name, given, datetime.datetime.now())
    )
    fields = given_data.fields(data, asked, directory)
    checked, values = applied(of_values({**fields, **given}), asked)
    arguments = Arguments(checked, name, overrides=values, workdir=directory)
    with telling(progress):
        trained = training.train(resolving.with_digits(arguments), evaluate)
        if trained is None:
            raise SystemExit(128 + signal.SIGTERM)
        return load(trained)
