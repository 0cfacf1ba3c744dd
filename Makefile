# Hearth. `make help` says what there is; README.md opens with the two that matter.
#
# Borders are built, not policed: src/ is compiled with -Iinclude -Isrc, a module m with
# -Iinclude -Imodules/m, and nothing else. So a module cannot include src/ or another module.

MODULES ?= auth mail video game gateway web
VARIANT ?= release
PREFIX  ?= /usr/local
V       ?= 0

.DEFAULT_GOAL := build
SHELL         := /bin/bash
MAKEFLAGS     += --no-builtin-rules
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS     += -j$(shell nproc)
endif

ifneq ($(word 2,$(MAKECMDGOALS)),)
# Goals named together are made one after another, each by a make of its own: a later one may need
# what an earlier one installs (deps build) or removes (clean build).
.PHONY: $(MAKECMDGOALS) in-order
$(MAKECMDGOALS): in-order ; @:
in-order: ; $(if $(filter 0,$(V)),@)for goal in $(MAKECMDGOALS); do $(MAKE) --no-print-directory $$goal || exit; done
else

ifeq ($(VARIANT),release)
OUT := build
else
OUT := build/$(VARIANT)
endif

# --- compilers and flags, one block a variant ------------------------------------------------

CC := gcc
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough -Wundef
COMMON   := -std=gnu17 -g -fvisibility=hidden -fno-strict-aliasing -pthread -D_GNU_SOURCE $(WARNINGS)
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=2 -fPIE

ifeq ($(VARIANT),release)
OPT  := -O2 $(HARDEN)
LINK := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
else ifeq ($(VARIANT),asan)
CC   := clang
OPT  := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LINK := -fsanitize=address,undefined
else ifeq ($(VARIANT),tsan)
CC   := clang
OPT  := -O1 -fno-omit-frame-pointer -fsanitize=thread
LINK := -fsanitize=thread
else ifeq ($(VARIANT),fuzz)
CC   := clang
OPT  := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LINK := -fsanitize=address,undefined
else ifeq ($(VARIANT),coverage)
OPT  := -O0 --coverage
LINK := --coverage
else
$(error VARIANT is one of release, asan, tsan, fuzz, coverage)
endif

