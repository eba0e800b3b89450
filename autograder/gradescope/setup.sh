#!/usr/bin/env bash
# Gradescope runs this once, as root, when the image is built.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends libseccomp2 util-linux ca-certificates

# The system's own python3 belongs to the platform, so that this one lives apart.
for python in python3.13 python3.12 python3.11 none; do
    if apt-get install -y --no-install-recommends "$python" "$python-venv"; then break; fi
done
if [ "$python" = none ]; then
    echo "There is no Python 3.11 or newer for this image; choose a newer base image, such as Ubuntu 24.04." >&2
    exit 1
fi
"$python" -m venv "$root/venv"
cd "$root/source"
# A build of torch without CUDA is enough, and much smaller.
PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu "$root/venv/bin/python" -m pip install --no-cache-dir \
    --constraint constraints.txt --editable '.[classroom]'
# What is the same for every submission is made now, and what only root may read is kept from others.
chmod -R go= "$root/source/seed" "$root/source/data" 2>/dev/null || true
bash "$root/source/run_autograder" --make-ready
