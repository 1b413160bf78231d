/** Registers the case tables with vitest: one test for each row and backend, named by the id of the row. */
import { afterAll, beforeAll, describe, test } from 'vitest';

type Validate = typeof import('../../src/entries/validate.js');
type Result = import('../../src/entries/validate.js').RowResult;
type Backend = Result['backend'];
/** Only for Node: it uses the native backend, which a browser could not even load. */
type Fftw = typeof import('../support/fftw.js');

/**
 * Fails on `fail`. Every outcome other than `pass` is a skip with its reason, so that a skipped row does not count as
 * passed.
 */
function judge({ id, outcome, why }: Result, skip: (note?: string) => never): void {
  if (outcome === 'fail') throw new Error(`${id}: ${why}`);
  if (outcome !== 'pass') skip(`${outcome}: ${why}`);
}

/** The room named by `npm test -- ROOM`; '' for all rooms. */
export const room: string = (typeof process === 'undefined' ? import.meta.env : process.env).EWALD_TEST_ROOM ?? '';

const rowsAsked: string = (typeof process === 'undefined' ? import.meta.env : process.env).EWALD_TEST_ROWS ?? '';

/** Whether to run rows on every platform: `npm run soak -- rows`. */
export const everywhere: boolean = rowsAsked !== '';

/** Whether a row is in the share of them that EWALD_TEST_ROWS asks for: 3/8 is one of eight, 0/1 is all. */
export function isInShare({ seedOf }: Validate, id: string): boolean {
  const [which = 0, of = 1] = rowsAsked.split('/').map(Number);
  return seedOf(id) % of === which;
}

/** The room of a row. */
export const roomOf = (id: string): string => id.slice(0, id.indexOf(':'));

/** Devices that the CPU emulates: there a row takes tenths of a second, unlike on wasm, native or a card. */
const emulated = (backend: Backend): boolean => backend === 'webgpu' || backend === 'cuda-emulated';

/** What `npm test` runs of the case tables: rows by their cost, in seconds of a core that does nothing else. */
const quickest = { wasm: 0.03, native: 0.07 } as const;

/** Transforms on emulated devices whose kernels no row of `kernelOf` has: primes, several axes, a pass by columns. */
const kernelsOfTransforms = ['n=97', 'n=1009:inPlace=true', 'n=16x20x24:inputShape=7-13-11:keep=-3+6-2+9-*'].map(
  (shape) => `fft:c2c:f32:${shape}`,
);

/** The kernel, and its precision, that a row of a table is about; undefined for rows that combine kernels of others. */
function kernelOf(id: string): string | undefined {
  const [table = '', kind = '', ...rest] = id.split(':');
  if (table === 'fft') {
    if (['heffte', 'large', 'timed', 'lengths'].includes(kind)) return undefined;
    const [axis = ''] = /r2r=(\w+)/.exec(id)?.slice(1) ?? [];
    return [table, kind, rest[0], axis].join(':');
  }
  if (table === 'pi' || (table === 'indexing' && kind !== 'stages')) return [table, kind].join(':');
  return [table, kind, rest[0]].join(':');
}

const ofEach = new Map<Backend, Set<string>>();

/**
 * One row for each kernel and precision: of its rows the cheapest that is not trivial, since emulated devices take longer
 * to compile a kernel than to run it.
 */
function oneOfEach({ rows }: Validate, backend: Backend): Set<string> {
  const known = ofEach.get(backend);
  if (known) return known;
  const chosen = new Map<string, (typeof rows)[number]>();
  const cost = ({ id, cost: seconds, plans = 0 }: (typeof rows)[number]): number =>
    seconds + 0.01 * plans + (/:(n=[1-4]|1x1|one|pixel|seven)(:|$)/.test(id) ? 1 : 0);
  for (const row of rows) {
    const kernel = kernelOf(row.id);
    if (kernel === undefined || row.refusedBy?.includes(backend)) continue;
    if (backend === 'webgpu' && /:(f64|c128)(:|$)/.test(row.id)) continue;
    const other = chosen.get(kernel);
    if (!other || cost(row) < cost(other)) chosen.set(kernel, row);
  }
  const ids = new Set([...[...chosen.values()].map(({ id }) => id), ...kernelsOfTransforms]);
  ofEach.set(backend, ids);
  return ids;
}

