#!/usr/bin/env bash
# Whatever a loss of power takes of what was not synced, nothing acknowledged is lost and nothing is stored by halves.
# share: 4
. tests/faults.d/lib.sh
suite 50 --package procura-tests --test power_cut
