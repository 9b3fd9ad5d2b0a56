#!/usr/bin/env bash
# A ledger's process that is killed while it works loses nothing that it acknowledged.
# share: 2
. tests/faults.d/lib.sh
suite 25 --package procura-tests --test crash
