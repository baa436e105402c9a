"""Evaluates a detector: on a labelled set all members together, on test sequences each in its folder."""

import pathlib
from collections.abc import Mapping, Sequence

from ml_collections import ConfigDict

from vpn_anomaly import config as configuration
from vpn_anomaly.arguments import Arguments
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.config_fields import LABELLED_SOURCES
from vpn_anomaly.detector import resolving
from vpn_anomaly.distributed import group
from vpn_anomaly.storage import results_file, workdir
from vpn_anomaly.text.telling import tell


def is_finished(arguments: Arguments) -> bool:
    """Whether the run in the folder is finished; if so, prints its results. Writes nothing."""
    directory = arguments.run_folder
    if results_file.read_results(directory) is None:
        return False
    results = results_file.finished_results(directory, resolving.resolved(arguments).config)
    if results is None:
        return False
    from vpn_anomaly.report.results_table import results_table

    try:
        table = results_table(results)
    except (AttributeError, KeyError, TypeError, ValueError):  # unexpected content: evaluate again
        return False
    tell(f"{directory} is finished; its results:", *table.split("\n"))
    return True


def check_layout(config) -> None:
    """UserError for a labelled set with an unexpected layout, or with images of different sizes in a clip,
    before anything is loaded or decoded."""
    if config.data.source in LABELLED_SOURCES:
        from vpn_anomaly.data.build import check_frame_sizes, check_layout

        check_layout(config.data)
        check_frame_sizes(config.data)


def evaluate(
    config: ConfigDict,
    members: Sequence,
    directory: pathlib.Path,
    seconds: Mapping[str, float] | None = None,
) -> dict:
    """Evaluates what was trained, writes results and report into the folder, and tells them.

    Returns the content of results.json.

    Args:
        config: of the detector, resolved.
        members: every `TrainedMember`.
        seconds: that training each member took; None: as stored. Results of a member that follow from this
            training are then not made again.
    """
    from vpn_anomaly import evaluation_run
    from vpn_anomaly.report.results_table import results_table

    is_labelled = config.data.source in LABELLED_SOURCES
    if config.detector.members:
        of_all = evaluation_run.evaluate_labelled_set if is_labelled else _evaluate_members
        results = of_all(config, members, directory, seconds)
    elif system_named(config.system).fits and not is_labelled:
        results = _record_of_fit(config, members, directory, seconds)
        tell(
            *results_table(results).split("\n"),
            f"system {config.system} sees whole videos, no test sequences: watch with it, or use a labelled set",
        )
        return results
    else:
        (member,) = members
        took = None if seconds is None else seconds[member.name]
        results = evaluation_run.evaluate(config, member.trained, directory, took)
    tell(*results_table(results).split("\n"), f"report: {directory / workdir.REPORT}")
    return results


def _evaluate_members(config, members, directory, seconds) -> dict:
    """The content of the detector's results.json, which is written last."""
    from vpn_anomaly.report import detector_page
    from vpn_anomaly.scoring.trained_member import training_records
    from vpn_anomaly.storage import provenance

    records = training_records(members, seconds or {})
    for member in members:
        if not system_named(member.config.system).fits:  # those see whole videos, no test sequences
            found = _results_of(member, directory / member.name, seconds)
            records[member.name] |= {name: found[name] for name in ("corruptions", "wall_seconds")}
    results = {
        "members": records,
        "wall_seconds": sum(one.get("wall_seconds", one["training_seconds"]) for one in records.values()),
        "config": configuration.as_dict(config),
        **provenance.of_this_process(),
    }

    def write() -> None:
        detector_page.write_report(directory / workdir.REPORT, results)
        results_file.write_results(directory, results)

    group.by_first(write)
    return results


def _record_of_fit(config, members, directory, seconds) -> dict:
    """The content of results.json of a single model that is fitted to whole videos; nothing is evaluated."""
    from vpn_anomaly.scoring.trained_member import training_records
    from vpn_anomaly.storage import provenance

    (record,) = training_records(members, seconds or {}).values()
    results = {
        **record,
        "wall_seconds": record["training_seconds"],
        "config": configuration.as_dict(config),
        **provenance.of_this_process(),
    }
    group.by_first(lambda: results_file.write_results(directory, results))
    return results


def _results_of(member, folder: pathlib.Path, seconds: Mapping[str, float] | None) -> dict:
    """The results of a member on test sequences, which are in its folder, too."""
    from vpn_anomaly import evaluation_run

    if seconds is not None and (stored := results_file.finished_results(folder, member.config)) is not None:
        return stored
    took = None if seconds is None else seconds[member.name]
    tell(f"evaluating member {member.name}")
    return evaluation_run.evaluate_sequences(member.config, member.trained, folder, took)