/** Tables whose kernels a software GPU compiles for half a minute, as it does for Node. */
const compiledInNode = /^(indexing|peaks):/;

/** A row of each kind of each table, of the element types one; of the kinds on WebGPU, the first of each other table. */
export function inBrowser(validate: Validate, backend: Backend): Set<string> {
  const kindOf = (id: string): string => id.split(':', emulated(backend) ? 1 : 2).join(':');
  const ids = [...oneOfEach(validate, backend)].filter((id) => !emulated(backend) || !compiledInNode.test(id));
  return new Set(new Map(ids.reverse().map((id) => [kindOf(id), id])).values());
}

/** Kernels that a software GPU compiles for many seconds, and that differ little from those of other rows. */
const slowlyCompiled = /^(indexing:exhaustive:perfect|udf:pass:(i32|f32)):/;

/** Rows whose expected values take most of a second; others of the same kinds take milliseconds. */
const slowTruth =
  /^udf:(sum:f32:18x512|com:.*40x256|disk:.*40x256|corrected:.*24x256|dense=(19|37):)|^peaks:zaef:.*(radius=5-30|gradient=0|constant=7)|kernel=64|^fft:timed:|^fft:large:.*n=(131072|509x211|300x301|256x243)|^fft:heffte:cross:c2c|^merging:fit:.*(crystals=40|cycles=0)|^pi:count:.*threads=[27]/;

/** The one element type with which `npm test` runs a search for peaks on an emulated device: each has another one. */
const dtypeOfSearch: Readonly<Record<string, string>> = {
  peakfinder8: 'u8',
  dispersion: 'i32',
  'dispersion-extended': 'f32',
  zaef: 'u16',
};

/** Whether `npm test` runs a row on a backend. */
export function isQuick(
  validate: Validate,
  backend: Backend,
  row: { readonly id: string; readonly cost: number },
): boolean {
  // The core's transforms of all lengths take seconds; both builds of it have the same plans.
  if (backend === 'native' && /^fft:lengths:/.test(row.id) && validate.seedOf(row.id) % 4 !== 0) return false;
  if (slowTruth.test(row.id)) return false;
  if (!emulated(backend)) return row.cost <= (backend === 'native' ? quickest.native : quickest.wasm);
  if (backend === 'webgpu' && slowlyCompiled.test(row.id)) return false;
  const [table, kind = '', dtype] = row.id.split(':');
  if (backend === 'webgpu' && table === 'peaks' && (dtypeOfSearch[kind] ?? dtype) !== dtype) return false;
  // All rows of decoding have the same kernel.
  if (/^udf:decoded:(?!counts)/.test(row.id)) return false;
  return oneOfEach(validate, backend).has(row.id);
}

/** Rows that take seconds on emulated devices and show nothing there that others do not: `npm run soak -- rows`. */
const tooLong =
  /^fft:(timed|large):|^fft:lengths:.*(n=(257|513|769|1\d{3})-|primes=|spread)|^indexing:.*:images=(16|32|64)$/;

/**
 * Transforms of a million points, whose oracle takes half a minute, frames of four million pixels, and further lengths,
 * beside others of the same kinds.
 */
const largest =
  /^fft:large:.*(n=1000003|n=1048576|32x256x256)|:4M$|^fft:lengths:.*(:n=(1\d{3}|769)-|primes=[34]001|r2c:f32:spread)/;

/**
 * Whether a row runs on a backend at all. In Node native runs all rows but the largest, and wasm half of those that take
 * long; Chromium, which has the engine and the Dawn of Node, runs one row a kind on wasm, and on WebGPU one a table. A
 * software GPU takes longer to compile the kernels of a transform than to run them, so it runs one row of 48 of that table
 * beside one row a kernel, and one of 30 of the others; emulated CUDA runs one of 18. `npm run soak -- rows` runs every
 * row everywhere.
 */
