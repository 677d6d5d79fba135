# A line under the heading of a multiplot that says what is whose. Variables from outside: libraries; sample,
# the kind of sample. Set the ranges and tics afterwards.

set lmargin at screen 0
set rmargin at screen 1
set tmargin at screen 0.95
set bmargin at screen 0.9
set border 0
unset tics
set key horizontal center center
set xrange [1:2]
set yrange [1:2]
plot NaN, for [name in libraries] keyentry with @sample title name
unset key
set border 3
