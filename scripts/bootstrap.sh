#!/bin/sh
# Make a private environment and install this repository into it, editable.
# Usage: scripts/bootstrap.sh DIR [EXTRA]      e.g. scripts/bootstrap.sh .venv dev
# Takes the newest Python from 3.11 on, or $PYTHON. Needs nothing but that Python.
set -eu
dir=$1
extra=${2:+[$2]}

usable() {  # a shim may exist and still answer "command not found": run it
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (4,))' >/dev/null 2>&1
}

find_python() {
    for name in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
        if usable "$name"; then echo "$name"; return; fi
    done
    echo "bootstrap: no Python from 3.11 on (looked for: ${PYTHON:-python3.14 ... python3, python});" \
        "install one, or set PYTHON=/path/to/python" >&2
    exit 2
}

make_environment() {  # Debian splits ensurepip off; pip outside can serve a venv that has none
    rm -rf "$dir"
    "$1" -m venv "$dir" >/dev/null 2>&1 && return
    rm -rf "$dir"
    if "$1" -m venv --without-pip "$dir" && "$1" -m pip --python "$dir" install -qq pip; then return; fi
    rm -rf "$dir"
    echo "bootstrap: $1 cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2
    exit 2
}

python=$(find_python)
if ! usable "$dir/bin/python" || ! "$dir/bin/python" -m pip --version >/dev/null 2>&1; then
    make_environment "$python"
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$dir/bin/python" -m pip install -qq --editable ".$extra"
echo "bootstrap: $dir has $("$dir/bin/python" --version) and $("$dir/bin/python" -m pip list 2>/dev/null | grep premerge-guard | tr -s ' ' | cut -d' ' -f1-2)"
