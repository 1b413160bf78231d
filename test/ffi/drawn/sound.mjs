// Sound, measuring devices and archives: each entry makes the same calls in C and by the header.
export const sound = [
  {
    package: 'libsoxr-dev',
    headers: ['soxr.h'],
    library: 'soxr',
    c: `S(soxr_version());
soxr_quality_spec_t q = soxr_quality_spec(4, 0); D(q.precision); I(q.flags);
soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_INT16_I); I(io.otype); D(io.scale); io.flags = SOXR_NO_DITHER;
I(soxr_runtime_spec(1).num_threads);
soxr_error_t e; soxr_t s = soxr_create(2, 1, 1, &e, &io, &q, 0); S(e); S(soxr_engine(s));
float in[64]; short out[64]; for (int i = 0; i < 64; i++) in[i] = (i % 7) / 8.f;
size_t a = 0, b = 0; S(soxr_process(s, in, 64, &a, out, 64, &b)); I(a); I(b);
S(soxr_process(s, 0, 0, 0, out, 64, &b)); I(b); B(out, 2 * b);
D(soxr_delay(s)); I(*soxr_num_clips(s)); S(soxr_error(s)); S(soxr_clear(s)); soxr_delete(s);
float half[64]; S(soxr_oneshot(2, 1, 1, in, 64, &a, half, 64, &b, 0, 0, 0)); I(b); B(half, 4 * b);`,
    js(l, { I, D, S, B }) {
      S(l.soxr_version());
      const q = l.soxr_quality_spec(4, 0);
      D(q.precision);
      I(q.flags);
      const io = l.soxr_io_spec('SOXR_FLOAT32_I', 'SOXR_INT16_I');
      I(io.otype);
      D(io.scale);
      io.flags = l.table.constants.SOXR_NO_DITHER.value;
      I(l.soxr_runtime_spec(1).num_threads);
      const error = [null];
      const s = l.soxr_create(2, 1, 1, error, io, q, null);
      S(error[0]);
      S(l.soxr_engine(s));
      const samples = Float32Array.from({ length: 64 }, (_, i) => (i % 7) / 8);
      const out = new Int16Array(64);
      const [a, b] = [l.ref('size_t'), l.ref('size_t')];
      S(l.soxr_process(s, samples, 64, a, out, 64, b));
      I(a.at(0));
      I(b.at(0));
      S(l.soxr_process(s, null, 0, null, out, 64, b));
      I(b.at(0));
      B(out, 2 * b.at(0));
      D(l.soxr_delay(s));
      I(l.soxr_num_clips(s).read());
      S(l.soxr_error(s));
      S(l.soxr_clear(s));
      l.soxr_delete(s);
      const half = new Float32Array(64);
      S(l.soxr_oneshot(2, 1, 1, samples, 64, a, half, 64, b, null, null, null));
      I(b.at(0));
      B(half, 4 * b.at(0));
    },
  },
  {
    package: 'libsonivox-dev',
    headers: ['eas.h'],
    folders: ['/usr/include/sonivox'],
    library: 'sonivox',
    c: `const S_EAS_LIB_CONFIG *c = EAS_Config(); I(c->libVersion); I(c->maxVoices); I(c->sampleRate);
EAS_DATA_HANDLE h; I(EAS_Init(&h)); I(EAS_SetVolume(h, 0, 60)); I(EAS_GetVolume(h, 0));
EAS_I32 n = 0; I(EAS_SetSynthPolyphony(h, 0, 16)); I(EAS_GetSynthPolyphony(h, 0, &n)); I(n);
EAS_HANDLE s; I(EAS_OpenMIDIStream(h, &s, 0)); EAS_U8 on[3] = {0x90, 60, 100}; I(EAS_WriteMIDIStream(h, s, on, 3));
EAS_PCM pcm[512] = {0}; for (int i = 0; i < 4; i++) { I(EAS_Render(h, pcm, c->mixBufferSize, &n)); I(n); } B(pcm, 512);
I(EAS_SetMaxLoad(h, 50)); I(EAS_Shutdown(h));`,
    js(l, { I, B }) {
      const c = l.EAS_Config().read();
      I(c.libVersion);
      I(c.maxVoices);
      I(c.sampleRate);
      const handle = [null];
      I(l.EAS_Init(handle));
      const [h] = handle;
      I(l.EAS_SetVolume(h, null, 60));
      I(l.EAS_GetVolume(h, null));
      const n = l.ref('EAS_I32');
      I(l.EAS_SetSynthPolyphony(h, 0, 16));
      I(l.EAS_GetSynthPolyphony(h, 0, n));
      I(n.at(0));
      const stream = [null];
      I(l.EAS_OpenMIDIStream(h, stream, null));
      const [s] = stream;
      I(l.EAS_WriteMIDIStream(h, s, new Uint8Array([0x90, 60, 100]), 3));
      const pcm = new Int16Array(512);
      for (let i = 0; i < 4; i++) {
        I(l.EAS_Render(h, pcm, c.mixBufferSize, n));
        I(n.at(0));
      }
      B(pcm, 512);
      I(l.EAS_SetMaxLoad(h, 50));
      I(l.EAS_Shutdown(h));
    },
  },
  {
    package: 'libspeex-dev',
    headers: ['speex/speex.h'],
    library: 'speex',
    c: `SpeexBits b; speex_bits_init(&b); speex_bits_pack(&b, 5, 4); speex_bits_pack(&b, 300, 12); I(speex_bits_nbytes(&b));
speex_bits_rewind(&b); I(speex_bits_unpack_unsigned(&b, 4)); I(speex_bits_peek_unsigned(&b, 12)); I(speex_bits_unpack_signed(&b, 12));
I(speex_bits_remaining(&b)); speex_bits_reset(&b); I(b.nbBits);
const SpeexMode *m = speex_lib_get_mode(SPEEX_MODEID_NB); int n = 0; I(speex_mode_query(m, SPEEX_MODE_FRAME_SIZE, &n)); I(n);
void *e = speex_encoder_init(m); I(speex_encoder_ctl(e, SPEEX_GET_FRAME_SIZE, &n)); I(n); n = 8; I(speex_encoder_ctl(e, SPEEX_SET_QUALITY, &n));
short pcm[160]; for (int i = 0; i < 160; i++) pcm[i] = (i * 997) % 8000 - 4000; I(speex_encode_int(e, pcm, &b));
char out[200]; n = speex_bits_write(&b, out, 200); I(n); B(out, n);
void *d = speex_decoder_init(m); speex_bits_read_from(&b, out, n); I(speex_decode_int(d, &b, pcm)); B(pcm, 320);
speex_encoder_destroy(e); speex_decoder_destroy(d); speex_bits_destroy(&b);`,
    js(l, { I, B }) {
      const b = l.alloc('SpeexBits');
      l.speex_bits_init(b);
      l.speex_bits_pack(b, 5, 4);
      l.speex_bits_pack(b, 300, 12);
      I(l.speex_bits_nbytes(b));
      l.speex_bits_rewind(b);
      I(l.speex_bits_unpack_unsigned(b, 4));
      I(l.speex_bits_peek_unsigned(b, 12));
      I(l.speex_bits_unpack_signed(b, 12));
      I(l.speex_bits_remaining(b));
      l.speex_bits_reset(b);
      I(b.at(0).nbBits);
      const constant = (name) => l.table.constants[name].value;
      const mode = l.speex_lib_get_mode(constant('SPEEX_MODEID_NB'));
      const n = l.ref('int');
      I(l.speex_mode_query(mode, constant('SPEEX_MODE_FRAME_SIZE'), n));
      I(n.at(0));
      const encoder = l.speex_encoder_init(mode);
      I(l.speex_encoder_ctl(encoder, constant('SPEEX_GET_FRAME_SIZE'), n));
      I(n.at(0));
      n.set(0, 8);
      I(l.speex_encoder_ctl(encoder, constant('SPEEX_SET_QUALITY'), n));
      const pcm = Int16Array.from({ length: 160 }, (_, i) => ((i * 997) % 8000) - 4000);
      I(l.speex_encode_int(encoder, pcm, b));
      const out = new Int8Array(200);
      const bytes = l.speex_bits_write(b, out, 200);
      I(bytes);
      B(out, bytes);
      const decoder = l.speex_decoder_init(mode);
      l.speex_bits_read_from(b, out, bytes);
      I(l.speex_decode_int(decoder, b, pcm));
      B(pcm, 320);
      l.speex_encoder_destroy(encoder);
      l.speex_decoder_destroy(decoder);
      l.speex_bits_destroy(b);
    },
  },
  {
    package: 'liblhasa-dev',
    headers: ['lhasa.h'],
    folders: ['/usr/include/liblhasa-1.0'],
    library: 'lhasa',
    // A level-0 header of a stored file.
    file() {
      const name = Buffer.from('a.txt');
      const head = Buffer.alloc(22 + name.length + 2);
      head.write('-lh0-', 2);
      head.writeUInt32LE(5, 7);
      head.writeUInt32LE(5, 11);
      head[19] = 0x20;
      head[21] = name.length;
      name.copy(head, 22);
      head.writeUInt16LE(0x34d2, 22 + name.length);
      head[0] = head.length - 2;
      head[1] = head.subarray(2).reduce((sum, byte) => (sum + byte) & 255, 0);
      return Buffer.concat([head, Buffer.from('hello'), Buffer.from([0])]);
    },
    before: `static size_t feed(void *buf, size_t n, void *user) { if (*(int *)user) return 0; *(int *)user = 1; memcpy(buf, "hello", 5); return 5; }
static void seen(unsigned b, unsigned t, void *user) { (void)b; *(unsigned *)user += t; }`,
    c: `LHADecoderType *t = lha_decoder_for_name("-lh0-"); I(t != 0); I(lha_decoder_for_name("-xx-") != 0); int done = 0; unsigned total = 0;
LHADecoder *d = lha_decoder_new(t, feed, &done, 5); lha_decoder_monitor(d, seen, &total); unsigned char out[16]; I(lha_decoder_read(d, out, 16)); B(out, 5);
I(lha_decoder_get_crc(d)); I(lha_decoder_get_length(d)); I(total); lha_decoder_free(d);
LHAInputStream *s = lha_input_stream_from(file); LHAReader *r = lha_reader_new(s); lha_reader_set_dir_policy(r, LHA_READER_DIR_PLAIN);
LHAFileHeader *h = lha_reader_next_file(r); S(h->filename); S(h->compress_method); I(h->length); I(lha_reader_read(r, out, 16)); B(out, 5); I(lha_reader_current_is_fake(r));
I(lha_reader_next_file(r) != 0); lha_reader_free(r); lha_input_stream_free(s);`,
    js(l, { I, S, B, file }) {
      const text = (string) => new TextEncoder().encode(`${string}\0`);
      const type = l.lha_decoder_for_name(text('-lh0-'));
      I(type !== null);
      I(l.lha_decoder_for_name(text('-xx-')) !== null);
      let done = false;
      let total = 0;
      const feed = l.callback('LHADecoderCallback', (buffer) => {
        if (done) return 0;
        done = true;
        buffer.as('uint8', 5).copyFrom(text('hello').subarray(0, 5));
        return 5;
      });
      const seen = l.callback('LHADecoderProgressCallback', (_, blocks) => {
        total += blocks;
      });
      const d = l.lha_decoder_new(type, feed, null, 5);
      l.lha_decoder_monitor(d, seen, null);
      const out = new Uint8Array(16);
      I(l.lha_decoder_read(d, out, 16));
      B(out, 5);
      I(l.lha_decoder_get_crc(d));
      I(l.lha_decoder_get_length(d));
      I(total);
      l.lha_decoder_free(d);
      const stream = l.lha_input_stream_from(text(file));
      const reader = l.lha_reader_new(stream);
      l.lha_reader_set_dir_policy(reader, 'LHA_READER_DIR_PLAIN');
      const head = l.lha_reader_next_file(reader).read();
      S(head.filename);
      S(head.compress_method);
      I(head.length);
      I(l.lha_reader_read(reader, out, 16));
      B(out, 5);
      I(l.lha_reader_current_is_fake(reader));
      I(l.lha_reader_next_file(reader) !== null);
      l.lha_reader_free(reader);
      l.lha_input_stream_free(stream);
      feed.dispose();
      seen.dispose();
    },
  },
  {
    package: 'libftdi-dev',
    headers: ['ftdi.h'],
    library: 'ftdi',
    c: `struct ftdi_context *f = ftdi_new(); unsigned n = 0; I(ftdi_set_interface(f, INTERFACE_B)); I(ftdi_read_data_set_chunksize(f, 5000));
I(ftdi_read_data_get_chunksize(f, &n)); I(n); I(ftdi_write_data_set_chunksize(f, 777)); I(ftdi_write_data_get_chunksize(f, &n)); I(n);
I(ftdi_set_latency_timer(f, 0)); S(ftdi_get_error_string(f)); I(ftdi_set_baudrate(f, 9600)); S(ftdi_get_error_string(f));
struct ftdi_eeprom e; memset(&e, 0, sizeof e); ftdi_eeprom_initdefaults(&e); I(e.vendor_id); I(e.max_power); I(e.size);
e.manufacturer = "ewald"; e.product = "frame"; e.serial = "0017"; unsigned char out[128] = {0}; I(ftdi_eeprom_build(&e, out)); B(out, 128);
ftdi_free(f);`,
    js(l, { I, S, B }) {
      const f = l.ftdi_new();
      const n = l.ref('unsigned');
      I(l.ftdi_set_interface(f, 'INTERFACE_B'));
      I(l.ftdi_read_data_set_chunksize(f, 5000));
      I(l.ftdi_read_data_get_chunksize(f, n));
      I(n.at(0));
      I(l.ftdi_write_data_set_chunksize(f, 777));
      I(l.ftdi_write_data_get_chunksize(f, n));
      I(n.at(0));
      I(l.ftdi_set_latency_timer(f, 0));
      S(l.ftdi_get_error_string(f));
      I(l.ftdi_set_baudrate(f, 9600));
      S(l.ftdi_get_error_string(f));
      const e = {};
      l.ftdi_eeprom_initdefaults(e);
      I(e.vendor_id);
      I(e.max_power);
      I(e.size);
      Object.assign(e, { manufacturer: 'ewald', product: 'frame', serial: '0017' });
      const out = new Uint8Array(128);
      I(l.ftdi_eeprom_build(e, out));
      B(out, 128);
      l.ftdi_free(f);
    },
  },
];
