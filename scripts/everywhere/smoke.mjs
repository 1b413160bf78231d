// A small job for each entry point, the same in every runtime and browser. It imports nothing itself: `load` imports an
// entry by its name. Returns { entry: outcome }, 'ok' or the message of an error.

/** Sixteen spots on each of three planes of a primitive cell of 50, 60 and 70 angstroms. */
const cell = Float32Array.of(50, 0, 0, 0, 60, 0, 0, 0, 70);
const spots = Float32Array.from(
  Array.from({ length: 48 }, (_, i) => [((i % 4) - 1.5) / 25, (((i >> 2) % 4) - 1.5) / 30, ((i >> 4) + 1) / 70]).flat(),
);

/** Bytes 1, 2 and 3, 4 as an archive of two gzip members. */
const archive = 'H4sIAAAAAAAAA2NkAgCSQsy2AgAAAB+LCAAAAAAAAANjZgEAJYWZbQIAAAA=';

function equal(found, expected, what) {
  if (found !== expected) throw new Error(`${what} is ${found}, expected ${expected}`);
}

/** Jobs by entry; an entry without one is only imported. */
const jobs = {
  ewald: async ({ createContext }, backend) => {
    const ctx = await createContext({ backend, strict: true });
    const finder = await ctx.peaks({ width: 64, height: 64, dtype: 'u16' });
    const frame = Uint16Array.from({ length: 64 * 64 }, (_, i) => 10 + ((i * 7) % 5));
    for (const at of [20 * 64 + 20, 40 * 64 + 33]) for (const d of [0, 1, 64, 65]) frame[at + d] = 1000;
    equal((await finder.run(frame, { threshold: 50, minSnr: 4 })).count, 2, 'the number of peaks');
    await ctx.dispose();
  },
  'ewald/data': async ({ memorySource, open }) => {
    // Browsers refuse more than one member.
    if (globalThis.document) return;
    const bytes = Uint8Array.from(atob(archive), (c) => c.charCodeAt(0));
    const raw = { format: 'raw', dtype: 'u8', sigShape: [1, 2], navShape: [2] };
    const scan = await open(memorySource(bytes, 'a.raw.gz'), raw);
    equal(String([...(await scan.read(0, 2))]), '1,2,3,4', 'what an archive holds');
    await scan.dispose();
  },
  'ewald/fft': async ({ createContext }, backend) => {
    const ctx = await createContext({ backend, strict: true });
    const fft = await ctx.fft({ shape: [64, 64], kind: 'r2c' });
    equal((await fft.forward(new Float32Array(64 * 64).fill(0.5)))[0], 2048, 'the sum');
    await ctx.dispose();
  },
  'ewald/indexing': async ({ createContext }, backend) => {
    const ctx = await createContext({ backend, strict: true });
    const indexer = await ctx.indexer({ maxSpots: 64 });
    const found = await indexer.run({ spots, offsets: Uint32Array.of(0, 48), cells: cell });
    equal(found.image(0).crystals().length, 1, 'the number of crystals');
    await ctx.dispose();
  },
  'ewald/pi': async ({ createContext }, backend) => {
    const ctx = await createContext({ backend, strict: true });
    equal(Number((await (await ctx.pi()).run({ points: 1e6, seed: 1 })).hits), 785537, 'the number of hits');
    await ctx.dispose();
  },
  'ewald/udf': async ({ Context, sumUdf }, backend) => {
    const ctx = new Context({ context: { backend, strict: true } });
    const scan = ctx.fromMemory(Float32Array.of(1, 2, 3, 4), { navShape: [2], sigShape: [1, 2] });
    equal(String([...(await ctx.runUdf(scan, sumUdf())).intensity.data]), '4,6', 'the sum of two frames');
    await ctx.close();
  },
  'ewald/communicator': async ({ selfComm }) => equal((await selfComm()).size, 1, 'the number of ranks'),
  'ewald/memory': async ({ parseFormat }) => equal(parseFormat('f').size, 4, 'the size of a float'),
  'ewald/ffi': async ({ parseHeader }) =>
    equal(Object.keys(parseHeader('int answer(void);').functions).length, 1, 'the number of functions'),
  'ewald/heffte': async ({ box3d }) => equal(typeof box3d([0, 0, 0], [3, 3, 3]), 'object', 'a box'),
  'ewald/validate': async ({ rows }) => equal(rows.length > 1000, true, 'more than 1000 rows'),
};

export async function smoke(entries, load, backend) {
  const outcomes = {};
  for (const entry of entries) {
    try {
      const names = await load(entry);
      if (Object.keys(names).length === 0 && entry !== 'ewald/worker') throw new Error('it exports nothing');
      await jobs[entry]?.(names, backend);
      outcomes[entry] = 'ok';
    } catch (error) {
      outcomes[entry] = `${error?.tag ?? error?.name}: ${String(error?.message ?? error).slice(0, 300)}`;
    }
  }
  return outcomes;
}
