heading = "Sending messages of 16 B to 1 MiB, and sending them back"
chunk = 65536
libraries = "beast wslay-event wslay-frame purews"
array operation[3] = ["encode-server", "encode-client", "echo"]
array text[3] = ["binary", "binary", "ascii"]
array title[3] = ["Server sends", "Client sends", "Server echoes ASCII text"]
load "tests/bench/plot/speed.gnuplot"