export function wanted(
  validate: Validate,
  backend: Backend,
  place: 'Node' | 'browser',
): (row: { readonly id: string; readonly cost: number }) => boolean {
  return (row) => {
    const { id } = row;
    if (room !== '' && roomOf(id) !== room) return false;
    if (everywhere) return isInShare(validate, id);
    if (place === 'browser') return inBrowser(validate, backend).has(id);
    if (backend === 'wasm' && row.cost > 0.1 && validate.seedOf(id) % 2 !== 0) return false;
    if (!emulated(backend)) return !largest.test(id);
    if (oneOfEach(validate, backend).has(id)) return true;
    if (tooLong.test(id)) return false;
    const oneIn = backend !== 'webgpu' ? 18 : roomOf(id) === 'fft' ? 48 : 30;
    return validate.seedOf(id) % oneIn === 0;
  };
}

/**
 * The rows for each backend in `names`, run here. Transforms are also compared with FFTW if it is given and present. A
 * backend that is absent is one test that is skipped with the reason.
 */
export async function describeHere(
  place: 'Node' | 'a window',
  names: readonly Backend[],
  validate: Validate,
  createContext: Parameters<Validate['validate']>[0]['createContext'],
  require: string | undefined,
  second?: Fftw,
): Promise<void> {
  const candidates = await validate.openCandidates({
    createContext,
    backends: names,
    ...(require === undefined ? {} : { require }),
  });
  describe(place, () => {
    let fftw: Awaited<ReturnType<Fftw['openFftw']>>;
    let problem: InstanceType<Validate['Problem']> | undefined;
    beforeAll(async () => {
      fftw = await second?.openFftw();
    });
    afterAll(async () => {
      for (const { context } of candidates) await context?.dispose();
      await fftw?.dispose();
    });
    if (second) {
      test('FFTW is the second oracle of transforms', async ({ skip }) => {
        const absent = await second.fftwAbsent();
        if (absent !== undefined && second.fftwRequired) throw new Error(`EWALD_REQUIRE names fftw, but: ${absent}`);
        if (absent !== undefined) skip(`absent: ${absent}`);
      });
    }
    /** The backends of a row run one after the other, and share its oracles. */
    const problemOf = async (row: Validate['rows'][number]) => {
      if (problem?.row === row) return problem;
      problem = new validate.Problem(row);
      const value = second && fftw && (await second.fftwTruth(fftw, row.id));
      if (value) problem.second = { name: 'FFTW', value };
      return problem;
    };
    for (const candidate of candidates.filter(({ context }) => !context)) {
      test(`the rows on ${candidate.backend}`, async ({ skip }) => {
        const [row] = validate.rows;
        if (row) judge(await validate.runRow(new validate.Problem(row), candidate), skip);
      });
    }
    const runs = candidates
      .filter(({ context }) => context)
      .map((candidate) => ({
        candidate,
        isWanted: wanted(validate, candidate.backend, place === 'Node' ? 'Node' : 'browser'),
      }));
    for (const row of validate.rows) {
      for (const { candidate } of runs.filter(({ isWanted }) => isWanted(row))) {
        // A row gives the same result each time, so it is not repeated.
        const tags = isQuick(validate, candidate.backend, row) ? [] : ['all'];
        test(`${row.id} on ${candidate.backend}`, { timeout: 180_000, tags, retry: 0 }, async ({ skip }) => {
          judge(await validate.runRow(await problemOf(row), candidate), skip);
        });
      }
    }
  });
}

/** The rows of each backend that ran in another place: `run` returns their results. */
export function describeElsewhere<B extends Backend>(
  place: string,
  names: readonly B[],
  rowsOn: (name: B) => Validate['rows'],
  run: (name: B) => Promise<readonly Result[]>,
): void {
  for (const name of names) {
    describe(`${name} in ${place}`, () => {
      let results = new Map<string, Result>();
      beforeAll(
        async () => {
          results = new Map((await run(name)).map((result) => [result.id, result]));
        },
        everywhere ? 3_600_000 : 600_000,
      );
      for (const { id } of rowsOn(name)) {
        test(id, ({ skip }) => {
          const result = results.get(id);
          if (!result) throw new Error(`${id}: the ${place} gave no result`);
          judge(result, skip);
        });
      }
    });
  }
}
