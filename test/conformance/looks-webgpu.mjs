/**
 * Checks of single WGSL kernels, for the mutation check: what rows do not reach on a software GPU, where a round of
 * indexing is a separate submission and no table exceeds a binding. The sources are those in dist/; the states of
 * images before and after a kernel are written down here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const unlisted = 0xffffffff;
/** Dawn; its object is kept, because the binding crashes when it is collected. */
let dawn;
let gpu;
const opened = async () => {
  dawn ??= await import('webgpu');
  gpu ??= dawn.create([]);
  return dawn;
};

function same(what, found, wanted) {
  const bad = Array.from(wanted).findIndex((x, i) => !Object.is(found[i], x));
  if (bad >= 0) throw new Error(`${what}: number ${bad} is ${found[bad]}, not ${wanted[bad]}`);
}

/** The kernels of the fast method, by their entries: its plan on a device that only notes what it compiles. */
async function sourcesOf(folder) {
  const at = fileURLToPath(folder);
  const name = readdirSync(at).find(
    (file) => /^chunk-(?!page-).*\.js$/.test(file) && readFileSync(`${at}/${file}`, 'utf8').includes('fn list_going('),
  );
  const { indexingOp } = await import(`${folder}/${name}`);
  const sources = {};
  const device = {
    limits: {},
    buffers: async (...requests) => requests.map(({ bytes }) => ({ bytes, release: () => undefined })),
    pipeline: async ({ source, entry }) => {
      sources[entry] = source;
    },
    bind: () => undefined,
    write: () => undefined,
  };
  const sizes = { batch: 8, maxBatchSpots: 800, maxInputCells: 4, maxOutputCells: 4 };
  await indexingOp(device).plan({ fields: { method: 0, maxSpots: 100, maxSamplePoints: 1024 }, ...sizes });
  return sources;
}

/** The bytes of a structure in a source, and where its members are. */
function structOf(source, name) {
  const [, body] = new RegExp(`struct ${name} \\{([^}]*)\\}`).exec(source);
  let [end, align] = [0, 4];
  const at = {};
  for (const [, member, type] of body.matchAll(/(\w+): ([\w<>, ]+),/g)) {
    if (type === 'vec3f') {
      align = 16;
      end = Math.ceil(end / 16) * 16;
    }
    at[member] = end;
    const [, length] = /^array<u32, (\d+)>$/.exec(type) ?? [];
    end += type === 'vec3f' ? 12 : length ? 4 * length : /^[uif]\d+$/.test(type) ? 4 : structOf(source, type).bytes;
  }
  return { bytes: Math.ceil(end / align) * align, at };
}

/** Structures in words; floats are written through their bits. */
class Records {
  constructor(source, name, count) {
    Object.assign(this, structOf(source, name));
    this.words = new Uint32Array((this.bytes / 4) * count);
  }
  set(i, members) {
    for (const [name, value] of Object.entries(members)) this.words[(i * this.bytes + this.at[name]) / 4] = value;
    return this;
  }
  get(i, name) {
    return this.words[(i * this.bytes + this.at[name]) / 4];
  }
}
const bitsOf = (value) => new Uint32Array(Float32Array.of(value).buffer)[0];

