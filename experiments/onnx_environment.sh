#!/bin/sh
# Makes an environment in which --mode=export --format=onnx works: .venv-onnx, with this checkout, or another folder,
# with the package that pip is told to install.
#
#     sh experiments/onnx_environment.sh [FOLDER PACKAGE]
#     .venv-onnx/bin/python -m vpn_anomaly.main --checkpoint=pretrained --mode=export --format=onnx --output=FOLDER
#
# jax2onnx 0.17.1 needs Orbax before 0.11.37, this package a later one. It is installed here without its
# dependencies, with what an export needs of them: no TensorFlow, no reports. $PYTHON names another interpreter.
set -eu
cd "$(dirname "$0")/.."
folder="${1:-.venv-onnx}"
[ -d "$folder" ] || "${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet 'jax2onnx==0.17.1' 'onnxruntime==1.32.0' \
    'absl-py>=2.5.1' 'av>=18.1.0,<19' 'importlib_resources>=7.1.0' 'ml_collections>=1.1.0' 'pillow>=13.0.0' \
    'scipy>=1.17.1' 'tensorboardX>=2.6.5'
"$folder/bin/python" -m pip install --quiet --no-deps "${2:---editable=.}"
