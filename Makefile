# purews. `make help` lists what this can do.
#
# CC, CFLAGS, CPPFLAGS, LDFLAGS, AR, PREFIX, LIBDIR, INCLUDEDIR and DESTDIR mean what they mean
# elsewhere; flags that the sources need are added to yours. More variables:
#   WERROR=1                      warnings are errors
#   SANITIZE=address,undefined    builds with these sanitizers, in a directory of their own
#   UNDER='valgrind -q'           a command under which `make check` runs each test program
#   QUICK=1                       replays each case less often, for slow tools
#   BUILD=build/other             where everything that is built goes
#   ZLIB=no                       builds the example programs without zlib even where it is installed
#   V=1                           shows the commands

## make                  the library, static and shared, and the example programs
## make check            every test; the last line adds them up
## make check-deflate    compression with real codecs (needs zlib and Intel ISA-L)
## make simulate         clients and servers over a simulated network: SEEDS=1000 runs of MACHINES=20
## make coverage         every branch of the companions is taken by its own test (needs gcov)
## make bench            speed beside wslay, Boost.Beast and bare loops, two builds (needs these, g++)
## make bench-leaves     speed of masking, text, SHA-1, with and without vectors
## make bench-deflate    what compressing costs in time, as a table (needs zlib)
## make bench-idle       N=1000000 open connections and a round of heartbeats: memory and time
## make bench-load       echo_server beside servers on wslay and libwebsockets: messages a second
## make bench-memory     bytes an idle connection takes, beside wslay, Boost.Beast and libwebsockets
## make bench-worst      the worst inputs in two sizes, beside wslay and Boost.Beast: ns a byte
## make bench-plot       pictures and tables of these four into README.md and docs/ (needs gnuplot)
## make demo             a server and a client talk to each other, with a transcript
## make serve            the echo server on port 9001 until interrupted
## make sizes            bytes of each source and of linked programs into docs/sizes.md (needs ARM's gcc)
## make check-sizes      fails if docs/sizes.md is out of date
## make amalgamation     build/amalgamation/purews.h and purews.c: the library as two files
## make install          PREFIX (/usr/local), LIBDIR, INCLUDEDIR, DESTDIR
## make uninstall        removes what install has put there
## make fuzz             the fuzz targets (needs clang)
## make fuzz-run         runs them all, SECONDS=60 each
## make interop          the example programs against other WebSocket libraries (needs npm, python3)
## make interop-browser  echo_server and its page against headless Chromium (needs npm, chromium)
## make format           formats the C files (needs clang-format)
## make lint             checks format, C files and scripts (needs clang-format, cppcheck, shellcheck)
## make clean            removes build/
## make help             this list

# ---- What there is ---------------------------------------------------------------------------------

version := $(shell sed -n 's/^.define PWS_VERSION_STRING "\(.*\)"/\1/p' include/purews.h)

# In the order of the two-file build: leaves first.
core := $(addprefix src/, cpu.c text.c mask.c utf8.c utf8_wide.c sha1.c base64.c random.c names.c url.c http.c \
    write.c fields.c frame.c close.c extension.c negotiation.c reading.c handshake.c heads.c output.c \
    send.c deflate.c no_deflate.c fast.c phase.c timer.c message.c opening.c conn.c)
# Called by the program alone; who uses none of them links none of them.
companions := $(addprefix src/, backoff.c retry_after.c rate.c arena.c queue.c histogram.c stats.c)
sources := $(core) $(companions)

# What needs Linux (epoll, /proc); all else needs POSIX.
linux_examples := echo_server demo
linux_programs := server/%