PKGS := libuv openssl sqlite3 libzstd zlib libsodium libcurl libidn2
ifneq ($(filter auth,$(MODULES)),)
PKGS += libargon2 qrcodegen libutf8proc libjpeg libpng libwebp
endif
ifneq ($(filter video,$(MODULES)),)
# Loaded when they are first needed (modules/video/package/libav.h): their headers alone.
HEADERS := libavcodec libswscale libavutil
endif
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) $(HEADERS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -lunbound -lm -ldl

Q := $(if $(filter 0,$(V)),@,)
say = $(if $(filter 0,$(V)),@printf '  %-7s %s\n' $(1) $(2))

# --- what is built from what -----------------------------------------------------------------

SRC_C    := $(shell find src -name '*.c' | sort)
MODULE_C := $(foreach m,$(MODULES),$(shell find modules/$(m) -name '*.c' 2>/dev/null | sort))
SRC_O    := $(SRC_C:%.c=$(OUT)/obj/%.o)
MODULE_O := $(MODULE_C:%.c=$(OUT)/obj/%.o)
FILES_O  := $(if $(filter web,$(MODULES)),$(OUT)/obj/modules/web/files.o)
COMMON_O := $(if $(filter auth,$(MODULES)),$(OUT)/obj/modules/auth/common_passwords.o)
LLHTTP_O := $(OUT)/obj/third_party/llhttp.o
MAIN_O   := $(OUT)/obj/src/main.o
LIB      := $(OUT)/libhearth.a
BIN      := $(OUT)/hearth

# The library holds everything but main(): the program and every test link with it.
LIB_O    := $(filter-out $(MAIN_O),$(SRC_O)) $(MODULE_O) $(FILES_O) $(COMMON_O) $(LLHTTP_O)

# Remembers which modules the last build had, so that another choice links anew.
MODULES_STAMP := $(OUT)/.modules
$(shell mkdir -p $(OUT); echo "$(sort $(MODULES))" | cmp -s - $(MODULES_STAMP) || echo "$(sort $(MODULES))" >$(MODULES_STAMP))

.PHONY: build
build: $(BIN) ## Build the program at build/hearth (release, hardened, warnings are errors)

# From a bare machine `make build` installs nothing by itself; run and test do (see deps).
$(BIN): $(MAIN_O) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(OPT) $(LINK) -pthread -o $@ $(MAIN_O) -Wl,--whole-archive $(LIB) -Wl,--no-whole-archive $(PKG_LIBS)

$(LIB): $(LIB_O) $(MODULES_STAMP)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(LIB_O)

$(OUT)/obj/src/%.o: src/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(COMMON) $(OPT) -Iinclude -Isrc $(PKG_CFLAGS) -I/usr/share/include/llhttp \
		-DLLHTTP_STRICT_MODE=1 -MMD -MP -c -o $@ $<

# The one table of modules is compiled anew when the choice of modules changes.
$(OUT)/obj/src/modules.o: OPT += $(foreach m,$(MODULES),-DHEARTH_WITH_$(m)=1)
$(OUT)/obj/src/modules.o: $(MODULES_STAMP)

define module_rule
$(OUT)/obj/modules/$(1)/%.o: modules/$(1)/%.c
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(COMMON) $$(OPT) -Iinclude -Imodules/$(1) $$(PKG_CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(foreach m,$(MODULES),$(eval $(call module_rule,$(m))))

# Embedded by the assembler.
$(OUT)/obj/modules/auth/preferences/schema_file.o: modules/auth/preferences/schema.json

$(OUT)/obj/src/cli/game_new.o: modules/game/rules/skeleton.c modules/game/rules/skeleton.h tests/unit/game/rules/test_skeleton.c

# The page, embedded: a table in C and the bytes beside it.
$(OUT)/obj/modules/web/files.o: modules/web/pack.sh $(wildcard modules/web/assets/* modules/web/assets/*/*) package-lock.json
	$(call say,PACK,modules/web/assets)
	$(Q)modules/web/pack.sh $(abspath $(OUT))/obj/modules/web/pack
	$(Q)cd $(OUT)/obj/modules/web && $(CC) $(COMMON) $(OPT) -I$(CURDIR)/include -I$(CURDIR)/modules/web -c -o pack/table.o pack/files.c && \
		$(CC) -c -o pack/bytes.o pack/files.S && ld -r -o files.o pack/table.o pack/bytes.o

# The common passwords, embedded: one sorted text (modules/auth/password/common_passwords.c).
$(OUT)/obj/modules/auth/common_passwords.o: modules/auth/password/pack_common.mjs package-lock.json
	$(call say,PACK,modules/auth/password)
	$(Q)mkdir -p $(@D) && node $< $(@D)/pack && $(CC) -c -o $@ $(@D)/pack/common.S

# Debian's llhttp, always in strict mode (third_party/llhttp/README.md says why).
$(LLHTTP_O): /usr/share/llhttp/llhttp.c /usr/share/llhttp/api.c /usr/share/llhttp/http.c
	$(call say,CC,llhttp)
	$(Q)mkdir -p $(@D) && for f in $^; do \
		$(CC) -std=gnu11 -g -O2 -fPIE -fvisibility=hidden -w -DLLHTTP_STRICT_MODE=1 -I/usr/share/include/llhttp -I/usr/share/llhttp \
		-c -o $(@D)/$$(basename $$f .c).part.o $$f || exit 1; done && \
		ld -r -o $@ $(@D)/llhttp.part.o $(@D)/api.part.o $(@D)/http.part.o

-include $(shell find $(OUT)/obj $(OUT)/test $(OUT)/fuzz -name '*.d' 2>/dev/null)

# --- tests -----------------------------------------------------------------------------------
# tests/unit/src/**   sees include/ and src/;  tests/unit/<module>/** sees include/ and that module.

UNIT_C   := $(shell find tests/unit/src $(foreach m,$(MODULES),tests/unit/$(m)) -name 'test_*.c' 2>/dev/null | sort)
UNIT_BIN := $(UNIT_C:tests/unit/%.c=$(OUT)/test/%)
FUZZ_C   := $(shell find tests/fuzz/src $(foreach m,$(MODULES),tests/fuzz/$(m)) -name 'fuzz_*.c' 2>/dev/null | sort)
FUZZ_BIN := $(FUZZ_C:tests/fuzz/%.c=$(OUT)/fuzz/%)
CHECK_LIBS = $(shell pkg-config --libs check)

define unit_rule
$(OUT)/test/$(1)/%: tests/unit/$(1)/%.c $(LIB)
	$$(call say,TEST,$$<)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(COMMON) $$(OPT) $$(LINK) -Iinclude -Itests/unit $(2) $$(PKG_CFLAGS) -MMD -MP -MF $$@.d -o $$@ $$< \
		$$(LIB) $$(PKG_LIBS) $$(CHECK_LIBS)
$(OUT)/fuzz/$(1)/%: tests/fuzz/$(1)/%.c $(LIB)
	$$(call say,FUZZ,$$<)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(COMMON) $$(OPT) $$(LINK) -fsanitize=fuzzer -Iinclude $(2) $$(PKG_CFLAGS) -MMD -MP -MF $$@.d -o $$@ $$< \
		$$(LIB) $$(PKG_LIBS)
endef
$(eval $(call unit_rule,src,-Isrc))
$(foreach m,$(MODULES),$(eval $(call unit_rule,$(m),-Imodules/$(m))))

.PHONY: unit-programs fuzz-programs
unit-programs: $(if $(T),$(shell printf '%s\n' $(UNIT_BIN:$(OUT)/test/%=%) | grep -E '$(T)' | sed 's|^|$(OUT)/test/|'),$(UNIT_BIN))
fuzz-programs: $(FUZZ_BIN)

.PHONY: unit
unit: ## Build and run the unit tests alone (T=pattern chooses; VARIANT=asan|tsan)
	$(Q)$(MAKE) --no-print-directory build unit-programs
	$(Q)tests/run-unit.sh $(OUT)/test '$(T)'

.PHONY: system
system: deps-test ## Run the whole-system tests alone (T=pattern chooses; VARIANT=asan)
	$(Q)$(MAKE) --no-print-directory build
	$(Q)HEARTH_BIN=$(OUT)/hearth tests/run-system.sh '$(T)'

.PHONY: test
test: deps-test ## Install what is missing, build, and pass every test
	$(Q)$(MAKE) --no-print-directory build unit-programs
	$(Q)HEARTH_BIN=$(OUT)/hearth tests/run-all.sh $(OUT)

.PHONY: twice
twice: ## Ports and system tests with every database function run twice, the first run undone (db.h)
	$(Q)HEARTH_DB_TWICE=1 $(MAKE) --no-print-directory unit T='src/(db|job|bus|lease|blob)/'
	$(Q)HEARTH_DB_TWICE=1 $(MAKE) --no-print-directory system

.PHONY: asan tsan
asan: ## The whole suite under AddressSanitizer and UndefinedBehaviorSanitizer
	$(Q)$(MAKE) --no-print-directory test VARIANT=asan
tsan: deps-test ## The threaded parts (loop, ports, game shards) under ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory unit VARIANT=tsan T='src/(loop|job|db|bus|lease|blob|cache|registry|ports|fetch)/|game/lobby/'
	$(Q)GAMES=100 HEARTH_BIN=build/tsan/hearth tests/run-system.sh game

.PHONY: soak
soak: deps-test ## The long proofs at full length: hours of kills, games, stops and fuzzing (N=times, 20)
	$(Q)$(MAKE) --no-print-directory build
	$(Q)KILLS=$$(( $(or $(N),20) * 50 )) STOPS=$$(( $(or $(N),20) * 10 )) GAMES=$$(( $(or $(N),20) * 500 )) \
		QUEUE_KILLS=$$(( $(or $(N),20) * 10 )) QUEUE_MAILS=$$(( $(or $(N),20) * 1000 )) VERDICTS=$$(( 100 / $(or $(N),20) + 1 )) SYSTEM_TIMEOUT=36000 \
		HEARTH_BIN=$(OUT)/hearth tests/run-system.sh '^(crash|queue-crash|(spf-)?verdicts|video-crash|export|nodes-crash|stop|game|backup.*)$$'
	$(Q)$(MAKE) --no-print-directory fuzz T=$$(( $(or $(N),20) * 30 ))

.PHONY: fuzz
fuzz: deps-test ## Fuzz every parser (T=seconds for each, 20 by default; P=pattern chooses)
	$(Q)$(MAKE) --no-print-directory fuzz-programs VARIANT=fuzz
	$(Q)tests/run-fuzz.sh build/fuzz/fuzz '$(or $(T),20)' '$(P)'

.PHONY: coverage
coverage: deps-test ## Line coverage of the suite, as a table and build/coverage/html
	$(Q)$(MAKE) --no-print-directory test VARIANT=coverage
	$(Q)mkdir -p build/coverage/html && gcovr -r . --filter 'src/|modules/' --object-directory build/coverage/obj \
		--html-details build/coverage/html/index.html --txt

# --- quality ---------------------------------------------------------------------------------

.PHONY: lint
lint: deps-test ## clang-format, heads and comments, include borders, banned calls, clang-tidy (LINT_SECONDS bounds it)
	$(Q)tests/lint/lint.sh $(MODULES)

.PHONY: format
format: ## Lay the C sources out as .clang-format says
	$(Q)git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

.PHONY: bench
bench: deps-bench ## Measure each module beside a peer, in one run; prints ratios
	$(Q)$(MAKE) --no-print-directory build
	$(Q)HEARTH_BIN=$(OUT)/hearth bench/run.sh '$(T)'

# --- running and installing ------------------------------------------------------------------

.PHONY: deps deps-test deps-bench
deps: ## Install the Debian and npm packages that building and running need
	$(Q)third_party/install.sh run $(MODULES)
deps-test: ; $(Q)third_party/install.sh test $(MODULES)
deps-bench: ; $(Q)third_party/install.sh bench $(MODULES)

.PHONY: run
run: deps ## Install what is missing, build, and run everything on embedded defaults
	$(Q)$(MAKE) --no-print-directory build
	$(Q)exec $(BIN) serve

.PHONY: install
install: build ## Install program, user, /etc/hearth.ini and systemd unit (PREFIX, DESTDIR)
	$(Q)config/install.sh $(BIN) $(PREFIX) $(DESTDIR)

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf build

.PHONY: help
help: ## This list
	@grep -hE '^[a-z ]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

endif # one goal
