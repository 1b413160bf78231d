// Addresses, names and messages of networks: each entry makes the same calls in C and by the header.
const bytes = (text) => new TextEncoder().encode(text);
const xml = (text) => bytes(`${text}\0`);
const names = '<root><NewFoo>bar</NewFoo><NewPort>8080</NewPort></root>';
const ports =
  '<p:PortMappingList><p:PortMappingEntry><p:NewRemoteHost>1.2.3.4</p:NewRemoteHost><p:NewExternalPort>77</p:NewExternalPort>' +
  '<p:NewProtocol>UDP</p:NewProtocol><p:NewInternalPort>78</p:NewInternalPort></p:PortMappingEntry></p:PortMappingList>';
const device =
  '<root><URLBase>http://192.168.0.1:80</URLBase><device><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/ctl</controlURL></device></root>';

export const network = [
  {
    package: 'libzdb-dev',
    headers: ['zdb.h'],
    folders: ['/usr/include/zdb'],
    library: 'zdb',
    c: `URL_T u = URL_new("mysql://me:pw%20x@localhost:3306/db?a=1&b=two"); S(URL_getProtocol(u)); S(URL_getUser(u)); S(URL_getPassword(u));
S(URL_getHost(u)); I(URL_getPort(u)); S(URL_getPath(u)); S(URL_getQueryString(u)); S(URL_getParameter(u, "b")); S(URL_getParameter(u, "c"));
const char **n = URL_getParameterNames(u); S(n[0]); S(n[1]); S(n[2]); S(URL_toString(u)); char *e = URL_escape("a b<c>"); S(e); S(URL_unescape(e));
URL_free(&u); I(u == 0);`,
    js(l, { I, S }) {
      const u = l.URL_new('mysql://me:pw%20x@localhost:3306/db?a=1&b=two');
      S(l.URL_getProtocol(u));
      S(l.URL_getUser(u));
      S(l.URL_getPassword(u));
      S(l.URL_getHost(u));
      I(l.URL_getPort(u));
      S(l.URL_getPath(u));
      S(l.URL_getQueryString(u));
      S(l.URL_getParameter(u, 'b'));
      S(l.URL_getParameter(u, 'c'));
      const list = l.URL_getParameterNames(u);
      for (let i = 0; i < 3; i++) S(list.read(i));
      S(l.URL_toString(u));
      const escaped = l.URL_escape('a b<c>');
      S(escaped);
      S(l.URL_unescape(escaped));
      const handle = [u];
      l.URL_free(handle);
      I(handle[0] === null);
    },
  },
  {
    package: 'libosmo-sigtran-dev',
    headers: [
      'osmocom/sigtran/osmo_ss7.h',
      'osmocom/sigtran/sccp_sap.h',
      'osmocom/sigtran/sccp_helpers.h',
      'osmocom/sigtran/xua_msg.h',
    ],
    library: 'osmo-sigtran',
    c: `struct osmo_sccp_addr a, b; memset(&a, 0, sizeof a); memset(&b, 0, sizeof b); osmo_sccp_make_addr_pc_ssn(&a, 1234, 8); osmo_sccp_make_addr_pc_ssn(&b, 1235, 8);
I(a.presence); I(a.pc); I(a.ssn); S(osmo_sccp_addr_dump(&a)); I(osmo_sccp_check_addr(&a, 3)); I(osmo_sccp_addr_cmp(&a, &b, 2) != 0); I(osmo_sccp_addr_cmp(&a, &a, 3));
osmo_sccp_addr_set_ssn(&b, 146); S(osmo_sccp_addr_dump(&b)); I(osmo_ss7_pointcode_parse(0, "1-2-3")); S(osmo_ss7_pointcode_print(0, 2067)); S(osmo_ss7_pointcode_print2(0, 1)); I(osmo_ss7_pointcode_parse_mask_or_len(0, "/8"));
I(osmo_sccp_addr_ri_cmp(&a, &b)); b.gt.gti = 4; strcpy(b.gt.digits, "12345"); I(osmo_sccp_gt_cmp(&a.gt, &b.gt) != 0); S(osmo_sccp_gt_dump(&b.gt)); char out[20]; S(osmo_ss7_pointcode_print_buf(out, 20, 0, 513));`,
    js(l, { I, S }) {
      const [a, b] = [{}, {}];
      l.osmo_sccp_make_addr_pc_ssn(a, 1234, 8);
      l.osmo_sccp_make_addr_pc_ssn(b, 1235, 8);
      I(a.presence);
      I(a.pc);
      I(a.ssn);
      S(l.osmo_sccp_addr_dump(a));
      I(l.osmo_sccp_check_addr(a, 3));
      I(l.osmo_sccp_addr_cmp(a, b, 2) !== 0);
      I(l.osmo_sccp_addr_cmp(a, a, 3));
      l.osmo_sccp_addr_set_ssn(b, 146);
      S(l.osmo_sccp_addr_dump(b));
      I(l.osmo_ss7_pointcode_parse(null, '1-2-3'));
      S(l.osmo_ss7_pointcode_print(null, 2067));
      S(l.osmo_ss7_pointcode_print2(null, 1));
      I(l.osmo_ss7_pointcode_parse_mask_or_len(null, '/8'));
      I(l.osmo_sccp_addr_ri_cmp(a, b));
      b.gt.gti = 4;
      b.gt.digits = '12345';
      I(l.osmo_sccp_gt_cmp(a.gt, b.gt) !== 0);
      S(l.osmo_sccp_gt_dump(b.gt));
      S(l.osmo_ss7_pointcode_print_buf(l.alloc('char', 20), 20, null, 513));
    },
  },
  {
    package: 'libminiupnpc-dev',
    headers: [
      'miniupnpc/miniupnpc.h',
      'miniupnpc/upnpreplyparse.h',
      'miniupnpc/portlistingparse.h',
      'miniupnpc/igd_desc_parse.h',
      'miniupnpc/upnperrors.h',
    ],
    library: 'miniupnpc',
    c: `S(strupnperror(401)); S(strupnperror(-1)); const char *x = ${JSON.stringify(names)};
struct NameValueParserData d; ParseNameValue(x, strlen(x), &d); S(GetValueFromNameValueList(&d, "NewFoo")); S(GetValueFromNameValueList(&d, "NewPort")); S(GetValueFromNameValueList(&d, "No"));
ClearNameValueList(&d); I(d.l_head == 0);
const char *y = ${JSON.stringify(ports)}; struct PortMappingParserData q; ParsePortListing(y, strlen(y), &q); S(q.l_head->remoteHost); I(q.l_head->externalPort); I(q.l_head->internalPort); S(q.l_head->protocol);
I(q.l_head->l_next == 0); FreePortListing(&q); I(q.l_head == 0);
const char *z = ${JSON.stringify(device)}; struct IGDdatas g; memset(&g, 0, sizeof g); parserootdesc(z, strlen(z), &g); S(g.urlbase); S(g.cureltname); I(g.level); S(g.tmp.controlurl);
struct UPNPUrls u; memset(&u, 0, sizeof u); strcpy(g.first.controlurl, "/ctl"); GetUPNPUrls(&u, &g, "http://192.168.0.1:80/desc.xml", 0); S(u.controlURL); S(u.rootdescURL); FreeUPNPUrls(&u); I(u.controlURL == 0);
freeUPNPDevlist(0);`,
    js(l, { I, S }) {
      S(l.strupnperror(401));
      S(l.strupnperror(-1));
      const d = l.alloc('struct NameValueParserData');
      l.ParseNameValue(names, names.length, d);
      S(l.GetValueFromNameValueList(d, 'NewFoo'));
      S(l.GetValueFromNameValueList(d, 'NewPort'));
      S(l.GetValueFromNameValueList(d, 'No'));
      l.ClearNameValueList(d);
      I(d.at(0).l_head === null);
      const q = {};
      l.ParsePortListing(ports, ports.length, q);
      const first = q.l_head.read();
      S(first.remoteHost);
      I(first.externalPort);
      I(first.internalPort);
      S(first.protocol);
      I(first.l_next === null);
      l.FreePortListing(q);
      I(q.l_head === null);
      const g = {};
      l.parserootdesc(xml(device), device.length, g);
      S(g.urlbase);
      S(g.cureltname);
      I(g.level);
      S(g.tmp.controlurl);
      const u = {};
      g.first.controlurl = '/ctl';
      l.GetUPNPUrls(u, g, 'http://192.168.0.1:80/desc.xml', 0);
      S(u.controlURL);
      S(u.rootdescURL);
      l.FreeUPNPUrls(u);
      I(u.controlURL === null);
      l.freeUPNPDevlist(null);
    },
  },
  {
    package: 'libmacaroons-dev',
    headers: ['macaroons.h'],
    library: 'macaroons',
    before:
      'static int allow(void *f, const unsigned char *p, size_t n) { (void)f; return n == 8 && memcmp(p, "time < 5", 8) == 0 ? 0 : -1; }',
    c: `enum macaroon_returncode e = 0; typedef const unsigned char *U; U k = (U)"the key"; struct macaroon *m = macaroon_create((U)"http://a", 8, k, 7, (U)"id 1", 4, &e);
U p; size_t n; macaroon_location(m, &p, &n); I(n); B(p, n); macaroon_identifier(m, &p, &n); B(p, n); macaroon_signature(m, &p, &n); B(p, n);
struct macaroon *w = macaroon_add_first_party_caveat(m, (U)"account = 3", 11, &e); struct macaroon *v = macaroon_add_first_party_caveat(w, (U)"time < 5", 8, &e); I(e);
I(macaroon_validate(v)); I(macaroon_num_third_party_caveats(v)); I(macaroon_cmp(m, v) != 0); n = macaroon_serialize_size_hint(v); I(n); char *t = calloc(1, n); I(macaroon_serialize(v, t, n, &e)); S(t);
struct macaroon *r = macaroon_deserialize(t, &e); I(macaroon_cmp(r, v)); struct macaroon_verifier *V = macaroon_verifier_create(); I(macaroon_verify(V, v, k, 7, 0, 0, &e)); I(e);
I(macaroon_verifier_satisfy_exact(V, (U)"account = 3", 11, &e)); I(macaroon_verifier_satisfy_general(V, allow, 0, &e)); I(macaroon_verify(V, v, k, 7, 0, 0, &e));
macaroon_verifier_destroy(V); macaroon_destroy(m); macaroon_destroy(w); macaroon_destroy(v); macaroon_destroy(r);`,
    js(l, { I, S, B }) {
      const e = l.ref('enum macaroon_returncode');
      const key = bytes('the key');
      const m = l.macaroon_create(bytes('http://a'), 8, key, 7, bytes('id 1'), 4, e);
      const n = l.ref('size_t');
      const shown = (name) => {
        const p = [null];
        l[name](m, p, n);
        const length = n.at(0);
        return [p[0].array(length).toTypedArray(), length];
      };
      const [place, length] = shown('macaroon_location');
      I(length);
      B(place, length);
      B(...shown('macaroon_identifier'));
      B(...shown('macaroon_signature'));
      const w = l.macaroon_add_first_party_caveat(m, bytes('account = 3'), 11, e);
      const v = l.macaroon_add_first_party_caveat(w, bytes('time < 5'), 8, e);
      I(e.at(0));
      I(l.macaroon_validate(v));
      I(l.macaroon_num_third_party_caveats(v));
      I(l.macaroon_cmp(m, v) !== 0);
      const size = l.macaroon_serialize_size_hint(v);
      I(size);
      const text = l.alloc('char', size);
      I(l.macaroon_serialize(v, text, size, e));
      S(text.text());
      const r = l.macaroon_deserialize(text, e);
      I(l.macaroon_cmp(r, v));
      const verifier = l.macaroon_verifier_create();
      I(l.macaroon_verify(verifier, v, key, 7, null, 0, e));
      I(e.at(0));
      const exact = bytes('account = 3');
      I(l.macaroon_verifier_satisfy_exact(verifier, exact, 11, e));
      const allow = l.callback('int (*)(void *, const unsigned char *, size_t)', (_, p, count) =>
        Buffer.from(p.array(count).toTypedArray()).toString() === 'time < 5' ? 0 : -1,
      );
      I(l.macaroon_verifier_satisfy_general(verifier, allow, null, e));
      I(l.macaroon_verify(verifier, v, key, 7, null, 0, e));
      l.macaroon_verifier_destroy(verifier);
      for (const one of [m, w, v, r]) l.macaroon_destroy(one);
      allow.dispose();
    },
  },
  {
    package: 'libloc-dev',
    headers: ['libloc/libloc.h', 'libloc/country.h', 'libloc/as.h', 'libloc/network.h'],
    library: 'loc',
    c: `struct loc_ctx *x = 0; I(loc_new(&x)); I(loc_get_log_priority(x)); loc_set_log_priority(x, 4); I(loc_get_log_priority(x));
struct loc_country *c, *d; I(loc_country_new(x, &c, "DE")); I(loc_country_new(x, &d, "FR")); S(loc_country_get_code(c)); I(loc_country_set_name(c, "Österreich")); S(loc_country_get_name(c));
I(loc_country_cmp(c, d) < 0); I(loc_country_code_is_valid("ZZZ")); I(loc_country_set_continent_code(c, "EU")); S(loc_country_get_continent_code(c));
struct loc_network *n, *o; I(loc_network_new_from_string(x, &n, "10.0.0.0/8")); I(loc_network_new_from_string(x, &o, "10.1.0.0/16")); S(loc_network_str(n)); I(loc_network_prefix(n)); I(loc_network_address_family(n));
I(loc_network_is_subnet(n, o)); I(loc_network_overlaps(n, o)); B(loc_network_get_last_address(n), 16); S(loc_network_format_last_address(o)); I(loc_network_matches_address(n, loc_network_get_first_address(o)));
struct loc_as *a; I(loc_as_new(x, &a, 4200000000u)); I(loc_as_get_number(a)); I(loc_as_set_name(a, "one")); S(loc_as_get_name(a));
loc_as_unref(a); loc_network_unref(n); loc_network_unref(o); loc_country_unref(c); loc_country_unref(d); I(loc_unref(x) == 0);`,
    js(l, { I, S, B }) {
      const made = (name, ...more) => {
        const out = [null];
        I(l[name](...(name === 'loc_new' ? [] : [x]), out, ...more));
        return out[0];
      };
      let x = null;
      x = made('loc_new');
      I(l.loc_get_log_priority(x));
      l.loc_set_log_priority(x, 4);
      I(l.loc_get_log_priority(x));
      const [c, d] = [made('loc_country_new', 'DE'), made('loc_country_new', 'FR')];
      S(l.loc_country_get_code(c));
      I(l.loc_country_set_name(c, 'Österreich'));
      S(l.loc_country_get_name(c));
      I(l.loc_country_cmp(c, d) < 0);
      I(l.loc_country_code_is_valid('ZZZ'));
      I(l.loc_country_set_continent_code(c, 'EU'));
      S(l.loc_country_get_continent_code(c));
      const [n, o] = ['10.0.0.0/8', '10.1.0.0/16'].map((text) => made('loc_network_new_from_string', text));
      S(l.loc_network_str(n));
      I(l.loc_network_prefix(n));
      I(l.loc_network_address_family(n));
      I(l.loc_network_is_subnet(n, o));
      I(l.loc_network_overlaps(n, o));
      B(l.loc_network_get_last_address(n).as('uint8', 16).toTypedArray(), 16);
      S(l.loc_network_format_last_address(o));
      I(l.loc_network_matches_address(n, l.loc_network_get_first_address(o)));
      const a = made('loc_as_new', 4200000000);
      I(l.loc_as_get_number(a));
      I(l.loc_as_set_name(a, 'one'));
      S(l.loc_as_get_name(a));
      l.loc_as_unref(a);
      l.loc_network_unref(n);
      l.loc_network_unref(o);
      l.loc_country_unref(c);
      l.loc_country_unref(d);
      I(l.loc_unref(x) === null);
    },
  },
  {
    package: 'libavahi-core-dev',
    headers: ['avahi-core/core.h', 'avahi-core/rr.h'],
    library: 'avahi-core',
    links: ['avahi-core', 'avahi-common'],
    c: `AvahiKey *k = avahi_key_new("host.local", AVAHI_DNS_CLASS_IN, AVAHI_DNS_TYPE_SRV); I(avahi_key_is_valid(k)); char *t = avahi_key_to_string(k); S(t);
AvahiKey *j = avahi_key_new("HOST.local", 1, AVAHI_DNS_TYPE_SRV); I(avahi_key_equal(k, j)); I(avahi_key_hash(k)); I(avahi_key_ref(j) == j); avahi_key_unref(j); avahi_key_unref(j);
S(avahi_dns_class_to_string(1)); S(avahi_dns_type_to_string(AVAHI_DNS_TYPE_PTR));
AvahiRecord *r = avahi_record_new(k, 120); unsigned char data[] = {0, 1, 0, 2, 0x1f, 0x90, 1, 'a', 0}; I(avahi_rdata_parse(r, data, 9)); I(r->data.srv.port); S(r->data.srv.name);
I(avahi_record_is_valid(r)); t = avahi_record_to_string(r); S(t); I(avahi_record_ref(r) == r); avahi_record_unref(r); I(avahi_record_equal_no_ttl(r, r)); unsigned char out[64]; size_t n = avahi_rdata_serialize(r, out, 64); I(n); B(out, n);
avahi_record_unref(r); avahi_key_unref(k);
AvahiServerConfig f; memset(&f, 0, sizeof f); I(avahi_server_config_init(&f) != 0); I(f.use_ipv4); I(f.n_cache_entries_max); avahi_server_config_free(&f);`,
    js(l, { I, S, B }) {
      const types = Object.assign({}, ...Object.values(l.table.enums).map(({ values }) => values));
      const k = l.avahi_key_new('host.local', 1, types.AVAHI_DNS_TYPE_SRV);
      I(l.avahi_key_is_valid(k));
      S(l.avahi_key_to_string(k));
      const j = l.avahi_key_new('HOST.local', 1, types.AVAHI_DNS_TYPE_SRV);
      I(l.avahi_key_equal(k, j));
      I(l.avahi_key_hash(k));
      I(l.avahi_key_ref(j).address === j.address);
      l.avahi_key_unref(j);
      l.avahi_key_unref(j);
      S(l.avahi_dns_class_to_string(1));
      S(l.avahi_dns_type_to_string(types.AVAHI_DNS_TYPE_PTR));
      const r = l.avahi_record_new(k, 120);
      I(l.avahi_rdata_parse(r, new Uint8Array([0, 1, 0, 2, 0x1f, 0x90, 1, 97, 0]), 9));
      const { srv } = r.read().data;
      I(srv.port);
      S(srv.name);
      I(l.avahi_record_is_valid(r));
      S(l.avahi_record_to_string(r));
      I(l.avahi_record_ref(r).address === r.address);
      l.avahi_record_unref(r);
      I(l.avahi_record_equal_no_ttl(r, r));
      const out = new Uint8Array(64);
      const n = l.avahi_rdata_serialize(r, out, 64);
      I(n);
      B(out, n);
      l.avahi_record_unref(r);
      l.avahi_key_unref(k);
      const f = {};
      I(l.avahi_server_config_init(f) !== null);
      I(f.use_ipv4);
      I(f.n_cache_entries_max);
      l.avahi_server_config_free(f);
    },
  },
];
