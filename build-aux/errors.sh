#!/bin/sh
# docs/ERRORS.md from lib/cause.def, on stdout: make docs writes it, tests/docs/errors.sh compares.
cd "$(dirname "$0")/.." || exit 1
cat <<'END'
# Errors and events

All causes that l2tpsec knows: the log, `l2tpsecctl why`, `events`, `counters` and the JSON objects name them by number (`L2S-206` is
206) and name, and neither ever changes. This file is made from `lib/cause.def` by `make docs`.

Severity: *count* is only counted (`l2tpsecctl counters`), *info*, *warn* and *error* are logged and kept as events. Windows: the
error number that Windows shows its user for the same thing.
END
awk '
	# CAUSE(number, NAME, LS_SEV_X, windows, "sentence", "hint"): neither text holds a double quote
	function cell(text) { gsub(/\|/, "\\|", text); gsub(/</, "\\&lt;", text); return text }
	BEGIN {
		title["esp"] = "ESP"; title["ike"] = "IKE"; title["l2tp"] = "L2TP"; title["ppp"] = "PPP"; title["policy"] = "Policy"
		heading = "General"
	}
	/^\/\* [a-z0-9]+\/ \*\/$/ { split($2, part, "/"); heading = title[part[1]]; next }
	/^\/\* processes/ { heading = "Processes, configuration, packet path"; next }
	/^CAUSE\(/ {
		split($0, quoted, "\"")
		split(substr(quoted[1], 7), field, ", *")
		severity = tolower(substr(field[3], 8))
		if (heading != "") {
			print "\n## " heading "\n\n| number | name | severity | Windows | what happened | what to do |"
			print "| --: | --- | --- | --- | --- | --- |"
			heading = ""
		}
		print "| " field[1] " | " field[2] " | " severity " | " (field[4] + 0 ? field[4] : "") " | " cell(quoted[2]) " | " cell(quoted[4]) " |"
	}' lib/cause.def
