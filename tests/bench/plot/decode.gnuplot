heading = "Receiving messages of 16 B to 1 MiB, in reads of 16 KiB"
chunk = 16384
libraries = "limit beast wslay-event purews"
array operation[3] = ["decode", "decode", "decode"]
array text[3] = ["binary", "ascii", "multilingual"]
array title[3] = ["Binary", "ASCII text", "Multilingual text"]
load "tests/bench/plot/speed.gnuplot"
