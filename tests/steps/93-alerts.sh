#!/usr/bin/env bash
# Each alert comes when it should and not before; rules and dashboard ask for metrics that there are.
# needs: promtool from prometheus
. tests/steps/lib.sh

cd server/handbook
promtool check rules alerts.yml
promtool test rules alerts_test.yml
# What is registered (the tests hold the same table against a server).
known=$(sed -n '/^## Metrics/,/^## /s/^| `\(procura_[a-z_]*\)`.*/\1/p' ../../spec/http.md)
known+=$'\n'$(grep -o 'procura_mirror_[a-z_]*' ../../spec/http.md)
[ -n "$known" ] || broken "spec/http.md lists no metric"
# What an operator must see is on the dashboard: queue, batch, commit, fsync, checkpoint, index, witnesses and their quorum, refusals, backups.
shown=$(grep -o 'procura_[a-z_]*' dashboard.json | sed 's/_bucket$//; s/_total$//' | sort -u)
for name in under_way batch_submissions commit_seconds store_seconds checkpoint_age_seconds unindexed_entries witness_entries witness_absent quorum_time_seconds refusals backup_time_seconds; do
    grep -qx "procura_$name" <<<"$shown" || broken "the dashboard does not show procura_$name"
done
for name in $(grep -oh 'procura_[a-z_]*' alerts.yml dashboard.json | sed 's/_bucket$//; s/_total$//' | sort -u); do
    grep -qx "$name" <<<"$known" || broken "$name is asked for, and is no metric"
done
