# l2tpsec: one Makefile for all rooms. ./configure first (./check and ./demo do it themselves).
#
#   make                 daemon and tool, in build/
#   make check           all tests (sh check does it on a bare system)
#   make bench           engines, and this gateway beside others: docs/PERFORMANCE.md
#   make fuzz            every fuzz target, SECONDS_EACH=10 each (CC=clang)
#   make install         under DESTDIR and prefix; uninstall takes it away
#   make dist docs format lint coverage
#
# A second build, say with sanitizers:  mkdir build-asan && (cd build-asan && ../configure --enable-sanitizers) && make B=build-asan

B ?= build
ifeq ($(B),build)
CONFIG = config.mk
else
CONFIG = $(B)/config.mk
endif
ifeq ($(filter clean distclean format,$(MAKECMDGOALS)),)
ifeq ($(wildcard $(CONFIG)),)
$(error $(CONFIG) is missing: run ./configure first, for another build directory inside it (a checkout needs autoconf before that))
endif
include $(CONFIG)
endif

sysconfdir ?= /etc
PATHS = -DL2TPSEC_VERSION='"$(VERSION)"' -DL2TPSEC_CONFIG='"$(sysconfdir)/l2tpsec/l2tpsecd.conf"' -DL2TPSEC_PKI_DIR='"$(sysconfdir)/l2tpsec/pki"'
# make V=1 shows each command.
ifeq ($(V),)
Q = @
say = @echo "  $(1) $@"
endif
COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE -I. $(CPPFLAGS) $(LIB_CFLAGS) $(PATHS) $(WARN) $(HARDEN) $(CFLAGS) -MMD -MP
LINKER = $(CC) $(HARDEN) $(CFLAGS) $(LDFLAGS) $(LINK)

