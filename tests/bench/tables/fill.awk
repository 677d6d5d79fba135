# Puts tables into a page: what stands between <!-- bench:NAME --> and <!-- end --> becomes the file NAME.md of a
# directory. Variables: directory; used, a file to which the names are added.

function stop(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text >"/dev/stderr"
    failed = 1
    exit 1
}

/^<!-- bench:[a-z0-9-]* -->$/ {
    if (name != "")
        stop("no <!-- end --> since bench:" name)
    name = substr($2, 7)
    print $0 "\n"
    file = directory "/" name ".md"
    lines = 0
    while ((getline line <file) > 0) {
        print line
        lines++
    }
    close(file)
    if (lines == 0)
        stop("there is no table bench:" name)
    print name >>used
}

/^<!-- end -->$/ {
    if (name == "")
        stop("<!-- end --> without a beginning")
    name = ""
    print ""
}

name == ""

END {
    if (!failed && name != "")
        stop("no <!-- end --> since bench:" name)
}
