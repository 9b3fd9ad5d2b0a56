#!/usr/bin/env bash
# A bit that flips in any file of a folder is told, or changes no answer; swapped volumes and cut side files are told apart.
# share: 1
. tests/faults.d/lib.sh
suite 200 --package procura-tests --test damage
