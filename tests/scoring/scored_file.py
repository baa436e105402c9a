"""A file of sequences scored to files, as --mode=score does it."""

from vpn_anomaly.detector.given_data import sequences
from vpn_anomaly.scoring import score_files
from vpn_anomaly.scoring.sequence_scores import normal_sequences, score_sequences


def score_file(trained, scorer, settings, path, output, maps=None):
    given, name = sequences(path, settings.max_gigabytes)
    normal = lambda: normal_sequences(trained, scorer, settings)
    found = score_sequences(given, name, scorer, normal, settings, maps is not None)
    score_files.write_scores(output, found)
    if maps is not None:
        score_files.write_maps(maps, found)