# -- what is made of what --
ENGINES = $(wildcard lib/*.c esp/*.c ike/*.c l2tp/*.c ppp/*.c)
DAEMON = $(filter-out src/main.c,$(wildcard src/*.c src/base/*.c src/config/*.c src/parent/*.c src/keys/*.c src/ike/*.c src/gateway/*.c))
CTL = $(filter-out src/ctl/ctl_main.c,$(wildcard src/ctl/*.c src/pki/*.c))
UNIT = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/unit/*/*_test.c tests/sim/*_test.c))
SIM = $(patsubst %.c,$(B)/%.o,$(filter-out %_test.c,$(wildcard tests/sim/*.c)))
# Those whose threads work on the same things: for a build with --enable-tsan.
THREADED = $(patsubst tests/%.c,$(B)/%,$(shell grep -l '^#include "tests/unit/.*_crew.h"' tests/unit/*/*_test.c))
FUZZ = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
TOOLS = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/witness/*.c tests/interop/*.c))
BENCH = $(patsubst %.c,$(B)/%,$(wildcard bench/*.c))
obj = $(patsubst %.c,$(B)/%.o,$(1))

.PHONY: all tests tests-threaded check bench bench-engines fuzz fuzz-targets install uninstall dist docs format format-check lint coverage clean distclean
.SECONDARY:
all: $(B)/l2tpsecd $(B)/l2tpsecctl
tests: all $(UNIT) $(TOOLS) $(B)/bench/instructions
tests-threaded: $(THREADED) $(B)/l2tpsecd $(B)/l2tpsecctl

$(B)/%.o: %.c $(CONFIG)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -c -o $@ $<

$(B)/tests/unit/%.o: tests/unit/%.c $(CONFIG)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -include tests/unit/marks.h -c -o $@ $<

$(B)/engines.a: $(call obj,$(ENGINES))
$(B)/daemon.a: $(call obj,$(DAEMON))
$(B)/ctl.a: $(call obj,$(CTL))
$(B)/%.a:
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/l2tpsecd: $(call obj,src/main.c) $(B)/daemon.a $(B)/engines.a
	$(call say,LD)
	$(Q)$(LINKER) -o $@ $^ $(DAEMON_LIBS) $(CRYPTO_LIBS) -lpthread
$(B)/l2tpsecctl: $(call obj,src/ctl/ctl_main.c) $(B)/ctl.a $(B)/daemon.a $(B)/engines.a
	$(call say,LD)
	$(Q)$(LINKER) -o $@ $^ $(CTL_LIBS) $(DAEMON_LIBS) $(CRYPTO_LIBS)

# Some run the programs.
$(B)/unit/%: $(B)/tests/unit/%.o $(B)/ctl.a $(B)/daemon.a $(B)/engines.a | $(B)/l2tpsecd $(B)/l2tpsecctl
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINKER) -o $@ $^ $(CHECK_LIBS) $(CTL_LIBS) $(DAEMON_LIBS) $(CRYPTO_LIBS) -lpthread
$(B)/sim/%: $(B)/tests/sim/%.o $(SIM) $(B)/daemon.a $(B)/engines.a tests/sim/wrap.options
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINKER) @tests/sim/wrap.options -o $@ $(filter-out %.options,$^) $(DAEMON_LIBS) $(CRYPTO_LIBS) -lpthread
$(B)/interop/%: $(B)/tests/interop/%.o $(B)/daemon.a $(B)/engines.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINKER) -o $@ $^ $(DAEMON_LIBS) $(CRYPTO_LIBS) -lpthread
$(B)/witness/%: $(B)/tests/witness/%.o $(B)/daemon.a $(B)/engines.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINKER) -o $@ $^ $(DAEMON_LIBS) $(CRYPTO_LIBS) -lpthread
$(B)/bench/%: $(B)/bench/%.o $(B)/daemon.a $(B)/engines.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINKER) -o $@ $^ $(DAEMON_LIBS) $(CRYPTO_LIBS) -lpthread
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/daemon.a $(B)/engines.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LINKER) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CTL_LIBS) $(DAEMON_LIBS) $(CRYPTO_LIBS) -lpthread
$(B)/fuzz/ctl_fuzz $(B)/fuzz/pki_db_fuzz: $(call obj,$(filter-out %_main.c,$(CTL)))

# -- proof --
check:
	./check
bench-engines: $(BENCH)
bench: all bench-engines
	bench/run.sh
SECONDS_EACH ?= 10
ifeq ($(FUZZING),yes)
fuzz-targets: $(FUZZ)
fuzz: fuzz-targets
	B=$(B) tests/fuzz/run.sh $(SECONDS_EACH)
else
fuzz:
	mkdir -p build-fuzz && cd build-fuzz && CC=clang ../configure --enable-fuzzing
	$(MAKE) B=build-fuzz SECONDS_EACH=$(SECONDS_EACH) fuzz
endif

SOURCES = $(wildcard lib/*.[ch] esp/*.[ch] ike/*.[ch] l2tp/*.[ch] ppp/*.[ch] src/*.[ch] src/*/*.[ch] bench/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch])
format:
	clang-format -i $(SOURCES)
format-check:
	clang-format --dry-run -Werror $(SOURCES)