/** Runs a kernel over tables by their names in the source, which afterwards hold what it has written. */
async function dispatch(device, source, entry, tables, groups) {
  const module = device.createShaderModule({ code: source });
  const compute = { module, entryPoint: entry };
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute });
  const { globals } = dawn;
  const { UNIFORM, STORAGE, COPY_DST, COPY_SRC, MAP_READ } = globals.GPUBufferUsage;
  const bound = Array.from(source.matchAll(/@binding\((\d+)\) var<(\w+)[^>]*> (\w+)/g), ([, binding, kind, name]) => {
    const usage = (kind === 'uniform' ? UNIFORM : STORAGE) | COPY_DST | COPY_SRC;
    const buffer = device.createBuffer({ size: tables[name].byteLength, usage });
    device.queue.writeBuffer(buffer, 0, tables[name]);
    return { binding: Number(binding), kind, name, buffer };
  });
  const entries = bound.map(({ binding, buffer }) => ({ binding, resource: { buffer } }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(groups);
  pass.end();
  const staged = bound.map(({ name, buffer }) => {
    const staging = device.createBuffer({ size: buffer.size, usage: COPY_DST | MAP_READ });
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
    return { name, staging };
  });
  device.queue.submit([encoder.finish()]);
  for (const { name, staging } of staged) {
    await staging.mapAsync(globals.GPUMapMode.READ);
    tables[name].set(new Uint32Array(staging.getMappedRange()));
    staging.unmap();
  }
}

/** Calls `check` with the sources of the kernels and a device. */
const withDevice =
  (check) =>
  async ({ folder }) => {
    const sources = await sourcesOf(folder);
    await opened();
    const adapter = await gpu.requestAdapter();
    const device = await adapter.requestDevice();
    try {
      await check(sources, device);
    } finally {
      device.destroy();
    }
  };

/** The list of the images that are left. */
const listGoing = withDevice(async ({ list_going: source }, device) => {
  for (const images of [1, 7, 256, 700, 1024]) {
    const left = (i) => images < 8 || i % 5 === 2 || i === images - 1;
    const jobs = new Records(source, 'Job', images);
    for (let i = 0; i < images; i++) jobs.set(i, { going: left(i) ? 1 : 0, listed: 5 });
    const run = new Records(source, 'Run', 1).set(0, { images });
    const tables = { run: run.words, jobs: jobs.words, going: new Uint32Array(images) };
    await dispatch(device, source, 'list_going', tables, 1);
    const list = Array.from({ length: images }, (_, i) => i).filter(left);
    const slots = Array.from({ length: images }, (_, i) => i);
    const listed = slots.map((i) => jobs.get(i, 'listed'));
    same(`slots of ${images} images`, listed, [...list, ...Array(images - list.length).fill(unlisted)]);
    same(
      `images of ${images} that are left`,
      tables.going,
      slots.map((i) => Number(left(i))),
    );
  }
});

/** The steps of images between two rounds: the state before, and what changes. */
const cells = 2;
const last = cells - 1;
const before = { going: 1, n: 50, effort: 1, input: last, pool: 0, flat: 0, glance: 0, accepted: 0 };
const sure = { log10_chance: -90, marks: 1 };
const steps = {
  'the next known cell': { job: { input: 0 }, after: { input: last } },
  'more effort where nothing was found': { job: {}, after: { effort: 2, input: 0 } },
  'more effort where a lattice explains a tenth of the spots': {
    job: {},
    best: { ...sure, merit: 5 },
    after: { effort: 2, input: 0 },
  },
  'all candidates after a glance': { job: { glance: 1 }, best: { merit: 40 }, after: { glance: 2 }, held: 0 },
  'the end after the last effort': { job: { effort: 5 }, after: { going: 0 } },
  'the end with a lattice': { job: {}, best: { ...sure, merit: 40 }, after: { going: 0, accepted: 1 } },
  'no lattice by a chance above the limit': {
    job: { effort: 5 },
    best: { ...sure, log10_chance: -2, merit: 40 },
    after: { going: 0 },
  },
};
const nextStep = withDevice(async ({ advance: source }, device) => {
  const all = Object.entries(steps);
  // One slot more than images: nothing is listed there.
  const images = all.length + 1;
  const [pool, lattices] = [4, 64];
  const jobs = new Records(source, 'Job', images);
  const tallies = new Records(source, 'Tally', images);
  const found = new Records(source, 'Lattice', images * lattices);
  const fresh = Number(/MAX_EFFORT_HITS(?:: u32)? = (\d+)u/.exec(source)[1]);
  const orders = Uint32Array.from({ length: images * 2 * pool }, (_, i) => i % pool);
  for (const [i, [, { job, best }]] of all.entries()) {
    // Workgroups take the images in reverse.
    jobs.set(i, { ...before, ...job }).set(all.length - 1 - i, { listed: i });
    tallies.set(i, { held: best ? 1 : 0 });
    for (let k = 0; k < 4; k++) tallies.words[(i * tallies.bytes + tallies.at.judging) / 4 + k] = unlisted;
    if (!best) continue;
    const { marks = 0, merit, log10_chance = 0 } = best;
    const lattice = { marks, merit: bitsOf(merit), log10_chance: bitsOf(log10_chance) };
    found.set(i * lattices + fresh, lattice);
  }
  jobs.set(all.length, { ...before, listed: unlisted });
  const run = new Records(source, 'Run', 1).set(0, { images, cell_count: cells, max_spots: 64, outputs: 4 });
  run.set(0, { lattices, pool, glances: 1 });
  const params = structOf(source, 'IndexerParams').at;
  run.words[params.accept_log10 / 4] = bitsOf(-4);
  run.words[params.max_crystals / 4] = 1;
  const tables = {
    run: run.words,
    cells: new Uint32Array(1024),
    jobs: jobs.words,
    tallies: tallies.words,
    spots: new Uint32Array(images * 2 * 64 * 4),
    lattices: found.words,
    orders,
    owners: new Uint32Array(images * 64),
  };
  await dispatch(device, source, 'advance', tables, images);
  for (const [i, [name, { job, best, after, held = best ? 1 : 0 }]] of all.entries()) {
    const wanted = { ...before, ...job, ...after };
    for (const [member, value] of Object.entries(wanted)) same(`${name}: ${member}`, [jobs.get(i, member)], [value]);
    same(`${name}: lattices held`, [tallies.get(i, 'held')], [held]);
  }
  same('a slot without an image', [jobs.get(all.length, 'effort')], [before.effort]);
});

/** A pass over frames whose planes and masks are larger than a binding, on a device that states small limits. */
async function bands({ folder }) {
  const adapter = (await opened()).globals.GPUAdapter.prototype;
  const { requestDevice } = adapter;
  adapter.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    const { limits } = device;
    const small = { get: (_, name) => (name === 'maxStorageBufferBindingSize' ? 1100 * 1024 : limits[name]) };
    Object.defineProperty(device, 'limits', { value: new Proxy({}, small) });
    return device;
  };
  const { createContext } = await import(`${folder}/index.node.js`);
  const context = await createContext({ backend: 'webgpu', strict: true });
  const [width, height, frames, masks] = [420, 420, 3, 3];
  const pixels = width * height;
  const data = Uint16Array.from({ length: pixels * frames }, (_, i) => (Math.imul(i, 40503) >>> 9) & 63);
  const weights = Float32Array.from({ length: masks * pixels }, (_, i) => ((Math.imul(i, 69069) >>> 11) % 17) - 8);
  const pass = await context.framePass({
    width,
    height,
    dtype: 'u16',
    steps: [{ kind: 'dense', weights, masks }, { kind: 'moments' }],
  });
  const { nav, sig } = await pass.run(data, frames);
  const sums = Array.from({ length: frames * masks }, (_, i) => {
    const [f, m] = [Math.floor(i / masks), i % masks];
    let sum = 0;
    for (let p = 0; p < pixels; p++) sum += data[f * pixels + p] * weights[m * pixels + p];
    return sum;
  });
  same('products', nav, sums);
  const planes = new Float64Array(2 * pixels);
  for (const [i, value] of data.entries()) {
    planes[i % pixels] += value;
    planes[pixels + (i % pixels)] += value * value;
  }
  same('planes', sig, planes);
  await pass.dispose();
  await context.dispose();
}

export const webgpuLooks = { 'look:list-going': listGoing, 'look:next-step': nextStep, 'look:bands': bands };