# tests/run.c with its parts runs the cases; each other file of tests/ and tests/server/ is a program.
run_parts := tests/run.c $(sort $(wildcard tests/case_*.c))
programs := $(patsubst tests/%.c,%,$(sort $(filter-out $(run_parts), \
    $(wildcard tests/*.c tests/server/*.c))))

simulate_parts := $(sort $(wildcard tests/simulate/*.c))

units := $(sort $(wildcard tests/unit/*.c))

# Not empty where compression is left out; then so are the tests of it.
no_deflate := $(filter -DPWS_NO_DEFLATE,$(CC) $(CPPFLAGS) $(CFLAGS))
ifeq ($(no_deflate),)
units := $(filter-out %/no_deflate.c,$(units))
else
units := $(filter-out %/negotiation.c,$(units))
programs := $(filter-out deflate_hostile,$(programs))
endif

cases := $(sort $(wildcard tests/cases/*.txt))

# What needs zlib, or zlib and ISA-L: in `make check-deflate` only.
deflate_tests := $(sort $(wildcard tests/deflate/*.c))
deflate_cases := $(sort $(wildcard tests/cases-deflate/*.txt))
# What compresses if it was built with zlib.
zlib_examples := echo_server wscat autobahn_client
fuzzers := $(sort $(filter-out replay,$(basename $(notdir $(wildcard fuzz/*.c)))))
headers := include/purews.h $(sort $(wildcard src/*.h))
examples := $(sort $(basename $(notdir $(wildcard examples/*.c))))

ifneq ($(sort $(sources)),$(sort $(wildcard src/*.c)))
$(error The list of sources in the Makefile and the files of src/ differ)
endif

system := $(shell uname -s)
ifneq ($(system),Linux)
examples := $(filter-out $(linux_examples),$(examples))
programs := $(filter-out $(linux_programs),$(programs))
endif

# ---- How it is built -------------------------------------------------------------------------------

CFLAGS ?= -O2 -g
AR = ar
INSTALL ?= install
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
SECONDS = 60
SEEDS = 1000
ROUNDS = 25
MACHINES = 20
CROWD = 5000
STORM = 100000
N = 1000000
CONNECTIONS = 1000 10000 100000 1000000
OUT = .
FUZZ_CC ?= clang

comma := ,
BUILD := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
objects_in := $(BUILD)/objects

warnings := -Wall -Wextra -Wpedantic -Wconversion -Wshadow $(if $(WERROR),-Werror)
sanitizers := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
compile = $(CC) -std=c99 $(warnings) $(sanitizers) $(CPPFLAGS) $(CFLAGS)
# Never with -Werror: the headers of Boost warn under some flags.
compile_cpp = $(CXX) -std=c++14 $(filter-out -Werror,$(warnings)) $(sanitizers) $(CPPFLAGS) $(CFLAGS)
link = $(CC) $(sanitizers) $(CFLAGS) $(LDFLAGS)
quiet := $(if $(V),,@)
say = $(if $(V),,@echo '  $1')

# builds WITH,LIBRARIES: whether a program with this header links with these, as a command.
builds = printf '\#include <$1>\nint main(void) { return 0; }\n' | \
    $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -x c - $2 -o $(BUILD)/builds.out 2>/dev/null

# A library without compression takes no codec, so the example programs bring none.
ifneq ($(no_deflate),)
ZLIB := no
endif

# Whether there is zlib. Only a yes is kept, with the command that it holds for.
zlib_command := $(call builds,zlib.h,-lz)
ifeq ($(origin ZLIB),undefined)
ifneq ($(file <$(BUILD)/zlib),$(zlib_command))
$(shell mkdir -p $(BUILD))
ZLIB := $(shell $(zlib_command) && echo yes || echo no)
ifeq ($(ZLIB),yes)
$(file >$(BUILD)/zlib,$(zlib_command))
endif
else
ZLIB := yes
endif
endif

object = $(patsubst %.c,$(objects_in)/%.o,$1)
library_objects := $(call object,$(sources))
library := $(BUILD)/libpurews.a
two_files := $(BUILD)/amalgamation/purews.c
two_files_object := $(objects_in)/amalgamation/purews.o

ifeq ($(system),Darwin)
shared_name := libpurews.$(version).dylib
shared_links := libpurews.0.dylib libpurews.dylib
shared_flags = -dynamiclib -Wl,-install_name,$(LIBDIR)/libpurews.0.dylib
else
shared_name := libpurews.so.$(version)
shared_links := libpurews.so.0 libpurews.so
shared_flags = -shared -Wl,-soname,libpurews.so.0
endif
shared := $(BUILD)/$(shared_name)

example_programs := $(addprefix $(BUILD)/examples/,$(examples))
unit_programs := $(patsubst tests/%.c,$(BUILD)/tests/%,$(units))
test_programs := $(addprefix $(BUILD)/tests/,$(programs))
replay_programs := $(addprefix $(BUILD)/fuzz/replay_,$(fuzzers))
fuzz_programs := $(addprefix $(BUILD)/fuzz/,$(fuzzers))

deflate_programs := $(patsubst %.c,$(BUILD)/%,$(deflate_tests))
load_programs := $(addprefix $(BUILD)/tests/bench/load/,load wslay_server lws_server bare_server)
memory_programs := $(addprefix $(BUILD)/tests/bench/memory/,purews wslay lws beast)
worst_objects := $(patsubst %,$(objects_in)/%.o,$(basename $(wildcard tests/bench/worst/*.c tests/bench/worst/*.cpp)))
run_zlib_objects := $(patsubst %.c,$(objects_in)/zlib/%.o,$(run_parts))

.PHONY: all check check-deflate deflate-tools simulate coverage bench bench-leaves bench-deflate bench-idle bench-load load-tools bench-memory memory-tools bench-worst worst-tools bench-plot demo serve sizes check-sizes amalgamation install uninstall fuzz \
    fuzz-tools fuzz-run interop interop-browser format lint clean help FORCE
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:

all: $(library) $(shared) $(example_programs)

help:
	@sed -n 's/^## //p' Makefile

# Holds the commands in use; changes, and so rebuilds everything, when they do.
$(BUILD)/commands: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(compile) $(LDFLAGS) zlib: $(ZLIB))' >$@.new
	@cmp -s $@.new $@ || cp $@.new $@
	@rm -f $@.new

$(objects_in)/src/%.o: extra := -fPIC -fvisibility=hidden -Iinclude
$(objects_in)/amalgamation/%.o: extra := -fPIC
$(objects_in)/examples/%.o: extra := -Iinclude $(if $(filter yes,$(ZLIB)),-DPUREWS_ZLIB)
$(objects_in)/tests/%.o: extra := -Iinclude -Isrc -Itests
$(objects_in)/tests/bench/%.o: extra := -Iinclude -Iexamples
$(objects_in)/tests/wheel.o: extra := -Iinclude -Itests -Iexamples
$(objects_in)/tests/deflate/%.o: extra := -Iinclude -Isrc -Itests -Iexamples
$(objects_in)/zlib/tests/%.o: extra := -Iinclude -Isrc -Itests -Iexamples -DRUN_ZLIB
$(objects_in)/fuzz/%.o: extra := -Iinclude -Isrc

$(objects_in)/%.o: %.c $(BUILD)/commands
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(quiet)$(compile) $(extra) -MMD -MP -c $< -o $@

$(objects_in)/%.o: %.cpp $(BUILD)/commands
	$(call say,CXX     $<)
	@mkdir -p $(@D)
	$(quiet)$(compile_cpp) $(extra) -MMD -MP -c $< -o $@

$(objects_in)/zlib/%.o: %.c $(BUILD)/commands
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(quiet)$(compile) $(extra) -MMD -MP -c $< -o $@

$(two_files_object): $(two_files) $(BUILD)/commands
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(quiet)$(compile) $(extra) -MMD -MP -c $< -o $@

-include $(shell find $(objects_in) -name '*.d' 2>/dev/null)

# ---- The library -----------------------------------------------------------------------------------

$(library): $(library_objects)
	$(call say,AR      $@)
	@rm -f $@
	$(quiet)$(AR) rcs $@ $(library_objects)

$(shared): $(library_objects)
	$(call say,LD      $@)
	$(quiet)$(link) $(shared_flags) $(library_objects) -o $@
	@for name in $(shared_links); do ln -sf $(shared_name) $(BUILD)/$$name; done

amalgamation: $(two_files)

$(two_files): $(sources) $(headers) LICENSE src/amalgamate.sh Makefile
	$(call say,CAT     $@)
	$(quiet)sh src/amalgamate.sh $(@D) $(sources)

# ---- Programs --------------------------------------------------------------------------------------

define link_program
$(call say,LD      $@)
@mkdir -p $(@D)
$(quiet)$(link) $(filter %.o %.a,$^) -o $@ $(libraries) $(LDLIBS)
endef

$(addprefix $(BUILD)/examples/,$(zlib_examples)): libraries := $(if $(filter yes,$(ZLIB)),-lz)
$(BUILD)/tests/deflate/%: libraries := -lz -lisal
$(BUILD)/tests/run_zlib: libraries := -lz
$(BUILD)/tests/bench/load/wslay_server: libraries := -lwslay
$(BUILD)/tests/bench/load/lws_server: libraries := -lwebsockets
$(BUILD)/tests/bench/memory/purews: libraries := -lz
$(BUILD)/tests/bench/memory/wslay: libraries := -lz -lwslay
$(BUILD)/tests/bench/memory/lws: libraries := -lz -lwebsockets
$(BUILD)/tests/bench/memory/beast: libraries := -lz -lstdc++ -lpthread
$(BUILD)/tests/bench/worst: libraries := -lwslay -lstdc++ -lpthread

$(BUILD)/examples/%: $(objects_in)/examples/%.o $(library)
	$(link_program)

$(BUILD)/tests/unit/%: $(objects_in)/tests/unit/%.o $(library)
	$(link_program)

$(test_programs): $(BUILD)/tests/%: $(objects_in)/tests/%.o $(library)
	$(link_program)

$(BUILD)/tests/run: $(call object,$(run_parts)) $(library)
	$(link_program)

$(BUILD)/tests/simulate: $(call object,$(simulate_parts)) $(library)
	$(link_program)

$(BUILD)/tests/bench/idle: $(objects_in)/tests/bench/idle.o $(library)
	$(link_program)

$(load_programs): $(BUILD)/tests/bench/load/%: $(objects_in)/tests/bench/load/%.o
	$(link_program)

$(BUILD)/tests/bench/load/load: $(objects_in)/tests/bench/load/client.o

$(memory_programs): $(BUILD)/tests/bench/memory/%: $(objects_in)/tests/bench/memory/%.o \
    $(objects_in)/tests/bench/memory/main.o $(objects_in)/tests/bench/wire.o $(library)
	$(link_program)

$(BUILD)/tests/bench/worst: $(worst_objects) $(objects_in)/tests/bench/wire.o $(library)
	$(link_program)

$(BUILD)/tests/run_two_files: $(call object,$(run_parts)) $(two_files_object)
	$(link_program)

$(BUILD)/tests/deflate/%: $(objects_in)/tests/deflate/%.o $(library)
	$(link_program)

$(BUILD)/tests/run_zlib: $(run_zlib_objects) $(library)
	$(link_program)

$(BUILD)/fuzz/replay_%: $(objects_in)/fuzz/replay.o $(objects_in)/fuzz/%.o $(library)
	$(link_program)

# As a program does that has taken in the two files: one command, nothing of ours but them.
$(BUILD)/tests/vendor: tests/vendor/main.c tests/check.h $(two_files) $(BUILD)/commands
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(quiet)$(compile) $(LDFLAGS) -I$(BUILD)/amalgamation tests/vendor/main.c $(two_files) -o $@

demo: $(BUILD)/examples/demo $(BUILD)/examples/echo_server
	@$(BUILD)/examples/demo $(BUILD)/examples/echo_server

serve: $(BUILD)/examples/echo_server
	$(BUILD)/examples/echo_server --port 9001

# ---- Tests -----------------------------------------------------------------------------------------

check: $(library) $(shared) $(example_programs) $(unit_programs) $(test_programs) $(replay_programs) \
    $(BUILD)/tests/run $(BUILD)/tests/run_two_files $(BUILD)/tests/vendor
	@$(if $(no_deflate),echo 'left out: tests/unit/negotiation and tests/deflate_hostile')
	@BUILD='$(BUILD)' CC='$(CC)' sh tests/check.sh \
	    $(foreach program,$(unit_programs),'$(UNDER) $(program)') \
	    '$(UNDER) $(BUILD)/tests/run $(if $(QUICK),--quick) $(cases)' \
	    '$(UNDER) $(BUILD)/tests/run_two_files $(if $(QUICK),--quick) $(cases)' \
	    $(foreach program,$(test_programs),'$(UNDER) $(program)') \
	    $(foreach name,$(fuzzers),'$(UNDER) $(BUILD)/fuzz/replay_$(name) fuzz/corpus/$(name)') \
	    '$(UNDER) $(BUILD)/tests/vendor' \
	    'sh tests/runner.sh $(BUILD)/tests/run' \
	    'sh tests/amalgamation.sh $(sources)' \
	    'sh tests/purity.sh $(sources)' \
	    'LINK="$(link)" COMPANIONS="$(companions)" sh tests/unused.sh $(sources)' \
	    'sh tests/documented.sh include/purews.h' \
	    'sh tests/docs.sh README.md docs/*.md' \
	    'sh tests/pictures.sh README.md docs/*.md' \
	    'sh tests/rfc_table.sh docs/rfc6455.md' \
	    'sh tests/rfc_table.sh docs/rfc7692.md'

deflate-tools:
	@mkdir -p $(BUILD)
	@$(call builds,zlib.h,-lz) || { \
	    echo 'make check-deflate needs zlib (Debian: zlib1g-dev).'; exit 1; }
	@$(call builds,isa-l/igzip_lib.h,-lisal) || { \
	    echo 'make check-deflate needs Intel ISA-L (Debian: libisal-dev).'; exit 1; }

$(call object,$(deflate_tests)) $(run_zlib_objects): | deflate-tools

check-deflate: deflate-tools $(deflate_programs) $(BUILD)/tests/run_zlib
	@BUILD='$(BUILD)' sh tests/check.sh \
	    $(foreach program,$(deflate_programs),'$(UNDER) $(program) $(if $(QUICK),--quick)') \
	    $(if $(deflate_cases), \
	    '$(UNDER) $(BUILD)/tests/run_zlib $(if $(QUICK),--quick) $(deflate_cases)')

# The last: how many clients that were cut off at once come back.
simulate: $(BUILD)/tests/simulate
	@BUILD='$(BUILD)' sh tests/check.sh \
	    '$(UNDER) $(BUILD)/tests/simulate --seeds 1 $(SEEDS) --machines $(MACHINES)' \
	    '$(UNDER) $(BUILD)/tests/simulate --seed 1 --machines $(CROWD)'
	@$(BUILD)/tests/simulate --storm $(STORM)

coverage:
	@BUILD='$(BUILD)' sh tests/coverage.sh \
	    $(patsubst arena,arena=queue,$(basename $(notdir $(companions))))

bench-idle: $(BUILD)/tests/bench/idle
	@$(BUILD)/tests/bench/idle $(N)

# Each is built as distributions build it, and for this machine.
bench: $(BUILD)/commands
	@BUILD='$(BUILD)' CC='$(CC)' sh tests/bench/speed/run.sh '$(ROUNDS)' $(core)

# Whether there is Boost.Beast, as a command: its header alone takes seconds to read.
has_beast = printf '\#include <boost/beast/version.hpp>\n' | \
    $(CXX) $(CPPFLAGS) -x c++ -fsyntax-only - 2>/dev/null

load-tools:
	@mkdir -p $(BUILD)
	@$(call builds,wslay/wslay.h,-lwslay) && $(call builds,libwebsockets.h,-lwebsockets) || { \
	    echo 'make bench-load needs (Debian) libwslay-dev and libwebsockets-dev.'; exit 1; }

$(load_programs:$(BUILD)/%=$(objects_in)/%.o): | load-tools

# The limit has all that this machine has.
$(objects_in)/tests/bench/load/bare_server.o: extra := -O3 -march=native

bench-load: load-tools $(load_programs) $(BUILD)/examples/echo_server
	@$(BUILD)/tests/bench/load/load $(BUILD)/bench-load.csv '$(ROUNDS)' \
	    purews=$(BUILD)/examples/echo_server wslay=$(BUILD)/tests/bench/load/wslay_server \
	    libwebsockets=$(BUILD)/tests/bench/load/lws_server \
	    bare=$(BUILD)/tests/bench/load/bare_server

memory-tools:
	@mkdir -p $(BUILD)
	@$(has_beast) && $(call builds,wslay/wslay.h,-lwslay) && $(call builds,zlib.h,-lz) && \
	    $(call builds,libwebsockets.h,-lwebsockets) || { \
	    echo 'make bench-memory needs g++ and (Debian) libwslay-dev, libboost-dev,' \
	        'libwebsockets-dev and zlib1g-dev.'; exit 1; }

worst-tools:
	@mkdir -p $(BUILD)
	@$(has_beast) && $(call builds,wslay/wslay.h,-lwslay) || { \
	    echo 'make bench-worst needs g++ and (Debian) libwslay-dev and libboost-dev.'; exit 1; }

$(memory_programs:$(BUILD)/%=$(objects_in)/%.o): | memory-tools
$(worst_objects): | worst-tools

bench-memory: memory-tools $(memory_programs)
	@BUILD='$(BUILD)' sh tests/bench/memory/run.sh $(CONNECTIONS)

bench-worst: worst-tools $(BUILD)/tests/bench/worst
	@$(BUILD)/tests/bench/worst $(BUILD)/bench-worst.csv $(ROUNDS)

# Of what the four others have left in BUILD. OUT: where pages and pictures go instead of this tree.
bench-plot:
	@BUILD='$(BUILD)' CC='$(CC)' CXX='$(CXX)' OUT='$(OUT)' sh tests/bench/plot.sh

bench-leaves: $(BUILD)/commands
	@mkdir -p $(BUILD)/tests/bench
	@$(compile) -D_POSIX_C_SOURCE=200809L -D_ISOC11_SOURCE -Iinclude -Isrc tests/bench/leaves.c $(core) \
	    -o $(BUILD)/tests/bench/leaves
	@$(BUILD)/tests/bench/leaves

bench-deflate: $(BUILD)/commands
	@$(call builds,zlib.h,-lz) || { \
	    echo 'make bench-deflate needs zlib (Debian: zlib1g-dev).'; exit 1; }
	@mkdir -p $(BUILD)/tests/bench
	@$(compile) -Iinclude -Iexamples tests/bench/deflate.c -o $(BUILD)/tests/bench/deflate -lz
	@$(BUILD)/tests/bench/deflate

sizes:
	@BUILD='$(BUILD)' CORE='$(core)' COMPANIONS='$(companions)' sh tests/sizes/run.sh

check-sizes:
	@BUILD='$(BUILD)' CORE='$(core)' COMPANIONS='$(companions)' sh tests/sizes/run.sh --check

interop: $(BUILD)/examples/echo_server $(BUILD)/examples/wscat
	@BUILD='$(BUILD)' sh tests/interop/run.sh

interop-browser: $(BUILD)/examples/echo_server
	@BUILD='$(BUILD)' sh tests/interop/run.sh browser

fuzz-tools:
	@echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n); \
	    int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p == 0 && n; }' | \
	    $(FUZZ_CC) -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null || { \
	    echo 'Fuzzing needs clang and its runtime libraries (Debian: clang and libclang-rt-dev).'; \
	    exit 1; }

fuzz: fuzz-tools $(fuzz_programs)

$(fuzz_programs): $(BUILD)/fuzz/%: fuzz/%.c $(sources) $(headers) $(wildcard fuzz/*.h)
	$(call say,FUZZ    $@)
	@mkdir -p $(@D)
	$(quiet)$(FUZZ_CC) -std=c99 $(warnings) -O1 -g -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=all -Iinclude -Isrc $< $(sources) -o $@

$(fuzz_programs): | fuzz-tools

fuzz-run: fuzz
	@sh fuzz/run.sh $(BUILD)/fuzz $(SECONDS) $(fuzzers)

# ---- Install ---------------------------------------------------------------------------------------

package := $(BUILD)/package
package_files := purews.pc purewsConfig.cmake purewsConfigVersion.cmake
cmake_dir = $(LIBDIR)/cmake/purews

install: $(library) $(shared)
	@mkdir -p $(package)
	@for file in $(package_files); do \
	    sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@VERSION@|$(version)|g' \
	        -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' -e 's|@SHARED@|$(shared_name)|g' \
	        src/package/$$file.in >$(package)/$$file || exit 1; \
	done
	$(INSTALL) -d '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(cmake_dir)'
	$(INSTALL) -m 644 include/purews.h '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL) -m 644 $(library) '$(DESTDIR)$(LIBDIR)'
	$(INSTALL) -m 755 $(shared) '$(DESTDIR)$(LIBDIR)'
	for name in $(shared_links); do ln -sf $(shared_name) '$(DESTDIR)$(LIBDIR)'/$$name; done
	$(INSTALL) -m 644 $(package)/purews.pc '$(DESTDIR)$(LIBDIR)/pkgconfig'
	$(INSTALL) -m 644 $(package)/*.cmake '$(DESTDIR)$(cmake_dir)'

uninstall:
	rm -f '$(DESTDIR)$(INCLUDEDIR)/purews.h' '$(DESTDIR)$(LIBDIR)/libpurews.a'
	for name in $(shared_name) $(shared_links); do rm -f '$(DESTDIR)$(LIBDIR)'/$$name; done
	rm -f '$(DESTDIR)$(LIBDIR)/pkgconfig/purews.pc'
	rm -rf '$(DESTDIR)$(cmake_dir)'

# ---- Housekeeping ----------------------------------------------------------------------------------

c_files := $(wildcard include/*.h src/*.[ch] examples/*.[ch] fuzz/*.[ch] fuzz/*/*.c tests/*.[ch] tests/*/*.[ch] \
    tests/*/*/*.[ch] tests/*/*.hpp tests/*/*/*.cpp)
scripts := $(wildcard .ci/run src/*.sh tests/*.sh tests/*/*.sh tests/*/*/*.sh fuzz/*.sh examples/*.sh)

format:
	clang-format -i $(c_files)

lint:
	clang-format --dry-run -Werror $(c_files)
	cppcheck --quiet --error-exitcode=1 --std=c99 --enable=warning,performance,portability \
	    --inline-suppr -Iinclude -Isrc $(sources) $(wildcard examples/*.c)
	shellcheck $(scripts)

clean:
	rm -rf build
