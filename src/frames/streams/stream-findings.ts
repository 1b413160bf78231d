/**
 * What a detector's own analysis sends with an image: spots, and whether a lattice was found. Jungfraujoch's description
 * of its messages (frame_serialize/README.md of 2023) has spots as a flat list of x, y and intensity; maps with `x`, `y`
 * and `I`, and lattices as `indexing_result` with `indexing_unit_cell`, are not verified. What has another form is left
 * out.
 */

/** Peaks that were received with a frame. */
export interface LivePeaks {
  readonly fs: readonly number[];
  readonly ss: readonly number[];
  readonly intensity: readonly number[];
}

/** What was found before the image arrived. */
export interface StreamFindings {
  /** The program that found it, if the stream names it. */
  readonly of?: string | undefined;
  /** Relative to the centre of the first pixel, or to its corner: nothing states it. */
  readonly spots: LivePeaks;
  /** Whether a lattice was found; undefined if the message does not say it. */
  readonly isIndexed?: boolean | undefined;
  /** Its lengths, Å, and angles, degrees. */
  readonly cell?: readonly number[] | undefined;
}

type Message = ReadonlyMap<string, unknown>;

/** A name and a version that may stand in a line of a stream. */
const isName = (value: unknown): value is string => typeof value === 'string' && /^[\w.+-]{1,64}$/.test(value);

/**
 * The program whose findings the images of a series carry, by its start message: Jungfraujoch's release, under the name
 * that it has in its files. It is not verified that messages have it.
 */
export function finderOfSeries(start: Message): string | undefined {
  const release = start.get('jfjoch_release');
  return isName(release) ? `jfjoch ${release}` : undefined;
}

/** The findings of an image message by the program `of`; undefined if it has none. */
export function findingsOf(message: Message, of?: string): StreamFindings | undefined {
  const spots = spotsOf(message.get('spots'));
  if (!spots) return undefined;
  const result = message.get('indexing_result');
  const isIndexed = typeof result === 'boolean' ? result : typeof result === 'number' ? result > 0 : undefined;
  const cell = cellOf(message.get('indexing_unit_cell'));
  return {
    spots,
    ...(of !== undefined && { of }),
    ...(isIndexed !== undefined && { isIndexed }),
    ...(cell && { cell }),
  };
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

function spotsOf(value: unknown): LivePeaks | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.every(isNumber) && value.length % 3 === 0) {
    const column = (k: number): number[] => value.filter((_, i) => i % 3 === k);
    return { fs: column(0), ss: column(1), intensity: column(2) };
  }
  const rows = value.map((one) => (one instanceof Map ? ['x', 'y', 'I'].map((name) => one.get(name)) : []));
  if (!rows.every((row): row is number[] => row.length === 3 && row.every(isNumber))) return undefined;
  const column = (k: number): number[] => rows.map((row) => row[k] as number);
  return { fs: column(0), ss: column(1), intensity: column(2) };
}

function cellOf(value: unknown): number[] | undefined {
  if (!(value instanceof Map)) return undefined;
  const numbers = ['a', 'b', 'c', 'alpha', 'beta', 'gamma'].map((name) => value.get(name));
  return numbers.every(isNumber) ? numbers : undefined;
}
