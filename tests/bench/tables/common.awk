# What the tables have in common: what each library takes in each row, and how purews compares. Less is better; a
# rate is noted as its reciprocal, and its row in is_rate.
# Cells are printed with tabs between them; table.awk makes Markdown of them.

BEGIN { FS = "," }

# 9.87 becomes 9.9, 1234567.8 becomes 1,234,568.
function number(value,    text, at) {
    if (value < 99.95)
        return sprintf("%.1f", value)
    text = sprintf("%.0f", value)
    for (at = length(text) - 3; at > 0; at -= 3)
        text = substr(text, 1, at) "," substr(text, at + 1)
    return text
}

# A whole number.
function count(value) {
    return value < 100 ? value "" : number(value)
}

# Rows and libraries keep the order in which they come.
function note(row, library, lowest, middle) {
    if (!(row in row_known)) {
        row_known[row] = 1
        row_name[++rows] = row
    }
    if (!(library in library_known)) {
        library_known[library] = 1
        library_name[++libraries] = library
    }
    best[row, library] = lowest + 0
    median[row, library] = middle + 0
}

# The library that takes least in a row, but for purews and the limits; empty if there is none.
function best_peer(row, taken,    i, name, peer) {
    for (i = 1; i <= libraries; i++) {
        name = library_name[i]
        if (name == "purews" || name == "limit" || name == "bare" || !((row, name) in taken))
            continue
        if (peer == "" || taken[row, name] < taken[row, peer])
            peer = name
    }
    return peer
}

function is_behind(row, taken,    peer) {
    peer = best_peer(row, taken)
    return peer != "" && taken[row, "purews"] > taken[row, peer]
}

function bold_if(condition, text) {
    return condition ? "**" text "**" : text
}

# What purews takes, or its rate, as a multiple of the best peer's; bold where it is behind.
function ratio(row, taken,    multiple) {
    multiple = taken[row, "purews"] / taken[row, best_peer(row, taken)]
    return bold_if(is_behind(row, taken), sprintf("%.2f", row in is_rate ? 1 / multiple : multiple))
}

function ratios(row) {
    if (best_peer(row, best) == "")
        return "-"
    return ratio(row, best) " / " ratio(row, median)
}
