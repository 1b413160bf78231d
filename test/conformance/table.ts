/** Registers the case tables with vitest: one test for each row and backend, named by the id of the row. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import chosen from './first-tier.json' with { type: 'json' };

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

/** Whether to run every row on every platform: `npm run soak -- rows`. */
export const everywhere: boolean =
  (typeof process === 'undefined' ? import.meta.env : process.env).EWALD_TEST_ROWS === 'all';

/** Where a row takes a second, tables with more rows than this are divided between Node and Chromium. */
const large = 90;

/** The room of a row. */
export const roomOf = (id: string): string => id.slice(0, id.indexOf(':'));

/** Devices emulated by the CPU: there a row takes tenths of a second, unlike on wasm, native or a card. */
const emulated = (backend: Backend): backend is keyof typeof chosen => backend in chosen;

/**
 * Rows that take a second or more on wasm, and whose features others of the first tier show at a smaller size: rows
 * that benchmarks time, transforms of a million numbers, lengths above 512 and those spread up to millions, frames of
 * 512 x 512 pixels and more, and many images or crystals.
 */
const long = new RegExp(
  [
    'fft:timed:',
    'fft:large:.*n=(1\\d{6}|\\d+x\\d+x\\d+)',
    'fft:lengths:(c2c:f32:(n=(513|769|1\\d{3})-|primes)|(c2c:f64|r2c:.*):spread)',
    'peaks:.*:(512|[14]M)$',
    'indexing:.*:images=(12|[36]\\d)$',
    'merging:.*:crystals=(200|1100):',
    'pi:count:.*:points=(1e8|3e7)$',
  ]
    .map((pattern) => `^${pattern}`)
    .join('|'),
);

/**
 * Whether the first tier, `npm test`, runs a row on a backend: the rows of first-tier.json on slow backends, nearly all
 * on fast ones.
 */
export const inFirstTier = (backend: Backend, id: string): boolean =>
  emulated(backend) ? id in chosen[backend] : !long.test(id);

/**
 * Rows that take seconds on emulated devices and show nothing there that others of the first tier do not; `npm run soak
 * -- rows` runs them: every length of a range, transforms of 65 thousand numbers and more, and many images.
 */
const tooLong =
  /^fft:(timed|large):|^fft:lengths:.*(n=(257|513|769|1\d{3})-|primes=|spread)|^indexing:.*:images=(16|32|64)$/;

/**
 * Whether a row runs on a backend at all. Node and Chromium run WebGPU through the same Dawn, where a software GPU
 * takes longer to compile kernels than to run them: of a large table, Node runs the rows of the first tier and a
 * sixteenth of the others, Chromium another sixteenth, and `npm run soak -- rows` all of them. Emulated CUDA runs every
 * other row of a large table that the first tier leaves out. Of long rows on wasm, Chromium, which has Node's engine,
 * runs a sixteenth.
 */
export function wanted(
  validate: Validate,
  backend: Backend,
  place: 'Node' | 'browser',
): (row: { readonly id: string }) => boolean {
  const count = new Map<string, number>();
  for (const { id } of validate.rows) count.set(roomOf(id), (count.get(roomOf(id)) ?? 0) + 1);
  return ({ id }) => {
    if (room !== '' && roomOf(id) !== room) return false;
    if (everywhere) return true;
    const draw = validate.seedOf(id);
    if (!emulated(backend)) return place === 'Node' || !long.test(id) || draw % 16 === 1;
    if (tooLong.test(id)) return place === 'Node' && inFirstTier(backend, id);
    if ((count.get(roomOf(id)) ?? 0) <= large) return true;
    if (inFirstTier(backend, id)) return place === 'Node';
    if (backend === 'cuda-emulated') return draw % 2 === 0;
    return draw % 16 === (place === 'Node' ? 0 : 1);
  };
}

/**
 * The rows for each backend in `names`, run here. Transforms are also compared with FFTW if it is given and present.
 */
export function describeHere(
  place: string,
  names: readonly Backend[],
  validate: Validate,
  createContext: Parameters<Validate['validate']>[0]['createContext'],
  require: string | undefined,
  second?: Fftw,
): void {
  describe(place, () => {
    let fftw: Awaited<ReturnType<Fftw['openFftw']>>;
    let candidates: Awaited<ReturnType<Validate['openCandidates']>> = [];
    let problem: InstanceType<Validate['Problem']> | undefined;
    beforeAll(async () => {
      candidates = await validate.openCandidates({
        createContext,
        backends: names,
        ...(require === undefined ? {} : { require }),
      });
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
    const runs = names.map((name) => ({
      name,
      isWanted: wanted(validate, name, place === 'Node' ? 'Node' : 'browser'),
    }));
    for (const row of validate.rows) {
      for (const { name } of runs.filter(({ isWanted }) => isWanted(row))) {
        const tags = inFirstTier(name, row.id) ? [] : ['all'];
        test(`${row.id} on ${name}`, { timeout: 180_000, tags }, async ({ skip }) => {
          const candidate = candidates.find(({ backend }) => backend === name);
          if (!candidate) throw new Error('the backend was not opened');
          // An absent backend needs no oracle.
          const given = candidate.context ? await problemOf(row) : new validate.Problem(row);
          judge(await validate.runRow(given, candidate), skip);
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
