# Checks that a C header documents each of its names. Prints a line for each that is not, then "N passed,
# N failed".
#
# Functions (PWS_API), types and macros want a comment that ends on the line above. Constants and fields
# want one there or on their own line. Fields that are called reserved and the fields of a struct whose
# comment calls them private want none.

function verdict(name, documented) {
    if (documented) {
        passed++
    } else {
        printf "FAILED %s:%d: %s has no comment\n", FILENAME, FNR, name
        failed++
    }
}

# The name that a declarator such as "*ptr", "out[2]" or "key" declares.
function declared(text) {
    sub(/\[.*/, "", text)
    sub(/ *(=|;|,).*/, "", text)
    sub(/.*[ *]/, "", text)
    return text
}

# Inside a comment of several lines.
inside {
    if (whole)
        comment = comment " " $0
    if (index($0, "*/")) {
        inside = 0
        above = whole
    }
    next
}

# A comment on its own: it belongs to what the next line declares.
/^ *\/\*/ {
    comment = $0
    whole = 1
    above = index($0, "*/") > 0
    inside = !above
    next
}

{
    code = $0
    own = index(code, "/*") > 0
    if (own) {
        inside = !index(code, "*/")
        whole = 0
        sub(/\/\*.*/, "", code)
    }
    documented = above || own
    above = 0
}

# A line that goes on with the declaration before it.
continues {
    if (code ~ /^ *[a-z_]+[,;]/ && block)
        verdict(declared(code), documented || had)
    continues = code !~ /;/
    next
}

code ~ /^#if/ && own {
    explained[$2] = 1
}

code ~ /^# *define PWS_/ {
    name = $2
    sub(/\(.*/, "", name)
    verdict(name, documented || name in explained)
    next
}

code ~ /^PWS_API/ {
    match(code, /pws_[a-z0-9_]+\(/)
    verdict(substr(code, RSTART, RLENGTH) ")", documented && !own)
    continues = code !~ /;/
    next
}

code ~ /^(typedef )?(struct|enum|union)( [a-z_0-9]+)? *\{/ {
    block = $1 == "enum" || $2 == "enum" ? "enum" : "struct"
    verdict(code ~ /enum \{/ ? "an enum" : declared(substr(code, 1, index(code, "{") - 2)), documented)
    private = comment ~ /[Pp]rivate|by the library alone/
    next
}

code ~ /^typedef/ {
    verdict(declared(code), documented)
    continues = code !~ /;/
    next
}

code ~ /^\}/ {
    block = ""
    next
}

block == "enum" && code ~ /^ *[A-Z]/ {
    verdict(declared(code), documented)
    next
}

block == "struct" && code ~ /[a-z]/ {
    if (code !~ /;/) {
        continues = 1
        had = documented || private
    } else if (declared(code) !~ /^reserved/ && !private) {
        verdict(declared(code), documented)
    }
    next
}

END {
    printf "%d passed, %d failed\n", passed, failed
    exit failed > 0 || passed == 0
}
