// Numbers, memory and languages: each entry makes the same calls in C and by the header.
const text = (string) => new TextEncoder().encode(`${string}\0`);

export const data = [
  {
    package: 'libecpg-dev',
    headers: ['pgtypes_numeric.h', 'pgtypes_date.h', 'pgtypes_interval.h', 'pgtypes_timestamp.h'],
    folders: ['/usr/include/postgresql'],
    library: 'pgtypes',
    c: `numeric *a = PGTYPESnumeric_from_asc("12.5", 0), *b = PGTYPESnumeric_from_asc("3.25", 0), *r = PGTYPESnumeric_new(); I(PGTYPESnumeric_add(a, b, r));
char *t = PGTYPESnumeric_to_asc(r, 2); S(t); PGTYPESchar_free(t); I(PGTYPESnumeric_mul(a, b, r)); double x; I(PGTYPESnumeric_to_double(r, &x)); D(x); I(PGTYPESnumeric_cmp(a, b));
I(PGTYPESnumeric_from_int(-7, r)); int n; I(PGTYPESnumeric_to_int(r, &n)); I(n); I(PGTYPESnumeric_from_double(2.5e10, r)); I(PGTYPESnumeric_to_int(r, &n)); long m; I(PGTYPESnumeric_to_long(r, &m)); I(m);
date d = PGTYPESdate_from_asc("2026-12-07", 0); I(d); t = PGTYPESdate_to_asc(d); S(t); int ymd[3]; PGTYPESdate_julmdy(d, ymd); B(ymd, 12); I(PGTYPESdate_dayofweek(d));
timestamp s = PGTYPEStimestamp_from_asc("2026-12-07 12:30:00", 0); I(s); S(PGTYPEStimestamp_to_asc(s)); interval *i = PGTYPESinterval_from_asc("1 day 2 hours", 0); S(PGTYPESinterval_to_asc(i));
I(PGTYPEStimestamp_add_interval(&s, i, &s)); I(s); char *rest; a = PGTYPESnumeric_from_asc("77x", &rest); I(a == 0);
PGTYPESnumeric_free(b); PGTYPESnumeric_free(r); PGTYPESinterval_free(i);`,
    js(l, { I, S, D, B }) {
      const [a, b] = ['12.5', '3.25'].map((one) => l.PGTYPESnumeric_from_asc(text(one), null));
      const r = l.PGTYPESnumeric_new();
      I(l.PGTYPESnumeric_add(a, b, r));
      const shown = l.PGTYPESnumeric_to_asc(r, 2);
      S(shown);
      l.PGTYPESchar_free(shown);
      I(l.PGTYPESnumeric_mul(a, b, r));
      const x = new Float64Array(1);
      I(l.PGTYPESnumeric_to_double(r, x));
      D(x[0]);
      I(l.PGTYPESnumeric_cmp(a, b));
      I(l.PGTYPESnumeric_from_int(-7, r));
      const n = new Int32Array(1);
      I(l.PGTYPESnumeric_to_int(r, n));
      I(n[0]);
      I(l.PGTYPESnumeric_from_double(2.5e10, r));
      I(l.PGTYPESnumeric_to_int(r, n));
      const m = l.ref('long');
      I(l.PGTYPESnumeric_to_long(r, m));
      I(m.at(0));
      const d = l.PGTYPESdate_from_asc(text('2026-12-07'), null);
      I(d);
      S(l.PGTYPESdate_to_asc(d));
      const ymd = new Int32Array(3);
      l.PGTYPESdate_julmdy(d, ymd);
      B(ymd, 12);
      I(l.PGTYPESdate_dayofweek(d));
      const s = l.PGTYPEStimestamp_from_asc(text('2026-12-07 12:30:00'), null);
      I(s);
      S(l.PGTYPEStimestamp_to_asc(s));
      const i = l.PGTYPESinterval_from_asc(text('1 day 2 hours'), null);
      S(l.PGTYPESinterval_to_asc(i));
      const when = l.ref('timestamp', s);
      I(l.PGTYPEStimestamp_add_interval(when, i, when));
      I(when.at(0));
      I(l.PGTYPESnumeric_from_asc(text('77x'), [null]) === null);
      l.PGTYPESnumeric_free(b);
      l.PGTYPESnumeric_free(r);
      l.PGTYPESinterval_free(i);
    },
  },
  {
    package: 'libtalloc-dev',
    headers: ['talloc.h'],
    library: 'talloc',
    before: 'static int ended; static int end(void *p) { (void)p; ended++; return 0; }',
    c: `I(talloc_version_major()); void *top = talloc_named_const(0, 0, "top"); char *s = talloc_strdup(top, "hello"); S(s); S(talloc_get_name(top)); S(talloc_parent_name(s));
I(talloc_total_size(top)); I(talloc_total_blocks(top)); I(talloc_get_size(s)); I(talloc_reference_count(s)); s = talloc_strdup_append(s, ", world"); S(s); I(talloc_get_size(s));
I(talloc_parent(s) == top); void *other = talloc_named(top, 16, "other %d", 7); S(talloc_get_name(other)); I(_talloc_steal_loc(other, s, "here") == s); I(talloc_is_parent(other, s)); S(talloc_asprintf(top, "%d-%s", 5, "x"));
_talloc_set_destructor(s, end); I(_talloc_free(other, "here")); I(ended); I(talloc_total_blocks(top)); void *m = _talloc_memdup(top, "abc", 3, "copy"); B(m, 3); I(_talloc_free(top, "here"));`,
    js(l, { I, S, B }) {
      I(l.talloc_version_major());
      const top = l.talloc_named_const(null, 0, 'top');
      let s = l.talloc_strdup(top, 'hello');
      S(s);
      S(l.talloc_get_name(top));
      S(l.talloc_parent_name(s));
      I(l.talloc_total_size(top));
      I(l.talloc_total_blocks(top));
      I(l.talloc_get_size(s));
      I(l.talloc_reference_count(s));
      s = l.talloc_strdup_append(s, ', world');
      S(s);
      I(l.talloc_get_size(s));
      I(l.talloc_parent(s).address === top.address);
      const other = l.talloc_named(top, 16, 'other %d', ['int', 7]);
      S(l.talloc_get_name(other));
      I(l._talloc_steal_loc(other, s, 'here').address === s.address);
      I(l.talloc_is_parent(other, s));
      S(l.talloc_asprintf(top, '%d-%s', ['int', 5], ['const char *', 'x']));
      let ended = 0;
      const end = l.callback('int (*)(void *)', () => {
        ended++;
        return 0;
      });
      l._talloc_set_destructor(s, end);
      I(l._talloc_free(other, 'here'));
      I(ended);
      I(l.talloc_total_blocks(top));
      B(l._talloc_memdup(top, text('abc'), 3, 'copy').as('uint8', 3).toTypedArray(), 3);
      I(l._talloc_free(top, 'here'));
      end.dispose();
    },
  },
  {
    package: 'libserd-dev',
    headers: ['serd/serd.h'],
    folders: ['/usr/include/serd-0'],
    library: 'serd-0',
    before: `static SerdStatus seen(void *h, const SerdNode *name, const SerdNode *uri) { (void)h; text((const char *)name->buf); text((const char *)uri->buf); return SERD_SUCCESS; }`,
    c: `S(serd_strerror(SERD_ERR_BAD_ARG)); size_t n; SerdNodeFlags f; I(serd_strlen((const uint8_t *)"h\\303\\266re\\"", &n, &f)); I(n); I(f);
char *end; D(serd_strtod("-1.5e3x", &end)); S(end); I(serd_uri_string_has_scheme((const uint8_t *)"http://a")); SerdURI u; I(serd_uri_parse((const uint8_t *)"http://a.org/x?q#f", &u));
I(u.authority.len); B(u.authority.buf, u.authority.len); B(u.query.buf, u.query.len); SerdNode d = serd_node_new_decimal(-3.25, 4); S(d.buf); I(d.n_bytes); I(d.type);
SerdNode i = serd_node_new_integer(-9007199254740993); S(i.buf); I(serd_node_equals(&d, &i)); SerdNode c = serd_node_copy(&i); I(serd_node_equals(&c, &i));
serd_node_free(&c); I(c.buf == 0); SerdNode blob = serd_node_new_blob("binary", 6, false); S(blob.buf); SerdEnv *e = serd_env_new(0);
I(serd_env_set_prefix_from_strings(e, (const uint8_t *)"ex", (const uint8_t *)"http://ex.org/")); serd_env_foreach(e, seen, 0);
SerdNode curie = serd_node_from_string(SERD_CURIE, (const uint8_t *)"ex:thing"); SerdNode full = serd_env_expand_node(e, &curie); S(full.buf); serd_env_free(e); serd_node_free(&d); serd_node_free(&i); serd_node_free(&blob); serd_node_free(&full);`,
    js(l, { I, S, D, B }) {
      S(l.serd_strerror('SERD_ERR_BAD_ARG'));
      const n = l.ref('size_t');
      const flags = l.ref('SerdNodeFlags');
      I(l.serd_strlen(text('höre"'), n, flags));
      I(n.at(0));
      I(flags.at(0));
      const end = [null];
      D(l.serd_strtod('-1.5e3x', end));
      S(end[0]);
      I(l.serd_uri_string_has_scheme(text('http://a')));
      const u = {};
      I(l.serd_uri_parse(text('http://a.org/x?q#f'), u));
      I(u.authority.len);
      for (const { buf, len } of [u.authority, u.query]) B(buf.array(len).toTypedArray(), len);
      const d = l.serd_node_new_decimal(-3.25, 4);
      S(d.buf);
      I(d.n_bytes);
      I(d.type);
      const i = l.serd_node_new_integer(-9007199254740993n);
      S(i.buf);
      I(l.serd_node_equals(d, i));
      const c = l.serd_node_copy(i);
      I(l.serd_node_equals(c, i));
      l.serd_node_free(c);
      I(c.buf === null);
      const blob = l.serd_node_new_blob(text('binary'), 6, false);
      S(blob.buf);
      const env = l.serd_env_new(null);
      I(l.serd_env_set_prefix_from_strings(env, text('ex'), text('http://ex.org/')));
      const seen = (_, name, uri) => {
        for (const node of [name, uri]) S(node.read().buf);
        return 'SERD_SUCCESS';
      };
      l.serd_env_foreach(env, seen, null);
      const name = l.keep(text('ex:thing'), env);
      const curie = l.serd_node_from_string('SERD_CURIE', name);
      const full = l.serd_env_expand_node(env, curie);
      S(full.buf);
      l.serd_env_free(env);
      for (const node of [d, i, blob, full]) l.serd_node_free(node);
    },
  },
  {
    package: 'libmujs-dev',
    headers: ['mujs.h'],
    library: 'mujs',
    before: 'static void twice(js_State *J) { js_pushnumber(J, 2 * js_tonumber(J, 1)); }',
    c: `js_State *J = js_newstate(0, 0, JS_STRICT); I(js_dostring(J, "var a = [1, 2, 3].map(function (x) { return x * x }).join('-')")); js_getglobal(J, "a"); S(js_tostring(J, -1)); S(js_typeof(J, -1));
js_pushstring(J, "+ü"); js_concat(J); S(js_tostring(J, -1)); I(js_gettop(J)); js_pop(J, 1); js_pushnumber(J, 2.75); D(js_tonumber(J, -1)); I(js_tointeger(J, -1)); js_setglobal(J, "n");
js_newcfunction(J, twice, "twice", 1); js_setglobal(J, "twice"); I(js_dostring(J, "n = twice(n) + 1")); js_getglobal(J, "n"); D(js_tonumber(J, -1)); I(js_isstring(J, -1));
js_newarray(J); js_pushnumber(J, 4); js_setindex(J, -2, 2); I(js_getlength(J, -1)); js_pop(J, 2); I(js_gettop(J)); js_freestate(J);`,
    js(l, { I, S, D }) {
      const J = l.js_newstate(null, null, l.table.constants.JS_STRICT?.value ?? 1);
      I(l.js_dostring(J, "var a = [1, 2, 3].map(function (x) { return x * x }).join('-')"));
      l.js_getglobal(J, 'a');
      S(l.js_tostring(J, -1));
      S(l.js_typeof(J, -1));
      l.js_pushstring(J, '+ü');
      l.js_concat(J);
      S(l.js_tostring(J, -1));
      I(l.js_gettop(J));
      l.js_pop(J, 1);
      l.js_pushnumber(J, 2.75);
      D(l.js_tonumber(J, -1));
      I(l.js_tointeger(J, -1));
      l.js_setglobal(J, 'n');
      const twice = l.callback('js_CFunction', (state) => l.js_pushnumber(state, 2 * l.js_tonumber(state, 1)));
      l.js_newcfunction(J, twice, 'twice', 1);
      l.js_setglobal(J, 'twice');
      I(l.js_dostring(J, 'n = twice(n) + 1'));
      l.js_getglobal(J, 'n');
      D(l.js_tonumber(J, -1));
      I(l.js_isstring(J, -1));
      l.js_newarray(J);
      l.js_pushnumber(J, 4);
      l.js_setindex(J, -2, 2);
      I(l.js_getlength(J, -1));
      l.js_pop(J, 2);
      I(l.js_gettop(J));
      l.js_freestate(J);
      twice.dispose();
    },
  },
  {
    package: 'libdlt-dev',
    headers: ['dlt.h'],
    folders: ['/usr/include/dlt'],
    definitions: ['-DDLT_2_18'],
    library: 'dlt',
    c: `char id[5] = {0}; dlt_set_id(id, "ABCDEF"); S(id); char out[128]; dlt_print_id(out, id); S(out); unsigned char raw[] = {1, 0xab, 65, 66}; I(dlt_print_hex_string(out, 128, raw, 4)); S(out);
I(dlt_print_mixed_string(out, 128, raw, 4, 0)); S(out); strcpy(out, "a\\tb\\nc"); dlt_clean_string(out, 5); S(out);
DltFilter f; I(dlt_filter_init(&f, 0)); I(dlt_filter_add(&f, "APP", "CTX", 0, 0, 100, 0)); I(dlt_filter_add(&f, "APQ", "CTX", 0, 0, 100, 0)); I(f.counter); I(dlt_filter_find(&f, "APQ", "CTX", 0, 0, 100, 0)); I(dlt_filter_delete(&f, "APP", "CTX", 0, 0, 100, 0)); I(f.counter); B(f.apid[0], 4);
DltBuffer b; memset(&b, 0, sizeof b); I(dlt_buffer_init_dynamic(&b, 1000, 4000, 1000)); I(dlt_buffer_push(&b, raw, 4)); I(dlt_buffer_push(&b, raw, 3)); I(dlt_buffer_get_message_count(&b)); I(dlt_buffer_get_used_size(&b)); unsigned char back[16] = {0}; I(dlt_buffer_pull(&b, back, 16)); B(back, 4); I(dlt_buffer_get_total_size(&b)); I(dlt_buffer_free_dynamic(&b)); I(dlt_filter_free(&f, 0));`,
    js(l, { I, S, B }) {
      const id = l.alloc('char', 5);
      l.dlt_set_id(id, 'ABCDEF');
      S(id.text());
      const out = l.alloc('char', 128);
      l.dlt_print_id(out, id);
      S(out.text());
      const raw = new Uint8Array([1, 0xab, 65, 66]);
      I(l.dlt_print_hex_string(out, 128, raw, 4));
      S(out.text());
      I(l.dlt_print_mixed_string(out, 128, raw, 4, 0));
      S(out.text());
      out.copyFrom([...text('a\tb\nc')], 0);
      l.dlt_clean_string(out, 5);
      S(out.text());
      const f = {};
      I(l.dlt_filter_init(f, 0));
      I(l.dlt_filter_add(f, 'APP', 'CTX', 0, 0, 100, 0));
      I(l.dlt_filter_add(f, 'APQ', 'CTX', 0, 0, 100, 0));
      I(f.counter);
      I(l.dlt_filter_find(f, 'APQ', 'CTX', 0, 0, 100, 0));
      I(l.dlt_filter_delete(f, 'APP', 'CTX', 0, 0, 100, 0));
      I(f.counter);
      B(Buffer.from(f.apid[0]), 4);
      const b = {};
      I(l.dlt_buffer_init_dynamic(b, 1000, 4000, 1000));
      I(l.dlt_buffer_push(b, raw, 4));
      I(l.dlt_buffer_push(b, raw, 3));
      I(l.dlt_buffer_get_message_count(b));
      I(l.dlt_buffer_get_used_size(b));
      const back = new Uint8Array(16);
      I(l.dlt_buffer_pull(b, back, 16));
      B(back, 4);
      I(l.dlt_buffer_get_total_size(b));
      I(l.dlt_buffer_free_dynamic(b));
      I(l.dlt_filter_free(f, 0));
    },
  },
];
