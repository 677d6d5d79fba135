# What all pictures have in common. Variables from outside: csv, the measurements; picture, the file to write;
# ink, the colour of text and axes.
#
# The background is transparent. Each colour has a contrast of at least 3 with white and with the dark pages of
# GitHub (tests/pictures.sh looks), and whoever sees no red or no green can tell them apart. Form helps: each
# library has its own kind of point.

set encoding utf8
set datafile separator comma
set datafile missing NaN

set style line 1 linecolor rgb "#0a7bc2" linewidth 3 pointtype 7 pointsize 0.9
set style line 2 linecolor rgb "#d55e00" linewidth 1.5 pointtype 9 pointsize 0.8
set style line 3 linecolor rgb "#008f68" linewidth 1.5 pointtype 5 pointsize 0.7
set style line 4 linecolor rgb "#aa5fa0" linewidth 1.5 pointtype 13 pointsize 0.9
set style line 5 linecolor rgb ink linewidth 1.5 dashtype (6, 4) pointtype -1

# The line style of a library; its hollow points are one type before the filled ones.
style(name) = name[1:6] eq "purews" ? 1 : name[1:5] eq "beast" ? 2 : \
    name eq "wslay" || name eq "wslay-event" ? 3 : name eq "limit" || name eq "bare" ? 5 : 4
hollow(name) = word("6 8 4 12", style(name)) + 0

set border 3 linecolor rgb ink linewidth 1
set tics nomirror textcolor rgb ink
set grid ytics linecolor rgb ink linewidth 0.3
set title font ",13" textcolor rgb ink
set xlabel textcolor rgb ink
set ylabel textcolor rgb ink
set key noautotitle textcolor rgb ink
