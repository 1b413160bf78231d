/**
 * Checks of rooms without rows in the case tables, for the mutation check: small problems whose results are computed
 * here in plain JavaScript. Each throws if a result is wrong; `core` is { backend, wasm } or { backend, addonPath }.
 */
const same = (what, found, wanted) => {
  const bad = Array.from(wanted).findIndex((x, i) => !Object.is(found[i], x));
  if (bad >= 0 || found.length !== wanted.length)
    throw new Error(`${what}: number ${bad} is ${found[bad]}, not ${wanted[bad]}`);
};

/** Numbers like those of detectors: mostly small. */
function counts(length, seed) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Uint8Array.from({ length }, () => (next() < 0.6 ? 0 : Math.floor(next() ** 4 * 256)));
}

/** HDF5's shuffle: byte j of all elements, then byte j + 1. */
function shuffled(bytes, size) {
  const out = new Uint8Array(bytes.length);
  const n = bytes.length / size;
  for (let i = 0; i < n; i++) for (let j = 0; j < size; j++) out[j * n + i] = bytes[i * size + j];
  return out;
}

/** One block of bitshuffle: bit j of all elements, then bit j + 1. */
function bitshuffled(bytes, size) {
  const out = new Uint8Array(bytes.length);
  const n = bytes.length / size;
  for (let i = 0; i < n; i++)
    for (let bit = 0; bit < 8 * size; bit++)
      if ((bytes[i * size + (bit >> 3)] >> (bit & 7)) & 1) out[(bit * n + i) >> 3] |= 1 << (i & 7);
  return out;
}

/** A block of LZ4 (literals, a match that overlaps itself, literals) and its decoded content. */
function lz4Block() {
  const [begin, end] = [counts(40, 3), counts(20, 5)];
  const length = 300;
  const block = [0xff, 40 - 15, ...begin, 7, 0, 255, length - 4 - 15 - 255, 0xf0, 20 - 15, ...end];
  const plain = [...begin];
  for (let i = 0; i < length; i++) plain.push(plain[plain.length - 7]);
  return { block, plain: [...plain, ...end] };
}

/** Differences of CBF: one byte, or −128 and two bytes, or −128, −32768 and four bytes. */
function byteOffsets(values) {
  const out = [];
  let last = 0;
  for (const value of values) {
    const step = value - last;
    last = value;
    if (Math.abs(step) < 128) out.push(step & 255);
    else if (Math.abs(step) < 32768) out.push(128, step & 255, (step >> 8) & 255);
    else out.push(128, 0, 128, step & 255, (step >> 8) & 255, (step >> 16) & 255, (step >> 24) & 255);
  }
  return Uint8Array.from(out);
}

async function codecs({ folder, core }) {
  const { openCodecs } = await import(`${folder}/data.node.js`);
  const opened = await openCodecs(core);
  const decodes = async (codec, packed, wanted) => {
    const out = new Uint8Array(wanted.length);
    await opened.decode(codec, packed, out);
    same(JSON.stringify(codec), out, wanted);
  };
  for (const elementBytes of [1, 2, 4, 8]) {
    // Not a multiple of the vector length.
    const bytes = counts(8 * 37 * elementBytes, elementBytes);
    await decodes({ codec: 'shuffle', elementBytes }, shuffled(bytes, elementBytes), bytes);
    await decodes({ codec: 'bitshuffle', elementBytes }, bitshuffled(bytes, elementBytes), bytes);
  }
  const { block, plain } = lz4Block();
  const head = new DataView(new ArrayBuffer(16));
  head.setBigUint64(0, BigInt(plain.length));
  head.setUint32(8, plain.length);
  head.setUint32(12, block.length);
  await decodes({ codec: 'lz4' }, Uint8Array.from([...new Uint8Array(head.buffer), ...block]), plain);
  const values = Int32Array.from([0, 5, -122, 128, 400, -40000, -40001, 1 << 20, 0]);
  await decodes({ codec: 'byteOffset', elementBytes: 4 }, byteOffsets(values), new Uint8Array(values.buffer));
  await opened.dispose();
}

async function passes({ folder, core }) {
  const { createContext } = await import(`${folder}/index.node.js`);
  const context = await createContext({ ...core, strict: true });
  const [width, height, frames] = [21, 13, 11];
  const pixels = width * height;
  const data = Uint16Array.from({ length: pixels * frames }, (_, i) => (i * i * 31 + 7 * i) & 0xfff);
  const spans = Uint32Array.from([2 * width + 3, 2 * width + 20, 5 * width, 5 * width + 9]);
  const weights = Float32Array.from({ length: 3 * pixels }, (_, i) => (i % 17) - 8);
  const kinds = [
    { kind: 'squaresOf', spans },
    { kind: 'com', spans },
    { kind: 'dense', weights, masks: 3 },
  ];
  const pass = await context.framePass({ width, height, dtype: 'u16', steps: [...kinds, { kind: 'moments' }] });
  const { nav, sig } = await pass.run(data, frames);
  const wanted = [];
  for (let f = 0; f < frames; f++) {
    let [s, q, y, x] = [0, 0, 0, 0];
    for (let k = 0; k < spans.length; k += 2)
      for (let p = spans[k]; p < spans[k + 1]; p++) {
        const v = data[f * pixels + p];
        s += v;
        q += v * v;
        y += v * Math.floor(p / width);
        x += v * (p % width);
      }
    // Small integers, so that products and sums are exact even in float32.
    const products = [0, 1, 2].map((k) => {
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += data[f * pixels + p] * weights[k * pixels + p];
      return sum;
    });
    wanted.push(s, q, s, y, x, ...products);
  }
  same('columns', nav, wanted);
  const planes = new Float64Array(2 * pixels);
  for (let i = 0; i < data.length; i++) {
    planes[i % pixels] += data[i];
    planes[pixels + (i % pixels)] += data[i] ** 2;
  }
  same('planes', sig, planes);
  await pass.dispose();
  await context.dispose();
}

/** Checks by the name that `ids` of a mutant contain. */
export const looks = { 'look:codecs': codecs, 'look:passes': passes };
