# What a ledger takes, by figures: `awk -f capacity.awk FILE…`, each line of a file a name, a number, and what you like behind it.
# The figures of this handbook are in capacity.txt; those in files behind it win. capacity.md says what comes of them.

/^[a-z]/ { figure[$1] = $2 }

function of(name) {
    if (!(name in figure)) { print "there is no figure " name > "/dev/stderr"; failed = 1; exit 1 }
    return figure[name]
}
function say(what, value, unit) { printf "%-58s %12.1f %s\n", what, value, unit }

END {
    if (failed) exit 1
    year_s = 365.25 * 24 * 3600
    # Beside the exchanges each person and their key stand in each ledger, once, and what they give each year.
    ledgers = of("ledgers")
    exchanges = of("exchanges_a_year") / ledgers
    given = of("people") * of("given_a_person_a_year") / ledgers
    once = of("people") * 2
    a_year = exchanges + given
    bytes = of("main_bytes") + of("index_bytes")
    years = of("years_kept")
    print "each of " ledgers " ledgers:"
    say("  records a year", a_year / 1e6, "million")
    say("  a second, on average", a_year / year_s, "/s")
    peak = a_year / year_s * of("peak")
    say("  a second, at the peak", peak, "/s")
    say("  the peak, of what was measured to be taken", 100 * peak / of("taken_a_s"), "%")
    say("  disk for a year's records", a_year * bytes / 1e12, "TB")
    say("  disk for persons and keys, once", once * bytes / 1e9, "GB")
    say("  disk after the years kept", (a_year * years + once) * bytes / 1e12, "TB")
    say("  volumes a year", a_year / 1048576, "")
    # A backup writes what is new, and the last volume, which is half full on average.
    say("  written by a day of hourly backups", (a_year / 365.25 + 24 * 1048576 / 2) * of("main_bytes") / 1e9, "GB")
    say("  to audit a year's records, a core", a_year / of("audited_a_s") / 3600, "hours")
    say("  the largest ledger measured is so much of a year", 100 * of("measured_entries") / a_year, "%")
    # No fewer ledgers than that keep each under the limits given.
    least = ledgers * peak / (of("taken_a_s") * of("peak_share"))
    audit = ledgers * a_year / of("audited_a_s") / 3600 / of("audit_hours")
    disk = ledgers * (a_year * years * bytes / 1e12) / of("disk_tb")
    print "ledgers needed:"
    say("  so that the peak stays under its share", up(least), "")
    say("  so that an audit of a year ends in its hours", up(audit), "")
    say("  so that all years fit on the disk", up(disk), "")
}
function up(x) { return x == int(x) ? x : int(x) + 1 }
