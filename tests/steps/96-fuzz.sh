#!/usr/bin/env bash
# The fuzz targets pass their corpus and a second of new inputs each, and a server answers Schemathesis as its document says.
# needs: c++ from g++
# needs: python3 from python3 python3-venv
cargo fmt --manifest-path tests/fuzzing/Cargo.toml --check
bash tests/fuzz --short
