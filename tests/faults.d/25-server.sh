#!/usr/bin/env bash
# The server that is killed while citizens hand in mandates loses nothing that it acknowledged.
# share: 2
. tests/faults.d/lib.sh
suite 10 --package procura-server --test faults crash::
