/**
 * FFTW as a second oracle: Debian's library computes the transform table in double precision, through the native
 * backend.
 */
import { createContext, devices } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';

type Row = (typeof validate.rows)[number];
type Context = Awaited<ReturnType<typeof createContext>>;

/** Whether EWALD_REQUIRE names it. */
export const fftwRequired = (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/).includes('fftw');

/** The reason why FFTW is unavailable; undefined if it is available. */
export async function fftwAbsent(): Promise<string | undefined> {
  const fftw = (await devices()).flatMap(({ engines }) => engines).find(({ engine }) => engine === 'fftw');
  return fftw?.available ? undefined : (fftw?.reason ?? 'the native backend, which loads engines, is not here');
}

const inDouble = new Map<string, Row>();
// Parts of axes are padded and cropped on the host for FFTW, so rows with device arrays are excluded.
for (const row of validate
  .selectRows(['fft'])
  .filter(({ id }: { id: string }) => !/:(inputShape|keep)=.*:arrays=/.test(id))) {
  const [twice] = validate.engineRows({ engine: 'fftw', tune: 'estimate', precision: 'f64' }, [row]);
  if (twice) inDouble.set(row.id, twice);
}

/** A context for `truth`, or undefined if FFTW is unavailable. */
export async function openFftw(): Promise<Context | undefined> {
  return (await fftwAbsent()) === undefined
    ? createContext({ backend: 'native', strict: true, log: { level: 'error' } })
    : undefined;
}

/** FFTW's result for a row of the transform table, as the truth of the row; undefined for other rows. */
export async function fftwTruth(context: Context, id: string): Promise<unknown> {
  const row = inDouble.get(id);
  if (!row) return undefined;
  const subject = await row.plan(context, new validate.Problem(row).input);
  try {
    const output = (await subject.run()) as { values?: Float64Array } | readonly { values: Float64Array }[];
    // A row of many lengths has an output for each.
    return Array.isArray(output)
      ? output.map(({ values }) => values)
      : ((output as { values?: Float64Array }).values ?? output);
  } finally {
    await subject.dispose();
  }
}