lint:
	for t in tests/lint/*.sh; do B=$(B) $$t || exit 1; done
coverage:
	mkdir -p build-coverage && cd build-coverage && CFLAGS="-O1 -g" ../configure --enable-coverage
	$(MAKE) B=build-coverage tests
	B=build-coverage tests/coverage.sh

# -- installing --
unitdir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
completiondir ?= $(datarootdir)/bash-completion/completions
exampledir = $(docdir)/examples
INSTALL = install -D
# man pages and the unit name paths: those of this build
PLACE = sed -e 's|@sbindir@|$(sbindir)|g; s|@sysconfdir@|$(sysconfdir)|g; s|@version@|$(VERSION)|g'

# $(call place,FROM,TO): a file with its paths filled in, readable by all whatever the umask
define place
$(INSTALL) -m 644 /dev/null $(DESTDIR)$(2)
$(PLACE) $(1) >$(DESTDIR)$(2)
endef

install: all
	$(INSTALL) -m 755 $(B)/l2tpsecd $(DESTDIR)$(sbindir)/l2tpsecd
	$(INSTALL) -m 755 $(B)/l2tpsecctl $(DESTDIR)$(sbindir)/l2tpsecctl
	$(call place,man/l2tpsecd.8,$(mandir)/man8/l2tpsecd.8)
	$(call place,man/l2tpsecctl.8,$(mandir)/man8/l2tpsecctl.8)
	$(call place,man/l2tpsecd.conf.5,$(mandir)/man5/l2tpsecd.conf.5)
	$(call place,src/install/l2tpsecd.service,$(unitdir)/l2tpsecd.service)
	$(INSTALL) -m 644 src/install/l2tpsec.sysusers $(DESTDIR)$(sysusersdir)/l2tpsec.conf
	$(INSTALL) -m 644 src/install/l2tpsecctl.bash $(DESTDIR)$(completiondir)/l2tpsecctl
	for f in examples/*.conf; do [ ! -f $$f ] || $(INSTALL) -m 644 $$f $(DESTDIR)$(exampledir)/$${f##*/} || exit 1; done
	for f in examples/*.secrets; do [ ! -f $$f ] || $(INSTALL) -m 600 $$f $(DESTDIR)$(exampledir)/$${f##*/} || exit 1; done
	for f in README.md docs/ERRORS.md; do $(INSTALL) -m 644 $$f $(DESTDIR)$(docdir)/$${f##*/} || exit 1; done
	install -d -m 750 $(DESTDIR)$(sysconfdir)/l2tpsec
	@[ -n "$(DESTDIR)" ] || echo "Next: write $(sysconfdir)/l2tpsec/l2tpsecd.conf (man l2tpsecd.conf), then" \
		"systemd-sysusers; systemctl daemon-reload; systemctl enable --now l2tpsecd"

uninstall:
	rm -f $(DESTDIR)$(sbindir)/l2tpsecd $(DESTDIR)$(sbindir)/l2tpsecctl
	rm -f $(DESTDIR)$(mandir)/man8/l2tpsecd.8 $(DESTDIR)$(mandir)/man8/l2tpsecctl.8 $(DESTDIR)$(mandir)/man5/l2tpsecd.conf.5
	rm -f $(DESTDIR)$(unitdir)/l2tpsecd.service $(DESTDIR)$(sysusersdir)/l2tpsec.conf $(DESTDIR)$(completiondir)/l2tpsecctl
	for f in examples/*.conf examples/*.secrets; do rm -f $(DESTDIR)$(exampledir)/$${f##*/}; done
	rm -f $(DESTDIR)$(docdir)/README.md $(DESTDIR)$(docdir)/ERRORS.md
	@for d in $(exampledir) $(docdir) $(sysconfdir)/l2tpsec; do [ ! -d $(DESTDIR)$$d ] || rmdir $(DESTDIR)$$d 2>/dev/null || \
		echo "$(DESTDIR)$$d stays: what is in it is yours"; done

# What people read and is made from the code.
docs:
	build-aux/errors.sh >docs/ERRORS.md

# What is committed, and configure; into DISTDIR.
DIST = l2tpsec-$(VERSION)
DISTDIR ?= .
dist:
	rm -rf $(B)/$(DIST) && mkdir -p $(B)/$(DIST)
	git -c safe.directory=$(CURDIR) archive HEAD | tar -x -C $(B)/$(DIST)
	cp configure $(B)/$(DIST)/
	tar -C $(B) --owner=0 --group=0 --numeric-owner --sort=name -czf $(DISTDIR)/$(DIST).tar.gz $(DIST)
	rm -rf $(B)/$(DIST)
	@echo $(DISTDIR)/$(DIST).tar.gz

clean:
	rm -rf $(B)
distclean: clean
	rm -rf build-* config.mk config.log config.status configure autom4te.cache l2tpsec-*.tar.gz

-include $(shell [ -d $(B) ] && find $(B) -name '*.d')
