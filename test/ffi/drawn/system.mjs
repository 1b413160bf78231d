// Devices, sign-on, processors, objects and maps: each entry makes the same calls in C and by the header.
import { closeSync, openSync } from 'node:fs';

/** The values of all enums, as C has them. */
const enumerators = (l) => Object.assign({}, ...Object.values(l.table.enums).map(({ values }) => values));
const text = (string) => new TextEncoder().encode(`${string}\0`);

export const system = [
  {
    package: 'libpam0g-dev',
    headers: ['security/pam_appl.h', 'security/pam_modules.h'],
    library: 'pam',
    before: `static int talk(int n, const struct pam_message **m, struct pam_response **r, void *d) { (void)n; (void)m; (void)r; (void)d; return 19; }
static int gone; static void end(pam_handle_t *h, void *d, int s) { (void)h; (void)d; gone = s + 1; }`,
    c: `struct pam_conv v = {talk, 0}; pam_handle_t *h = 0; I(pam_start("ewald", "me", &v, &h)); I(pam_set_item(h, PAM_RUSER, "other")); const void *p = 0; I(pam_get_item(h, PAM_RUSER, &p)); S(p);
I(pam_get_item(h, PAM_USER, &p)); S(p); const char *u; I(pam_get_user(h, &u, "who? ")); S(u); I(pam_putenv(h, "A=1")); I(pam_putenv(h, "BC=two words")); S(pam_getenv(h, "BC")); S(pam_getenv(h, "D"));
char **e = pam_getenvlist(h); S(e[0]); S(e[1]); S(e[2]); I(pam_putenv(h, "A")); S(pam_getenv(h, "A")); S(pam_strerror(h, 7)); I(pam_set_item(h, 99, "x")); I(pam_fail_delay(h, 0)); I(pam_set_data(h, "key", 0, end)); I(pam_get_data(h, "key", &p)); I(p == 0); I(pam_end(h, 5)); I(gone);`,
    js(l, { I, S }) {
      const talk = l.callback('int (*)(int, const struct pam_message **, struct pam_response **, void *)', () => 19);
      const handle = [null];
      I(l.pam_start('ewald', 'me', { conv: talk, appdata_ptr: null }, handle));
      const [h] = handle;
      const { PAM_RUSER, PAM_USER } = l.table.constants;
      I(l.pam_set_item(h, PAM_RUSER.value, text('other')));
      const p = [null];
      I(l.pam_get_item(h, PAM_RUSER.value, p));
      S(p[0]);
      I(l.pam_get_item(h, PAM_USER.value, p));
      S(p[0]);
      const user = [null];
      I(l.pam_get_user(h, user, 'who? '));
      S(user[0]);
      I(l.pam_putenv(h, 'A=1'));
      I(l.pam_putenv(h, 'BC=two words'));
      S(l.pam_getenv(h, 'BC'));
      S(l.pam_getenv(h, 'D'));
      const list = l.pam_getenvlist(h);
      for (let i = 0; i < 3; i++) S(list.read(i));
      I(l.pam_putenv(h, 'A'));
      S(l.pam_getenv(h, 'A'));
      S(l.pam_strerror(h, 7));
      I(l.pam_set_item(h, 99, text('x')));
      I(l.pam_fail_delay(h, 0));
      let gone = 0;
      const end = l.callback('void (*)(pam_handle_t *, void *, int)', (_h, _d, status) => {
        gone = status + 1;
      });
      I(l.pam_set_data(h, 'key', null, end));
      I(l.pam_get_data(h, 'key', p));
      I(p[0] === null);
      I(l.pam_end(h, 5));
      I(gone);
      talk.dispose();
      end.dispose();
    },
  },
  {
    package: 'libmtdev-dev',
    headers: ['mtdev.h', 'mtdev-plumbing.h'],
    library: 'mtdev',
    c: `struct mtdev *d = mtdev_new(); I(mtdev_init(d)); mtdev_set_mt_event(d, 0x35, 1); I(mtdev_has_mt_event(d, 0x35)); I(mtdev_has_mt_event(d, 0x36)); mtdev_set_abs_minimum(d, 0x35, -10); mtdev_set_abs_maximum(d, 0x35, 4000);
mtdev_set_abs_fuzz(d, 0x35, 3); mtdev_set_abs_resolution(d, 0x35, 12); I(mtdev_get_abs_minimum(d, 0x35)); I(mtdev_get_abs_maximum(d, 0x35)); I(mtdev_get_abs_fuzz(d, 0x35)); I(mtdev_get_abs_resolution(d, 0x35));
struct input_event v[2] = {{{1, 2}, 3, 0, 55}, {{1, 3}, 0, 0, 0}}, w; I(mtdev_empty(d)); mtdev_put_event(d, &v[0]); mtdev_put_event(d, &v[1]); I(mtdev_empty(d)); mtdev_get_event(d, &w); I(w.time.tv_usec); I(w.type); I(w.value); mtdev_get_event(d, &w); I(w.time.tv_usec); I(mtdev_empty(d)); mtdev_close_delete(d);`,
    js(l, { I }) {
      const d = l.mtdev_new();
      I(l.mtdev_init(d));
      l.mtdev_set_mt_event(d, 0x35, 1);
      I(l.mtdev_has_mt_event(d, 0x35));
      I(l.mtdev_has_mt_event(d, 0x36));
      l.mtdev_set_abs_minimum(d, 0x35, -10);
      l.mtdev_set_abs_maximum(d, 0x35, 4000);
      l.mtdev_set_abs_fuzz(d, 0x35, 3);
      l.mtdev_set_abs_resolution(d, 0x35, 12);
      for (const what of ['minimum', 'maximum', 'fuzz', 'resolution']) I(l[`mtdev_get_abs_${what}`](d, 0x35));
      I(l.mtdev_empty(d));
      l.mtdev_put_event(d, { time: { tv_sec: 1, tv_usec: 2 }, type: 3, code: 0, value: 55 });
      l.mtdev_put_event(d, { time: { tv_sec: 1, tv_usec: 3 }, type: 0, code: 0, value: 0 });
      I(l.mtdev_empty(d));
      const w = {};
      l.mtdev_get_event(d, w);
      I(w.time.tv_usec);
      I(w.type);
      I(w.value);
      l.mtdev_get_event(d, w);
      I(w.time.tv_usec);
      I(l.mtdev_empty(d));
      l.mtdev_close_delete(d);
    },
  },
  {
    package: 'libcpuinfo-dev',
    headers: ['cpuinfo.h'],
    library: 'cpuinfo',
    c: `I(cpuinfo_initialize()); I(cpuinfo_get_processors_count()); I(cpuinfo_get_cores_count()); I(cpuinfo_get_clusters_count()); I(cpuinfo_get_packages_count()); I(cpuinfo_get_uarchs_count());
I(cpuinfo_get_l1d_caches_count()); I(cpuinfo_get_l1i_caches_count()); I(cpuinfo_get_l2_caches_count()); I(cpuinfo_get_max_cache_size()); const struct cpuinfo_package *p = cpuinfo_get_package(0); if (p) { S(p->name); I(p->processor_count); }
const struct cpuinfo_core *c = cpuinfo_get_core(0); if (c) { I(c->vendor); I(c->uarch); I(c->frequency); } const struct cpuinfo_cache *l = cpuinfo_get_l1d_cache(0); if (l) { I(l->size); I(l->associativity); I(l->line_size); } I(cpuinfo_get_processor(0) != 0); cpuinfo_deinitialize();`,
    js(l, { I, S }) {
      I(l.cpuinfo_initialize());
      for (const what of [
        'processors',
        'cores',
        'clusters',
        'packages',
        'uarchs',
        'l1d_caches',
        'l1i_caches',
        'l2_caches',
      ])
        I(l[`cpuinfo_get_${what}_count`]());
      I(l.cpuinfo_get_max_cache_size());
      const p = l.cpuinfo_get_package(0)?.read();
      if (p) {
        S(p.name);
        I(p.processor_count);
      }
      const value = (given) => (typeof given === 'string' ? l.table.constants[given].value : given);
      const c = l.cpuinfo_get_core(0)?.read();
      if (c) {
        I(value(c.vendor));
        I(value(c.uarch));
        I(c.frequency);
      }
      const cache = l.cpuinfo_get_l1d_cache(0)?.read();
      if (cache) {
        I(cache.size);
        I(cache.associativity);
        I(cache.line_size);
      }
      I(l.cpuinfo_get_processor(0) !== null);
      l.cpuinfo_deinitialize();
    },
  },
  {
    package: 'libdw-dev',
    headers: ['dwarf.h', 'elfutils/libdw.h', 'fcntl.h'],
    library: 'dw',
    // The program itself, with its debug information, is what both read.
    c: `if (!file) file = arguments[0]; int fd = open(file, O_RDONLY); Dwarf *w = dwarf_begin(fd, DWARF_C_READ); I(w != 0); I(dwarf_errno()); Dwarf_Off next; size_t head; I(dwarf_nextcu(w, 0, &next, &head, 0, 0, 0)); I(next); I(head);
Dwarf_Die die, child; I(dwarf_offdie(w, head, &die) != 0); I(dwarf_tag(&die)); S(dwarf_diename(&die)); I(dwarf_srclang(&die)); I(dwarf_haschildren(&die)); I(dwarf_child(&die, &child)); I(dwarf_tag(&child)); I(dwarf_dieoffset(&child)); I(dwarf_cuoffset(&child));
Dwarf_Attribute at; I(dwarf_hasattr(&die, DW_AT_producer)); I(dwarf_attr(&die, DW_AT_producer, &at) != 0); S(dwarf_formstring(&at)); I(dwarf_whatform(&at)); I(dwarf_siblingof(&child, &child)); S(dwarf_diename(&child)); I(dwarf_bytesize(&child)); Dwarf_Addr low; I(dwarf_lowpc(&die, &low)); I(low);
I(dwarf_begin(-1, DWARF_C_READ) != 0); S(dwarf_errmsg(-1)); I(dwarf_end(w));`,
    js(l, { I, S, file }) {
      const fd = openSync(file, 'r');
      const w = l.dwarf_begin(fd, 'DWARF_C_READ');
      I(w !== null);
      I(l.dwarf_errno());
      const [next, head] = [l.ref('Dwarf_Off'), l.ref('size_t')];
      I(l.dwarf_nextcu(w, 0, next, head, null, null, null));
      I(next.at(0));
      I(head.at(0));
      const [die, child] = [l.alloc('Dwarf_Die'), l.alloc('Dwarf_Die')];
      I(l.dwarf_offdie(w, head.at(0), die) !== null);
      I(l.dwarf_tag(die));
      S(l.dwarf_diename(die));
      I(l.dwarf_srclang(die));
      I(l.dwarf_haschildren(die));
      I(l.dwarf_child(die, child));
      I(l.dwarf_tag(child));
      I(l.dwarf_dieoffset(child));
      I(l.dwarf_cuoffset(child));
      const { DW_AT_producer: producer } = enumerators(l);
      const attribute = l.alloc('Dwarf_Attribute');
      I(l.dwarf_hasattr(die, producer));
      I(l.dwarf_attr(die, producer, attribute) !== null);
      S(l.dwarf_formstring(attribute));
      I(l.dwarf_whatform(attribute));
      I(l.dwarf_siblingof(child, child));
      S(l.dwarf_diename(child));
      I(l.dwarf_bytesize(child));
      const low = l.ref('Dwarf_Addr');
      I(l.dwarf_lowpc(die, low));
      I(low.at(0));
      I(l.dwarf_begin(-1, 'DWARF_C_READ') !== null);
      S(l.dwarf_errmsg(-1));
      I(l.dwarf_end(w));
      closeSync(fd);
    },
  },
  {
    package: 'libsanlock-dev',
    headers: ['sanlock.h', 'sanlock_resource.h', 'sanlock_admin.h', 'sanlock_rv.h'],
    library: 'sanlock_client',
    c: `S(sanlock_strerror(-202)); S(sanlock_strerror(5)); struct sanlk_resource *r = 0; char in[] = "space:thing:/dev/a:2048:/dev/b:0:7"; I(sanlock_str_to_res(in, &r)); S(r->name); I(r->lver); I(r->num_disks); I(r->disks[0].offset); S(r->disks[1].path);
char *t = 0; I(sanlock_res_to_str(r, &t)); S(t); struct sanlk_lockspace s; memset(&s, 0, sizeof s); char one[] = "space:3:/dev/c:4096"; I(sanlock_str_to_lockspace(one, &s)); S(s.name); I(s.host_id); S(s.host_id_disk.path); I(s.host_id_disk.offset);
struct sanlk_resource *list[1] = {r}; char *state = 0; I(sanlock_args_to_state(1, list, &state)); S(state); int n = 0; struct sanlk_resource **back = 0; I(sanlock_state_to_args(state, &n, &back)); I(n); S(back[0]->lockspace_name); char bad[] = "no"; I(sanlock_str_to_res(bad, &r));
I(sanlock_register()); I(sanlock_restrict(-1, 0)); I(sanlock_add_lockspace(&s, 0)); I(sanlock_killpath(-1, 0, "/bin/true", "x"));`,
    js(l, { I, S }) {
      S(l.sanlock_strerror(-202));
      S(l.sanlock_strerror(5));
      const out = [null];
      I(l.sanlock_str_to_res(text('space:thing:/dev/a:2048:/dev/b:0:7'), out));
      const [r] = out;
      const { name, lver, num_disks, disks } = r.read();
      S(name);
      I(lver);
      I(num_disks);
      I(disks.read(0).offset);
      S(disks.read(1).path);
      const string = [null];
      I(l.sanlock_res_to_str(r, string));
      S(string[0]);
      const s = {};
      I(l.sanlock_str_to_lockspace(text('space:3:/dev/c:4096'), s));
      S(s.name);
      I(s.host_id);
      S(s.host_id_disk.path);
      I(s.host_id_disk.offset);
      const state = [null];
      I(l.sanlock_args_to_state(1, [r], state));
      S(state[0]);
      const [n, back] = [l.ref('int'), [null]];
      I(l.sanlock_state_to_args(state[0], n, back));
      I(n.at(0));
      S(back[0].read().read().lockspace_name);
      I(l.sanlock_str_to_res(text('no'), out));
      I(l.sanlock_register());
      I(l.sanlock_restrict(-1, 0));
      I(l.sanlock_add_lockspace(s, 0));
      I(l.sanlock_killpath(-1, 0, '/bin/true', text('x')));
    },
  },
  {
    package: 'libnvme-dev',
    headers: ['libnvme.h'],
    library: 'nvme',
    c: `S(nvme_status_to_string(2, false)); S(nvme_status_to_string(0x182, true)); I(nvme_status_to_errno(0x81, false)); S(nvme_errno_to_string(1000)); unsigned n = 0; I(nvme_get_feature_length(1, 0, &n)); I(n); I(nvme_get_feature_length(3, 0, &n)); I(n);
I(nvme_get_directive_receive_length(NVME_DIRECTIVE_DTYPE_IDENTIFY, NVME_DIRECTIVE_RECEIVE_IDENTIFY_DOPER_PARAM, &n)); I(n); unsigned char u[16]; I(nvme_uuid_from_string("84949cc5-4701-4a84-895b-354c584a981b", u)); B(u, 16); char t[40]; I(nvme_uuid_to_string(u, t)); S(t);
struct nvme_ctrl_list c; memset(&c, 0, sizeof c); unsigned short ids[3] = {7, 8, 9}; nvme_init_ctrl_list(&c, 3, ids); I(c.num); I(c.identifier[2]); struct nvme_dsm_range d[2]; unsigned a[2] = {1, 2}, b[2] = {3, 4}; unsigned long long s[2] = {5, 1ull << 60}; nvme_init_dsm_range(d, a, b, s, 2); I(d[1].slba); I(d[0].nlb);
nvme_root_t r = nvme_create_root(0, 3); I(r != 0); I(nvme_first_host(r) != 0); nvme_host_t h = nvme_lookup_host(r, "nqn.a", "id"); S(nvme_host_get_hostnqn(h)); S(nvme_host_get_hostid(h)); nvme_free_tree(r);`,
    js(l, { I, S, B }) {
      S(l.nvme_status_to_string(2, false));
      S(l.nvme_status_to_string(0x182, true));
      I(l.nvme_status_to_errno(0x81, false));
      S(l.nvme_errno_to_string(1000));
      const n = l.ref('__u32');
      I(l.nvme_get_feature_length(1, 0, n));
      I(n.at(0));
      I(l.nvme_get_feature_length(3, 0, n));
      I(n.at(0));
      const [type, operation] = ['NVME_DIRECTIVE_DTYPE_IDENTIFY', 'NVME_DIRECTIVE_RECEIVE_IDENTIFY_DOPER_PARAM'];
      I(l.nvme_get_directive_receive_length(type, operation, n));
      I(n.at(0));
      const u = new Uint8Array(16);
      I(l.nvme_uuid_from_string('84949cc5-4701-4a84-895b-354c584a981b', u));
      B(u, 16);
      const t = l.alloc('char', 40);
      I(l.nvme_uuid_to_string(u, t));
      S(t.text());
      const c = {};
      l.nvme_init_ctrl_list(c, 3, new Uint16Array([7, 8, 9]));
      I(c.num);
      I(c.identifier[2]);
      const d = [{}, {}];
      l.nvme_init_dsm_range(d, [1, 2], [3, 4], [5n, 1n << 60n], 2);
      I(d[1].slba);
      I(d[0].nlb);
      const r = l.nvme_create_root(null, 3);
      I(r !== null);
      I(l.nvme_first_host(r) !== null);
      const h = l.nvme_lookup_host(r, 'nqn.a', 'id');
      S(l.nvme_host_get_hostnqn(h));
      S(l.nvme_host_get_hostid(h));
      l.nvme_free_tree(r);
    },
  },
  {
    package: 'libvslvm-dev',
    headers: ['libvslvm.h'],
    library: 'vslvm',
    c: `S(libvslvm_get_version()); I(libvslvm_get_access_flags_write()); int n = 0; I(libvslvm_get_codepage(&n, 0)); I(n); I(libvslvm_set_codepage(1252, 0)); I(libvslvm_get_codepage(&n, 0)); I(n);
libvslvm_error_t *e = 0; I(libvslvm_set_codepage(7, &e)); I(e != 0); char t[400] = {0}; I(libvslvm_error_sprint(e, t, 400)); S(t); libvslvm_error_free(&e); I(e == 0); I(libvslvm_check_volume_signature("/nowhere", 0)); I(libvslvm_check_volume_signature("/etc/passwd", &e));
libvslvm_handle_t *h = 0; I(libvslvm_handle_initialize(&h, &e)); I(libvslvm_handle_open(h, "/nowhere", 1, &e)); I(libvslvm_error_sprint(e, t, 400)); S(t); libvslvm_error_free(&e); I(libvslvm_handle_signal_abort(h, &e)); I(libvslvm_handle_free(&h, &e)); I(h == 0); libvslvm_notify_set_verbose(0);`,
    js(l, { I, S }) {
      S(l.libvslvm_get_version());
      I(l.libvslvm_get_access_flags_write());
      const n = l.ref('int');
      I(l.libvslvm_get_codepage(n, null));
      I(n.at(0));
      I(l.libvslvm_set_codepage(1252, null));
      I(l.libvslvm_get_codepage(n, null));
      I(n.at(0));
      const e = [null];
      I(l.libvslvm_set_codepage(7, e));
      I(e[0] !== null);
      const t = l.alloc('char', 400);
      I(l.libvslvm_error_sprint(e[0], t, 400));
      S(t.text());
      l.libvslvm_error_free(e);
      I(e[0] === null);
      I(l.libvslvm_check_volume_signature('/nowhere', null));
      I(l.libvslvm_check_volume_signature('/etc/passwd', e));
      const h = [null];
      I(l.libvslvm_handle_initialize(h, e));
      I(l.libvslvm_handle_open(h[0], '/nowhere', 1, e));
      I(l.libvslvm_error_sprint(e[0], t, 400));
      S(t.text());
      l.libvslvm_error_free(e);
      I(l.libvslvm_handle_signal_abort(h[0], e));
      I(l.libvslvm_handle_free(h, e));
      I(h[0] === null);
      l.libvslvm_notify_set_verbose(0);
    },
  },
  {
    package: 'libpapi-dev',
    headers: ['papi.h'],
    library: 'papi',
    c: `I(PAPI_is_initialized()); I(PAPI_library_init(PAPI_VER_CURRENT)); I(PAPI_is_initialized()); S(PAPI_strerror(-1)); S(PAPI_strerror(PAPI_ENOEVNT)); char t[PAPI_MAX_STR_LEN] = {0}; I(PAPI_event_code_to_name(PAPI_TOT_CYC, t)); S(t); int n = 0; I(PAPI_event_name_to_code("PAPI_TOT_INS", &n)); I(n);
int s = PAPI_NULL; I(PAPI_create_eventset(&s)); I(PAPI_num_events(s)); int state = 0; I(PAPI_state(s, &state)); I(state); I(PAPI_add_named_event(s, "no::such")); I(PAPI_num_components()); I(PAPI_get_component_index("nothing")); S(PAPI_get_component_info(0)->name);
I(PAPI_get_hardware_info()->ncpu); I(PAPI_query_named_event("no")); I(PAPI_get_real_usec() > 0); I(PAPI_cleanup_eventset(s)); I(PAPI_destroy_eventset(&s)); I(s); PAPI_shutdown();`,
    js(l, { I, S }) {
      const { PAPI_VER_CURRENT, PAPI_ENOEVNT, PAPI_MAX_STR_LEN, PAPI_TOT_CYC, PAPI_NULL } = l.table.constants;
      I(l.PAPI_is_initialized());
      I(l.PAPI_library_init(PAPI_VER_CURRENT.value));
      I(l.PAPI_is_initialized());
      S(l.PAPI_strerror(-1));
      S(l.PAPI_strerror(PAPI_ENOEVNT.value));
      const t = l.alloc('char', PAPI_MAX_STR_LEN.value);
      I(l.PAPI_event_code_to_name(PAPI_TOT_CYC.value, t));
      S(t.text());
      const n = l.ref('int');
      I(l.PAPI_event_name_to_code('PAPI_TOT_INS', n));
      I(n.at(0));
      const set = l.ref('int', PAPI_NULL.value);
      I(l.PAPI_create_eventset(set));
      const s = set.at(0);
      I(l.PAPI_num_events(s));
      const state = l.ref('int');
      I(l.PAPI_state(s, state));
      I(state.at(0));
      I(l.PAPI_add_named_event(s, 'no::such'));
      I(l.PAPI_num_components());
      I(l.PAPI_get_component_index('nothing'));
      S(l.PAPI_get_component_info(0).read().name);
      I(l.PAPI_get_hardware_info().read().ncpu);
      I(l.PAPI_query_named_event('no'));
      I(l.PAPI_get_real_usec() > 0);
      I(l.PAPI_cleanup_eventset(s));
      I(l.PAPI_destroy_eventset(set));
      I(set.at(0));
      l.PAPI_shutdown();
    },
  },
  {
    package: 'libogdi-dev',
    headers: ['ecs.h', 'ecs_util.h'],
    folders: ['/usr/include/ogdi', '/usr/include/tirpc'],
    library: 'ogdi',
    c: `D(ecs_Q(.5)); D(ecs_Qbar(.3)); D(ecs_DistanceMBR(0, 0, 1, 1, 3, .5)); D(ecs_DistanceSegment(0, 0, 4, 3, 5, 5)); ecs_Coordinate p[4] = {{0, 0}, {4, 0}, {4, 4}, {0, 4}}; I(ecs_IsPointInPolygon(4, p, 1, 2)); I(ecs_IsPointInPolygon(4, p, 5, 2));
char *m = 0, *s = 0, *t = 0; I(ecs_SplitURL("gltp://host/dem/usr/data", &m, &s, &t)); S(m); S(s); S(t); ecs_Result r; memset(&r, 0, sizeof r); I(ecs_SetText(&r, "hello")); I(r.res.type); S(r.res.ecs_ResultUnion_u.s); I(ecs_AddText(&r, ", world")); S(r.res.ecs_ResultUnion_u.s); I(ecs_CleanUp(&r));
I(ecs_SetGeoRegion(&r, 50, 40, 20, 10, .5, .25)); D(r.res.ecs_ResultUnion_u.gr.ew_res); I(ecs_SetError(&r, 3, "bad")); I(r.error); S(r.message); int n = 0; char **v = 0; I(ecs_SplitList("a {b c} d", &n, &v)); I(n); S(v[1]);
unsigned px = ecs_GetPixelFromRGB(1, 10, 20, 30); I(px); unsigned char q[4]; ecs_GetRGBFromPixel(px, q, q + 1, q + 2, q + 3); B(q, 4);`,
    js(l, { I, S, D, B }) {
      D(l.ecs_Q(0.5));
      D(l.ecs_Qbar(0.3));
      D(l.ecs_DistanceMBR(0, 0, 1, 1, 3, 0.5));
      D(l.ecs_DistanceSegment(0, 0, 4, 3, 5, 5));
      const corners = [
        [0, 0],
        [4, 0],
        [4, 4],
        [0, 4],
      ].map(([x, y]) => ({ x, y }));
      I(l.ecs_IsPointInPolygon(4, corners, 1, 2));
      I(l.ecs_IsPointInPolygon(4, corners, 5, 2));
      const outs = [[null], [null], [null]];
      I(l.ecs_SplitURL('gltp://host/dem/usr/data', ...outs));
      for (const [part] of outs) S(part);
      const r = l.alloc('ecs_Result');
      I(l.ecs_SetText(r, text('hello')));
      const { res } = r.at(0);
      I(l.table.constants[res.type]?.value ?? res.type);
      S(res.ecs_ResultUnion_u.s);
      I(l.ecs_AddText(r, text(', world')));
      S(r.at(0).res.ecs_ResultUnion_u.s);
      I(l.ecs_CleanUp(r));
      I(l.ecs_SetGeoRegion(r, 50, 40, 20, 10, 0.5, 0.25));
      D(r.at(0).res.ecs_ResultUnion_u.gr.ew_res);
      I(l.ecs_SetError(r, 3, text('bad')));
      I(r.at(0).error);
      S(r.at(0).message);
      const [n, list] = [l.ref('int'), [null]];
      I(l.ecs_SplitList(text('a {b c} d'), n, list));
      I(n.at(0));
      S(list[0].read(1));
      const pixel = l.ecs_GetPixelFromRGB(1, 10, 20, 30);
      I(pixel);
      const q = new Uint8Array(4);
      l.ecs_GetRGBFromPixel(pixel, ...[0, 1, 2, 3].map((i) => q.subarray(i, i + 1)));
      B(q, 4);
    },
  },
];
