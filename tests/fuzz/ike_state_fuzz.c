/* Snapshots with any contents: refused whole, or an engine that can be used and ended. */
#include "tests/fuzz/ike_owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[1 << 18];
	struct wr w = wr_make(again, sizeof again);
	struct ike_sa_view v;
	struct owner o;

	owner_make(&o, 0);
	if (ike_load(o.ike, data, size, o.now) == CAUSE_NONE) {
		if (ike_save(o.ike, &w, o.now) && w.len < 12)
			abort();
	} else if (ike_sa_view(o.ike, 0, &v)) {
		abort();
	}
	for (unsigned i = 0; i < 4; i++) {
		o.now += LS_S(40);
		ike_tick(o.ike, o.now);
		owner_pump(&o);
		owner_forget(&o);
	}
	ike_shutdown(o.ike, o.now);
	owner_pump(&o);
	owner_free(&o);
	return 0;
}
