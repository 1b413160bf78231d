/**
 * Checks of rooms without rows in the case tables, for the mutation check: small problems whose results are computed
 * here in plain JavaScript. Each throws if a result is wrong; `core` is { backend, wasm } or { backend, addonPath }.
 */
import { createRequire } from 'node:module';
import { webgpuLooks } from './looks-webgpu.mjs';

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

/** Frames that wait for a card together, beside frames with other parameters or bad pixels; wasm gives the answers. */
async function framesTogether({ folder, core }) {
  const { createContext } = await import(`${folder}/index.node.js`);
  const card = await createContext({ ...core, strict: true });
  const cores = await createContext({ backend: 'wasm', strict: true });
  const [width, height] = [48, 40];
  const options = { width, height, dtype: 'u16', centre: [width, -height] };
  const search = { threshold: 50, minSnr: 4, minPixCount: 2, localBgRadius: 3 };
  const bad = new Uint8Array(width * height);
  bad.fill(1, (width * height) / 2);
  const frames = Array.from({ length: 6 }, (_, f) => {
    const frame = Uint16Array.from(counts(width * height, f + 1), (value) => 20 + (value & 7));
    for (let k = 0; k < 4 + f; k++) {
      const at = (4 + ((11 * k + 5 * f) % (height - 8))) * width + 4 + ((17 * k + 3 * f) % (width - 8));
      for (const step of [0, 1, width, width + 1]) frame[at + step] = 400 + 100 * f + k;
    }
    return frame;
  });
  const calls = [search, search, { ...search, threshold: 60_000 }, { ...search, bad }];
  const reference = await cores.peaks(options);
  const found = ({ fs, ss }) => Array.from(fs, (x, i) => Math.round(x) + width * Math.round(ss[i]));
  const wanted = [];
  for (const frame of frames) {
    const lists = [];
    for (const call of calls) lists.push(found(await reference.run(frame, call)));
    wanted.push(lists);
  }
  // More than a busy machine can start one after the other.
  const finders = await Promise.all(Array.from({ length: 4 * frames.length }, () => card.peaks(options)));
  // Which frames wait together depends on the threads; in some turn each kind of call waits with each other one.
  for (let turn = 0; turn < 8; turn++) {
    const lists = await Promise.all(finders.map((finder, i) => finder.run(frames[i % 6], calls[(i + turn) % 4])));
    for (const [i, list] of lists.entries())
      same(`peaks of frame ${i % 6}`, found(list), wanted[i % 6][(i + turn) % 4]);
  }
  await card.dispose();
  await cores.dispose();
}

/** Transforms in slabs have the same bytes as whole ones. */
async function slabs({ folder, core }) {
  const { createContext } = await import(`${folder}/index.node.js`);
  const addon = createRequire(import.meta.url)(core.addonPath[core.backend]);
  const card = await createContext({ ...core, strict: true });
  const transformed = async (options) => {
    const fft = await card.fft(options);
    const input = Float32Array.from(counts(fft.inputLength, 7));
    const there = (await fft.forward(input)).slice();
    const result = [...there, ...(await fft.backward(there.slice()))];
    await fft.dispose();
    return result;
  };
  try {
    for (const options of [
      { shape: [8, 6, 10] },
      { shape: [8, 6, 10], kind: 'r2c' },
      { shape: [8, 6, 10], kind: 'r2c', inPlace: true },
      { shape: [8, 6], batch: 5 },
      { shape: [6, 8, 10], axes: [0, 2], inPlace: true, inputStrides: [80, 10, 1], outputStrides: [1, 6, 48] },
    ]) {
      addon.setFftSlabs(0);
      const whole = await transformed(options);
      addon.setFftSlabs(1);
      same(`slabs of ${JSON.stringify(options)}`, await transformed(options), whole);
    }
  } finally {
    addon.setFftSlabs(0);
    await card.dispose();
  }
}

/** Checks by the name that `ids` of a mutant contain. */
export const looks = {
  'look:codecs': codecs,
  'look:passes': passes,
  'look:frames-together': framesTogether,
  'look:slabs': slabs,
  ...webgpuLooks,
};
